"""A hold on its way is believed by its maker's own signature, whoever brings it."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from client.domain.errors import LinkDownError, RefusedError
from client.domain.hold import Hold
from client.domain.peer import PeerPapers
from client.domain.resident import AtenaNo
from client.rules.hold_wire import LARGEST, read_hold, read_words, words_of
from client.rules.parcels import seal_id_of
from tests.builders import NOW
from tests.hold_builders import DEATH, SHIEN_SOCHI, TENSHUTSU, a_hold
from tests.offline.hall_builders import Machine, TownOfMachines, utc_now
from tests.offline.hold_machines import KEY, signed_by


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> TownOfMachines:
    return TownOfMachines(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def maker(town: TownOfMachines) -> Machine:
    return town.machine("T0002")


def read(wire: bytes, machine: Machine) -> Hold:
    return read_hold(wire, KEY, machine.own_town(), utc_now())


def why(wire: bytes, machine: Machine) -> str:
    with pytest.raises((LinkDownError, RefusedError)) as trouble:
        read(wire, machine)
    return str(trouble.value.facts.get("reason", trouble.value.code))


def test_what_was_signed_is_read_as_it_was(maker: Machine) -> None:
    for hold in (a_hold(SHIEN_SOCHI), a_hold(TENSHUTSU, planned=date(2026, 12, 1)), a_hold(DEATH)):
        assert read(signed_by(maker, hold), maker) == hold


def test_a_newcomer_and_the_largest_request_fit(maker: Machine) -> None:
    newcomer = AtenaNo("p:019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d21")
    hold = a_hold(DEATH, newcomer, *(AtenaNo(str(10**14 + one)) for one in range(99)))
    wire = signed_by(maker, hold)
    assert len(wire) <= LARGEST
    assert read(wire, maker) == hold


def test_nobody_signs_in_anothers_name(town: TownOfMachines, maker: Machine) -> None:
    rogue = town.machine("T0666")
    assert why(signed_by(rogue, a_hold(terminal="T0002")), maker) == "link.unsigned"
    posing = replace(
        rogue, certificate=maker.certificate, papers=maker.papers
    )  # another's papers, one's own key
    assert why(signed_by(posing, a_hold(terminal="T0002")), maker) == "link.unsigned"
    borrowed = replace(rogue, papers=maker.papers)
    assert why(signed_by(borrowed, a_hold(terminal="T0002")), maker) == "certificate"


def test_a_hall_server_makes_no_holds(town: TownOfMachines, maker: Machine) -> None:
    hall = town.machine("H0003")
    assert why(signed_by(hall, a_hold(terminal="H0003")), maker) == "link.unsigned"


def test_of_another_town_of_one_taken_out_and_under_a_lease_that_is_over_nothing_is_taken(
    town: TownOfMachines, maker: Machine, tmp_path: Path
) -> None:
    abroad = TownOfMachines(tmp_path / "abroad", "990002").machine("T0002")
    assert why(signed_by(abroad, a_hold()), maker) == "unsigned"
    late = town.machine("T0004", until=timedelta(seconds=-1))
    assert why(signed_by(late, a_hold(terminal="T0004")), maker) == "over"
    out = replace(maker.own_town(), revoked=frozenset({maker.serial}))
    with pytest.raises(LinkDownError) as trouble:
        read_hold(signed_by(maker, a_hold()), KEY, out, utc_now())
    assert trouble.value.facts["reason"] == "revoked"
    with pytest.raises(LinkDownError) as trouble:  # an old message brought up again
        read_hold(signed_by(maker, a_hold()), KEY, maker.own_town(), utc_now() + timedelta(days=8))
    assert trouble.value.facts["reason"] == "over"


def test_without_a_lease_or_a_signature_it_is_nobodys(maker: Machine) -> None:
    assert maker.papers is not None
    unsigned = replace(maker.papers.lease, signature=bytes(64))
    assert why(signed_by(replace(maker, papers=PeerPapers(unsigned)), a_hold()), maker) == "unsigned"


def test_sealed_by_another_town_it_is_not_opened(maker: Machine) -> None:
    assert why(signed_by(maker, a_hold(), key=bytes(32)), maker) == "refused.newer"


def test_who_cannot_open_it_reads_nobody_in_it(maker: Machine) -> None:
    hold = a_hold(SHIEN_SOCHI)
    wire = signed_by(maker, hold)
    assert not any(word.encode() in wire for word in (hold.key, hold.residents[0], hold.kind.value, "T0002"))


@given(st.integers(0, 1 << 20), st.integers(0, 7))
def test_a_flipped_bit_anywhere_is_noticed(maker: Machine, place: int, bit: int) -> None:
    wire = bytearray(signed_by(maker, a_hold()))
    wire[place % len(wire)] ^= 1 << bit
    with pytest.raises((LinkDownError, RefusedError)):
        read(bytes(wire), maker)


@given(st.binary(max_size=200))
def test_what_is_no_hold_is_refused_and_never_quoted(maker: Machine, junk: bytes) -> None:
    nonce = bytes(12)
    sealed = AESGCM(KEY).encrypt(nonce, junk, b"madoguchi-hold-v1\n")
    wrapped = msgspec.msgpack.encode([seal_id_of(KEY), nonce + sealed])
    for wire in (junk, wrapped, bytes(LARGEST + 1)):
        assert why(wire, maker) in {"link.fault", "refused.newer"}


HOLD = replace(a_hold(DEATH), key="019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d21")  # the same in every worker


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, "no key"),
        pytest.param(0, HOLD.key.upper(), id="0-in capitals"),  # a key is drawn by chance, and an id is not
        (1, "todoke.tenkyo"),
        (1, "fact.issued"),
        (2, []),
        (2, ["x"]),
        (2, ["1"] * 101),
        (3, "2026-12-01"),  # a planned day of a death
        (4, "2026-11-20"),
        (4, "2026-13-20T05:32:00.000000Z"),
        (4, "2026-11-20T05:32:00+00:00"),
        (5, ""),
        (5, "T" * 21),
    ],
)
def test_words_have_one_form_and_bounds(place: int, value: object) -> None:
    words = msgspec.msgpack.decode(words_of(HOLD))
    words[place] = value
    with pytest.raises(LinkDownError, match=r"link\.fault"):
        read_words(msgspec.msgpack.encode(words))
    longer = msgspec.msgpack.encode([*msgspec.msgpack.decode(words_of(HOLD)), "ends"])
    with pytest.raises(LinkDownError, match=r"link\.fault"):
        read_words(longer)


@given(st.datetimes(NOW.replace(tzinfo=None), timezones=st.just(NOW.tzinfo)))  # type: ignore[arg-type]  # a zone
def test_words_keep_the_moment(made_at: object) -> None:
    hold = replace(HOLD, made_at=made_at)  # type: ignore[arg-type]  # a moment as drawn
    if hold.made_at.year < 3000:
        assert read_words(words_of(hold)) == hold
