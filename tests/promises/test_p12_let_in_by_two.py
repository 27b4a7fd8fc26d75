"""P12, P10: off line a third is let in by two, never by one, never for more than the register says; the book has it."""

import json
import socket
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from client.domain.clerk import Right
from client.domain.errors import CounterError, SignInNeededError, StoreError
from client.domain.release import Secrets
from client.jobs.check_person import CheckPerson
from client.rules.staff_terms import WORD_LIFE, end_of
from tests.builders import NOW, TODAY
from tests.fakes import MemoryLink
from tests.promises.two_persons import (
    CLERK,
    LONGEST,
    NEW_PASSWORD,
    NEWCOMER,
    OFFICER,
    PASSWORD,
    Desk,
    NoCloud,
    a_desk,
    aged,
    grant,
    member,
)

pytestmark = pytest.mark.asyncio


async def refused(desk: Desk, first: str = OFFICER, second: str = CLERK, newcomer: str = NEWCOMER) -> str:
    """Return why two cannot let a third in; whatever it is, no wrap is written."""
    before = wraps_of(desk)

    async def attempt() -> None:
        words = await desk.word(first), await desk.word(second)
        await desk.let_in(*words, desk.newcomer(newcomer))

    with pytest.raises(CounterError) as refusal:
        await attempt()
    assert wraps_of(desk).keys() == before.keys()
    if newcomer not in {first, second}:
        assert wraps_of(desk).get(newcomer) == before.get(newcomer)
    return refusal.value.code


def wraps_of(desk: Desk) -> dict[str, str]:
    """Return the box of each clerk, as it lies on the disk."""
    path = desk.vault._file.path
    return {one["staff_id"]: one["box"] for one in json.loads(path.read_text())["staff"]}


async def let_in(desk: Desk, newcomer: str = NEWCOMER) -> datetime:
    words = await desk.word(OFFICER), await desk.word(CLERK)
    shown = desk.newcomer(newcomer)
    made = await desk.let_in(*words, shown)
    desk.seeds[newcomer] = shown.seed
    return made.lease.until


async def test_two_let_a_third_in_who_then_signs_in_with_the_registers_rights_for_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await a_desk(tmp_path)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a network call")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(SignInNeededError, match=r"sign_in\.wrong_secret|unknown_here"):
        await desk.vault.unlock(NEWCOMER, NEW_PASSWORD, "000000", now=desk.now)
    until = await let_in(desk)
    assert until == desk.now + LONGEST
    sign_in = await desk.sign_in(NEWCOMER, NEW_PASSWORD)
    assert sign_in.clerk.rights == {Right.VIEW, Right.ACCEPT}
    assert sign_in.let_in_by == (OFFICER, CLERK)
    assert sign_in.lease.until == until
    (line,) = await desk.book("let_in")
    assert (line.actor, line.facts["staff"], line.facts["other"]) == (OFFICER, NEWCOMER, CLERK)
    assert (await desk.book("sign_in"))[-1].facts["let_in_by"] == f"{OFFICER} {CLERK}"
    await desk.log_in.sign_out()
    desk.now = until
    with pytest.raises(SignInNeededError, match=r"sign_in\.lease_over"):
        await desk.sign_in(NEWCOMER, NEW_PASSWORD)


async def test_one_person_is_not_two_however_the_id_is_shown(tmp_path: Path) -> None:
    desk = await a_desk(tmp_path)
    assert await refused(desk, OFFICER, OFFICER) == "refused.same_person"
    assert await refused(desk, OFFICER, CLERK, OFFICER) == "refused.same_person"
    assert await refused(desk, OFFICER, CLERK, CLERK) == "refused.same_person"
    assert [line.facts["code"] for line in await desk.book("refusal")] == ["refused.same_person"] * 3


async def test_two_without_an_officer_let_nobody_in(tmp_path: Path) -> None:
    desk = await a_desk(
        tmp_path, ("staff_member", member("s002")), ("right_grant", grant("s002", Right.VIEW))
    )
    await desk.admit("s002", Right.VIEW)
    assert await refused(desk, "s002", CLERK) == "refused.right_missing"


async def test_an_officer_whom_the_register_has_stripped_since_is_none(tmp_path: Path) -> None:
    desk = await a_desk(
        tmp_path, ("staff_member", member("s008")), ("right_grant", grant("s008", Right.VIEW))
    )
    await desk.admit("s008", Right.VIEW, Right.OFFICER)  # as the cloud said when the wrap was written
    assert await refused(desk, "s008", CLERK) == "refused.right_missing"


async def test_whoever_was_let_in_by_two_answers_for_nobody(tmp_path: Path) -> None:
    officer_too = ("right_grant", grant(NEWCOMER, Right.OFFICER))
    desk = await a_desk(tmp_path, officer_too, ("staff_member", member("s021")))
    await let_in(desk)
    with pytest.raises(CounterError, match=r"refused\.let_in_by_two"):
        await desk.word(NEWCOMER, NEW_PASSWORD)
    word = await desk.vault.unlock(NEWCOMER, NEW_PASSWORD, desk.code(NEWCOMER), now=desk.now)
    with pytest.raises(CounterError, match=r"refused\.let_in_by_two"):
        await desk.let_in(word, await desk.word(CLERK), desk.newcomer("s021"))


@pytest.mark.parametrize(
    "row",
    [
        ("staff_member", member("s021", until_day="2026-11-19")),
        ("staff_member", member("s021", from_day="2026-11-21")),
        ("right_grant", grant("s021", Right.VIEW)),
    ],
    ids=["gone since yesterday", "not before tomorrow", "not on the staff"],
)
async def test_nobody_is_let_in_whom_the_register_does_not_have_today(
    tmp_path: Path, row: tuple[str, dict[str, object]]
) -> None:
    rights = () if row[0] == "right_grant" else (("right_grant", grant("s021", Right.VIEW)),)
    desk = await a_desk(tmp_path, row, *rights)
    assert await refused(desk, newcomer="s021") == "refused.not_in_service"
    assert await refused(desk, newcomer="s099") == "refused.not_in_service"


async def test_nobody_has_a_right_that_begins_tomorrow_or_ended_yesterday(tmp_path: Path) -> None:
    desk = await a_desk(
        tmp_path,
        ("right_grant", grant(NEWCOMER, Right.OFFICER, from_day="2026-11-21")),
        ("right_grant", grant(NEWCOMER, Right.ISSUE, until_day="2026-11-19")),
    )
    await let_in(desk)
    assert (await desk.sign_in(NEWCOMER, NEW_PASSWORD)).clerk.rights == {Right.VIEW, Right.ACCEPT}


async def test_time_is_never_longer_than_the_registers_days_or_the_lease_of_either(tmp_path: Path) -> None:
    lent = member("s021", until_day=TODAY.isoformat(), lent_by="隣の市")
    desk = await a_desk(tmp_path, ("staff_member", lent), ("right_grant", grant("s021", Right.VIEW)))
    assert await let_in(desk, "s021") == end_of(TODAY)
    await desk.admit(CLERK, Right.VIEW, lease=timedelta(hours=3))
    short = desk.now + timedelta(hours=3)
    assert await let_in(desk) == short
    desk.now = end_of(TODAY)
    assert await refused(desk, OFFICER, CLERK, "s021") in {"sign_in.lease_over"}


async def test_a_word_given_long_ago_or_in_a_time_to_come_counts_no_more(tmp_path: Path) -> None:
    desk = await a_desk(tmp_path)
    first, second = await desk.word(OFFICER), await desk.word(CLERK)
    for off in (WORD_LIFE, -WORD_LIFE):
        late = aged(first, off + (timedelta(minutes=1) if off > timedelta() else timedelta()))
        with pytest.raises(CounterError, match=r"sign_in\.word_stale"):
            await desk.let_in(late, second, desk.newcomer())
    assert NEWCOMER not in wraps_of(desk)


async def test_wrong_tries_count_against_who_made_them_and_a_locked_out_person_is_no_word(
    tmp_path: Path,
) -> None:
    desk = await a_desk(tmp_path)
    for _ in range(5):
        with pytest.raises(SignInNeededError):
            await desk.word(CLERK, "falsch")
    assert await refused(desk, OFFICER, CLERK) == "sign_in.locked_out"
    assert (await desk.word(OFFICER)).sign_in.clerk.staff_id == OFFICER


async def test_a_forgotten_password_and_a_lost_factor_are_replaced_and_the_old_ones_open_nothing(
    tmp_path: Path,
) -> None:
    third = ("staff_member", member("s002")), ("right_grant", grant("s002", Right.VIEW))
    desk = await a_desk(tmp_path, *third)
    await desk.admit("s002", Right.VIEW)
    old_seed = desk.seeds["s002"]
    for _ in range(6):
        with pytest.raises(SignInNeededError):
            await desk.sign_in("s002", "vergessen")
    await let_in(desk, "s002")
    assert (await desk.sign_in("s002", NEW_PASSWORD)).let_in_by == (OFFICER, CLERK)
    await desk.log_in.sign_out()
    with pytest.raises(SignInNeededError):
        await desk.sign_in("s002", PASSWORD)
    desk.seeds["s002"] = old_seed
    with pytest.raises(SignInNeededError):
        await desk.sign_in("s002", NEW_PASSWORD)
    await desk.admit("s002", Right.VIEW)  # the next sign-in on line
    assert (await desk.sign_in("s002")).let_in_by == ()


async def test_the_code_by_which_the_new_factor_was_shown_lets_nobody_in_again(tmp_path: Path) -> None:
    desk = await a_desk(tmp_path)
    words = await desk.word(OFFICER), await desk.word(CLERK)
    newcomer = desk.newcomer()
    with pytest.raises(SignInNeededError, match=r"sign_in\.first_code"):
        await desk.let_in(*words, replace(newcomer, code="000000"))
    assert NEWCOMER not in wraps_of(desk)
    await desk.let_in(*words, newcomer)
    with pytest.raises(SignInNeededError, match=r"sign_in\.code_used"):
        await desk.log_in(NEWCOMER, NEW_PASSWORD, newcomer.code)


@pytest.mark.parametrize("password", ["", "short", "aaaaaaaaaaaaaaaa", f"{NEWCOMER}-12345"])
async def test_a_weak_password_is_not_taken(tmp_path: Path, password: str) -> None:
    desk = await a_desk(tmp_path)
    words = await desk.word(OFFICER), await desk.word(CLERK)
    with pytest.raises(CounterError, match=r"refused\.new_password"):
        await desk.let_in(*words, desk.newcomer(password=password))
    assert NEWCOMER not in wraps_of(desk)


async def test_where_the_book_cannot_be_written_nobody_is_let_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await a_desk(tmp_path)
    words = await desk.word(OFFICER), await desk.word(CLERK)
    newcomer = desk.newcomer()

    async def full(_: object) -> None:
        raise StoreError("store.full")

    with monkeypatch.context() as patch:
        patch.setattr(desk.stores.ledger, "record", full)
        with pytest.raises(StoreError, match=r"store\.full"):
            await desk.let_in(*words, newcomer)
    assert NEWCOMER not in wraps_of(desk)
    assert desk.log_in.present is None


async def test_a_terminal_the_town_has_shut_hears_nobody(tmp_path: Path) -> None:
    desk = await a_desk(tmp_path)
    desk.log_in._shut = lambda: True
    assert await refused(desk) == "sign_in.shut"


async def test_the_stores_are_closed_again_unless_somebody_is_signed_in(tmp_path: Path) -> None:
    desk = await a_desk(tmp_path)
    await let_in(desk)
    with pytest.raises(StoreError, match=r"store\.no_keys"):
        await desk.stores.ledger.journal_tail(1)
    await desk.sign_in(CLERK)
    await desk.admit(NEWCOMER, Right.VIEW)
    await let_in(desk)
    assert await desk.stores.ledger.journal_tail(1)


async def test_neither_password_nor_seed_is_on_the_disk(tmp_path: Path) -> None:
    desk = await a_desk(tmp_path)
    await let_in(desk)
    seed = desk.seeds[NEWCOMER]
    for path in tmp_path.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert seed not in content
            assert NEW_PASSWORD.encode() not in content


# -- 応援職員: the register's days off line, which a wrap of an earlier day does not know


async def test_somebody_whose_last_day_the_register_has_brought_forward_is_not_let_in_after_it(
    tmp_path: Path,
) -> None:
    lent = member("s021", until_day=TODAY.isoformat(), lent_by="隣の市")
    desk = await a_desk(tmp_path, ("staff_member", lent), ("right_grant", grant("s021", Right.VIEW)))
    await desk.admit("s021", Right.VIEW)  # the cloud gave seven days, before it heard
    sign_in = await desk.sign_in("s021")
    assert sign_in.lease.until == end_of(TODAY)
    await desk.log_in.sign_out()
    desk.now = end_of(TODAY)
    with pytest.raises(SignInNeededError, match=r"sign_in\.not_in_service"):
        await desk.sign_in("s021")
    assert desk.log_in.present is None
    assert (await desk.book("refusal"))[-1].facts["code"] == "sign_in.not_in_service"


async def test_a_right_ends_off_line_with_its_day_and_the_others_go_on(tmp_path: Path) -> None:
    desk = await a_desk(
        tmp_path,
        ("staff_member", member("s021")),
        ("right_grant", grant("s021", Right.VIEW)),
        ("right_grant", grant("s021", Right.ISSUE, until_day=TODAY.isoformat())),
    )
    await desk.admit("s021", Right.VIEW, Right.ISSUE, Right.OFFICER)
    sign_in = await desk.sign_in("s021")
    assert sign_in.clerk.rights == {Right.VIEW, Right.ISSUE}  # never what the register does not say
    assert sign_in.lease.until == end_of(TODAY)
    await desk.log_in.sign_out()
    desk.now = end_of(TODAY)
    sign_in = await desk.sign_in("s021")
    assert sign_in.clerk.rights == {Right.VIEW}
    assert sign_in.lease.until == NOW + timedelta(days=7)


async def test_what_a_section_may_do_is_not_for_somebody_lent_to_it(tmp_path: Path) -> None:
    of_section: dict[str, object] = {"grant_id": "section", "section": "市民課", "right": "issue"}
    lent = member("s021", from_day="2026-11-01", until_day="2026-11-30", lent_by="隣の市")
    desk = await a_desk(
        tmp_path,
        ("staff_member", lent),
        ("right_grant", grant("s021", Right.VIEW)),
        ("right_grant", of_section),
    )
    await let_in(desk, "s021")
    assert (await desk.sign_in("s021", NEW_PASSWORD)).clerk.rights == {Right.VIEW}
    await desk.log_in.sign_out()
    await let_in(desk)
    assert Right.ISSUE in (await desk.sign_in(NEWCOMER, NEW_PASSWORD)).clerk.rights


async def test_where_the_town_uses_cards_two_let_nobody_in(tmp_path: Path) -> None:
    desk = await a_desk(tmp_path)
    words = await desk.word(OFFICER), await desk.word(CLERK)
    desk.vault._wraps._card = object()  # type: ignore[assignment]  # any reader: it is not asked for anything
    with pytest.raises(CounterError, match=r"refused\.card_needed"):
        await desk.let_in(*words, desk.newcomer())
    with pytest.raises(CounterError, match=r"refused\.card_needed"):
        await desk.word(OFFICER)
    assert NEWCOMER not in wraps_of(desk)


async def test_the_wrong_tries_of_either_and_of_the_third_are_in_the_book(tmp_path: Path) -> None:
    desk = await a_desk(tmp_path)
    await desk.admit(NEWCOMER, Right.VIEW)
    for staff_id in (CLERK, NEWCOMER):
        with pytest.raises(SignInNeededError):
            await desk.word(staff_id, "falsch")
    await let_in(desk)
    await desk.sign_in(NEWCOMER, NEW_PASSWORD)
    failed = [
        (line.actor, line.facts["tries"]) for line in await desk.book("sign_in") if "tries" in line.facts
    ]
    assert failed == [(CLERK, 1), (NEWCOMER, 1)]


async def test_whom_too_many_guesses_shut_out_two_colleagues_let_in_again(tmp_path: Path) -> None:
    desk = await a_desk(tmp_path)
    await desk.admit(NEWCOMER, Right.VIEW)
    for _ in range(31):
        desk.now += timedelta(hours=2)
        with pytest.raises(SignInNeededError) as refused_with:
            await desk.word(NEWCOMER, "falsch")
    assert refused_with.value.code == "sign_in.too_many"
    await let_in(desk)
    assert (await desk.sign_in(NEWCOMER, NEW_PASSWORD)).clerk.staff_id == NEWCOMER


async def test_whoever_was_let_in_by_two_is_no_second_person_beside_a_clerk(tmp_path: Path) -> None:
    desk = await a_desk(tmp_path, ("right_grant", grant(NEWCOMER, Right.OFFICER)))
    await let_in(desk)
    clerk = await desk.sign_in(CLERK)
    check = CheckPerson(
        NoCloud(), desk.vault, desk.stores.ledger, MemoryLink(usable=False), now=lambda: desk.now
    )
    with pytest.raises(CounterError, match=r"refused\.let_in_by_two"):
        await check(clerk, Secrets(NEWCOMER, NEW_PASSWORD, desk.code(NEWCOMER)))
    person = await check(clerk, Secrets(OFFICER, PASSWORD, desk.code(OFFICER)))
    assert person.clerk.staff_id == OFFICER
    assert (await desk.book("refusal"))[-1].facts["code"] == "refused.let_in_by_two"
