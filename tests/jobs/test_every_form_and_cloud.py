"""What each form takes in is heard by the cloud: kept as an intake, its restrictive ones in force at once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.calendar import tokyo_day
from client.domain.change import RESTRICTIVE, ChangeState
from client.rules.intakes import FORMS
from cloud import storage
from tests.api.small_cloud import small_cloud
from tests.builders import TARO
from tests.form_builders import filled
from tests.jobs.test_counter_and_cloud import Counter

pytestmark = [pytest.mark.asyncio, pytest.mark.long]


@pytest_asyncio.fixture
async def counter(tmp_path: Path) -> AsyncIterator[Counter]:
    with small_cloud(tmp_path / "cloud") as cloud:
        await cloud.enrol()
        made = Counter(cloud, tmp_path)
        await made.ledger.open(b"l" * 32, begun=False)
        yield made
        await made.ledger.close()


@pytest.mark.parametrize("name", FORMS)
async def test_a_form_is_taken_in_and_heard(counter: Counter, name: str) -> None:
    sign_in = await counter.cloud.sign_in()
    household = (await counter.find.household(sign_in, TARO)).value.household
    form = FORMS[name]
    entry = filled(name, tokyo_day(counter.cloud.clock()), household)
    change = await counter.queue.take(sign_in, form, entry)
    report = await counter.send.drain()
    heard = await counter.ledger.change(change.key)
    assert heard is not None
    assert heard.state is ChangeState.ACCEPTED, heard.last_words
    assert report.trouble is None
    assert counter.count(storage.rows["intake"]) == 1
    assert counter.count(storage.quarantine) == 0
    blocked = counter.count(storage.rows["block"]) + counter.count(storage.rows["shien_sochi"])
    assert (blocked > 0) is (form.kind in RESTRICTIVE)
