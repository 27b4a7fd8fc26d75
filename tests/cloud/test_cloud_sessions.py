"""Persons sign in with two factors; failures are counted, codes are used once, tokens stay on their terminal."""

import asyncio

import httpx
import pytest
import sqlalchemy as sa

from cloud import database, sign_in, storage
from cloud.passwords import password_is_right
from cloud.totp import code_at, step_at
from tests.cloud.cloud_builders import CODE, PASSWORD, SEED, START, Site

pytestmark = pytest.mark.asyncio
OF_S001 = sa.and_(storage.staff.c.municipality == CODE, storage.staff.c.staff_id == "s001")
ANYONE = {"typed": "わたなべ", "limit": 5, "removed": False}


def code(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


@pytest.mark.parametrize(
    ("moment", "expected"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
async def test_codes_are_those_of_rfc_6238(moment: int, expected: str) -> None:
    assert code_at(b"12345678901234567890", moment // 30) == expected


async def test_both_factors_open_a_session_with_rights_and_lease(site: Site) -> None:
    answer = await site.terminal.sign_in()
    told = answer.json()
    assert answer.status_code == httpx.codes.CREATED
    assert told["staff"]["rights"] == ["accept", "issue", "view"]
    assert told["lease_until"] == "2026-11-27T05:00:00Z"
    assert told["totp_step"] == step_at(START)


async def seen(site: Site) -> dict[str, int]:
    site.clock.forward(seconds=30)
    told: dict[str, int] = (await site.terminal.sign_in()).json()["terminal"]
    return told


async def test_a_terminal_is_told_how_far_its_ledger_has_been_seen_to_come(site: Site) -> None:
    other = await site.another_terminal()
    await other.send(other.issued(99))
    assert await seen(site) == {"highest_serial": 0, "commit_no": 0}
    await site.terminal.send(site.terminal.issued(9, commit_no=30), site.terminal.issued(11, commit_no=41))
    await site.terminal.send(site.terminal.issued(10, commit_no=35))
    assert await seen(site) == {"highest_serial": 11, "commit_no": 41}
    await site.terminal.send(site.terminal.issued(11))  # set aside: it stands in the book already
    assert await seen(site) == {"highest_serial": 11, "commit_no": 41}
    fee = {"serial": f"{site.terminal.number}-000014", "yen": 300}
    await site.terminal.send(site.terminal.command("fact.issued", {}), site.terminal.command("fact.fee", fee))
    assert await seen(site) == {"highest_serial": 14, "commit_no": 41}  # its issue was set aside, not its fee


async def test_wrong_person_password_or_code_give_one_and_the_same_answer(site: Site) -> None:
    for staff_id, password, typed in (
        ("nobody", PASSWORD, ""),
        ("s001", "wrong", ""),
        ("s001", PASSWORD, "000000"),
        ("s001", PASSWORD, "二三四五六七"),
    ):
        answer = await site.terminal.sign_in(staff_id, password, typed)
        assert (answer.status_code, code(answer)) == (401, "sign_in.wrong_secret")


async def test_a_code_is_used_once_and_never_an_earlier_one_after_it(site: Site) -> None:
    assert (await site.terminal.sign_in()).status_code == httpx.codes.CREATED
    assert code(await site.terminal.sign_in()) == "sign_in.code_used"
    before = code_at(SEED, step_at(site.clock()) - 1)
    assert code(await site.terminal.sign_in(code=before)) == "sign_in.code_used"
    site.clock.forward(seconds=30)
    assert (await site.terminal.sign_in()).status_code == httpx.codes.CREATED


async def test_one_step_of_drift_is_allowed_and_no_more(site: Site) -> None:
    step = step_at(site.clock())
    assert code(await site.terminal.sign_in(code=code_at(SEED, step - 2))) == "sign_in.wrong_secret"
    assert (await site.terminal.sign_in(code=code_at(SEED, step + 1))).status_code == httpx.codes.CREATED


async def test_five_failures_lock_out_for_five_minutes_then_ten(site: Site) -> None:
    for minutes in (5, 10):
        for _ in range(4):
            assert code(await site.terminal.sign_in(password="wrong")) == "sign_in.wrong_secret"
        locked = await site.terminal.sign_in(password="wrong")
        assert (code(locked), locked.json()["minutes"]) == ("sign_in.locked_out", minutes)
        assert code(await site.terminal.sign_in()) == "sign_in.locked_out"
        site.clock.forward(minutes=minutes, seconds=1)
    assert (await site.terminal.sign_in()).status_code == httpx.codes.CREATED


async def test_a_password_is_hashed_while_others_may_write(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hash is slow on purpose; a writing transaction round it would let wrong passwords stop the town."""

    def with_a_writer_beside(password_hash: str, password: str) -> bool:
        with database.writing(site.tenant.engine) as beside:
            if beside.dialect.name == "postgresql":
                beside.execute(sa.text("SET LOCAL lock_timeout = '200ms'"))
            beside.execute(sa.update(storage.staff).where(OF_S001).values(password_set_on="2026-11-01"))
        return password_is_right(password_hash, password)

    monkeypatch.setattr(sign_in, "password_is_right", with_a_writer_beside)
    assert (await site.terminal.sign_in()).status_code == httpx.codes.CREATED
    assert code(await site.terminal.sign_in(password="wrong")) == "sign_in.wrong_secret"


async def test_many_guesses_at_once_are_counted_one_by_one(site: Site) -> None:
    right = code_at(SEED, step_at(site.clock()))
    guesses = [site.terminal.sign_in(password="wrong", code=right) for _ in range(12)]
    told = [code(answer) for answer in await asyncio.gather(*guesses)]
    assert told.count("sign_in.wrong_secret") == 4
    assert told.count("sign_in.locked_out") == 8
    assert code(await site.terminal.sign_in()) == "sign_in.locked_out"


async def test_a_code_opens_one_session_though_many_ask_at_once(site: Site) -> None:
    answers = await asyncio.gather(*(site.terminal.sign_in() for _ in range(6)))
    assert [answer.status_code for answer in answers].count(httpx.codes.CREATED) == 1


async def test_a_lock_that_falls_while_the_password_is_hashed_holds(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked_meanwhile(password_hash: str, password: str) -> bool:
        lock = {"failures": 0, "lockouts": 1, "last_at": "2026-11-20T05:00:00Z"}
        until = {"locked_until": "2026-11-20T05:05:00Z"}
        with database.writing(site.tenant.engine) as beside:
            who = {"municipality": CODE, "whose": "person", "name": "s001"}
            beside.execute(sa.insert(storage.sign_in_count).values(**who, **lock, **until))
        return password_is_right(password_hash, password)

    monkeypatch.setattr(sign_in, "password_is_right", locked_meanwhile)
    assert code(await site.terminal.sign_in()) == "sign_in.locked_out"


async def test_a_password_changed_while_it_is_hashed_lets_nobody_in(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed_meanwhile(password_hash: str, password: str) -> bool:
        with database.writing(site.tenant.engine) as beside:
            beside.execute(sa.update(storage.staff).where(OF_S001).values(password_hash="another"))
        return password_is_right(password_hash, password)

    monkeypatch.setattr(sign_in, "password_is_right", changed_meanwhile)
    assert code(await site.terminal.sign_in()) == "sign_in.wrong_secret"


async def test_a_lock_ends_at_an_hour_at_most(site: Site) -> None:
    for _ in range(8):
        for _ in range(5):
            locked = await site.terminal.sign_in(password="wrong")
        assert locked.json()["minutes"] <= 60
        site.clock.forward(minutes=61)


async def test_without_the_right_to_view_nothing_is_seen(site: Site) -> None:
    await site.terminal.sign_in("s009")
    answer = await site.terminal.call("POST", "/v1/residents/search", ANYONE)
    assert (answer.status_code, code(answer), answer.json()["right"]) == (
        403,
        "refused.right_missing",
        "view",
    )
