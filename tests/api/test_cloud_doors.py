"""The doors against the reference cloud, in process: two readers of one contract."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from client.api.auth import Sessions
from client.api.certificates import CertificateDesk
from client.api.commands import CommandBox
from client.api.enrolment import EnrolmentDesk
from client.api.http import Http
from client.api.residents import CloudRegister
from client.domain.as_of import Source
from client.domain.certificate import CertificateKind, IdentityCheck
from client.domain.change import ChangeKind, NewChange, change_key, first_told
from client.domain.clerk import HowSignedIn, Right
from client.domain.enrolment import key_in_force
from client.domain.errors import LinkDownError, RefusedError, SignInNeededError
from client.domain.feed import Feed
from client.domain.query import Query
from client.domain.resident import AtenaNo
from client.jobs import ports
from client.rules.intakes.form import read
from client.rules.intakes.moves import TENKYO
from cloud.faults import Fault, FaultKind, Line
from cloud.keys import add_keys
from offline.store.identity import new_key, signing_request
from tests.api.small_cloud import PASSWORD, SmallCloud, protect, small_cloud
from tests.builders import HANAKO, TARO, a_request, a_tenkyo
from tests.fakes import counted_random

pytestmark = [pytest.mark.asyncio, pytest.mark.long]
_random = counted_random()


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[SmallCloud]:
    with small_cloud(tmp_path) as made:
        yield made


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[SmallCloud]:
    with small_cloud(tmp_path, protect(HANAKO)) as made:
        yield made


def _doors(cloud: SmallCloud) -> tuple[CloudRegister, CertificateDesk, CommandBox]:
    assert cloud.enrolled
    return (
        CloudRegister(cloud.http, lambda: cloud.token),
        CertificateDesk(cloud.http, lambda: cloud.token, now=cloud.clock),
        CommandBox(cloud.http, cloud.enrolled.terminal_no),
    )


async def _ready(cloud: SmallCloud) -> tuple[CloudRegister, CertificateDesk, CommandBox]:
    await cloud.enrol()
    await cloud.sign_in()
    return _doors(cloud)


async def test_the_doors_fulfil_the_ports(cloud: SmallCloud) -> None:
    register: ports.Register
    certificates: ports.CloudCertificates
    commands: ports.CloudCommands
    register, certificates, commands = await _ready(cloud)
    sessions: ports.CloudSessions = Sessions(cloud.http, now=cloud.clock)
    enrolment: ports.CloudEnrolment = EnrolmentDesk(cloud.http)
    assert all((register, certificates, commands, sessions, enrolment))


async def test_a_terminal_is_taken_in_with_a_number_of_its_own(cloud: SmallCloud) -> None:
    await cloud.enrol()
    assert cloud.enrolled
    assert (cloud.enrolled.terminal_no, cloud.enrolled.municipality_name) == ("T0001", "あおぞら市")
    keys = (*cloud.enrolled.feed_keys, *cloud.enrolled.command_keys)
    assert [len(one) for one in (cloud.enrolled.digest_key, *(one.key for one in keys))] == [32] * 3
    assert len({one.key_id for one in keys}) == 2
    assert "BEGIN CERTIFICATE" in cloud.enrolled.certificate
    assert repr(cloud.enrolled.digest_key) not in repr(cloud.enrolled)


async def test_a_token_enrols_one_key_and_a_lost_answer_costs_nothing(cloud: SmallCloud) -> None:
    desk, token = EnrolmentDesk(cloud.http), cloud.tenant.terminals.new_token()
    request = signing_request(new_key())
    first = await desk.enrol(token, request, "本庁1")
    assert (await desk.enrol(token, request, "本庁1")).terminal_no == first.terminal_no
    with pytest.raises(RefusedError, match=r"refused\.enrolment"):
        await desk.enrol(token, signing_request(new_key()), "本庁2")


async def test_both_factors_open_a_session_with_what_off_line_needs(cloud: SmallCloud) -> None:
    await cloud.enrol()
    told = await Sessions(cloud.http, now=cloud.clock).sign_in("s001", PASSWORD, cloud.code())
    clerk = told.sign_in.clerk
    assert told.sign_in.how is HowSignedIn.ONLINE
    assert clerk.rights == {Right.VIEW, Right.ISSUE, Right.ACCEPT, Right.HONSEKI, Right.CASH}
    assert told.deposit == b"sealed keys"
    assert told.totp_seed == bytes(range(20))
    assert told.sign_in.lease.until > datetime.now(UTC) + timedelta(days=6)
    assert PASSWORD not in repr(told)
    assert str(told.sign_in.access_token) not in repr(told)


async def test_wrong_secrets_are_told_apart_only_as_far_as_they_may(cloud: SmallCloud) -> None:
    await cloud.enrol()
    sessions, code = Sessions(cloud.http, now=cloud.clock), cloud.code()
    for staff_id, password in (("s001", "wrong"), ("nobody", PASSWORD)):
        with pytest.raises(SignInNeededError, match=r"sign_in\.wrong_secret"):
            await sessions.sign_in(staff_id, password, code)
    await sessions.sign_in("s001", PASSWORD, code)
    with pytest.raises(SignInNeededError, match=r"sign_in\.code_used"):
        await sessions.sign_in("s001", PASSWORD, code)


async def test_a_lock_out_says_how_long(cloud: SmallCloud) -> None:
    await cloud.enrol()
    sessions = Sessions(cloud.http, now=cloud.clock)
    for _ in range(4):
        with pytest.raises(SignInNeededError, match=r"sign_in\.wrong_secret"):
            await sessions.sign_in("s001", "wrong", "000000")
    with pytest.raises(SignInNeededError, match=r"sign_in\.locked_out") as locked:
        await sessions.sign_in("s001", "wrong", "000000")
    assert locked.value.facts == {"minutes": 5}


async def test_a_session_that_was_ended_is_over(cloud: SmallCloud) -> None:
    await cloud.enrol()
    sign_in = await cloud.sign_in()
    sessions = Sessions(cloud.http, now=cloud.clock)
    await sessions.sign_out(sign_in)
    await sessions.sign_out(sign_in)  # twice is no trouble
    register, _, _ = _doors(cloud)
    with pytest.raises(SignInNeededError, match=r"sign_in\.expired"):
        await register.find(Query(typed="ワタナベ"), limit=5)


async def test_without_a_token_no_call_is_made(cloud: SmallCloud) -> None:
    await cloud.enrol()
    register, _, _ = _doors(cloud)
    sent = cloud.http.used["main"]
    with pytest.raises(SignInNeededError):
        await register.household_of(TARO)
    assert cloud.http.used["main"] == sent


async def test_residents_are_found_with_every_variation_sequence(cloud: SmallCloud) -> None:
    register, _, _ = await _ready(cloud)
    answer = await register.find(Query(typed="わたなべ"), limit=10)
    assert [(hit.atena_no, hit.name) for hit in answer.value] == [
        (TARO, "渡邉󠄐　太郎"),
        (HANAKO, "渡邉󠄐　花子"),
    ]
    assert answer.as_of.source is Source.CLOUD
    assert answer.as_of.register_version == 1
    assert abs(datetime.now(UTC) - answer.as_of.register_at) < timedelta(minutes=1)
    assert answer.value[0].birth.day == date(1983, 4, 12)


async def test_a_household_comes_in_its_stored_order(cloud: SmallCloud) -> None:
    register, _, _ = await _ready(cloud)
    household = (await register.household_of(HANAKO)).value
    assert [member.relationship for member in household.members] == ["世帯主", "妻"]
    with pytest.raises(RefusedError, match=r"refused\.not_found"):
        await register.household_of(AtenaNo("404"))
    with pytest.raises(RefusedError):
        await register.household_of(AtenaNo("../../v1/orders?x=1"))


async def test_a_protected_person_has_no_address_and_gets_no_paper(guarded: SmallCloud) -> None:
    register, desk, _ = await _ready(guarded)
    (hit,) = (await register.find(Query(typed="ハナコ"), limit=5)).value
    assert (hit.protected, hit.address) == (True, None)
    household = (await register.household_of(TARO)).value
    restrictions = (await register.restrictions_of(household)).value
    assert [measure.atena_no for measure in restrictions.shien_sochi] == [HANAKO]
    with pytest.raises(RefusedError, match=r"refused\.shien_sochi"):
        await desk.eligibility(a_request())
    with pytest.raises(RefusedError, match=r"refused\.shien_sochi"):  # it says where she lives [STD j440]
        await desk.eligibility(a_request(TARO))


async def test_a_paper_comes_with_its_words_and_seal(cloud: SmallCloud) -> None:
    register, desk, _ = await _ready(cloud)
    told = await desk.eligibility(a_request())
    assert told.words.certifier.prefecture == "みどり県"
    assert told.words.attestation.startswith("household")
    assert told.words.seal
    assert (told.words.seal.image, told.words.fee_yen) == (b"\x89PNG", 300)
    words = (
        await register.form_words(CertificateKind.JUMINHYO_COPY, whole=False, on=date(2026, 11, 20))
    ).value
    assert words.attestation.startswith("members")


async def test_the_clouds_no_is_our_refusal(cloud: SmallCloud) -> None:
    _, desk, _ = await _ready(cloud)
    from dataclasses import replace

    with pytest.raises(RefusedError, match=r"refused\.identity"):
        await desk.eligibility(replace(a_request(), identity=IdentityCheck.NONE))


def _tenkyo(history_no: int = 3) -> NewChange:
    now = datetime.now(UTC)
    day = now.date() - timedelta(days=1)
    taken = read(TENKYO, a_tenkyo(ido_date=day, todoke_date=day), now.date())
    return NewChange(
        key=change_key(now, _random(10)),
        kind=ChangeKind.TENKYO,
        residents=(TARO, HANAKO),
        base={TARO: history_no, HANAKO: 5},
        payload=taken.payload,
        made_at=now,
        made_by="s001",
        todoke_date=taken.todoke_date,
    )


async def test_a_request_is_accepted_once_however_often_it_is_sent(cloud: SmallCloud) -> None:
    _, _, box = await _ready(cloud)
    change = await cloud.sealed(_tenkyo())
    (first,) = await box.send((change,))
    assert (first.outcome, first.key) == ("accepted", change.key)
    assert first.receipt
    assert first.receipt.register_version == cloud.register_version() == 2
    (again,) = await box.send((change,))
    assert again == first
    assert cloud.register_version() == 2
    assert await box.ask(change.key) == first


async def test_a_lost_answer_is_found_again_by_its_key(cloud: SmallCloud) -> None:
    _, _, box = await _ready(cloud)
    change = await cloud.sealed(_tenkyo())
    cloud.faults.plan(Fault(FaultKind.LOST_ANSWER, "/v1/commands"))
    with pytest.raises(LinkDownError, match=r"link\.broken"):
        await box.send((change,))
    told = await box.ask(change.key)
    assert told
    assert told.outcome == "accepted"
    assert cloud.register_version() == 2
    assert await box.ask(_tenkyo().key) is None


async def test_an_answer_twice_is_one_effect(cloud: SmallCloud) -> None:
    _, _, box = await _ready(cloud)
    cloud.faults.plan(Fault(FaultKind.ANSWER_TWICE, "/v1/commands"))
    (told,) = await box.send((await cloud.sealed(_tenkyo()),))
    assert told.outcome == "accepted"
    assert cloud.register_version() == 2


async def test_a_base_the_register_left_behind_is_a_conflict(cloud: SmallCloud) -> None:
    _, _, box = await _ready(cloud)
    (told,) = await box.send((await cloud.sealed(_tenkyo(history_no=2)),))
    assert (told.outcome, told.receipt) == ("conflict", None)
    assert told.words.startswith("conflict.version")


async def test_commands_need_no_person(cloud: SmallCloud) -> None:
    await cloud.enrol()
    _, _, box = _doors(cloud)
    (told,) = await box.send((await cloud.sealed(_tenkyo()),))
    assert told.outcome == "accepted"


async def test_a_revoked_terminal_is_told_so(cloud: SmallCloud) -> None:
    register, _, box = await _ready(cloud)
    assert cloud.enrolled
    cloud.tenant.terminals.revoke(cloud.enrolled.terminal_no)
    with pytest.raises(RefusedError, match=r"refused\.terminal_revoked"):
        await register.find(Query(typed="ワタナベ"), limit=1)
    (told,) = await box.send((await cloud.sealed(_tenkyo()),))
    assert (told.outcome, told.quarantined) == ("accepted", True)


async def test_somebody_elses_signature_is_no_sign_in_matter(cloud: SmallCloud) -> None:
    register, _, _ = await _ready(cloud)
    cloud.key = new_key()
    cloud.http.identity = cloud.identity
    with pytest.raises(RefusedError, match=r"refused\.by_cloud") as refused:
        await register.find(Query(typed="ワタナベ"), limit=1)
    assert refused.value.facts == {"reason": "terminal.wrong_proof"}


@pytest.mark.parametrize("off", [timedelta(hours=1), -timedelta(hours=1)])
async def test_a_clock_off_by_an_hour_stops_the_sign_in_and_not_the_upload(
    cloud: SmallCloud, off: timedelta
) -> None:
    await cloud.enrol()
    cloud.clock.off = off
    fresh = Http("https://cloud.example", cloud.identity, now=cloud.clock, transport=cloud.transport)
    sessions = Sessions(fresh, now=cloud.clock)
    with pytest.raises(SignInNeededError, match=r"sign_in\.clock_off") as stopped:
        await sessions.sign_in("s001", PASSWORD, cloud.code())
    assert abs(int(stopped.value.facts["seconds"]) - 3600) < 5
    assert stopped.value.facts["way"] == ("ahead" if off > timedelta(0) else "behind")
    assert abs(fresh.clock_offset_ms + off / timedelta(milliseconds=1)) < 5_000
    assert cloud.enrolled
    (told,) = await CommandBox(fresh, cloud.enrolled.terminal_no).send((await cloud.sealed(_tenkyo()),))
    assert told.outcome == "accepted"
    cloud.clock.off = timedelta(0)  # set right again by hand: asked anew, no restart needed
    await sessions.sign_in("s001", PASSWORD, cloud.code())


async def test_a_clock_gone_wrong_in_mid_day_is_learnt_from_the_refusal(cloud: SmallCloud) -> None:
    register, _, _ = await _ready(cloud)
    cloud.clock.off = timedelta(minutes=20)
    assert (await register.find(Query(typed="ワタナベ"), limit=1)).value
    assert abs(cloud.http.clock_offset_ms + 1_200_000) < 5_000


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (FaultKind.BUSY, "link.busy"),
        (FaultKind.LOST_ANSWER, "link.broken"),
        (FaultKind.CUT_MIDWAY, "link.broken"),
    ],
)
async def test_a_fault_on_the_way_is_a_link_that_is_down(
    cloud: SmallCloud, fault: FaultKind, code: str
) -> None:
    register, _, _ = await _ready(cloud)
    cloud.faults.plan(Fault(fault, "/v1/residents", times=3))
    with pytest.raises(LinkDownError) as down:
        await register.household_of(TARO)
    assert down.value.code == code


async def test_a_silent_cloud_times_out(cloud: SmallCloud) -> None:
    await cloud.enrol()
    cloud.faults.line = Line.SILENT
    with pytest.raises(LinkDownError, match=r"link\.timeout"):
        await cloud.http.call("GET", "/v1/clock", timeout=0.05)
    cloud.faults.clear()
    await cloud.http.probe()


async def test_a_neighbour_may_carry_a_change_and_not_alter_it(cloud: SmallCloud) -> None:
    await _ready(cloud)
    change = await cloud.sealed(_tenkyo())
    author, key = cloud.enrolled, cloud.key
    assert author
    cloud.key = new_key()
    await cloud.enrol()  # the neighbour
    box = CommandBox(cloud.http, author.terminal_no)
    altered = replace(change, made_by="s009")
    moved = replace(change, made_at=change.made_at - timedelta(microseconds=1))
    for false in (altered, moved):
        (told,) = await box.send((false,))
        assert (told.outcome, told.words) == ("refused", "refused.by_cloud wrong_signature")
    (told,) = await box.send((change,))
    assert told.outcome == "accepted"
    assert key is not cloud.key


async def test_both_keys_of_the_town_change_under_a_terminal_at_work(tmp_path: Path) -> None:
    with small_cloud(tmp_path) as cloud:
        await cloud.enrol()
        before = await cloud.sealed(_tenkyo())
        add_keys(cloud.tenant.folder / "keys", datetime.now(UTC) + timedelta(seconds=1))
    await asyncio.sleep(1.1)
    with small_cloud(tmp_path) as again:
        again.key, again.enrolled = cloud.key, cloud.enrolled
        again.http.identity = again.identity
        assert again.enrolled
        untold = again.feeds()
        with pytest.raises(LinkDownError):
            await untold.digest(Feed.BLOCKS)
        again.key = new_key()
        await again.enrol()  # told of both
        feeds = again.feeds()
        assert (await feeds.digest(Feed.BLOCKS)).version == 1
        assert cloud.enrolled
        (told,) = await CommandBox(again.http, cloud.enrolled.terminal_no).send((before,))
        assert told.outcome == "accepted"
        old, young = again.enrolled.command_keys
        assert key_in_force((young, old), datetime.now(UTC)) == young
        after = await again.sealed(_tenkyo())
        assert (before.sealed[:8], after.sealed[:8]) == (old.id_bytes, young.id_bytes)
        (told,) = await CommandBox(again.http, again.enrolled.terminal_no).send((after,))
        first = first_told(told.words)  # it was opened and read
        assert first is not None
        assert first.key == before.key[-8:]
