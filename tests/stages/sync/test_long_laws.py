"""P09 at length: thousands of long lives of two replicas on bad lines, with sudden ends and damaged rows."""

import pytest
from hypothesis import settings

from tests.jobs.test_sync_replica_laws import SyncMachine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1100)]


class LongLife(SyncMachine):
    """The same machine, longer and more often; a failure prints what repeats it."""


class OtherLongLife(SyncMachine):
    """Half of the lives, so that two are led at once; its name gives it a chance of its own where chance is fixed."""


LongLife.TestCase.settings = OtherLongLife.TestCase.settings = settings(
    max_examples=3000, stateful_step_count=80, deadline=None, print_blob=True
)
test_a_replica_equals_the_register_after_a_long_life = LongLife.TestCase
test_another_replica_equals_the_register_after_a_long_life = OtherLongLife.TestCase
