"""P07 as a law: whatever is registered, issued and followed when, a paper is on the list just when it must be.

The model keeps what stands in the register; a paper is doubtful for each row that stands otherwise at its issue than
when the terminal last followed, but for what was lifted. Everything else is real: stores, register, clocks that differ.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from client.domain.doubtful import Why
from client.domain.errors import RefusedError
from client.domain.resident import AtenaNo
from tests.builders import HANAKO, TARO
from tests.promises.doubtful_desk import OfflineCounter, offline_counter

pytestmark = pytest.mark.long

NEIGHBOUR = AtenaNo("1000000098")  # somebody else altogether
ACTS = ("issue", "issue", "follow", "record", "block", "lift", "protect", "release", "arrears", "neighbour")
Row = tuple[Why, int]
Story = Sequence[tuple[str, int]]


@dataclass
class Model:
    """What stands in the register, what stood there when the terminal last followed, and what each paper is owed."""

    rows: set[Row] = field(default_factory=set)
    followed: set[Row] = field(default_factory=set)
    owed: dict[str, set[Why]] = field(default_factory=dict)
    count: int = 0

    def add(self, why: Why) -> int:
        self.count += 1
        self.rows.add((why, self.count))
        return self.count

    def take(self, why: Why) -> int | None:
        found = next((number for kind, number in sorted(self.rows, key=str) if kind is why), None)
        self.rows.discard((why, found or 0))
        return found

    def issued(self, paper: str) -> None:
        if new := {why for why, _ in self.rows - self.followed}:
            self.owed[paper] = new


async def act(counter: OfflineCounter, model: Model, what: str) -> None:
    town = counter.town
    match what:
        case "issue":
            with suppress(RefusedError):  # what is known here stops the paper
                model.issued(await counter.issue())
        case "follow":
            await counter.recover()
            model.followed = set(model.rows)
        case "record":
            town.record(TARO, remarks=f"備考{model.add(Why.IDO)}")
        case "block":
            town.block(TARO, number=f"b{model.add(Why.BLOCK)}")
        case "lift":
            if number := model.take(Why.BLOCK):
                town.lift(f"b{number}")
        case "protect":
            town.shien_sochi(HANAKO, f"m{model.add(Why.SHIEN_SOCHI)}")
        case "release":
            if number := model.take(Why.SHIEN_SOCHI):
                town.release(f"m{number}")
        case "arrears":
            town.arrears(TARO)
        case "neighbour":
            town.block(NEIGHBOUR, number="of-a-neighbour")


async def played(folder: Path, story: Story, offset: int) -> tuple[dict[str, set[Why]], dict[str, set[Why]]]:
    model = Model()
    async with offline_counter(folder, timedelta(seconds=offset)) as counter:
        for what, minutes in story:
            await act(counter, model, what)
            counter.forward(minutes)
        await counter.recover()
        assert (await counter.stores.ledger.doubt_counts()).unchecked == 0
        return await counter.listed(), model.owed


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(
    st.lists(st.tuples(st.sampled_from(ACTS), st.integers(2, 45)), min_size=4, max_size=14),
    st.integers(-280, 280),
)
@example(
    [("block", 2), ("issue", 2), ("lift", 2), ("issue", 2), ("record", 2), ("issue", 2), ("follow", 2)], 240
)
@example(
    [("issue", 2), ("protect", 2), ("release", 2), ("issue", 2), ("record", 2), ("follow", 2), ("issue", 2)],
    -240,
)
def test_a_paper_is_on_the_list_just_when_what_it_rests_on_was_registered_before_it_and_unknown_here(
    story: Story, offset: int
) -> None:
    with TemporaryDirectory() as folder:
        listed, owed = asyncio.run(played(Path(folder), story, offset))
    assert listed == owed
