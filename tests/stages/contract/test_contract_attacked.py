"""The whole contract under attack at length, with other words in every run; the seed is printed, and repeats it."""

import random
from pathlib import Path

import pytest

from tests.cloud.contract_attack import PHASES
from tests.cloud.test_cloud_schemathesis import CALLS, attacked

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
EXAMPLES = {"examples": 1, "coverage": 1, "fuzzing": 120, "stateful": 300}


@pytest.mark.parametrize("phase", PHASES)
def test_every_call_answers_as_the_contract_says_at_length(tmp_path: Path, phase: str) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    report = attacked(tmp_path, CALLS, phase, examples=EXAMPLES[phase], seed=seed, repeats=False)
    assert not report.troubles, f"seed {seed}\n" + "\n\n".join(report.troubles)
    print(f"{report.calls} calls, {report.checks} checks")
