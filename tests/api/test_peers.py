"""A terminal's papers among neighbours, from the reference cloud into its file and out again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from client.api.peers import PeerDesk
from client.domain.errors import LinkDownError, RefusedError
from client.domain.peer import PeerPapers, SignedLease
from client.jobs.keep_lease import KeepLease
from client.rules.peers import read_lease, revoked_serials
from offline.store.peer_file import NAME, PeerFile
from tests.api.small_cloud import SmallCloud, small_cloud

pytestmark = pytest.mark.asyncio


class SetClock:
    def __init__(self) -> None:
        self.off = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.off


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[SmallCloud]:
    with small_cloud(tmp_path / "cloud") as made:
        yield made


def keeping(cloud: SmallCloud, file: PeerFile, clock: SetClock) -> KeepLease:
    assert cloud.enrolled
    return KeepLease(PeerDesk(cloud.http), file, cloud.enrolled.feed_keys, cloud.enrolled.ca, now=clock)


def papers(file: PeerFile) -> PeerPapers:
    kept = file.read()
    assert kept is not None
    return kept


async def test_a_lease_is_fetched_once_and_again_after_a_day(cloud: SmallCloud, tmp_path: Path) -> None:
    await cloud.enrol()
    assert cloud.enrolled
    file, clock = PeerFile(tmp_path), SetClock()
    await keeping(cloud, file, clock).round()
    kept = papers(file)
    lease = read_lease(kept.lease, cloud.enrolled.feed_keys)
    assert (lease.terminal_no, lease.municipality) == (cloud.enrolled.terminal_no, cloud.tenant.municipality)
    assert revoked_serials(kept.crl, cloud.enrolled.ca) == frozenset()
    cloud.tenant.terminals.revoke(cloud.tenant.terminals.enrol(*another(cloud))[0])
    await keeping(cloud, file, clock).round()
    assert papers(file) == kept
    clock.off = timedelta(days=1)
    await keeping(cloud, file, clock).round()
    assert len(revoked_serials(papers(file).crl, cloud.enrolled.ca)) == 1


def another(cloud: SmallCloud) -> tuple[str, str, str]:
    from offline.store.identity import new_key, signing_request

    return cloud.tenant.terminals.new_token(), signing_request(new_key()), "本庁2"


async def test_a_revoked_terminal_keeps_no_lease(cloud: SmallCloud, tmp_path: Path) -> None:
    await cloud.enrol()
    assert cloud.enrolled
    file, clock = PeerFile(tmp_path), SetClock()
    await keeping(cloud, file, clock).round()
    cloud.tenant.terminals.revoke(cloud.enrolled.terminal_no)
    clock.off = timedelta(days=1)
    with pytest.raises(RefusedError, match=r"refused\.terminal_revoked"):
        await keeping(cloud, file, clock).round()
    assert file.read() is None


async def test_what_the_town_did_not_sign_is_not_kept(cloud: SmallCloud, tmp_path: Path) -> None:
    await cloud.enrol()
    assert cloud.enrolled
    file = PeerFile(tmp_path)
    with small_cloud(tmp_path / "other") as other:
        await other.enrol()
        assert other.enrolled
        job = KeepLease(
            PeerDesk(other.http), file, cloud.enrolled.feed_keys, other.enrolled.ca, now=SetClock()
        )
        with pytest.raises(LinkDownError, match=r"link\.stranger"):
            await job.round()
    assert file.read() is None


async def test_a_file_that_cannot_be_read_is_fetched_again(cloud: SmallCloud, tmp_path: Path) -> None:
    await cloud.enrol()
    file = PeerFile(tmp_path)
    for content in (b"{", b'{"lease": 1}', b"\xff"):
        (tmp_path / NAME).write_bytes(content)
        await keeping(cloud, file, SetClock()).round()
        assert papers(file).lease.words
    file.write(PeerPapers(SignedLease("{}", "00" * 8, b"")))
    await keeping(cloud, file, SetClock()).round()
    assert papers(file).lease.words != "{}"
