"""P08: what is taken in of protected people goes to the cloud alone, whether they are protected before it or after."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.change import ChangeKind, QueuedChange
from client.domain.intake import Entry
from client.domain.resident import Address, AtenaNo
from client.jobs.shelter_outbox import ShelterOutbox
from client.rules.intakes import FORMS
from client.rules.intakes.moves import TENKYO
from offline.store import door
from tests.builders import an_entry
from tests.opened_pages import opened_pages
from tests.promises.p08_town import GRANDMOTHER, HOME, WATANABE, Counter, leaks, open_counter

pytestmark = [pytest.mark.asyncio, pytest.mark.long]
NEW = Address("みどり県あおぞら市曙町四丁目", "77番7号", "かくれ荘七〇七", postcode="999-7777")
SECRETS = frozenset({NEW.text, NEW.banchi, NEW.katagaki})


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Hear with which key each file is opened."""
    heard: dict[str, bytes] = {}
    opened = door.open_connection

    def listening(path: Path, key: bytes, **how: bool) -> object:
        heard[path.name] = key
        return opened(path, key, **how)

    monkeypatch.setattr(door, "open_connection", listening)
    return heard


@pytest_asyncio.fixture
async def counter(
    keys: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Counter]:
    async with open_counter(tmp_path, monkeypatch) as opened:
        yield opened


def on_the_disk(folder: Path, keys: dict[str, bytes]) -> list[str]:
    """Return what of the secrets stands on any page of the ledger, free pages and the log of its writes too."""
    (path,) = folder.rglob("ledger.db")
    pages = [page for page in opened_pages(path, keys["ledger.db"])]
    return sorted(one for one in SECRETS if any(one.encode() in page for page in pages))


async def moved(counter: Counter, subject: AtenaNo, members: tuple[AtenaNo, ...]) -> QueuedChange:
    household = (await counter.find.household(counter.sign_in, subject)).value.household
    entry = an_entry(household, subject, members, NEW, datetime.now(UTC).date() - timedelta(days=1))
    return await counter.queue.take(counter.sign_in, TENKYO, entry)


async def test_of_a_protected_household_no_word_is_readable_from_the_first_moment(
    counter: Counter, tmp_path: Path, keys: dict[str, bytes]
) -> None:
    change = await moved(counter, GRANDMOTHER, HOME)
    assert not change.readable
    assert len(change.sealed) > 250  # it is all in the cloud's envelope
    assert not leaks(await counter.stores.ledger.outbox(), SECRETS)
    assert on_the_disk(tmp_path, keys) == []


async def test_who_is_protected_later_is_readable_no_longer_and_still_arrives(
    counter: Counter, tmp_path: Path, keys: dict[str, bytes]
) -> None:
    change = await moved(counter, WATANABE[0], WATANABE)
    ledger = counter.stores.ledger
    assert change.readable
    assert on_the_disk(tmp_path, keys) != []
    shelter = ShelterOutbox(ledger, counter.stores.replica)
    assert await shelter() == 0, "nobody of them is protected"
    await counter.protect(WATANABE[-1])  # a housemate: one address is the address of all
    assert await shelter() == 1
    after = await ledger.change(change.key)
    assert after is not None
    assert (after.readable, after.sealed, after.signature) == (False, change.sealed, change.signature)
    assert on_the_disk(tmp_path, keys) == []
    assert await ledger.verify_outbox() is None, "the chain goes on"
    assert await shelter() == 0
    (row,) = await ledger.journal_tail(1)
    assert (row.entry.kind, row.entry.facts) == ("outbox", {"what": "unreadable", "changes": 1})


async def test_with_the_application_what_was_taken_in_before_is_readable_no_longer(
    counter: Counter, tmp_path: Path, keys: dict[str, bytes]
) -> None:
    before = await moved(counter, WATANABE[0], WATANABE)
    household = (await counter.find.household(counter.sign_in, WATANABE[0])).value.household
    form = FORMS["shien"]
    entry = Entry(
        household=household,
        subject=WATANABE[0],
        values={"scope.juminhyo": "1", "first_town": NEW.katagaki},
        todoke=datetime.now(UTC).date().isoformat(),
        sealed={"opponent": b"sealed"},
    )
    change = await counter.queue.take(counter.sign_in, form, entry)
    assert change.kind is ChangeKind.SHIEN_SOCHI
    assert not change.readable
    old = await counter.stores.ledger.change(before.key)
    assert old is not None
    assert not old.readable
    await counter.stores.close()
    assert on_the_disk(tmp_path, keys) == []
