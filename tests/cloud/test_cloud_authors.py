"""A command is the word of the terminal it names: whoever relays it cannot change it, and nobody can invent it."""

import json
from base64 import b64decode, b64encode
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec

from cloud import storage
from tests.cloud.cloud_builders import TARO, Row, Site, Terminal

pytestmark = pytest.mark.asyncio


def lines(site: Site, table: sa.Table) -> list[Any]:
    with site.tenant.register.reading() as connection:
        return list(connection.execute(sa.select(table)).all())


def reasons(site: Site) -> list[str]:
    return sorted(line.reason for line in lines(site, storage.quarantine))


async def test_another_terminal_may_carry_what_it_did_not_write(site: Site) -> None:
    carrier = await site.another_terminal()
    answers = await carrier.send(site.terminal.tenkyo(), site.terminal.issued(1))
    assert [answer["outcome"] for answer in answers] == ["accepted", "accepted"]
    (line,) = lines(site, storage.issue_book)
    assert line.terminal == site.terminal.number
    assert not lines(site, storage.quarantine)


async def test_a_terminal_cannot_report_in_the_name_of_another(site: Site) -> None:
    """The envelope proves nothing: anybody may seal to the town's key."""
    other = await site.another_terminal()
    victim = site.terminal
    payload = {
        "serial": f"{victim.number}-000001",
        "kind": "juminhyo_copy",
        "day": "2026-11-20",
        "subject": TARO,
        "members": [TARO],
        "pages": 1,
        "fee_yen": 0,
    }
    forged = other.command("fact.issued", payload, terminal=victim.number, made_by="s002")
    request = other.tenkyo(terminal=victim.number, made_by="s002")
    noted, refused = await other.send(forged, request)
    assert noted["outcome"] == "accepted"
    assert (refused["outcome"], refused["code"], refused["reason"]) == (
        "refused",
        "refused.by_cloud",
        "wrong_signature",
    )
    assert not lines(site, storage.issue_book)
    assert not lines(site, storage.intake_case)
    assert reasons(site) == ["wrong_signature", "wrong_signature"]
    await victim.send(victim.issued(1))
    assert [line.serial for line in lines(site, storage.issue_book)] == [1]


CHANGES: list[Row] = [
    {"made_by": "s002"},
    {"made_at": "2026-11-19T04:59:00Z"},
    {"made_at": "2026-11-20T04:59:00.5Z"},
    {"clock_offset_ms": 3_600_000},
    {"residents": []},
    {"base": {TARO: 3}},
    {"base": {}},
    {"supersedes": "019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d21"},
    {"todoke_date": "2026-11-19"},
    {"todoke_date": None},
    {"key": "019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d22"},
    {"kind": "todoke.tennyu"},
    {"sealed": b64encode(bytes(8) + b"other").decode()},
    {"signature": b64encode(b"no signature").decode()},
]


@pytest.mark.parametrize("changed", CHANGES, ids="-".join)
async def test_not_one_word_can_be_changed_on_the_way(site: Site, changed: Row) -> None:
    carrier = await site.another_terminal()
    tenkyo = site.terminal.tenkyo(todoke_date="2026-11-20")
    (refused,) = await carrier.send(tenkyo | changed)
    assert (refused["outcome"], refused["reason"]) == ("refused", "wrong_signature")
    assert not lines(site, storage.intake_case)
    (answer,) = await site.terminal.send(tenkyo)  # the forgery has not taken its key
    assert answer["outcome"] == "accepted"
    (case,) = lines(site, storage.intake_case)
    assert (case.made_by, case.made_at) == ("s001", "2026-11-20T04:59:00Z")


@pytest.mark.parametrize(
    "changed", [{"made_by": "s002"}, {"made_at": "2026-11-01T00:00:00Z"}, {"kind": "fact.spoiled"}]
)
async def test_a_fact_changed_on_the_way_is_put_aside_and_the_true_one_is_still_heard(
    site: Site, changed: Row
) -> None:
    carrier = await site.another_terminal()
    fact = site.terminal.issued(1)
    for _ in range(2):
        (noted,) = await carrier.send(fact | changed)
        assert noted["outcome"] == "accepted"
    assert reasons(site) == ["wrong_signature"]
    (answer,) = await site.terminal.send(fact)
    assert answer["outcome"] == "accepted"
    (line,) = lines(site, storage.issue_book)
    assert (line.made_by, line.serial) == ("s001", 1)


async def test_a_signed_command_cannot_be_passed_off_as_another_terminals(site: Site) -> None:
    thief = await site.another_terminal()
    (refused,) = await thief.send(site.terminal.tenkyo() | {"terminal": thief.number})
    assert refused["reason"] == "wrong_signature"
    (refused,) = await thief.send(site.terminal.tenkyo() | {"terminal": "T9999"})
    assert refused["reason"] == "unknown_terminal"


async def test_nobody_can_take_the_key_of_anothers_command(site: Site) -> None:
    thief = await site.another_terminal()
    fact, tenkyo = site.terminal.issued(1), site.terminal.tenkyo()
    await thief.send(
        thief.issued(9, key=fact["key"]), thief.tenkyo({"ido_date": "2026-11-17"}, key=tenkyo["key"])
    )
    noted, refused = await site.terminal.send(fact, tenkyo)
    assert noted["outcome"] == "accepted"
    assert (refused["outcome"], refused["reason"]) == ("refused", "key_taken")
    assert reasons(site) == ["key_taken", "key_taken"]  # named, not answered with the thief's receipt


async def test_a_revoked_terminals_word_is_told_from_words_put_into_its_mouth(site: Site) -> None:
    gone = await site.another_terminal()
    true, false = gone.issued(1), gone.issued(2) | {"made_by": "s002"}
    await site.office("POST", f"/terminals/{gone.number}/revocation")
    await site.terminal.send(true, false)
    assert reasons(site) == ["refused.terminal_revoked", "wrong_signature"]


async def test_what_is_kept_proves_who_wrote_it(site: Site) -> None:
    from cryptography.hazmat.primitives.hashes import SHA256

    carrier = await site.another_terminal()
    wire = site.terminal.issued(1)
    await carrier.send(wire, site.terminal.issued(1))
    key = site.terminal.key.public_key()
    (aside,) = lines(site, storage.quarantine)
    for line in (*lines(site, storage.command), aside):
        key.verify(line.signature, line.words, ec.ECDSA(SHA256()))
    first = next(line for line in lines(site, storage.command) if line.key == wire["key"])
    assert first.signature == b64decode(str(wire["signature"]))
    assert json.loads(first.answer)["outcome"] == "accepted"


async def test_an_author_signs_fractions_of_a_second_as_written(site: Site) -> None:
    for moment in ("2026-11-20T04:59:00.123456Z", "2026-11-20T13:59:00+09:00"):
        tenkyo = site.terminal.tenkyo({"ido_date": f"2026-11-{10 + len(moment) % 9:02d}"}, made_at=moment)
        (answer,) = await site.terminal.send(tenkyo)
        assert answer["outcome"] == "accepted"
    assert {case.made_at for case in lines(site, storage.intake_case)} == {"2026-11-20T04:59:00Z"}


async def test_a_terminal_that_is_not_enrolled_writes_nothing(site: Site) -> None:
    stranger = Terminal(site.client, site.clock)
    stranger.number, stranger.command_key = "T0099", site.terminal.command_key
    stranger.command_key_id = site.terminal.command_key_id
    (noted,) = await site.terminal.send(stranger.issued(1))
    assert noted["outcome"] == "accepted"
    assert reasons(site) == ["unknown_terminal"]


async def test_a_key_used_again_for_other_words_is_not_answered_with_the_first_ones(site: Site) -> None:
    fact, tenkyo = site.terminal.issued(1), site.terminal.tenkyo()
    await site.terminal.send(fact, tenkyo)
    again = site.terminal.tenkyo({"ido_date": "2026-11-17"}, key=tenkyo["key"])
    noted, refused = await site.terminal.send(site.terminal.issued(9, key=fact["key"]), again)
    assert (noted["outcome"], noted["quarantined"]) == ("accepted", True)
    assert (refused["outcome"], refused["reason"]) == ("refused", "key_taken")
    first, second = await site.terminal.send(fact, tenkyo)
    assert (first["outcome"], second["outcome"]) == ("already", "already")
