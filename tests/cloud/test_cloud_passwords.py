"""Passwords are hashed as the town says, chosen by rules, and not guessed: neither at one id nor at many."""

import logging
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud import database, storage
from cloud.passwords import Passwords, password_is_right
from cloud.sign_in_rules import DEFAULT_RULES, SignInRules, read_rules
from cloud.totp import code_at, step_at
from tests.cloud.cloud_builders import PASSWORD, QUICK, SEED, Site, a_site
from tests.cloud.test_cloud_tokens import search, told

NEW = "nashi to budou no aki"
QUICK_HASHER = Passwords(SignInRules(hash_time=1, hash_memory_kib=64))


def code(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


async def change(site: Site, old: str, new: str) -> httpx.Response:
    return await site.terminal.call("POST", "/v1/sessions/current/password", {"old": old, "new": new})


def stored_hash(site: Site, staff_id: str = "s001") -> str:
    query = sa.select(storage.staff.c.password_hash).where(storage.staff.c.staff_id == staff_id)
    with database.reading(site.tenant.engine) as connection:
        return str(connection.execute(query).scalar_one())


@pytest.mark.asyncio
async def test_raised_costs_take_effect_when_somebody_signs_in(tmp_path: Path) -> None:
    site = await a_site(tmp_path / "cloud", rules=DEFAULT_RULES)
    assert "m=19456,t=2,p=1" in stored_hash(site)
    await site.client.aclose()
    site.tenant.close()
    dearer = await a_site(tmp_path / "cloud", rules=SignInRules(hash_time=3))
    assert code(await dearer.terminal.sign_in(password="wrong")) == "sign_in.wrong_secret"
    assert "t=2" in stored_hash(dearer)
    for _ in range(2):
        dearer.clock.forward(seconds=30)
        assert (await dearer.terminal.sign_in()).status_code == httpx.codes.CREATED
        assert "m=19456,t=3,p=1" in stored_hash(dearer)
    await dearer.client.aclose()
    dearer.tenant.close()


@pytest.mark.asyncio
async def test_a_new_password_ends_the_other_sessions_and_the_old_one(site: Site) -> None:
    other = await site.another_terminal()
    await other.sign_in()
    site.clock.forward(seconds=30)
    await site.terminal.sign_in()
    assert (await change(site, PASSWORD, NEW)).status_code == httpx.codes.NO_CONTENT
    assert (await search(site.terminal)).status_code == httpx.codes.OK
    assert told(await search(other)) == (401, "sign_in.expired", "ended")
    site.clock.forward(seconds=30)
    assert code(await site.terminal.sign_in()) == "sign_in.wrong_secret"
    assert (await site.terminal.sign_in(password=NEW)).status_code == httpx.codes.CREATED


@pytest.mark.asyncio
async def test_a_new_password_needs_the_old_one_and_guessing_it_locks(site: Site) -> None:
    await site.terminal.sign_in()
    for _ in range(4):
        assert code(await change(site, "wrong", NEW)) == "sign_in.wrong_secret"
    assert code(await change(site, "wrong", NEW)) == "sign_in.locked_out"
    assert code(await change(site, PASSWORD, NEW)) == "sign_in.locked_out"
    assert password_is_right(stored_hash(site), PASSWORD)


@pytest.mark.asyncio
async def test_the_last_five_passwords_do_not_come_again(site: Site) -> None:
    await site.terminal.sign_in()
    present = PASSWORD
    for number in range(5):
        again = await change(site, present, PASSWORD)
        assert (code(again), again.json()["reason"]) == ("refused.password", "used_before")
        following = f"{NEW} {number}"
        assert (await change(site, present, following)).status_code == httpx.codes.NO_CONTENT
        present = following
    assert (await change(site, present, PASSWORD)).status_code == httpx.codes.NO_CONTENT


@pytest.mark.parametrize(
    ("password", "objection"),
    [
        ("elevenchars", "length"),
        ("x" * 1001, "length"),
        ("clerk-yamazaki1", "is_id"),
        ("Clerk-Yamazaki", "is_id"),
        ("123456789012", "common"),
        ("QWERTYUIOP12", "common"),
        ("ababababababab", "common"),
        (PASSWORD, "used_before"),
        (NEW, None),
        ("やまとみずうみの夏の夜", "length"),
        ("やまとみずうみの夏の夜空", None),
    ],
)
def test_what_a_password_must_be(password: str, objection: str | None) -> None:
    past = [QUICK_HASHER.hashed(PASSWORD)]
    assert QUICK_HASHER.objection("clerk-yamazaki", password, past) == objection


@settings(max_examples=40, deadline=None)
@given(password=st.text(st.characters(codec="utf-8"), max_size=40), other=st.text(max_size=20))
def test_a_password_is_right_for_its_own_hash_only(password: str, other: str) -> None:
    kept = QUICK_HASHER.hashed(password)
    assert password_is_right(kept, password)
    assert password == other or not password_is_right(kept, other.encode("utf-8", "replace").decode())


@pytest.mark.asyncio
async def test_one_password_at_many_ids_locks_the_terminal_and_no_other(site: Site) -> None:
    other = await site.another_terminal()
    for number in range(19):
        assert code(await site.terminal.sign_in(f"s{100 + number}", PASSWORD)) == "sign_in.wrong_secret"
    assert (await site.terminal.sign_in()).status_code == httpx.codes.CREATED  # its own clerk hides nothing
    locked = await site.terminal.sign_in("s777", PASSWORD)
    assert (code(locked), locked.json()["minutes"]) == ("sign_in.locked_out", 5)
    site.clock.forward(seconds=30)
    assert code(await site.terminal.sign_in()) == "sign_in.locked_out"
    assert code(await challenge(site)) == "sign_in.locked_out"
    assert (await search(site.terminal)).status_code == httpx.codes.OK  # who is in stays in
    assert (await other.sign_in()).status_code == httpx.codes.CREATED
    site.clock.forward(minutes=5)
    assert (await site.terminal.sign_in()).status_code == httpx.codes.CREATED


async def challenge(site: Site) -> httpx.Response:
    return await site.terminal.call("POST", "/v1/sessions/challenges", {"staff_id": "s001", "kind": "fido2"})


@pytest.mark.asyncio
async def test_a_sprayed_terminal_is_locked_for_longer_each_time(site: Site) -> None:
    for minutes in (5, 10, 20):
        for number in range(20):
            answer = await site.terminal.sign_in(f"z{minutes}-{number}", PASSWORD)
        assert answer.json()["minutes"] == minutes
        site.clock.forward(minutes=minutes)
    site.clock.forward(minutes=31)
    for number in range(20):
        answer = await site.terminal.sign_in(f"y{number}", PASSWORD)
    assert answer.json()["minutes"] == 5


@pytest.mark.asyncio
async def test_an_id_nobody_has_is_locked_out_like_any_other(site: Site) -> None:
    told = [
        [(await site.terminal.sign_in(one, "wrong")).json() for _ in range(6)] for one in ("s001", "nobody")
    ]
    assert told[0] == told[1]
    with database.reading(site.tenant.engine) as connection:
        names = connection.execute(sa.select(storage.sign_in_count.c.name)).scalars().all()
    assert "nobody" not in "".join(names)  # what is typed there may be a password


@pytest.mark.asyncio
async def test_the_same_work_is_done_for_people_who_do_not_exist(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    statements: list[str] = []
    true = PasswordHasher.verify

    def watched(hasher: PasswordHasher, kept: str, password: str) -> bool:
        hashed.append(kept.rpartition("$")[0].rpartition("$")[0])
        return bool(true(hasher, kept, password))

    def heard(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    monkeypatch.setattr(PasswordHasher, "verify", watched)
    sa.event.listen(site.tenant.engine, "before_cursor_execute", heard)
    work = []
    site.tenant.personnel.suspend("s009", done_by="o001")
    for staff_id in ("s001", "s009", "nobody"):
        statements.clear()
        await site.terminal.sign_in(staff_id, "wrong")
        work.append(list(statements))
    assert work[0] == work[1] == work[2]
    assert hashed == [f"$argon2id$v=19$m={QUICK.hash_memory_kib},t={QUICK.hash_time},p=1"] * 3


@pytest.mark.asyncio
@pytest.mark.parametrize("password", [PASSWORD, "pass\u0000word pass", "\U000e0100\u3042" * 20])
async def test_no_password_is_in_a_log_or_a_problem(
    site: Site, password: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await site.terminal.sign_in()
    answers = [await site.terminal.sign_in("s001", password, "000000")]
    answers.append(await change(site, password, "short"))
    answers.append(await change(site, "wrong", password))
    kinds = {"kind": "fido2", "answer": {"id": password}}
    body = {"staff_id": password[:100], "password": password, "factor": kinds}
    answers.append(await site.terminal.call("POST", "/v1/sessions", body))
    code_now = code_at(SEED, step_at(site.clock()))
    for text in (caplog.text, *(answer.text for answer in answers)):
        assert password not in text
        assert code_now not in text


@pytest.mark.asyncio
async def test_half_a_letter_is_no_password_and_no_bug(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    content = b'{"staff_id": "s001", "password": "\\ud800 secret", "code": "1"}'
    headers = site.terminal.headers("POST", "/v1/sessions", content)
    answer = await site.client.post("/v1/sessions", content=content, headers=headers)
    assert answer.status_code in {401, 422}
    assert "secret" not in caplog.text + answer.text.replace("wrong_secret", "")


def test_the_default_cost_is_owasps_floor() -> None:
    assert (DEFAULT_RULES.hash_time, DEFAULT_RULES.hash_memory_kib, DEFAULT_RULES.hash_lanes) == (2, 19456, 1)


def test_a_town_sets_rules_of_its_own_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "sign_in.toml"
    assert read_rules(path) == DEFAULT_RULES
    path.write_text("token_life = 7200  # seconds\nhash_time = 3\nrelying_party = 'cloud.test'\n")
    expected = SignInRules(token_life=timedelta(hours=2), hash_time=3, relying_party="cloud.test")
    assert read_rules(path) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("token_lief = 60", "nothing is called token_lief"),
        ("hash_time = 0", "hash_time is a whole number above 0"),
        ("hash_time = true", "hash_time is a whole number above 0"),
        ("token_life = '15'", "token_life is a whole number above 0"),
        ("relying_party = 1", "relying_party is a text"),
        ("token_life", "is no TOML"),
    ],
)
def test_a_rule_that_cannot_be_is_told_by_its_name(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "sign_in.toml").write_text(text)
    with pytest.raises(ValueError, match=told):
        read_rules(tmp_path / "sign_in.toml")
