"""The whole contract under attack: every call with good and bad words, and walks along its links.

The words are the same in every run; ``./test full contract`` sends more, and others each time.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.cloud_builders import a_site
from tests.cloud.contract_attack import PHASES, Report, attack
from tests.cloud.contract_reader import contract, operations
from tests.cloud.contract_words import a_morning

pytestmark = pytest.mark.long

CALLS = {tag["name"] for tag in contract()["tags"]} - {"training"}
EXAMPLES = {"examples": 1, "coverage": 1, "fuzzing": 8, "stateful": 40}
# Ends of walks: a link that leads nowhere would leave them out.
BEHIND_LINKS = {
    "commandAnswer",
    "feedRows",
    "giveLeaseBack",
    "lease",
    "openQuarantined",
    "revoke",
    "snapshotChunk",
    "tax",
}


def attacked(
    folder: Path, tags: set[str], *phases: str, examples: int, seed: int = 1, repeats: bool = True
) -> Report:
    """Attack a cloud of its own; what ``repeats`` sends the same words in every run."""
    site = asyncio.run(a_site(folder / "cloud"))
    asyncio.run(a_morning(site))
    how = {"max-examples": examples, "database": "none", "deterministic": repeats}
    settings: dict[str, Any] = {
        "seed": seed,
        "generation": how,
        "phases": {phase: {"enabled": phase in phases} for phase in PHASES},
    }
    # Walks are for good words along the contract's own links; bad words are the other phases' matter.
    settings["phases"]["stateful"] |= {
        "generation": {"mode": "positive"},
        "inference": {"algorithms": []},
        "link-calibration": False,
        "max-steps": 20,
    }
    try:
        return attack(site, tags, settings)
    finally:
        site.tenant.close()


SLOW = pytest.mark.slow  # a minute of words of every shape; the stage has still more


@pytest.mark.parametrize(
    "phase",
    [pytest.param(one, marks=[] if one == "examples" else [SLOW]) for one in PHASES if one != "stateful"],
)
def test_every_call_answers_as_the_contract_says_whatever_it_is_sent(tmp_path: Path, phase: str) -> None:
    report = attacked(tmp_path, CALLS, phase, examples=EXAMPLES[phase])
    assert not report.troubles, "\n\n".join(report.troubles)
    assert report.calls > 100


@SLOW
def test_along_its_links_every_call_answers_as_the_contract_says(tmp_path: Path) -> None:
    """Walks turn on what is drawn in the cloud too (keys, numbers): those not gone are looked for on further ones."""
    reached: set[str] = set()
    for seed in range(1, 5):
        report = attacked(tmp_path / str(seed), CALLS, "stateful", examples=EXAMPLES["stateful"], seed=seed)
        assert not report.troubles, "\n\n".join(report.troubles)
        reached |= report.reached
        if reached >= BEHIND_LINKS:
            return
    assert sorted(BEHIND_LINKS - reached) == []


def test_the_control_of_faults_is_of_the_contract_too(tmp_path: Path) -> None:
    """Alone: a fault that was planned would befall the calls of the others, and none befalls the control."""
    report = attacked(tmp_path, {"training"}, *PHASES, examples=8)
    assert not report.troubles, "\n\n".join(report.troubles)
    assert report.reached == {
        one["operationId"] for one in operations().values() if "training" in one["tags"]
    }
