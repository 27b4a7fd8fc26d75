"""Pulling the card locks the counter: the slot of a real module, the real screens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QLineEdit

from client.domain.errors import SignInNeededError
from offline.factors.card import CardDoor
from tests.offline.card_builders import PIN, Card, Reader
from tests.ui import release_states as states
from tests.ui.drive import Counter
from ui.card_watch import CardWatch
from ui.releasing import at_release
from ui.screens.certificate.model import Phase
from ui.screens.log_in.model import LogInModel
from ui.screens.log_in.view import LogInView

pytestmark = pytest.mark.long
Drive = Callable[..., None]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path / "reader")
    yield made
    made.close()


@asynccontextmanager
async def watched(
    counter: Counter,
    door: CardDoor,
    *,
    first: Callable[[Counter], Awaitable[None]] = Counter.sign_in,
    away: float = 30.0,
    back: float = 30.0,
) -> AsyncIterator[None]:
    """Sign in with the card that is in, and watch it."""
    await first(counter)
    await asyncio.to_thread(door.prove, b"", PIN)
    lends = partial(at_release, counter.shell)
    watch = CardWatch(door, counter.face, every=0.02, lends=lends, away=away, back=back)
    watching = asyncio.create_task(watch.run())
    await asyncio.sleep(0.1)
    yield
    watching.cancel()


async def lent(counter: Counter, reader: Reader, door: CardDoor) -> tuple[Card, Card]:
    """At the release, have the officer's card in the one reader in place of the clerk's."""
    clerks, officers = reader.cards
    reader.pull(clerks)
    reader.put(officers)
    await asyncio.sleep(0.2)
    assert counter.shell.present == "release"
    await asyncio.to_thread(door.prove, b"", PIN)
    return clerks, officers


def two_cards(reader: Reader) -> None:
    clerks = reader.card("s001")
    reader.pull(clerks)
    reader.pull(officers := reader.card("s002"))
    reader.put(clerks)
    reader.cards = (clerks, officers)


async def locked(counter: Counter) -> None:
    await counter.hands.until(lambda: counter.shell.present == "log_in", "the lock", 5)


def test_the_counter_locks_when_its_clerks_card_is_pulled_and_the_visit_stays(
    drive: Drive, reader: Reader
) -> None:
    async def play(counter: Counter) -> None:
        card, door = reader.card("s001"), reader.door()
        async with watched(counter, door):
            await counter.open_resident()
            await asyncio.sleep(0.2)
            assert counter.shell.present == "counter"
            reader.pull(card)
            await locked(counter)
            assert counter.face.log_in.note
            assert counter.face.log_in.note.what == counter.words.error("card.removed", {}).what
            await counter.quiet()
            reader.put(card)
            await asyncio.to_thread(door.prove, b"", PIN)
            await counter.sign_in()
            assert counter.face.counter.resident is not None
            await asyncio.sleep(0.2)
            assert counter.shell.present == "counter"

    drive(play)


def test_another_card_in_another_reader_is_no_substitute(drive: Drive, reader: Reader) -> None:
    async def play(counter: Counter) -> None:
        card, door = reader.card("s001"), reader.door()
        async with watched(counter, door):
            reader.card("s002")
            reader.pull(card)
            await locked(counter)

    drive(play)


def test_a_sheet_on_its_way_comes_out_before_the_lock(drive: Drive, reader: Reader) -> None:
    async def play(counter: Counter) -> None:
        card, door = reader.card("s001"), reader.door()
        async with watched(counter, door):
            counter.face.certificate.phase = Phase.PRINTING
            reader.pull(card)
            await asyncio.sleep(0.3)
            assert counter.shell.present == "counter"
            counter.face.certificate.phase = Phase.PREVIEW
            await locked(counter)

    drive(play)


def test_a_card_that_cannot_be_seen_any_more_is_as_good_as_pulled(drive: Drive, reader: Reader) -> None:
    async def play(counter: Counter) -> None:
        reader.card("s001")
        door = reader.door()
        async with watched(counter, door):
            reader.mood("blind")  # the module crashes at every look
            await locked(counter)

    drive(play)


def test_at_a_release_the_clerks_card_gives_its_place_to_the_officers_and_comes_back(
    drive: Drive, reader: Reader
) -> None:
    async def play(counter: Counter) -> None:
        two_cards(reader)
        door = reader.door()
        async with watched(counter, door, first=states.asked):
            clerks, officers = await lent(counter, reader, door)
            reader.pull(officers)
            reader.put(clerks)
            await asyncio.sleep(0.2)
            await counter.hands.push("releaseBack")
            await asyncio.sleep(0.3)
            assert (
                counter.shell.present == "counter"
            )  # the clerk's card is the one that is watched, as before
            reader.put(officers)
            reader.pull(clerks)
            await locked(counter)

    drive(play)


def test_a_card_that_does_not_come_back_after_the_release_locks_the_counter(
    drive: Drive, reader: Reader
) -> None:
    async def play(counter: Counter) -> None:
        two_cards(reader)
        door = reader.door()
        async with watched(counter, door, first=states.asked, back=0.3):
            await lent(counter, reader, door)
            await asyncio.sleep(0.5)
            assert counter.shell.present == "release"
            await counter.hands.push("releaseBack")
            await locked(counter)

    drive(play)


def test_nobody_sits_at_a_release_for_long_without_the_clerks_card(drive: Drive, reader: Reader) -> None:
    async def play(counter: Counter) -> None:
        two_cards(reader)
        door = reader.door()
        async with watched(counter, door, first=states.asked, away=0.8):
            await lent(counter, reader, door)
            await locked(counter)

    drive(play)


def test_a_card_pulled_before_the_release_is_not_lent_to_it(drive: Drive, reader: Reader) -> None:
    async def play(counter: Counter) -> None:
        card, door = reader.card("s001"), reader.door()
        async with watched(counter, door, first=states.asked):
            await counter.hands.push("releaseBack")
            reader.pull(card)
            await locked(counter)

    drive(play)


def test_the_officers_pin_is_never_shown_to_the_clerks_card(drive: Drive, reader: Reader) -> None:
    async def play(counter: Counter) -> None:
        reader.card("s001")
        door = reader.door()
        async with watched(counter, door):
            before = reader.logins
            with pytest.raises(SignInNeededError, match=r"card\.other"):
                await asyncio.to_thread(door.prove, b"", "0000")
            assert reader.logins == before
            reader.card("s002")  # in a second reader: of two cards, the one that is not the clerk's
            _, key = await asyncio.to_thread(door.prove, b"", PIN)
            assert key.serial != door.occupied()

    drive(play)


def test_the_pin_is_typed_by_keys_is_hidden_and_goes_to_the_sign_in_as_it_was_typed(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        typed: list[tuple[str, str, str]] = []
        model = LogInModel(counter.words, second="pin")
        view = LogInView(model, counter.words, town="", terminal="")
        counter.shell.add("by_card", view)
        counter.shell.show_screen("by_card")
        field = view.findChild(QLineEdit, "logInCode")
        assert isinstance(field, QLineEdit)
        assert field.echoMode() is QLineEdit.EchoMode.Password
        field.setText("12345678 ")
        model.submit("s001", "", field.text())
        assert model.note
        assert "PIN" in model.note.what

        async def job(*what: str) -> Any:
            typed.append(what)  # type: ignore[arg-type]  # three words
            await asyncio.sleep(0)

        model.serve(job, counter.tasks)
        model.submit(" s001", "aozora", field.text())
        await counter.quiet()
        assert typed == [("s001", "aozora", "12345678 ")]

    drive(play)
