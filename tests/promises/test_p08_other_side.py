"""P08: whom a measure protects from is told by the replica to nobody without the right, and met at the release."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.blocks import OtherSide, Restrictions, ShienSochi
from client.domain.clerk import Right
from client.domain.errors import CounterError, RefusedError
from client.domain.release import Secrets
from client.jobs.check_person import CheckPerson
from client.rules.other_side import Asking, Folds, may_be
from cloud import other_side as at_cloud
from offline.store.other_side import opened_other_side
from offline.store.search_key import name_key, reading_keys
from tests.builders import HANAKO
from tests.fakes import MemoryLink
from tests.jobs.test_release_issue import Counter
from tests.promises.two_persons import CLERK, OFFICER, PASSWORD, NoCloud, a_desk, grant

KEY, OTHER_KEY = bytes(range(32)), bytes(32)
TOWN = "131130"
HIM = at_cloud.OtherSide("渡邉󠄐 剛", "ワタナベ ツヨシ", "1980-03-04")
BORN = date(1980, 3, 4)
FOLDS = Folds(name_key, reading_keys)
AGAIN = ("渡邉󠄐　剛", "渡辺剛", "渡邊 剛", "ﾜﾀﾅﾍﾞ ﾂﾖｼ", "わたなべつよし", " 渡 邉 剛 ")


def a_measure(side: at_cloud.OtherSide = HIM, measure_id: str = "m1", town: str = TOWN) -> ShienSochi:
    box = at_cloud.sealed(side, KEY, town, measure_id)
    return ShienSochi(measure_id, HANAKO, provisional=False, starts=None, ends=None, other_side=box)


class Window(Counter):
    """The counter of releases, where s002 answers for protection and has the key; the row comes from a cloud's seal."""

    def __init__(self, *, key: bytes = KEY, measure: ShienSochi | None = None) -> None:
        super().__init__(Restrictions(shien_sochi=(measure or a_measure(),)))
        self.release._other_side = lambda one, key: opened_other_side(one, key, TOWN)
        self.release._folds = FOLDS
        for staff_id, (password, cloud) in list(self.keys.people.items()):
            self.keys.people[staff_id] = (password, replace(cloud, measures_key=key))
        self.cloud.measures_key = key

    async def refused(self, asking: Asking, officer: str = "s002", second: str = "") -> str:
        with pytest.raises(CounterError) as refusal:
            await self.ask(officer, asking=asking, second=second)
        with pytest.raises(RefusedError, match=r"refused\.shien_sochi"):
            await self.prepare()
        return refusal.value.code


@pytest.mark.asyncio
@pytest.mark.parametrize("cut", [False, True], ids=["on line", "off line"])
@pytest.mark.parametrize("name", AGAIN)
async def test_whom_a_measure_protects_from_gets_no_paper_however_the_name_is_written(
    name: str, cut: bool
) -> None:
    window = Window()
    if cut:
        window.cut()
    second = "s004" if cut else ""
    for birth in (BORN, None):
        assert await window.refused(Asking(name, birth), second=second) == "refused.other_side"
        window.keys.used.clear()  # the next code
    refusals = [one for one in window.ledger.journal if one.kind == "refusal" and one.facts.get("who")]
    assert [(one.facts["who"], one.facts["code"]) for one in refusals] == [("s002", "refused.other_side")] * 2
    assert name not in str([one.facts for one in window.ledger.journal])


@pytest.mark.asyncio
async def test_somebody_else_is_released_and_nothing_says_that_there_is_no_match() -> None:
    window = Window()
    release = await window.ask(asking=Asking("渡邉 花子", date(1985, 1, 2)))
    assert release.compared
    prepared = await window.prepare()
    assert "compared" not in str([one.facts for one in window.ledger.journal])
    without = Window(measure=replace(a_measure(), other_side=b""))
    assert not (await without.ask(asking=Asking("渡邉 花子"))).compared
    assert prepared.warnings == (await without.prepare()).warnings


@pytest.mark.asyncio
async def test_a_name_is_always_asked_for() -> None:
    assert await Window().refused(Asking("  ")) == "refused.input"


@pytest.mark.parametrize(
    ("key", "measure", "town"),
    [
        (OTHER_KEY, a_measure(), TOWN),
        (b"", a_measure(), TOWN),
        (KEY, a_measure(), "131148"),
        (KEY, replace(a_measure(), measure_id="m2"), TOWN),
        (KEY, replace(a_measure(), other_side=a_measure().other_side[:-1]), TOWN),
        (KEY, replace(a_measure(), other_side=b"\x02" + a_measure().other_side[1:]), TOWN),
        (KEY, replace(a_measure(), other_side=b"\x01"), TOWN),
    ],
    ids=["other key", "no key", "other town", "other measure", "cut", "newer", "empty"],
)
def test_a_seal_opens_with_its_key_for_its_measure_in_its_town_alone(
    key: bytes, measure: ShienSochi, town: str
) -> None:
    assert opened_other_side(measure, key, town) is None


def test_the_row_tells_nothing_not_even_how_long_a_name_is() -> None:
    boxes = [
        at_cloud.sealed(one, KEY, TOWN, "m1")
        for one in (
            HIM,
            HIM,
            at_cloud.OtherSide("李"),
            at_cloud.OtherSide("長" * 100, "ナ" * 50, "1980-01-01"),
        )
    ]
    assert len({len(one) for one in boxes}) == 1
    assert len(set(boxes)) == len(boxes)
    for box in boxes:
        assert "渡邉".encode() not in box
    assert "渡" not in repr(a_measure())


letters = st.sampled_from("渡邉邊辺髙高﨑崎斎齋齊太郎花子")
spaces = st.sampled_from(["", " ", "　"])


@given(st.lists(letters, min_size=1, max_size=6), st.data())
def test_the_same_name_with_other_spaces_widths_and_selectors_is_the_same_person(
    name: list[str], data: st.DataObject
) -> None:
    typed = "".join(
        one + data.draw(st.sampled_from(["", "\U000e0100", "\ufe00"])) + data.draw(spaces) for one in name
    )
    assert may_be(Asking(typed), OtherSide("".join(name), "", None), FOLDS)


@given(st.dates(), st.dates())
def test_another_day_of_birth_is_another_person_and_an_unknown_one_may_be_the_same(
    one: date, other: date
) -> None:
    side = OtherSide("渡邉剛", "", one)
    assert may_be(Asking("渡邉剛", other), side, FOLDS) == (one == other)
    assert may_be(Asking("渡邉剛"), side, FOLDS)
    assert not may_be(Asking("別人太郎", one), side, FOLDS)


@pytest.mark.asyncio
async def test_off_line_the_key_comes_out_of_the_box_of_who_has_it_alone(tmp_path: Path) -> None:
    desk = await a_desk(tmp_path / "pc")
    await desk.admit(OFFICER, Right.VIEW, Right.OFFICER, Right.SHIEN_SOCHI, measures_key=KEY)
    await desk.admit(CLERK, Right.VIEW, Right.ISSUE)
    assert (await desk.word(OFFICER)).keys == (await desk.word(CLERK)).keys
    unlocked = [
        await desk.vault.unlock(one, PASSWORD, desk.code(one), now=desk.now) for one in (OFFICER, CLERK)
    ]
    assert [one.measures_key for one in unlocked] == [KEY, b""]
    lying = b"".join(path.read_bytes() for path in (tmp_path / "pc").iterdir() if path.is_file())
    assert KEY not in lying
    assert KEY.hex().encode() not in lying


@pytest.mark.asyncio
@pytest.mark.parametrize("granted", [True, False], ids=["right stands", "right taken"])
async def test_the_key_this_pc_kept_is_used_only_while_the_rows_give_the_right(
    tmp_path: Path, granted: bool
) -> None:
    rows = [("right_grant", grant(OFFICER, Right.SHIEN_SOCHI))] if granted else []
    desk = await a_desk(tmp_path / "pc", *rows)
    await desk.admit(OFFICER, Right.VIEW, Right.OFFICER, Right.SHIEN_SOCHI, measures_key=KEY)
    await desk.admit(CLERK, Right.VIEW, Right.ISSUE)
    clerk = await desk.sign_in(CLERK)
    assert clerk.measures_key == b""
    check = CheckPerson(
        NoCloud(),
        desk.vault,
        desk.stores.ledger,
        MemoryLink(usable=False),
        now=lambda: desk.now,
        within_terms=desk.log_in.within_terms,
    )
    person = await check(clerk, Secrets(OFFICER, PASSWORD, desk.code(OFFICER)))
    assert person.measures_key == (KEY if granted else b"")
    await desk.log_in.sign_out()
