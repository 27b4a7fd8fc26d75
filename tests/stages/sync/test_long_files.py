"""P09 at length with everything real: the cloud, signed bytes spoilt on the way, encrypted files, damage, restores."""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from sqlcipher3 import dbapi2  # type: ignore[import-untyped]  # no types; what spoils the file goes past its door

from client.api.reply import Reply
from client.domain.errors import LinkDownError, StoreError
from client.jobs.prove_replica import ProveReplica
from client.jobs.scrub_replica import ScrubReplica
from cloud.register import put, remove
from offline.store import door
from offline.store.replica import Replica
from tests.api.small_cloud import SmallCloud, protect, small_cloud
from tests.builders import HANAKO, TARO
from tests.jobs.test_sync_not_taken import on_the_way
from tests.jobs.test_sync_with_cloud import REPLICA_KEY, Follower

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1100)]
T = TypeVar("T")
PAGE = 4096
names = st.text("渡邉󠄐𠮷田髙", min_size=1, max_size=4)
versions = st.integers(4, 12)
turns = st.integers(1, 12)


class KilledError(Exception):
    """The program was killed here."""


class RealLife(RuleBasedStateMachine):
    """A town's cloud and a terminal that follows it, on a line that spoils what it likes."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="madoguchi-sync-"))
        self.clouds = ExitStack()
        self.runner = asyncio.Runner()
        self.said: list[Reply] = []
        self.spoil: tuple[str, int, int] | None = None  # what, at which answer, and how
        self.calls = 0
        cloud = self.clouds.enter_context(small_cloud(self.folder / "cloud"))
        self.do(cloud.enrol())
        self.replica = Replica(self.folder / "replica.db", cloud.clock)
        self.follow(cloud)
        self.open()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def follow(self, cloud: SmallCloud) -> None:
        cloud.http.identity = cloud.identity
        on_the_way(cloud, self.on_the_line)
        self.follower = Follower(cloud, self.replica)

    def open(self) -> None:
        assert self.follower.cloud.enrolled
        self.do(self.replica.open(REPLICA_KEY, self.follower.cloud.enrolled.digest_key))

    def on_the_line(self, _path: str, reply: Reply) -> Reply:
        self.calls += 1
        honest, self.said = reply, [*self.said[-40:], reply]
        if self.spoil is None or self.calls != self.spoil[1]:
            return honest
        what, _, how = self.spoil
        at = how % max(len(reply.body), 1)
        match what:
            case "cut":
                return replace(reply, body=reply.body[:at])
            case "bit":
                return replace(
                    reply, body=reply.body[:at] + bytes([reply.body[at] ^ 1]) + reply.body[at + 1 :]
                )
            case "old":
                return self.said[how % len(self.said)]
            case "killed":
                raise KilledError
        raise LinkDownError("link.broken")

    @rule(number=versions, name=names)
    def edit(self, number: int, name: str) -> None:
        self.follower.commit("register", self.follower.resident(history_no=number, full_name=name))

    @rule(number=versions)
    def take_away(self, number: int) -> None:
        self.follower.commit("register", remove("resident", (TARO, number)))

    @rule(blocked=st.booleans())
    def protect(self, blocked: bool) -> None:
        table, row = protect(HANAKO)
        change = put(table, row) if blocked else remove(table, (str(row["measure_id"]),))
        self.follower.commit("blocks", change)

    @rule(
        what=st.sampled_from(["cut", "bit", "old", "killed", "broken"]), turn=turns, how=st.integers(0, 5000)
    )
    def a_round_on_a_bad_line(self, what: str, turn: int, how: int) -> None:
        self.spoil, self.calls = (what, turn, how), 0
        try:
            with suppress(LinkDownError, StoreError):
                self.do(self.follower.sync.round())
        except KilledError:
            self.do(self.replica.close())
            self.open()
        finally:
            self.spoil = None

    @rule(which=st.integers(0, 3))
    def a_row_is_changed_beside_its_sum(self, which: int) -> None:
        if not self.is_filled():
            return
        connection = door.open_connection(self.folder / "replica.db", REPLICA_KEY)
        # A page that was flipped before keeps whoever tampers out as well: then nothing more is changed.
        with closing(connection), suppress(dbapi2.DatabaseError):
            connection.execute(
                "UPDATE resident SET sex = '？' WHERE rowid = (SELECT rowid FROM resident LIMIT 1 OFFSET ?)",
                (which,),
            )

    @rule(page=st.integers(1, 200), at=st.integers(0, PAGE - 1))
    def a_bit_of_a_page_is_flipped(self, page: int, at: int) -> None:
        if not self.is_filled():
            return
        self.do(self.replica.close())
        path = self.folder / "replica.db"
        content = bytearray(path.read_bytes())
        content[(page * PAGE + at) % len(content)] ^= 1
        path.write_bytes(content)
        self.open()

    @rule()
    def the_file_is_kept(self) -> None:
        if self.is_filled():
            self.do(self.replica.close())
            shutil.copy(self.folder / "replica.db", self.folder / "kept.db")
            self.open()

    @rule()
    def the_file_kept_is_put_back(self) -> None:
        if (self.folder / "kept.db").exists():
            self.do(self.replica.close())
            shutil.copy(self.folder / "kept.db", self.folder / "replica.db")
            self.open()

    @rule()
    def the_cloud_is_backed_up(self) -> None:
        shutil.rmtree(self.folder / "backup", ignore_errors=True)
        shutil.copytree(self.folder / "cloud", self.folder / "backup")

    @rule()
    def the_cloud_is_restored(self) -> None:
        if (self.folder / "backup").exists():
            before = self.follower.cloud
            self.clouds.close()
            shutil.rmtree(self.folder / "cloud")
            shutil.copytree(self.folder / "backup", self.folder / "cloud")
            cloud = self.clouds.enter_context(small_cloud(self.folder / "cloud"))
            cloud.enrolled, cloud.key = before.enrolled, before.key
            self.follow(cloud)

    @rule()
    def an_honest_proof(self) -> None:
        self.do(self.prove())
        assert self.do(self.follower.equal())

    async def prove(self) -> None:
        sync = self.follower.sync
        # A first fill; of a restored register the proof tells. A damaged page may be met in mid-round: then the round
        # ends, and what the counter does by itself some seconds later is done here.
        with suppress(LinkDownError, StoreError):
            await sync.round()
        await sync.mend()
        prove = ProveReplica(ScrubReplica(self.replica, wake=lambda: None), sync, self.follower.book)
        proof = await prove.look()
        if proof.trouble == "link.backwards":
            proof = await prove.look(follow_back=True)
        assert proof.equal, proof

    def is_filled(self) -> bool:
        return self.do(self.replica.position()).register is not None

    def teardown(self) -> None:
        if not hasattr(self, "runner"):
            return
        try:
            self.an_honest_proof()
        finally:
            self.do(self.replica.close())
            self.runner.close()
            self.clouds.close()
            shutil.rmtree(self.folder, ignore_errors=True)


RealLife.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=20,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
test_a_real_replica_equals_the_real_register_after_an_honest_proof = RealLife.TestCase
