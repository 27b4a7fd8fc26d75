"""What somebody tries who holds a bundle, one share, a terminal of the town, or nothing but a pencil."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client.domain.bundle import Bundle, Share, Signer
from client.domain.errors import RefusedError
from client.jobs.sync_replica import position_of
from client.rules import bundles
from client.rules.share_text import read_share
from offline.store import escrow
from offline.store.bundle_file import BundleFile, BundleWriter
from tests.api.small_cloud import small_cloud
from tests.bundle_builders import PASSPHRASES, CarriedTown, a_carried_town, an_escrow
from ui.carrying import must_be_ours
from ui.cli.bundle_stores import card_for, take_in

FIXTURE = [HealthCheck.function_scoped_fixture]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CarriedTown]:
    folder = tmp_path_factory.mktemp("attacked")
    with small_cloud(folder / "cloud") as cloud:
        yield a_carried_town(cloud, folder)


def refused(code: str) -> "pytest.RaisesExc[RefusedError]":
    return pytest.raises(RefusedError, match=code.replace(".", r"\."))


def test_a_stick_pulled_out_is_told_as_the_mediums_trouble_not_the_terminals(
    town: CarriedTown, tmp_path: Path
) -> None:
    path = tmp_path / "on-a-stick"
    with refused("bundle.unreadable"):
        BundleFile(path)
    path.write_bytes(town.file("cloud_whole").read_bytes())
    file = BundleFile(path)
    path.unlink()
    with refused("bundle.unreadable"):
        file.verify()


def opened_by(file: BundleFile, shares: list[Share]) -> list[bytes]:
    key = escrow.content_key_of(file.bundle, shares)
    return [record for part in file.bundle.parts for record in file.records(part.name, key)]


def test_who_holds_one_share_and_the_whole_bundle_gets_nothing(town: CarriedTown) -> None:
    file = BundleFile(town.file("cloud_whole"))
    letter = read_share(town.escrow.papers[0])
    (mine,) = town.escrow.shares(1)
    for guess in (
        [mine],
        [mine, Share(2, mine.key_id, bytes(32))],
        [mine, Share(2, mine.key_id, mine.value)],
        [mine, Share(3, mine.key_id, town.escrow.public)],
    ):
        with refused("bundle.other_share"):
            opened_by(file, guess)
    with refused("bundle.same_share"):
        escrow.must_fit([letter, letter], file.bundle)
    with refused("bundle.changed"):
        list(file.records("chunks", mine.value))


@pytest.mark.parametrize("pair", [(1, 2), (1, 3), (2, 3), (3, 1)])
def test_any_two_officers_open_it(town: CarriedTown, pair: tuple[int, int]) -> None:
    assert opened_by(BundleFile(town.file("cloud_delta")), town.escrow.shares(*pair))


def test_a_wrong_passphrase_opens_no_share(town: CarriedTown) -> None:
    letter = read_share(town.escrow.papers[0])
    for passphrase in ("", PASSPHRASES[1], PASSPHRASES[0] + " "):
        with refused("bundle.passphrase"):
            escrow.open_share(letter, passphrase)


def test_shares_of_another_key_are_named(town: CarriedTown) -> None:
    bundle, other = BundleFile(town.file("cloud_whole")).bundle, an_escrow()
    letters = [read_share(town.escrow.papers[0]), read_share(other.papers[1])]
    with refused("bundle.other_share") as error:
        escrow.must_fit(letters, bundle)
    assert error.value.facts == {"number": 2}
    with refused("bundle.other_share"):
        escrow.content_key_of(bundle, [*town.escrow.shares(1), *other.shares(2)])


@settings(max_examples=60, deadline=None, suppress_health_check=FIXTURE)
@given(st.data())
def test_a_bundle_cut_off_at_any_byte_is_refused(
    town: CarriedTown, tmp_path: Path, data: st.DataObject
) -> None:
    whole = town.file("terminal_delta").read_bytes()
    path = tmp_path / "cut"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(RefusedError) as error:
        BundleFile(path)
    assert error.value.code in {"bundle.torn", "bundle.changed"}


@settings(max_examples=150, deadline=None, suppress_health_check=FIXTURE)
@given(st.data())
def test_a_bit_turned_anywhere_is_seen_without_a_key(
    town: CarriedTown, tmp_path: Path, data: st.DataObject
) -> None:
    content = bytearray(town.file("terminal_delta").read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path / "turned"
    path.write_bytes(content)
    with pytest.raises(RefusedError):
        BundleFile(path).verify()


def test_a_bundle_with_something_behind_it_or_between_is_refused(town: CarriedTown, tmp_path: Path) -> None:
    whole = town.file("cloud_delta").read_bytes()
    path = tmp_path / "more"
    for more in (whole + b"x", whole[:100] + b"x" + whole[100:], whole + whole):
        path.write_bytes(more)
        with pytest.raises(RefusedError):
            BundleFile(path).verify()


def swapped(town: CarriedTown, tmp_path: Path) -> BundleFile:
    """Return a bundle with the sealed bytes of another in it, and a manifest that agrees with them."""
    ours, theirs = BundleFile(town.file("cloud_whole")), BundleFile(town.file("early"))
    body = theirs.path.read_bytes()[: len(bundles.MAGIC) + theirs.bundle.size]
    return resigned(town, tmp_path / "swapped", replace(ours.bundle, parts=theirs.bundle.parts), body)


def resigned(town: CarriedTown, path: Path, bundle: Bundle, body: bytes) -> BundleFile:
    """Write a bundle whose manifest says what we like, signed by the town's own key: the worst that can be tried."""
    manifest = bundles.manifest_of(bundle)
    signature = town.cloud.tenant.keys.feed[0].private.sign(bundles.signed(manifest))
    path.write_bytes(body + manifest + signature + bundles.footer_of(manifest, signature))
    return BundleFile(path)


def test_segments_of_another_bundle_do_not_open_under_this_ones_key(
    town: CarriedTown, tmp_path: Path
) -> None:
    file = swapped(town, tmp_path)
    file.verify()
    with refused("bundle.changed"):
        opened_by(file, town.escrow.shares(1, 2))


@pytest.mark.parametrize(
    "forged",
    [
        {"municipality": "990001"},
        {"environment": "production"},
        {"bundle_id": "0" * 32},
        {"escrow_id": "0" * 16},
    ],
)
def test_a_key_wrapped_for_one_bundle_opens_no_other(
    town: CarriedTown, tmp_path: Path, forged: dict[str, str]
) -> None:
    ours = BundleFile(town.file("cloud_delta"))
    body = ours.path.read_bytes()[: len(bundles.MAGIC) + ours.bundle.size]
    file = resigned(town, tmp_path / "forged", replace(ours.bundle, **forged), body)  # type: ignore[arg-type]  # by name
    with refused("bundle.other_share"):
        opened_by(file, town.escrow.shares(1, 2))


def test_a_manifest_that_was_touched_or_signed_by_a_stranger_is_refused(
    town: CarriedTown, tmp_path: Path
) -> None:
    ours = BundleFile(town.file("cloud_delta"))
    body = ours.path.read_bytes()[: len(bundles.MAGIC) + ours.bundle.size]
    touched = ours.manifest.replace(b'"to": ', b'"to": 1')
    path = tmp_path / "touched"
    path.write_bytes(body + touched + ours.signature + bundles.footer_of(touched, ours.signature))
    with refused("bundle.changed"):
        BundleFile(path)
    stranger = Ed25519PrivateKey.generate()
    bundle = replace(ours.bundle, signer=Signer(stranger.public_key().public_bytes_raw()))
    manifest = bundles.manifest_of(bundle)
    signature = stranger.sign(bundles.signed(manifest))
    path.write_bytes(body + manifest + signature + bundles.footer_of(manifest, signature))
    with refused("bundle.unsigned"):
        must_be_ours(BundleFile(path).bundle, town.facts[1], "training")


def test_what_is_of_another_town_or_environment_or_authority_is_refused(town: CarriedTown) -> None:
    facts = town.facts[1]
    for name in ("cloud_whole", "terminal_whole"):
        bundle = BundleFile(town.file(name)).bundle
        must_be_ours(bundle, facts, "training")
        with refused("bundle.other_town"):
            must_be_ours(bundle, replace(facts, municipality_code="990019"), "training")
        with refused("bundle.other_environment"):
            must_be_ours(bundle, facts, "production")
        with refused("bundle.unsigned"):
            must_be_ours(
                bundle, replace(facts, feed_keys=facts.command_keys, ca=facts.certificate), "training"
            )
        with refused("bundle.unsigned"):
            must_be_ours(replace(bundle, made_by="0999"), facts, "training")


async def lied(
    town: CarriedTown, folder: Path, path: Path, lie: Callable[[list[bytes]], list[bytes]]
) -> None:
    """Let a terminal of the town make a whole bundle with other rows in it, rightly signed."""
    async with town.terminal(folder, 0) as maker:
        bundle_maker, stores = town.maker(maker), maker.stores
        words = [await stores.shelf.said(feed, version) for feed, version in town.heads().items()]
        rows = await stores.replica.carry(lambda _, rows: lie(list(rows)))
        bundle_maker._write_whole(path, [word for word in words if word], iter(rows), lambda _: None)


def with_another_name(rows: list[bytes]) -> list[bytes]:
    def turned(packed: bytes) -> bytes:
        content = zstandard.decompress(packed, max_output_size=10_000_000)
        return zstandard.compress(content.replace("渡部".encode(), "渡辺".encode()))

    return [turned(one) for one in rows]


def a_bomb(rows: list[bytes]) -> list[bytes]:
    return [zstandard.compress(bytes(200_000_000)), *rows]


def without_keys(rows: list[bytes]) -> list[bytes]:
    odd = {"table": "resident", "feed": "register", "key": [], "columns": ["sex"], "data": [["男"]]}
    return [*rows, zstandard.compress(msgspec.msgpack.encode(odd))]


LIES: list[Callable[[list[bytes]], list[bytes]]] = [
    with_another_name,
    a_bomb,
    without_keys,
    lambda rows: rows[:-1],
    lambda rows: [*rows, zstandard.compress(b"\xc1")],
]


@pytest.mark.asyncio
@pytest.mark.parametrize("lie", LIES)
async def test_a_terminal_cannot_slip_in_rows_the_cloud_did_not_sign(
    town: CarriedTown, tmp_path: Path, lie: Callable[[list[bytes]], list[bytes]]
) -> None:
    path = tmp_path / "lie.bundle"
    await lied(town, town.folder / "maker", path, lie)
    async with town.terminal(tmp_path / "t") as terminal:
        await town.open(terminal, town.file("early"))
        before = await position_of(terminal.stores.replica)
        with refused("bundle.unproven"):
            await town.open(terminal, path)
        assert await position_of(terminal.stores.replica) == before
        await town.open(
            terminal, town.file("terminal_whole")
        )  # and nothing of the lie is left to be in the way


@pytest.mark.asyncio
async def test_the_shares_are_asked_for_only_where_the_bundle_will_be_taken_in(
    town: CarriedTown, tmp_path: Path
) -> None:
    def nobody(_: object) -> list[Share]:
        raise AssertionError("the officers were called for nothing")

    async with town.terminal(tmp_path / "t", environment="production") as terminal:
        with refused("bundle.other_environment"):
            await take_in(terminal, BundleFile(town.file("cloud_whole")), nobody)
    async with town.terminal(tmp_path / "u") as terminal:
        with refused("bundle.gap"):
            await take_in(terminal, BundleFile(town.file("cloud_delta")), nobody)


@pytest.mark.asyncio
async def test_an_escrow_the_town_did_not_sign_gets_nothing_sealed_to_it(
    town: CarriedTown, tmp_path: Path
) -> None:
    mine = an_escrow()
    words = msgspec.json.decode(town.card)["words"].replace(
        b64encode(town.escrow.public).decode(), b64encode(mine.public).decode()
    )
    path = tmp_path / "escrow.json"
    path.write_bytes(msgspec.json.encode({**msgspec.json.decode(town.card), "words": words}))
    async with town.terminal(tmp_path / "t") as terminal:
        for given in (None, path):
            with refused("bundle.card"):
                card_for(terminal, given)
        path.write_bytes(town.card)
        assert card_for(terminal, path).key == town.escrow.public
        path.unlink()
        assert card_for(terminal, None).key_id == town.escrow.key_id  # kept since


def test_what_was_begun_and_not_ended_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "half"
    with BundleWriter(path, "0" * 32, bytes(32)) as writer:
        writer.begin("parcels")
        writer.put(b"something")
        assert [one.name for one in tmp_path.iterdir()] == ["half.part"]
    assert list(tmp_path.iterdir()) == []
