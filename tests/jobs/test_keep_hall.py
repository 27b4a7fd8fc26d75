"""What a hall server begins anew with where the cloud's log begins later than it is: a snapshot, or the word of one."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from client.domain.feed import Feed
from client.domain.parcel import CannotGoOn, Parcel, SnapshotParcel
from client.jobs.keep_hall import KeepHall
from offline.hall.chunks import ChunkShelf
from offline.store.shelf import Shelf
from tests.offline.hall_builders import utc_now

pytestmark = pytest.mark.asyncio


class Cloud:
    """A cloud whose log begins at its newest snapshot."""

    def __init__(self) -> None:
        self.asked: list[Mapping[Feed, int]] = []
        self.version = 3

    async def parcels(
        self, after: Mapping[Feed, int], *, limit: int, wait_s: int = 0
    ) -> tuple[Parcel | CannotGoOn, ...]:
        self.asked.append(dict(after))
        return tuple(CannotGoOn(feed, behind=False) for feed in after)

    async def snapshot(self, begun: str | None = None) -> SnapshotParcel:
        self.version += 1
        return SnapshotParcel(f"s{self.version}", utc_now(), self.version, 1, (), b"", b"")

    async def chunk(self, name: str, size: int) -> bytes:
        raise AssertionError("a line that costs brings no chunk")


async def test_over_a_line_that_costs_it_goes_on_from_the_word_of_the_newest_snapshot(tmp_path: Path) -> None:
    cloud = Cloud()
    shelf, chunks = Shelf(tmp_path / "shelf", tuple), ChunkShelf(tmp_path / "chunks", tuple)
    keep = KeepHall(cloud, cloud, shelf=shelf, snapshots=chunks, ring=lambda: None, metered=True)
    for _ in range(3):
        await keep.follow(0)
    assert [after[Feed.REGISTER] for after in cloud.asked] == [4, 5, 6]
