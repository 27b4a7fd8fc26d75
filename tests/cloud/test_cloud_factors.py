"""Second factors are plugged in: a FIDO2 key is checked as WebAuthn says, and a town may add a kind of its own."""

import json
from datetime import datetime
from importlib.metadata import EntryPoint
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud import factors
from cloud.factors import Challenge, Checked, Enrolled, Verdict
from cloud.factors.desk import Proof
from cloud.factors.fido2_key import Fido2Key
from cloud.sign_in_rules import DEFAULT_RULES, SignInRules
from tests.cloud.cloud_builders import PASSWORD, START, Site, Terminal
from tests.cloud.soft_key import PRESENT, VERIFIED, SoftKey


@pytest.fixture
def key(site: Site) -> SoftKey:
    made = SoftKey()
    site.tenant.personnel.set_factor("s001", "fido2", made.secret(), done_by="o001")
    return made


async def challenge(terminal: Terminal, staff_id: str = "s001", kind: str = "fido2") -> dict[str, Any]:
    answer = await terminal.call("POST", "/v1/sessions/challenges", {"staff_id": staff_id, "kind": kind})
    assert answer.status_code == httpx.codes.OK, answer.text
    return dict(answer.json())


async def asked(terminal: Terminal) -> str:
    return str((await challenge(terminal))["challenge"]["challenge"])


async def show(
    terminal: Terminal, answer: object, staff_id: str = "s001", password: str = PASSWORD
) -> httpx.Response:
    body = {"staff_id": staff_id, "password": password, "factor": {"kind": "fido2", "answer": answer}}
    return await terminal.call("POST", "/v1/sessions", body)


def refused(answer: httpx.Response, code: str = "sign_in.wrong_secret") -> bool:
    return (answer.status_code, answer.json()["code"]) == (401, code)


@pytest.mark.asyncio
async def test_a_key_opens_a_session_without_any_code(site: Site, key: SoftKey) -> None:
    opened = await show(site.terminal, key.answer(await asked(site.terminal)))
    assert opened.status_code == httpx.codes.CREATED
    assert opened.json()["staff"]["staff_id"] == "s001"
    site.terminal.token = opened.json()["access_token"]
    renewed = await site.terminal.call("POST", "/v1/sessions/current/renewal")
    assert renewed.status_code == httpx.codes.OK


@pytest.mark.asyncio
async def test_a_key_does_not_make_the_password_needless(site: Site, key: SoftKey) -> None:
    assert refused(await show(site.terminal, key.answer(await asked(site.terminal)), password="wrong"))


@pytest.mark.asyncio
async def test_a_challenge_is_good_once_whatever_comes_of_it(site: Site, key: SoftKey) -> None:
    answer = key.answer(await asked(site.terminal))
    assert refused(await show(site.terminal, answer, password="wrong"))
    assert refused(await show(site.terminal, answer))
    answer = key.answer(await asked(site.terminal))
    assert (await show(site.terminal, answer)).status_code == httpx.codes.CREATED
    assert refused(await show(site.terminal, answer))


@pytest.mark.asyncio
async def test_a_challenge_is_of_one_person_at_one_terminal_and_short(site: Site, key: SoftKey) -> None:
    other = await site.another_terminal()
    carried = key.answer(await asked(site.terminal))
    assert refused(await show(other, carried))
    site.tenant.personnel.set_factor("s002", "fido2", key.secret(), done_by="o001")
    assert refused(await show(site.terminal, carried, "s002"))
    late = key.answer(await asked(site.terminal))
    site.clock.forward(minutes=2)
    assert refused(await show(site.terminal, late))


@pytest.mark.asyncio
async def test_asking_again_voids_the_challenge_before(site: Site, key: SoftKey) -> None:
    first = await asked(site.terminal)
    await asked(site.terminal)
    assert refused(await show(site.terminal, key.answer(first)))


@pytest.mark.asyncio
@pytest.mark.parametrize("flags", [0, PRESENT, VERIFIED])
async def test_the_key_must_have_verified_who_touches_it(site: Site, key: SoftKey, flags: int) -> None:
    assert refused(await show(site.terminal, key.answer(await asked(site.terminal), flags=flags)))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "lie",
    [
        {"type": "webauthn.create"},
        {"origin": "https://evil.example"},
        {"origin": "http://localhost"},
        {"origin": "https://localhost.evil.example"},
        {"challenge": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    ],
    ids=str,
)
async def test_what_was_signed_for_somebody_else_is_not_heard(
    site: Site, key: SoftKey, lie: dict[str, str]
) -> None:
    assert refused(await show(site.terminal, key.answer(await asked(site.terminal), lie=lie)))


@pytest.mark.asyncio
async def test_a_key_of_another_host_or_another_person_is_not_heard(site: Site, key: SoftKey) -> None:
    wrong_host = SoftKey("evil.example", key=key.key)
    lie = {"origin": "https://localhost"}
    assert refused(await show(site.terminal, wrong_host.answer(await asked(site.terminal), lie=lie)))
    assert refused(await show(site.terminal, SoftKey().answer(await asked(site.terminal))))


@pytest.mark.asyncio
async def test_a_copied_key_is_found_by_its_counter_and_refused(
    site: Site, key: SoftKey, caplog: pytest.LogCaptureFixture
) -> None:
    copy = SoftKey(key=key.key)
    for _ in range(2):
        opened = await show(site.terminal, key.answer(await asked(site.terminal)))
        assert opened.status_code == httpx.codes.CREATED
    assert refused(await show(site.terminal, copy.answer(await asked(site.terminal))))
    assert refused(await show(site.terminal, copy.answer(await asked(site.terminal))))
    assert "copied" in caplog.text
    assert (await show(site.terminal, key.answer(await asked(site.terminal)))).status_code == 201


@pytest.mark.asyncio
async def test_a_key_that_never_counts_is_heard(site: Site, key: SoftKey) -> None:
    for _ in range(2):
        answer = key.answer(await asked(site.terminal), counts=False)
        assert (await show(site.terminal, answer)).status_code == httpx.codes.CREATED


@pytest.mark.asyncio
async def test_nobody_learns_from_a_challenge_who_there_is(site: Site, key: SoftKey) -> None:
    told = [await challenge(site.terminal, staff_id) for staff_id in ("s001", "s002", "nobody")]
    shapes = [
        {**one, "challenge": {**one["challenge"], "challenge": len(one["challenge"]["challenge"])}}
        for one in told
    ]
    assert shapes[0] == shapes[1] == shapes[2]
    assert len({one["challenge"]["challenge"] for one in told}) == 3
    for staff_id, asked_of in zip(("s002", "nobody"), told[1:], strict=True):
        assert refused(await show(site.terminal, key.answer(asked_of["challenge"]["challenge"]), staff_id))


@pytest.mark.asyncio
async def test_a_code_may_come_as_a_factor_and_never_beside_one(site: Site) -> None:
    assert (await challenge(site.terminal, kind="totp"))["challenge"] is None
    both = {"staff_id": "s001", "password": PASSWORD, "code": "1", "factor": {"kind": "totp", "answer": "1"}}
    for body in (both, {"staff_id": "s001", "password": PASSWORD}):
        assert (await site.terminal.call("POST", "/v1/sessions", body)).status_code == 422
    unknown = {"staff_id": "s001", "kind": "palm"}
    assert (await site.terminal.call("POST", "/v1/sessions/challenges", unknown)).status_code == 422


@pytest.mark.asyncio
async def test_a_lost_key_is_taken_away_and_signs_its_person_out(site: Site, key: SoftKey) -> None:
    opened = await show(site.terminal, key.answer(await asked(site.terminal)))
    site.terminal.token = opened.json()["access_token"]
    site.tenant.personnel.remove_factor("s001", "fido2", done_by="o001")
    ended = await site.terminal.call("POST", "/v1/sessions/current/renewal")
    assert ended.json()["reason"] == "ended"
    assert refused(await show(site.terminal, key.answer(await asked(site.terminal))))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PART = st.sampled_from(["id", "rawId", "type", "clientDataJSON", "authenticatorData", "signature"])


@settings(max_examples=150, deadline=None)
@given(part=PART, junk=JSON, whole=st.booleans())
def test_whatever_is_sent_instead_of_an_assertion_is_wrong_and_no_more(
    part: str, junk: object, whole: bool
) -> None:
    key, factor = SoftKey(), Fido2Key("localhost")
    begun = factor.begin()
    assert begun
    answer: Any = key.answer(str(begun.told["challenge"]))
    place = answer["response"] if part in answer["response"] else answer
    place[part] = junk
    checked = factor.verify(Enrolled(key.secret(), "0"), junk if whole else answer, begun.kept, START)
    harmless = not whole and (part in {"id", "type"})
    assert harmless or checked.verdict is Verdict.WRONG


class Riddle:
    """A second factor of a town's own: what is twice the number?"""

    name = "riddle"
    nobody = Enrolled(b"", "")

    def begin(self) -> Challenge | None:
        return Challenge({"number": 21}, json.dumps(21))

    def verify(self, enrolled: Enrolled, answer: object, kept: str | None, now: datetime) -> Checked:
        right = kept is not None and answer == 2 * json.loads(kept) and enrolled.secret == b"knows"
        return Checked(Verdict.GOOD if right else Verdict.WRONG, "answered")


def riddle(_rules: SignInRules) -> Riddle:
    return Riddle()


def second_totp(_rules: SignInRules) -> Any:
    from cloud.factors.totp_code import TotpCode

    return TotpCode()


def plug_in(monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    point = EntryPoint("of_the_town", f"tests.cloud.test_cloud_factors:{function}", factors.GROUP)
    monkeypatch.setattr(factors, "entry_points", lambda group: [point] if group == factors.GROUP else [])


@pytest.mark.asyncio
async def test_a_town_adds_a_second_factor_by_an_entry_point(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cloud.sign_in import SignInDesk

    plug_in(monkeypatch, "riddle")
    site.tenant.personnel.set_factor("s001", "riddle", b"knows", done_by="o001")
    desk = SignInDesk(site.tenant.engine, site.tenant.municipality, site.clock)
    told, _ = desk.challenge(site.terminal.number, "s001", "riddle")
    assert told == {"number": 21}
    opened = desk.open(site.terminal.number, "s001", PASSWORD, Proof("riddle", 42))
    assert opened.clerk.staff_id == "s001"


def test_no_second_factor_takes_the_name_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, "second_totp")
    with pytest.raises(ValueError, match="totp"):
        factors.open_factors(DEFAULT_RULES)
