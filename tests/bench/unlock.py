"""``unlock.*``, ``guess.*``, ``gate.*``: what a sign-in off line costs, what a wrong guess costs, what the gate costs.

    python -P tests/bench/unlock.py [--quick] [--json]

An unlock is the whole of it: Argon2id at the shipped cost, the box opened, the count and the latest time written and
sealed anew. A guess is that of a thief who has the folder *and* the device secret, and counts nothing: it is timed side
by side with a bare Argon2id of the same cost. At the counter itself every guess is counted: ``guess.counter_looked_at``
says how many of 10,000 are looked at by somebody who sets the clock forward instead of waiting. The gate is timed over a
household of eight with blocks and a measure, and over hits.
"""
# ruff: noqa: E402 -- found only through the path that is set here

import argparse
import asyncio
import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import msgspec
from argon2.low_level import Type, hash_secret_raw

from client.domain.as_of import Source
from client.domain.blocks import Block, BlockLevel, BlockProcess, Restrictions, ShienSochi
from client.domain.clerk import Right
from client.domain.resident import AtenaNo, Hit, Household, ResidentStatus
from client.rules import gate
from client.rules.sign_in import DEFAULT_LOCKOUT, Lockout, after_wrong_secret, lockout_error
from offline.store import wraps
from offline.store.keys import Vault
from tests import builders
from tests.bench._figures import Figure, tell
from tests.builders import NOW, TODAY
from tests.offline.vault_builders import PASSWORD, code_at
from tests.store_builders import MemoryKeyring, cloud_sign_in, facts, store_keys

UNLOCKS, QUICK_UNLOCKS = 40, 10
GATE_ROUNDS, QUICK_ROUNDS = 2_000, 400
GUESSES = 10_000
UNLOCK_MS, GATE_US = 1_000.0, 50.0
PLACE = wraps.Place("992011", "0007")


async def a_vault(folder: Path) -> Vault:
    """Return a vault at the shipped cost, with one clerk."""
    vault = Vault(folder, "training", backend=MemoryKeyring())
    await vault.make_identity()
    deposit = await vault.found(facts(), store_keys())
    await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    return vault


async def unlocks(vault: Vault, times: int) -> list[float]:
    """Return what each unlock took, in milliseconds; every one has a code of its own."""
    took = []
    for number in range(times):
        now = NOW + timedelta(minutes=1 + number)
        begun = time.perf_counter()
        await vault.unlock("s001", PASSWORD, code_at(now), now=now)
        took.append((time.perf_counter() - begun) * 1000)
    return took


def guesses(folder: Path, secret: bytes, times: int) -> tuple[list[float], list[float]]:
    """Return what each guess of a thief took, and each bare Argon2id beside it, in milliseconds, turn by turn."""
    book = msgspec.json.decode((folder / "wraps.json").read_bytes(), type=wraps.WrapBook)
    (wrap,) = book.staff
    info = wraps.info_of_wrap(PLACE, wrap)
    cost = wrap.argon2
    ours, bare = [], []
    for number in range(times):
        guess = f"guess {number}"
        begun = time.perf_counter()
        assert wraps.opened_box(wrap, wraps.wrap_key(guess, secret, cost, info), info) is None
        between = time.perf_counter()
        hash_secret_raw(guess.encode(), cost.salt, cost.time, cost.memory_kib, cost.lanes, 32, Type.ID)
        ours.append((between - begun) * 1000)
        bare.append((time.perf_counter() - between) * 1000)
    return ours, bare


def looked_at_by_the_counter() -> int:
    """Return how many of so many guesses are looked at where the PC's clock is set forward before each."""
    stand, now, looked = Lockout(), NOW, 0
    for _ in range(GUESSES):
        now += timedelta(hours=2)
        if lockout_error(stand, now) is None:
            stand, looked = after_wrong_secret(stand, now), looked + 1
    return looked


def a_big_household() -> tuple[Household, Restrictions]:
    """Return eight members of whom one is protected, and five blocks."""
    first = builders.a_household().members[0]
    members = tuple(replace(first, atena_no=AtenaNo(f"{100 + number:010d}")) for number in range(8))
    blocks = tuple(
        Block(
            f"b{number}",
            members[number].atena_no,
            None,
            BlockProcess.ISSUE,
            BlockLevel.ALERT,
            "確認",
            TODAY,
            None,
        )
        for number in range(5)
    )
    measure = ShienSochi("m1", members[7].atena_no, provisional=False, starts=TODAY, ends=None)
    return Household(builders.HOUSEHOLD_NO, members), Restrictions(blocks, (measure,))


def hits(number: int) -> tuple[Hit, ...]:
    """Return a page of a search result, some of it protected."""
    first = builders.a_household().members[0]
    return tuple(
        Hit(
            AtenaNo(f"{place:010d}"),
            builders.HOUSEHOLD_NO,
            first.name.text,
            first.name.furigana,
            first.birth,
            first.sex,
            "みどり町1番地",
            ResidentStatus.RESIDENT,
            blocked=place % 7 == 0,
            protected=place % 11 == 0,
        )
        for place in range(number)
    )


def micros(work: Callable[[], object], rounds: int, records: int) -> float:
    """Return the median of what one record of some work costs, in microseconds."""
    took = []
    gc.disable()
    try:
        for _ in range(rounds):
            begun = time.perf_counter_ns()
            work()
            took.append((time.perf_counter_ns() - begun) / 1000 / records)
    finally:
        gc.enable()
    return statistics.median(took)


def gate_costs(rounds: int) -> dict[str, float]:
    """Return by act what the gate costs a record."""
    home, restrictions = a_big_household()
    clerk = builders.a_sign_in(Right.VIEW, Right.ISSUE)
    page = hits(50)
    request = builders.a_request(*(member.atena_no for member in home.members))
    request = replace(request, subject=home.members[0].atena_no)
    as_of = builders.as_of(Source.REPLICA)

    def issue() -> object:
        return gate.verdict(
            request=request,
            household=home,
            restrictions=restrictions,
            sign_in=clerk,
            as_of=as_of,
            now=NOW,
            offline=True,
            declared=True,
        )

    def look() -> object:
        judged = gate.view_verdict(household=home, restrictions=restrictions, sign_in=clerk, now=NOW)
        masked = gate.masked_household(home, restrictions, identity_checked=False)
        return judged, gate.without_items(masked, clerk)

    return {
        "gate.hit_us": micros(lambda: gate.masked_hits(page), rounds, len(page)),
        "gate.look_us": micros(look, rounds, len(home.members)),
        "gate.issue_us": micros(issue, rounds, len(home.members)),
    }


async def measured(*, quick: bool) -> list[Figure]:
    """Measure everything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        vault = await a_vault(folder)
        times = QUICK_UNLOCKS if quick else UNLOCKS
        took = await unlocks(vault, times)
        ours, bare = guesses(folder, vault._device_secret(), times)
    cost = wraps.USUAL_COST
    scale = f"Argon2id {cost.memory_kib // 1024} MiB, {cost.time} passes, {cost.lanes} lane"
    each = statistics.median(ours)
    gates = gate_costs(QUICK_ROUNDS if quick else GATE_ROUNDS)
    household = "8 members, 5 blocks, 1 measure; 50 hits"
    return [
        Figure("unlock.p50_ms", statistics.median(took), scale, UNLOCK_MS),
        Figure("unlock.max_ms", max(took), scale, UNLOCK_MS),
        Figure("guess.ms", each, f"{scale}; folder and device secret known"),
        Figure("guess.ratio_argon2", each / statistics.median(bare), "side by side", 0.95, "higher"),
        Figure("guess.thief_minutes", each * GUESSES / 60_000, f"{GUESSES:,} guesses, one core"),
        Figure(
            "guess.counter_looked_at",
            looked_at_by_the_counter(),
            f"of {GUESSES:,} guesses, the clock set forward before each",
            DEFAULT_LOCKOUT.most,
        ),
        *(Figure(one, value, household) for one, value in gates.items()),
        Figure("gate.us_per_record", max(gates.values()), household, GATE_US),
    ]


def main() -> int:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    return tell("unlock", asyncio.run(measured(quick=asked.quick)), {}, as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main())
