"""P10, P12: two declare a disaster at a terminal off line; what it makes longer has an end that nobody there can move."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.clerk import Lease, Right
from client.domain.declaration import Cause, Declaration
from client.domain.errors import CounterError, StoreError
from client.domain.keys import Unlocked
from client.jobs.declare_disaster import DeclareDisaster
from client.jobs.log_in import LogIn
from client.rules import declared as rules
from tests.builders import NOW
from tests.fakes import MemoryLink
from tests.promises.two_persons import CLERK, NEWCOMER, OFFICER, Desk, NoCloud, a_desk, grant, member
from tests.store_builders import MemoryKeyring, cheap_vault

WEEK = timedelta(days=7)
FILES = ("wraps.json", "wraps.copy.json")
DAY = timedelta(days=1)


@dataclass
class Hall:
    """A terminal whose line is down, and its clerks; leases of seven days, given at NOW."""

    desk: Desk
    folder: Path
    on_line: bool = False
    chosen: str = "朝一番の合言葉は晴れ時々曇り"

    @property
    def job(self) -> DeclareDisaster:
        desk = self.desk
        return DeclareDisaster(
            desk.log_in,
            desk.vault,
            desk.vault.declarations,
            desk.stores.ledger,
            now=lambda: desk.now,
            on_line=lambda: self.on_line,
            last=WEEK,
            most=WEEK,
        )

    async def word(self, staff_id: str, beside: Unlocked | None = None) -> Unlocked:
        return await self.job.hear(staff_id, self.password(staff_id), self.desk.code(staff_id), beside=beside)

    def password(self, staff_id: str) -> str:
        return self.chosen if staff_id == NEWCOMER else "みどりの風が吹く窓口 7"

    async def declare(self, one: str = OFFICER, other: str = CLERK) -> str:
        """Declare it, and return why not, or "declared"."""
        try:
            first = await self.word(one)
            await self.job(first, await self.word(other, beside=first), Cause.FLOOD)
        except CounterError as error:
            return error.code
        return "declared"

    async def opens(self, staff_id: str = CLERK) -> str:
        """Sign in off line and go, and return why not, or "in"."""
        try:
            await self.desk.sign_in(staff_id)
        except CounterError as error:
            return error.code
        await self.desk.log_in.sign_out()
        return "in"

    def at(self, days: float) -> None:
        self.desk.now = NOW + timedelta(days=days)


async def a_hall(folder: Path, *rows: tuple[str, dict[str, object]]) -> Hall:
    return Hall(await a_desk(folder, *rows, ring=MemoryKeyring()), folder)


@pytest.mark.asyncio
async def test_two_declare_and_leases_that_hold_last_until_the_declaration_ends(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    hall.at(6)
    assert await hall.declare() == "declared"
    hall.at(9)
    assert await hall.opens() == "in"
    hall.at(12.9)
    assert (await hall.opens(), await hall.opens(OFFICER)) == ("in", "in")
    hall.at(13.1)
    assert (await hall.opens(), await hall.opens(OFFICER)) == ("sign_in.lease_over", "sign_in.lease_over")
    assert hall.job.present is None


@pytest.mark.asyncio
async def test_without_one_a_lease_ends_as_the_cloud_said(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    hall.at(9)
    assert await hall.opens() == "sign_in.lease_over"
    assert await hall.declare() == "sign_in.lease_over", "nor does a lease that is over bring itself back"


@pytest.mark.asyncio
async def test_declared_again_and_again_it_makes_no_lease_longer_than_it_may(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    for day in range(1, 14):
        hall.at(day)
        assert await hall.declare() == "declared"
    hall.at(13.9)
    assert await hall.opens() == "in"
    hall.at(14.1)
    assert rules.in_force(hall.desk.vault.declarations.present, hall.desk.now)
    assert await hall.opens() == "sign_in.lease_over"
    assert await hall.declare() == "sign_in.lease_over"


@pytest.mark.asyncio
async def test_a_lease_that_was_over_when_it_was_declared_stays_over(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    await hall.desk.admit(NEWCOMER, Right.VIEW, lease=2 * DAY)
    hall.at(3)
    assert await hall.declare() == "declared"
    assert await hall.opens(NEWCOMER) == "sign_in.lease_over"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("one", "other", "refused"),
    [
        (OFFICER, OFFICER, "refused.same_person"),
        (CLERK, NEWCOMER, "refused.right_missing"),
        (OFFICER, "s777", "sign_in.unknown_here"),
    ],
)
async def test_two_different_people_and_an_officer_among_them(
    tmp_path: Path, one: str, other: str, refused: str
) -> None:
    hall = await a_hall(tmp_path)
    await hall.desk.admit(NEWCOMER, Right.VIEW)
    hall.desk.seeds.setdefault("s777", b"s777" * 5)
    if other == NEWCOMER:
        hall.chosen = hall.password(CLERK)  # admitted as the others
    assert await hall.declare(one, other) == refused
    assert await hall.desk.book("declaration") == []
    hall.at(9)
    assert await hall.opens() == "sign_in.lease_over"


@pytest.mark.asyncio
async def test_whom_two_let_in_declares_nothing_and_has_no_longer_time_by_it(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    desk = hall.desk
    newcomer = desk.newcomer()
    first = await desk.word(OFFICER)
    second = await desk.let_in.hear(CLERK, hall.password(CLERK), desk.code(CLERK), beside=first)
    newcomer = desk.newcomer()
    desk.seeds[NEWCOMER] = newcomer.seed
    await desk.let_in(first, second, newcomer)
    assert await hall.declare(OFFICER, NEWCOMER) == "refused.let_in_by_two"
    assert await hall.declare() == "declared"
    hall.at(2)
    with pytest.raises(CounterError, match=r"sign_in\.lease_over"):
        await desk.sign_in(NEWCOMER, hall.password(NEWCOMER))


@pytest.mark.asyncio
async def test_while_the_cloud_answers_nothing_is_declared(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    hall.on_line = True
    assert await hall.declare() == "refused.declared_on_line"
    assert hall.job.present is None
    assert [line.facts["code"] for line in await hall.desk.book("refusal")] == ["refused.declared_on_line"]


@pytest.mark.asyncio
async def test_whoever_the_cloud_lets_in_ends_it(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    hall.at(6)
    assert await hall.declare() == "declared"
    await hall.desk.admit(NEWCOMER, Right.VIEW)
    assert hall.job.present is None
    await hall.desk.vault.declarations.load()
    assert hall.desk.vault.declarations.present is None
    hall.at(9)
    assert await hall.opens() == "sign_in.lease_over"


@pytest.mark.asyncio
async def test_two_words_that_cannot_act_together_declare_nothing_whoever_brings_them(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    officer = await hall.word(OFFICER)
    with pytest.raises(CounterError, match=r"refused\.same_person"):
        await hall.job(officer, officer, Cause.FIRE)
    clerk = await hall.word(CLERK, beside=officer)
    hall.desk.now += timedelta(minutes=11)
    with pytest.raises(CounterError, match=r"sign_in\.word_stale"):
        await hall.job(officer, clerk, Cause.FIRE)
    assert hall.job.present is None


@pytest.mark.asyncio
async def test_an_officer_ends_it_alone_and_a_clerk_does_not(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    assert await hall.declare() == "declared"
    with pytest.raises(CounterError, match=r"refused\.right_missing"):
        await hall.job.end(await hall.word(CLERK))
    assert rules.in_force(hall.desk.vault.declarations.present, hall.desk.now)
    await hall.job.end(await hall.word(OFFICER))
    assert hall.job.present is None
    told = [(line.actor, line.facts.get("how")) for line in await hall.desk.book("declaration")]
    assert told == [(OFFICER, "made"), (OFFICER, "ended")]
    hall.at(9)
    assert await hall.opens() == "sign_in.lease_over"


@pytest.mark.asyncio
async def test_the_book_has_it_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hall = await a_hall(tmp_path)

    async def full(_entry: object) -> None:
        raise StoreError("store.full")

    first = await hall.word(OFFICER)
    second = await hall.word(CLERK, beside=first)
    monkeypatch.setattr(hall.desk.stores.ledger, "record", full)
    with pytest.raises(StoreError, match="full"):
        await hall.job(first, second, Cause.POWER)
    assert hall.job.present is None
    hall.at(9)
    monkeypatch.undo()
    assert await hall.opens() == "sign_in.lease_over"


@pytest.mark.asyncio
async def test_an_edited_one_and_one_of_before_and_one_of_another_terminal_open_nothing(
    tmp_path: Path,
) -> None:
    hall = await a_hall(tmp_path / "here")
    hall.at(6)
    before = {name: (hall.folder / name).read_bytes() for name in FILES}
    assert await hall.declare() == "declared"
    declared = {name: (hall.folder / name).read_bytes() for name in FILES}
    longer = json.loads(declared["wraps.json"])
    longer["declared"]["until"] = (NOW + 300 * DAY).isoformat()
    longer["declared"]["most"] = 300 * 86_400
    for name in FILES:
        (hall.folder / name).write_text(json.dumps(longer))
    hall.at(9)
    assert await hall.opens() == "store.wraps_changed"
    carried = {**json.loads(before["wraps.json"]), "declared": json.loads(declared["wraps.json"])["declared"]}
    for name in FILES:
        (hall.folder / name).write_text(json.dumps(carried))
    assert await hall.opens() == "store.wraps_changed"
    for name in FILES:
        (hall.folder / name).write_bytes(declared[name])
    assert await hall.opens() == "in"
    await hall.job.end(await hall.word(OFFICER))
    for name in FILES:
        (hall.folder / name).write_bytes(declared[name])
    assert await hall.opens() == "store.wraps_behind", "one that was ended does not come back"


@pytest.mark.asyncio
async def test_the_last_day_of_a_person_stands_whatever_is_declared(tmp_path: Path) -> None:
    leaves = ("staff_member", member("s030", until_day="2026-11-22"))
    rows = [leaves, ("right_grant", grant("s030", Right.VIEW))]
    hall = await a_hall(tmp_path, *rows)
    await hall.desk.admit("s030", Right.VIEW)
    leaving = datetime(2026, 11, 22, tzinfo=UTC)
    assert leaving + DAY > NOW, "the story's day"
    assert await hall.declare() == "declared"
    assert await hall.opens("s030") == "in"
    hall.desk.now = leaving + DAY
    assert await hall.opens("s030") == "sign_in.not_in_service"


@pytest.mark.asyncio
async def test_a_terminal_ordered_shut_declares_nothing(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    desk = hall.desk
    desk.log_in = LogIn(
        NoCloud(),
        desk.vault,
        desk.stores,
        desk.stores.ledger,
        MemoryLink(usable=False),
        now=lambda: desk.now,
        shut=lambda: True,
    )
    assert await hall.declare() == "sign_in.shut"
    assert desk.vault.declarations.present is None


@pytest.mark.asyncio
async def test_it_outlives_the_program_and_not_the_keyring(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    hall = Hall(await a_desk(tmp_path, ring=ring), tmp_path)
    assert await hall.declare() == "declared"
    again = cheap_vault(tmp_path, ring)
    await again.declarations.load()
    assert again.declarations.present == hall.desk.vault.declarations.present
    stranger = cheap_vault(tmp_path, MemoryKeyring())
    await stranger.declarations.load()
    assert stranger.declarations.present is None


days = st.floats(-400, 400, allow_nan=False).map(lambda days: timedelta(days=days))


@given(lease=days, made=days, last=st.floats(0, 14), most=st.floats(0, 14), now=days)
def test_no_lease_is_longer_than_the_declaration_nor_by_more_than_it_says(
    lease: timedelta, made: timedelta, last: float, most: float, now: timedelta
) -> None:
    given_until, at = Lease(NOW + lease), NOW + now
    declared = Declaration(
        "s009", "s001", Cause.LINE, NOW + made, NOW + made + last * DAY, NOW + made, most * DAY
    )
    after = rules.extended(given_until, declared, at)
    assert after.until >= given_until.until
    if after != given_until:
        assert after.until <= declared.until
        assert after.until <= given_until.until + declared.most
        assert given_until.until >= declared.since
        assert rules.in_force(declared, at)
    assert rules.extended(after, replace(declared, most=timedelta(0)), at) == after
