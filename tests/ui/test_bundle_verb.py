"""``madoguchi bundle`` as it is typed: shown and kept by whom cannot read it, opened by a clerk and two officers."""

import argparse
import asyncio
import io
import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from client.domain.clerk import Right
from client.domain.errors import CounterError, RefusedError, SignInNeededError
from client.domain.in_force import StaffEntry, StaffMember
from client.domain.keys import StoreKeys
from client.rules import totp
from client.rules.bundles import spoken
from client.rules.orders import Obedience
from offline.store.bundle_file import BundleFile
from offline.store.identity import TerminalIdentity, new_key
from offline.store.keys import Vault
from offline.store.order_file import OrderFile
from tests.api.small_cloud import small_cloud
from tests.builders import NOW
from tests.bundle_builders import PASSPHRASES, CarriedTown, a_carried_town
from tests.store_builders import SEED, MemoryKeyring, cheap_vault, cloud_sign_in
from ui.cli import exit_codes
from ui.cli.asking import Asking
from ui.cli.at_the_book import Place, stores_open
from ui.cli.bundle_stores import Officers, opened, take_in, write_out
from ui.cli.pace import Pace
from ui.cli.verbs import main
from ui.text import Words

WANTED = argparse.Namespace(escrow=None, whole=False, since=None, blocks_since=None)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CarriedTown]:
    folder = tmp_path_factory.mktemp("verbs")
    with small_cloud(folder / "cloud") as cloud:
        yield a_carried_town(cloud, folder)


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a PC that is no terminal: a partner town's."""
    monkeypatch.setenv("MADOGUCHI_CONFIG", str(tmp_path / "none.toml"))
    (tmp_path / "none.toml").write_text("", "utf-8")
    monkeypatch.setenv("MADOGUCHI_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


async def a_vault(town: CarriedTown, folder: Path, *rights: Right) -> Vault:
    """Return the keeper of keys of a terminal of the town, with one clerk."""
    vault = cheap_vault(folder, MemoryKeyring())
    await vault.make_identity()
    deposit = await vault.found(town.facts[1], StoreKeys(b"r" * 32, b"l" * 32, town.digest_key, b"i" * 32))
    cloud = cloud_sign_in(deposit)
    sign_in = replace(cloud.sign_in, clerk=replace(cloud.sign_in.clerk, rights=frozenset(rights)))
    await vault.admit(replace(cloud, sign_in=sign_in), "aozora", now=NOW)
    return vault


def secrets() -> tuple[str, str, str]:
    return "s001", "aozora", totp.code(SEED, totp.step_of(NOW))


def test_a_partner_town_sees_what_it_keeps_and_not_what_is_in_it(
    town: CarriedTown, nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(town.file("cloud_whole"))
    assert main(["bundle", "show", path, "--json"]) == exit_codes.OK
    told = json.loads(capsys.readouterr().out)
    assert (told["municipality"], told["kind"], told["signed_by"]) == ("999997", "whole", "unknown")
    assert told["hash"] == spoken(BundleFile(town.file("cloud_whole")).bundle)  # as the counter shows it
    assert told["signer"] == town.facts[0].feed_keys[0].key.hex()  # what the town says on the telephone
    card = nowhere / "escrow.json"
    card.write_bytes(town.card)
    for name in ("cloud_whole", "terminal_whole"):
        main(["bundle", "show", str(town.file(name)), "--escrow", str(card), "--json"])
        assert json.loads(capsys.readouterr().out)["signed_by"] == "card"
    shown = json.dumps(told, ensure_ascii=False)
    assert "太郎" not in shown


def test_a_bundle_that_was_touched_is_refused_in_words(
    town: CarriedTown, nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = bytearray(town.file("cloud_whole").read_bytes())
    content[500] ^= 1
    path = nowhere / "touched"
    path.write_bytes(content)
    assert main(["bundle", "show", str(path)]) == exit_codes.FAILED
    assert "束が書き換わっています" in capsys.readouterr().err


def test_a_partner_town_takes_in_keeps_and_proves(
    town: CarriedTown, nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = nowhere / "kept.bundle"
    path.write_bytes(town.file("cloud_whole").read_bytes())

    def custody(deed: str, *words: str) -> dict[str, object]:
        assert main(["bundle", "custody", str(path), deed, *words, "--json"]) == exit_codes.OK
        told: dict[str, object] = json.loads(capsys.readouterr().out)
        return told

    custody("add", "--event", "received", "--by", "海辺町 p001", "--other", "あおぞら市 s001")
    asked = custody("challenge")  # the owner, of its own copy
    answered = custody("challenge", "--nonce", str(asked["nonce"]), "--by", "海辺町 p001")
    assert asked["answer"] == answered["answer"]
    custody("add", "--event", "handed_back", "--by", "海辺町 p001", "--other", "あおぞら市 s001")
    told = custody("verify")
    assert told["kept"] is True
    assert [line.split()[1] for line in told["lines"]] == ["received", "challenged", "handed_back"]  # type: ignore[attr-defined]  # a list of text
    path.unlink()
    custody("add", "--event", "destroyed", "--by", "海辺町 p001")


def test_what_is_no_bundle_is_not_taken_into_custody(
    nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = nowhere / "list.xlsx"
    path.write_bytes(b"PK something else")
    assert main(["bundle", "custody", str(path), "add", "--event", "received"]) == exit_codes.FAILED
    assert "束として読めません" in capsys.readouterr().err
    assert [one.name for one in nowhere.iterdir() if "custody" in one.name] == []


def test_a_pc_that_is_no_terminal_opens_and_makes_nothing(town: CarriedTown, nowhere: Path) -> None:
    assert main(["bundle", "open", str(town.file("cloud_whole"))]) == exit_codes.NOT_ENROLLED
    assert main(["bundle", "make", str(nowhere / "out"), "--whole"]) == exit_codes.NOT_ENROLLED


@pytest.mark.asyncio
async def test_a_clerk_signs_in_and_two_officers_open_one_from_a_file_and_one_from_paper(
    town: CarriedTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = await a_vault(town, tmp_path / "t", Right.OFFICER)
    paper = tmp_path / "share-1-of-3.txt"
    paper.write_text(f"窓口　分割鍵\n1人目／3人\n\n{town.escrow.papers[0]}", "utf-8")
    lines = [line.split("  ", 1)[1].replace("  ", "-") for line in town.escrow.papers[2].splitlines()]
    typed(monkeypatch, str(paper), "", *lines, PASSPHRASES[0], PASSPHRASES[2])
    file = BundleFile(town.file("cloud_whole"))
    officers = Officers(Asking(), Words("ja"), ())
    place = Place(tmp_path / "t", "training", vault, lambda: NOW)
    async with opened(place, secrets()) as terminal:
        told = await take_in(terminal, file, officers.shares)
    assert (told["register_version"], told["blocks_version"]) == (3, 2)


def test_from_a_pipe_it_is_a_line_each(
    town: CarriedTown, nowhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = nowhere / "t"
    vault = asyncio.run(a_vault(town, folder, Right.OFFICER))
    monkeypatch.setattr(
        "ui.cli.bundle_stores.alone_at",
        lambda _: nullcontext(Place(folder, "training", vault, lambda: NOW)),
    )
    for number in (2, 3):
        (nowhere / f"share-{number}").write_text(town.escrow.papers[number - 1], "utf-8")
    shares = ["--share", str(nowhere / "share-2"), "--share", str(nowhere / "share-3")]
    typed(monkeypatch, *secrets(), PASSPHRASES[1], PASSPHRASES[2])
    assert main(["bundle", "open", str(town.file("terminal_whole")), *shares, "--json"]) == exit_codes.OK
    said = capsys.readouterr()
    assert json.loads(said.out)["register_version"] == 3
    assert "残り約" in said.err


def test_a_terminal_whose_key_is_not_its_certificates_makes_no_bundle(
    town: CarriedTown, tmp_path: Path
) -> None:
    async def made() -> None:
        async with town.terminal(town.folder / "maker", 0) as terminal:
            other = replace(terminal, sign=TerminalIdentity("0001", new_key()).sign)
            await write_out(other, tmp_path / "out", argparse.Namespace(**{**vars(WANTED), "escrow": card}))

    card = tmp_path / "escrow.json"
    card.write_bytes(town.card)
    with pytest.raises(RefusedError, match=r"bundle\.changed"):
        asyncio.run(made())
    assert [path.name for path in tmp_path.iterdir()] == ["escrow.json"]


@pytest.mark.asyncio
async def test_without_the_right_or_the_secrets_nothing_is_opened(town: CarriedTown, tmp_path: Path) -> None:
    vault = await a_vault(town, tmp_path / "t", Right.VIEW, Right.ISSUE)
    place = Place(tmp_path / "t", "training", vault, lambda: NOW)
    with pytest.raises(SignInNeededError, match=r"sign_in\.wrong_secret"):
        async with opened(place, ("s001", "wrong", "000000")):
            pass
    with pytest.raises(RefusedError, match=r"refused\.right_missing"):
        async with opened(place, secrets()):
            pass


def test_a_share_typed_wrong_or_of_another_key_is_told_before_any_passphrase(
    town: CarriedTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = BundleFile(town.file("cloud_whole")).bundle
    first = town.escrow.papers[0].splitlines()[0].split("  ", 1)[1]
    typed(monkeypatch, "", first.translate(str.maketrans("23456789", "34567892")))
    with pytest.raises(RefusedError, match=r"bundle\.share"):
        Officers(Asking(), Words("ja"), ()).shares(bundle)
    paper = tmp_path / "share"
    paper.write_text(town.escrow.papers[0], "utf-8")
    with pytest.raises(RefusedError, match=r"bundle\.other_share"):
        Officers(Asking(), Words("ja"), (paper,)).shares(replace(bundle, escrow_id="0" * 16))
    with pytest.raises(RefusedError, match=r"bundle\.same_share"):
        Officers(Asking(), Words("ja"), (paper, paper)).shares(bundle)


@pytest.mark.asyncio
async def test_a_terminal_writes_what_its_shelf_leads_to_and_says_so_in_the_book(
    town: CarriedTown, tmp_path: Path
) -> None:
    card = tmp_path / "escrow.json"
    card.write_bytes(town.card)
    async with town.terminal(town.folder / "maker", 0) as terminal:
        told = await write_out(
            terminal, tmp_path / "out", argparse.Namespace(**{**vars(WANTED), "escrow": card})
        )
        (line,) = await terminal.stores.ledger.journal_tail(1)
        assert (line.entry.actor, line.entry.facts["bundle"]) == ("s001", told["bundle"])
        with pytest.raises(RefusedError, match=r"bundle\.exists"):
            await write_out(terminal, tmp_path / "out", WANTED)
    spans = BundleFile(tmp_path / "out").bundle.spans
    assert {feed.value: (span.after, span.to) for feed, span in spans.items()} == {
        "blocks": (1, 2),
        "register": (1, 3),
    }


def test_the_pace_says_how_far_how_fast_and_how_long_yet() -> None:
    seconds = iter([100.0, 100.1, 104.0])
    pace = Pace(Words("ja"), "carry.opening", 8_000_000, lambda: next(seconds))
    pace.told(1_000_000)  # seconds count from here on, not while an officer was looking for the glasses
    pace.told(3_000_000)
    assert pace.line() == "束を開いています　4.0 / 8.0 MB　1.0 MB/秒　残り約4秒"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("stand", "code"),
    [
        (Obedience(newest="o1", locked=True), "sign_in.shut"),
        (Obedience(newest="o1", to_be_erased=True), "store.being_wiped"),
    ],
)
async def test_at_a_terminal_the_town_has_shut_no_verb_opens_the_stores(
    town: CarriedTown, tmp_path: Path, stand: Obedience, code: str
) -> None:
    vault = await a_vault(town, tmp_path / "t", Right.OFFICER)
    OrderFile(tmp_path / "t").write(stand)
    with pytest.raises(CounterError, match=code):
        async with opened(Place(tmp_path / "t", "training", vault, lambda: NOW), secrets()):
            pass
    assert not (tmp_path / "t" / "ledger.db").exists(), "not even a ledger was opened"


@pytest.mark.asyncio
async def test_who_is_not_on_the_registers_staff_any_more_makes_no_bundle_and_the_book_says_so(
    town: CarriedTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = await a_vault(town, tmp_path / "t", Right.OFFICER)
    place = Place(tmp_path / "t", "training", vault, lambda: NOW)
    unlocked = await vault.unlock(*secrets(), now=NOW)
    over = StaffEntry(StaffMember("s001", "", None, None, None, date(2020, 12, 31)), ())

    async def of_register(_self: object, _staff_id: str) -> StaffEntry:
        return over

    monkeypatch.setattr("offline.store.replica.Replica.staff_of", of_register)
    later = NOW + timedelta(minutes=1)  # the first code is spent
    with pytest.raises(CounterError, match=r"refused\.|sign_in\."):
        async with opened(
            replace(place, now=lambda: later), ("s001", "aozora", totp.code(SEED, totp.step_of(later)))
        ):
            pass
    async with stores_open(place, unlocked, vault.identity.sign) as stores:
        (line,) = await stores.ledger.journal_tail(1)
    assert (line.entry.kind, line.entry.actor) == ("refusal", "s001")
