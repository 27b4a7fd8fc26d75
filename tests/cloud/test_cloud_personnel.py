"""Who works here and with which rights is written in the register, day by day, and ends on its day."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from cloud import storage
from cloud.contract import Row
from cloud.problems import ProblemError
from cloud.staff import NewStaff
from cloud.staff_rows import grant_row, staff_rows
from tests.cloud.cloud_builders import PASSWORD, SEED, START, Site
from tests.cloud.test_cloud_feeds import proved, standing
from tests.cloud.test_cloud_tokens import lines, renewal, search, told

pytestmark = pytest.mark.asyncio
TODAY = date(2026, 11, 20)
DAY = timedelta(days=1)
SECRET = "yuki no hi no machi"


def lent(**more: Any) -> NewStaff:
    facts: dict[str, Any] = {
        "staff_id": "x101",
        "name": "応援　花",
        "section": "市民課",
        "rights": ("view",),
        "password": SECRET,
        "totp_seed": SEED,
        "lent_by": "海辺町",
        "from_day": TODAY,
        "until_day": TODAY + 2 * DAY,
    }
    return NewStaff(**facts | more)


def row_of(site: Site, table: str, *key: str) -> Row | None:
    with site.tenant.register.reading() as connection:
        return site.tenant.register.row(connection, table, key)


async def sign_in(site: Site, staff_id: str, password: str = SECRET) -> httpx.Response:
    site.clock.forward(seconds=30)
    return await site.terminal.sign_in(staff_id, password)


async def rights(site: Site, staff_id: str = "s009", password: str = PASSWORD) -> list[str]:
    answer = await sign_in(site, staff_id, password)
    return list(answer.json()["staff"]["rights"])


async def test_people_and_rights_are_rows_of_the_first_version(site: Site) -> None:
    assert row_of(site, "staff_member", "s001") == {
        "staff_id": "s001",
        "name": "山﨑　美咲",
        "section": "市民課",
        "from_day": "2026-11-20",
    }
    grant = row_of(site, "right_grant", "s001-issue")
    assert grant == {"grant_id": "s001-issue", "staff_id": "s001", "right": "issue", "from_day": "2026-11-20"}
    root = proved(standing(site.tenant.register, "register"), site.tenant.keys.digest)[0]
    with site.tenant.register.reading() as connection:
        assert site.tenant.register.head(connection, "register").root == root


async def test_no_secret_is_in_any_row(site: Site) -> None:
    site.tenant.personnel.add(lent(), done_by="o001")
    for name in ("staff_member", "right_grant"):
        with site.tenant.register.reading() as connection:
            rows = site.tenant.register.rows(connection, name)
        assert rows
        assert SECRET not in str(rows)
        assert "argon2" not in str(rows)
    assert SECRET not in repr(lent())


async def test_a_change_of_rights_is_a_commit_that_terminals_hear_of(site: Site) -> None:
    await site.terminal.sign_in("s002")
    grant = site.tenant.personnel.grant("cash", TODAY, staff_id="s009", done_by="o001")
    batch = site.opened(await site.terminal.call("GET", "/v1/feeds/register?after=1"))
    ((table, key, row),) = batch["changes"]
    assert (table, key, row["right"]) == ("right_grant", [grant], "cash")


async def test_a_right_begins_and_ends_on_its_days_in_tokyo(site: Site) -> None:
    site.tenant.personnel.grant("view", TODAY + DAY, TODAY + DAY, staff_id="s009", done_by="o001")
    assert await rights(site) == []
    site.clock.moment = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # midnight in Tokyo
    assert await rights(site) == ["view"]
    assert (await search(site.terminal)).status_code == httpx.codes.OK
    site.clock.moment = datetime(2026, 11, 21, 14, 59, 0, tzinfo=UTC)
    assert await rights(site) == ["view"]
    site.clock.moment = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
    answer = await search(site.terminal)
    assert (answer.status_code, answer.json()["code"]) == (403, "refused.right_missing")


async def test_a_right_taken_away_is_gone_with_the_next_call(site: Site) -> None:
    await site.terminal.sign_in()
    assert (await search(site.terminal)).status_code == httpx.codes.OK
    site.tenant.personnel.revoke("s001-view", done_by="o001")
    assert (await search(site.terminal)).status_code == httpx.codes.FORBIDDEN
    assert row_of(site, "right_grant", "s001-view") is None  # begun today, over today: it never was
    site.clock.forward(days=1)
    site.tenant.personnel.revoke("s001-issue", done_by="o001")
    grant = row_of(site, "right_grant", "s001-issue")
    assert grant
    assert grant["until_day"] == "2026-11-20"


async def test_a_grant_that_is_to_end_later_ends_then_and_not_after(site: Site) -> None:
    site.tenant.personnel.revoke("s001-view", TODAY + 3 * DAY, done_by="o001")
    site.tenant.personnel.revoke("s001-view", TODAY + 9 * DAY, done_by="o001")  # it makes nothing longer
    on = {
        day: {one.right for one in site.tenant.personnel.rights_of("s001", TODAY + day * DAY)}
        for day in (3, 4)
    }
    assert "view" in on[3]
    assert "view" not in on[4]


async def test_a_section_has_rights_for_its_people_and_one_sees_where_from(site: Site) -> None:
    own = site.tenant.personnel.grant("honseki", TODAY, section="市民課", done_by="o001")
    site.tenant.personnel.grant("cash", TODAY, section="税務課", done_by="o001")
    held = site.tenant.personnel.rights_of("s001", TODAY)
    assert [(one.right, one.source) for one in held] == [
        ("accept", "person"),
        ("honseki", "section"),
        ("issue", "person"),
        ("view", "person"),
    ]
    assert held[1].grant_id == own
    assert await rights(site) == ["honseki"]
    assert site.tenant.personnel.rights_of("s001", TODAY - DAY) == ()


async def test_somebody_lent_has_what_is_granted_by_name_and_nothing_of_the_section(site: Site) -> None:
    site.tenant.personnel.grant("honseki", TODAY, section="市民課", done_by="o001")
    site.tenant.personnel.add(lent(), done_by="o001")
    assert await rights(site, "x101", SECRET) == ["view"]


@pytest.mark.parametrize(("day", "let_in"), [(19, False), (20, True), (22, True), (23, False)])
async def test_somebody_lent_is_let_in_on_their_days_only(site: Site, day: int, let_in: bool) -> None:
    site.tenant.personnel.add(lent(), done_by="o001")
    site.clock.moment = datetime(2026, 11, day, 1, 0, tzinfo=UTC)
    answer = await sign_in(site, "x101")
    assert answer.status_code == (201 if let_in else 401)
    assert let_in or answer.json()["code"] == "sign_in.wrong_secret"


async def test_token_session_and_lease_of_the_last_day_end_at_midnight(site: Site) -> None:
    site.tenant.personnel.add(lent(), done_by="o001")
    site.clock.moment = datetime(2026, 11, 22, 14, 50, tzinfo=UTC)  # ten to midnight in Tokyo
    answer = (await sign_in(site, "x101")).json()
    midnight = "2026-11-22T15:00:00Z"
    assert {answer[name] for name in ("expires_at", "session_until", "lease_until")} == {midnight}
    assert (await renewal(site.terminal)).json()["expires_at"] == midnight
    site.clock.moment = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
    assert (await search(site.terminal)).status_code == httpx.codes.UNAUTHORIZED


@pytest.mark.parametrize("missing", ["from_day", "until_day"])
async def test_somebody_lent_without_days_is_nobody(site: Site, missing: str) -> None:
    with pytest.raises(ProblemError, match=r"request\.malformed"):
        site.tenant.personnel.add(lent(**{missing: None}), done_by="o001")
    with pytest.raises(ValueError, match="first and a last day"):
        list(staff_rows([lent(**{missing: None})], TODAY))


async def test_an_id_is_given_once_for_good(site: Site) -> None:
    site.tenant.personnel.add(lent(), done_by="o001")
    site.tenant.personnel.end("x101", TODAY - DAY, done_by="o001")
    with pytest.raises(ProblemError, match=r"office\.id_taken"):
        site.tenant.personnel.add(lent(name="別人"), done_by="o001")


async def test_what_somebody_lent_does_carries_their_id(site: Site) -> None:
    site.tenant.personnel.add(lent(rights=("view", "issue")), done_by="o001")
    await sign_in(site, "x101")
    await site.terminal.send(site.terminal.issued(1, made_by="x101"))
    (line,) = lines(site, storage.issue_book)
    (session,) = lines(site, storage.session)
    assert (line.made_by, session.staff_id) == ("x101", "x101")


async def test_a_lease_ends_with_the_first_right_that_ends(site: Site) -> None:
    assert (await sign_in(site, "s002", PASSWORD)).json()["lease_until"] == "2026-11-27T05:00:30Z"
    site.tenant.personnel.revoke("s002-cash", TODAY + DAY, done_by="o001")
    assert (await sign_in(site, "s002", PASSWORD)).json()["lease_until"] == "2026-11-21T15:00:00Z"
    site.tenant.personnel.grant("cash", TODAY, TODAY + 3 * DAY, section="市民課", done_by="o001")
    assert (await sign_in(site, "s002", PASSWORD)).json()["lease_until"] == "2026-11-23T15:00:00Z"
    site.tenant.personnel.end("s002", TODAY, done_by="o001")
    assert (await sign_in(site, "s002", PASSWORD)).json()["lease_until"] == "2026-11-20T15:00:00Z"


@pytest.mark.parametrize("act", ["suspend", "end"])
async def test_somebody_suspended_or_gone_is_signed_out_at_once(site: Site, act: str) -> None:
    await site.terminal.sign_in()
    personnel = site.tenant.personnel
    if act == "suspend":
        personnel.suspend("s001", done_by="o001")
    else:
        personnel.end("s001", TODAY - DAY, done_by="o001")
    for answer in (await search(site.terminal), await renewal(site.terminal)):
        assert told(answer) == (401, "sign_in.expired", "ended")
    again = await sign_in(site, "s001", PASSWORD)
    assert (again.status_code, again.json()["code"]) == (401, "sign_in.wrong_secret")


async def test_somebody_let_in_again_signs_in_and_gets_no_old_session_back(site: Site) -> None:
    await site.terminal.sign_in()
    site.tenant.personnel.suspend("s001", done_by="o001")
    site.tenant.personnel.resume("s001", done_by="o001")
    assert (await search(site.terminal)).status_code == httpx.codes.UNAUTHORIZED
    assert (await sign_in(site, "s001", PASSWORD)).status_code == httpx.codes.CREATED


async def test_a_password_given_anew_ends_lock_and_sessions(site: Site) -> None:
    await site.terminal.sign_in()
    for _ in range(5):
        await site.terminal.sign_in(password="wrong")
    site.tenant.personnel.reset_password("s001", SECRET, done_by="o001")
    assert told(await search(site.terminal))[2] == "ended"
    assert (await sign_in(site, "s001")).status_code == httpx.codes.CREATED
    with pytest.raises(ProblemError, match=r"refused\.password"):
        site.tenant.personnel.reset_password("s001", "short", done_by="o001")


async def test_every_act_is_written_down_with_who_did_it(site: Site) -> None:
    personnel = site.tenant.personnel
    personnel.add(lent(), done_by="o001")
    grant = personnel.grant("cash", TODAY, TODAY, staff_id="x101", done_by="o002")
    personnel.revoke(grant, done_by="o003")
    personnel.end("x101", TODAY, done_by="o004")
    acts = [(line.what, line.who, line.subject) for line in lines(site, storage.office_act)]
    assert sorted(acts) == [
        ("staff.add", "o001", "x101"),
        ("staff.end", "o004", "x101 2026-11-20"),
        ("staff.grant", "o002", f"x101 {grant}"),
        ("staff.revoke", "o003", f"x101 {grant}"),
    ]
    assert [one["staff_id"] for one in personnel.people()] == ["s001", "s002", "s009", "x101"]


async def test_what_is_not_right_about_a_grant_is_refused(site: Site) -> None:
    personnel = site.tenant.personnel
    for right, staff_id, section in (("fly", "s001", ""), ("view", "", ""), ("view", "s001", "市民課")):
        with pytest.raises(ProblemError, match=r"request\.malformed"):
            personnel.grant(right, TODAY, staff_id=staff_id, section=section, done_by="o001")
    with pytest.raises(ProblemError, match=r"request\.malformed"):
        personnel.grant("view", TODAY, TODAY - DAY, staff_id="s001", done_by="o001")
    for act in (
        lambda: personnel.grant("view", TODAY, staff_id="nobody", done_by="o001"),
        lambda: personnel.revoke("no such grant", done_by="o001"),
        lambda: personnel.suspend("nobody", done_by="o001"),
        lambda: personnel.rights_of("nobody", TODAY),
    ):
        with pytest.raises(ProblemError, match=r"refused\.not_found"):
            act()
    with pytest.raises(ValueError, match="a person or to a section"):
        grant_row("g1", "view", TODAY)


async def test_nothing_of_a_refused_act_stays(site: Site) -> None:
    with pytest.raises(ProblemError):
        site.tenant.personnel.grant("view", TODAY, staff_id="nobody", done_by="o001")
    with site.tenant.register.reading() as connection:
        assert site.tenant.register.head(connection, "register").version == 1
        assert connection.execute(sa.select(storage.office_act)).all() == []
    assert site.clock() == START
