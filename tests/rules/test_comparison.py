"""A record three times: what it was, what was written, what the register says now."""

from dataclasses import replace

import pytest

from client.domain.change import ChangeKind
from client.domain.resident import Address
from client.rules.comparison import Differ, Item, compare
from client.rules.intakes.read_back import read_back
from tests.api.test_cloud_doors import _tenkyo
from tests.builders import TARO, a_household
from tests.fakes import MemoryLedger


@pytest.mark.parametrize(
    ("was", "wrote", "now", "differ"),
    [
        ("甲", None, "甲", Differ.SAME),
        ("甲", "乙", "甲", Differ.WROTE),
        ("甲", None, "乙", Differ.MOVED),
        ("甲", "乙", "乙", Differ.AGREED),
        ("甲", "乙", "丙", Differ.CLASH),
        (None, None, "甲", Differ.UNKNOWN),
        (None, "乙", "乙", Differ.AGREED),
        ("甲", None, None, Differ.UNKNOWN),
        ("葛", None, "葛󠄂", Differ.MOVED),  # another letter by its selector (P14)
    ],
)
def test_how_the_three_stand_to_one_another(
    was: str | None, wrote: str | None, now: str | None, differ: Differ
) -> None:
    assert Item("name", was, wrote, now).differ is differ


@pytest.mark.asyncio
async def test_what_was_written_is_held_against_both_and_nothing_else_is_changed() -> None:
    change = await MemoryLedger().queue(_tenkyo())
    (was,) = [one for one in a_household().members if one.atena_no == TARO]
    now = replace(was, history_no=9, address=Address("みどり県あおぞら市本町", "9番"))
    items = {one.name: one for one in compare(change, was, now)}
    address = items.pop("address")
    assert (address.was, address.now) == (was.address.text, now.address.text)
    assert address.wrote not in {None, was.address.text, now.address.text}
    assert address.differ is Differ.CLASH
    assert {one.differ for one in items.values()} == {Differ.SAME}
    assert compare(change, None, None) == ()


def test_everything_that_was_written_is_read_back_by_the_questions_of_its_form() -> None:
    newcomer = "p:019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d21"
    payload = {
        "subject": newcomer,
        "todoke_date": "2026-11-20",
        "certificate": "paper",
        "tenshutsu_certificate": {"town": "つきみ市"},
        "from": "つきみ市本町1番",
        "whole_household": True,
        "to": {"town": "本町", "banchi": "1番", "katagaki": ""},
        "members": [
            {"id": newcomer, "kind": "japanese", "full_name": "葛󠄂城　君代", "mynumber_sealed": b"sealed"}
        ],
        "attachments": [{"key": "k"}],
        "new_word": ["一", "二"],
    }
    told = [(one.text, one.value, one.of) for one in read_back(ChangeKind.TENNYU, payload)]
    assert ("tennyu_from", "つきみ市本町1番", "") in told
    assert ("from_whole_household", True, "") in told
    assert ("full_name", "葛󠄂城　君代", newcomer) in told
    assert ("mynumber", None, newcomer) in told  # sealed: said that it is there, never what
    assert ("new_word", "一、二", "") in told  # nothing is hidden because no form asks for it
    assert not any(text in {"attachments", "key"} for text, _, _ in told)
