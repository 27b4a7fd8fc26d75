"""Pulling the card locks the counter: the slot of a real module, the real screens."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QLineEdit

from offline.factors.card import CardDoor
from tests.offline.card_builders import PIN, Reader
from tests.ui.drive import Counter
from ui.card_watch import CardWatch
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
async def watched(counter: Counter, door: CardDoor) -> AsyncIterator[None]:
    """Sign in with the card that is in, and watch it."""
    await counter.sign_in()
    await asyncio.to_thread(door.prove, b"", PIN)
    watching = asyncio.create_task(CardWatch(door, counter.face, every=0.02).run())
    yield
    watching.cancel()


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
