"""A terminal renews its certificate beside the reference cloud: in time, once, and harmed by no lost answer."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from client.api.enrolment import RenewalDesk
from client.domain.errors import LinkDownError, RefusedError, StoreError
from client.domain.terminal import TerminalFacts, facts_of
from client.jobs.keep_certificate import KeepCertificate
from client.jobs.renew_certificate import RenewCertificate
from client.rules.renewal import check_next, is_due
from cloud.faults import Fault, FaultKind
from offline.store.identity import signing_request
from offline.store.terminal_file import read_facts, write_facts
from tests.api.small_cloud import SmallCloud, small_cloud

pytestmark = pytest.mark.asyncio
LATE = timedelta(days=365 * 4)


class Moved:
    """The cloud's clock, which years pass on."""

    def __init__(self) -> None:
        self.by = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.by


class OnDisk:
    """What the terminal has on its disk."""

    def __init__(self, cloud: SmallCloud, path: Path) -> None:
        self.cloud = cloud
        self.path = path

    async def signing_request(self) -> str:
        return signing_request(self.cloud.key)

    async def keep(self, facts: TerminalFacts) -> None:
        write_facts(self.path, facts)


@pytest.fixture
def clock() -> Moved:
    return Moved()


@pytest.fixture
def cloud(tmp_path: Path, clock: Moved) -> Iterator[SmallCloud]:
    with small_cloud(tmp_path / "cloud", now=clock) as made:
        yield made


async def enrolled(cloud: SmallCloud, tmp_path: Path) -> tuple[TerminalFacts, RenewCertificate]:
    await cloud.enrol()
    assert cloud.enrolled
    facts = facts_of(cloud.enrolled, "https://cloud.example")
    own = OnDisk(cloud, tmp_path / "terminal.json")
    await own.keep(facts)
    return facts, RenewCertificate(RenewalDesk(cloud.http), own, now=cloud.clock)


def serial(facts: TerminalFacts) -> int:
    return x509.load_pem_x509_certificate(facts.certificate.encode()).serial_number


async def test_it_asks_at_two_thirds_of_the_life_and_not_before(tmp_path: Path, cloud: SmallCloud) -> None:
    facts, _ = await enrolled(cloud, tmp_path)
    own = x509.load_pem_x509_certificate(facts.certificate.encode())
    third = (own.not_valid_after_utc - own.not_valid_before_utc) / 3
    due = own.not_valid_before_utc + 2 * third
    assert not is_due(facts.certificate, due - timedelta(seconds=1))
    assert is_due(facts.certificate, due)
    assert not is_due("-----BEGIN CERTIFICATE-----", due)


async def test_a_lost_answer_is_asked_for_again_and_brings_the_same_certificate(
    tmp_path: Path, cloud: SmallCloud, clock: Moved
) -> None:
    facts, renew = await enrolled(cloud, tmp_path)
    assert await renew(facts) == facts
    clock.by = cloud.clock.off = LATE
    cloud.faults.plan(Fault(FaultKind.LOST_ANSWER, "/v1/terminals/self/certificate"))
    with pytest.raises(LinkDownError):
        await renew(facts)
    assert read_facts(tmp_path / "terminal.json") == facts, "killed here, the old one is still good"
    renewed = await renew(facts)
    present = cloud.tenant.terminals.terminal(facts.terminal_no)
    assert present
    assert present.certificate == renewed.certificate != facts.certificate
    assert read_facts(tmp_path / "terminal.json") == renewed
    assert await renew(renewed) == renewed, "it is young again"
    assert serial(facts) not in {one.serial_number for one in cloud.tenant.crl.refresh()}
    clock.by += timedelta(hours=25)
    assert {one.serial_number for one in cloud.tenant.crl.refresh()} == {serial(facts)}


async def test_a_certificate_of_another_key_name_or_authority_is_not_taken(
    tmp_path: Path, cloud: SmallCloud, clock: Moved
) -> None:
    facts, renew = await enrolled(cloud, tmp_path)
    clock.by = cloud.clock.off = LATE
    renewed = await renew(facts)
    with small_cloud(tmp_path / "other", now=clock) as other:
        await other.enrol()
        assert other.enrolled
        theirs = facts_of(other.enrolled, "https://other.example")
    for certificate, ca in (
        (theirs.certificate, theirs.ca),
        (theirs.certificate, facts.ca),
        (renewed.certificate, theirs.ca),
        (facts.certificate, facts.ca),
        ("", facts.ca),
    ):
        with pytest.raises(RefusedError):
            check_next(facts.certificate, certificate, ca)
    check_next(facts.certificate, renewed.certificate, renewed.ca)


async def test_a_revoked_terminal_renews_nothing(tmp_path: Path, cloud: SmallCloud, clock: Moved) -> None:
    facts, renew = await enrolled(cloud, tmp_path)
    clock.by = cloud.clock.off = LATE
    cloud.tenant.terminals.revoke(facts.terminal_no)
    assert await renew(facts) == replace(facts)


async def test_in_a_program_that_runs_on_the_next_one_is_shown_at_once_and_a_show_that_failed_is_tried_again(
    tmp_path: Path, cloud: SmallCloud, clock: Moved
) -> None:
    facts, renew = await enrolled(cloud, tmp_path)
    shown: list[TerminalFacts] = []

    async def use(given: TerminalFacts) -> None:
        shown.append(given)
        if len(shown) == 1:
            raise StoreError("store.full")

    keep = KeepCertificate(renew, facts, use=use)
    assert not await keep.round(), "it is young"
    clock.by = cloud.clock.off = LATE
    with pytest.raises(StoreError):
        await keep.round()
    assert await keep.round()
    assert len(shown) == 2
    assert serial(shown[0]) == serial(shown[1]) != serial(facts)
    assert not await keep.round()
    assert read_facts(tmp_path / "terminal.json") == shown[1]
