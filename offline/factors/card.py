"""The card, as the counter asks it: a process of its own beside us, asked with patience that ends."""

import asyncio
import subprocess
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import IO

import msgspec

from client.domain.errors import SignInNeededError, StoreError
from client.domain.factor import CardKey, FactorAnswer
from offline.factors.binding import Binding
from offline.factors.wire import Ask, Seen, Told

SIGNED = (
    b"madoguchi sign-in by card v1\0"  # before the challenge, so that no card of ours signs anything else
)
LOOK_WAIT = 6.0  # seconds; the first look starts the process and wakes the reader
USE_WAIT = 20.0  # seconds; a slow card signs in two
_NONE_SEEN = "-"  # no card's number: a module that sees a card put in only when it is started anew is
_CLERKS = {"absent", "gone", "wrong_pin", "locked"}  # what the clerk can do something about


class CardDoor:
    """Cards of this PC's readers. Every call may take seconds: never call it on the loop.

    ``command`` starts the process that holds the module (``card_child``). What takes too long is ended by ending
    that process; the next question starts another. SignInNeededError and StoreError ``card.…``.
    """

    def __init__(
        self, command: Sequence[str], *, look_wait: float = LOOK_WAIT, use_wait: float = USE_WAIT
    ) -> None:
        self._command = list(command)
        self._look_wait = look_wait
        self._use_wait = use_wait
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: SimpleQueue[bytes] = SimpleQueue()
        self._turn = Lock()
        self._used_last = ""  # the number of the card somebody was let in with
        self.occupied: Callable[[], str] = lambda: ""  # the card of who is at the counter
        self._warned = ""  # the card whose last try its clerk was told of

    def cards(self, wanted: str = "") -> tuple[Seen, ...]:
        """Return the cards that are in a reader now; a module is made to look twice for one that is wanted."""
        return self._ask(Ask(op="look", serial=wanted), self._look_wait).cards

    def prove(self, data: bytes, pin: str) -> tuple[bytes, CardKey]:
        """Sign data with the card that is in; returns the signature, and the card's key that opens."""
        told, serial = self._proved(data, pin)
        return told.data, CardKey(serial, told.key_id, told.public, told.padding)

    def introduce(self, data: bytes, pin: str) -> tuple[bytes, bytes]:
        """Sign data with the card that is in; returns the signature, and the key that made it (RFC 5280, DER)."""
        told, _ = self._proved(data, pin)
        return told.data, told.signer

    def ready(self, serial: str) -> None:
        """Be sure that a card is in and may be tried; no PIN is shown to it, and nothing is counted."""
        self._ready(serial)

    def open(self, bound: Binding, pin: str) -> bytes:
        """Return the secret only this card can make. Another card is never shown the PIN."""
        ask = Ask(
            op="open",
            serial=bound.serial,
            pin=pin,
            key_id=bound.key_id,
            data=bound.box,
            padding=bound.padding,
        )
        return self._used(ask).data

    @property
    def used_last(self) -> str:
        """Return the number of the card that was used last; empty before the first."""
        return self._used_last

    def is_in(self, serial: str) -> bool:
        """Tell whether a card is in a reader. StoreError ``card.module``."""
        return any(card.serial == serial for card in self.cards(serial))

    def close(self) -> None:
        """End the process."""
        with self._turn:
            self._end()

    def _proved(self, data: bytes, pin: str) -> tuple[Told, str]:
        card = self._ready("")
        return self._used(Ask(op="prove", serial=card.serial, pin=pin, data=data)), card.serial

    def _ready(self, serial: str) -> Seen:
        cards = self.cards(serial)
        if not cards:
            raise SignInNeededError("card.absent")
        if not serial:  # whoever comes beside the clerk: their PIN is not for the clerk's own card
            cards = self._others(cards) or self._others(self.cards(_NONE_SEEN))
            if not cards:
                raise SignInNeededError("card.other")
        if not serial and len(cards) > 1:
            raise SignInNeededError("card.several")
        card = next((card for card in cards if serial in {"", card.serial}), None)
        if card is None:
            raise SignInNeededError("card.other")
        if card.tries == "none":
            raise SignInNeededError("card.locked")
        if card.tries == "last" and self._warned != card.serial:
            self._warned = card.serial  # the next one is the clerk's own decision
            raise SignInNeededError("card.last_try")
        return card

    def _others(self, cards: tuple[Seen, ...]) -> tuple[Seen, ...]:
        taken = self.occupied()
        return tuple(card for card in cards if card.serial != taken)

    def _used(self, ask: Ask) -> Told:
        told = self._ask(ask, self._use_wait)
        self._warned, self._used_last = "", ask.serial
        return told

    def _ask(self, ask: Ask, wait: float) -> Told:
        with self._turn:
            told = self._told(ask, wait)
        if told.trouble in _CLERKS:
            raise SignInNeededError(f"card.{told.trouble}")
        if told.trouble:
            raise StoreError(f"card.{told.trouble}")
        return told

    def _told(self, ask: Ask, wait: float) -> Told:
        try:
            stdin = self._started()
            stdin.write(msgspec.json.encode(ask) + b"\n")
            stdin.flush()
            return msgspec.json.decode(self._answers.get(timeout=wait), type=Told)
        except (OSError, Empty, msgspec.DecodeError):  # not there, ended, hanging, or talking nonsense
            self._end()
            raise StoreError("card.module") from None  # what was written holds a PIN

    def _started(self) -> IO[bytes]:
        process = self._process
        if process is None or process.poll() is not None:
            self._end()
            self._answers = SimpleQueue()
            process = self._process = subprocess.Popen(  # noqa: S603 - our own program, by our own words
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            Thread(target=_listen, args=(process, self._answers), name="card", daemon=True).start()
        if process.stdin is None:
            raise OSError
        return process.stdin

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def _listen(process: subprocess.Popen[bytes], answers: SimpleQueue[bytes]) -> None:
    if process.stdout is not None:
        with suppress(OSError, ValueError):
            for line in process.stdout:
                answers.put(line)
    answers.put(b"")  # it has hung up: whoever waits need not wait longer


class CardFactor:
    """The card as the second factor of a sign-in at the cloud: it signs a challenge of the cloud's."""

    kind = "card"

    def __init__(self, door: CardDoor) -> None:
        self._door = door

    async def answer(self, challenge: Mapping[str, object], pin: str) -> FactorAnswer:
        """Sign what the cloud asks with the card that is in. SignInNeededError, StoreError ``card.…``."""
        data = SIGNED + str(challenge.get("nonce", "")).encode()
        signature, card = await asyncio.to_thread(self._door.prove, data, pin)
        return FactorAnswer({"signature": b64encode(signature).decode()}, card)
