"""A clerk's keys open with the clerk's IC card only: a real PKCS#11 module (SoftHSM2), and one that misbehaves."""

import asyncio
import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from client.domain.errors import CounterError, SignInNeededError, StoreError
from client.domain.keys import Unlocked
from offline.factors.binding import binding_of, bound_to
from offline.factors.card import CardDoor
from offline.store import wraps
from offline.store.keyring_door import KeyringDoor
from offline.store.keys import Vault
from tests.builders import NOW
from tests.offline.card_builders import PIN, Card, Reader, softhsm
from tests.offline.vault_builders import PASSWORD, seal_by_hand
from tests.store_builders import CHEAP, MemoryKeyring, cloud_sign_in, facts, store_keys


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path / "reader")
    yield made
    made.close()


@dataclass
class Desk:
    """A terminal of a town with cards, one clerk let in on line, and the reader beside it."""

    reader: Reader
    folder: Path
    ring: MemoryKeyring
    door: CardDoor
    card: Card
    deposit: bytes = b""

    def vault(self, door: CardDoor | None = None, *, cards: bool = True) -> Vault:
        """Return the vault as after a restart."""
        door = (door or self.door) if cards else None
        return Vault(
            self.folder, "training", backend=self.ring, account="hall", cost=CHEAP, floor_kib=256, card=door
        )

    async def opened(self) -> "Desk":
        vault = self.vault()
        await vault.make_identity()
        self.deposit = await vault.found(facts(), store_keys())
        await self.admitted(self.card)
        return self

    async def admitted(self, card: Card) -> Unlocked:
        """Let the clerk in on line with a card."""
        _, key = await asyncio.to_thread(self.door.prove, b"challenge", PIN)
        assert key.public == card.public()
        return await self.vault().admit(replace(cloud_sign_in(self.deposit), card=key), PASSWORD, now=NOW)

    async def said(self, pin: str = PIN, *, password: str = PASSWORD, vault: Vault | None = None) -> str:
        """Return what an offline sign-in ends with: a code, or "in"."""
        try:
            unlocked = await (vault or self.vault()).unlock("s001", password, pin, now=NOW)
        except CounterError as error:
            return error.code
        assert unlocked.keys == store_keys()
        return "in"

    @property
    def wrap(self) -> dict[str, object]:
        (wrap,) = self._book["staff"]
        return dict(wrap)

    def forge(self, **fields: object) -> None:
        """Write into the clerk's wrap as who has the device secret could."""
        book = self._book
        book["staff"][0] |= fields
        seal_by_hand(self.folder / "wraps.json", book, self.vault())

    @property
    def _book(self) -> dict[str, list[dict[str, object]]]:
        return dict(json.loads((self.folder / "wraps.json").read_bytes()))


@pytest.fixture
def desk(tmp_path: Path, reader: Reader) -> Desk:
    card = reader.card("s001")
    made = Desk(reader, tmp_path / "files", MemoryKeyring(), reader.door(wait=1.5), card)
    return asyncio.run(made.opened())


@pytest.mark.asyncio
async def test_password_card_and_pin_open_the_keys_off_line(desk: Desk) -> None:
    assert desk.wrap["factor"] == "card"
    assert await desk.said() == "in"
    assert await desk.said() == "in"  # a PIN is no code that works once


@pytest.mark.asyncio
async def test_without_the_card_nothing_opens_and_nothing_is_counted(desk: Desk) -> None:
    desk.reader.pull(desk.card)
    for _ in range(7):
        assert await desk.said() == "card.absent"
    assert desk.wrap["failures"] == 0
    desk.reader.put(desk.card)
    assert await desk.said() == "in"


@pytest.mark.asyncio
async def test_another_card_is_never_shown_the_pin(desk: Desk) -> None:
    desk.reader.pull(desk.card)
    desk.reader.card("s002")
    before = desk.reader.logins
    assert await desk.said() == "card.other"
    assert desk.reader.logins == before
    desk.reader.put(desk.card)
    assert await desk.said() == "in"  # of two cards in their readers, the one the keys are bound to


@pytest.mark.asyncio
async def test_wrong_pins_are_counted_survive_a_restart_and_lock_the_sign_in(desk: Desk) -> None:
    for failures in range(1, 5):
        assert await desk.said("0000") == "card.wrong_pin"
        assert desk.wrap["failures"] == failures
    assert await desk.said("0000") == "sign_in.locked_out"
    before = desk.reader.logins
    assert await desk.said() == "sign_in.locked_out"
    assert desk.reader.logins == before  # nor is the card tried meanwhile
    unlocked = await desk.vault().unlock("s001", PASSWORD, PIN, now=NOW + timedelta(minutes=6))
    assert unlocked.failed == 5


@pytest.mark.asyncio
async def test_a_wrong_password_with_the_right_card_is_counted_as_one(desk: Desk) -> None:
    assert await desk.said(password="wrong") == "sign_in.wrong_secret"
    assert desk.wrap["failures"] == 1


@pytest.mark.asyncio
async def test_the_last_try_of_a_card_is_the_clerks_own_decision(desk: Desk) -> None:
    desk.reader.mood("last")
    before = desk.reader.logins
    assert await desk.said("0000") == "card.last_try"
    assert (desk.reader.logins, desk.wrap["failures"]) == (before, 0)
    assert await desk.said() == "in"
    assert desk.reader.logins == before + 1
    assert await desk.said() == "card.last_try"  # said each time anew
    desk.reader.mood("locked")
    assert await desk.said() == "card.locked"


@pytest.mark.asyncio
@pytest.mark.parametrize(("mood", "code"), [("gone", "card.gone"), ("crash", "card.module")])
async def test_a_card_pulled_or_a_module_crashing_in_mid_act_costs_no_try(
    desk: Desk, mood: str, code: str
) -> None:
    desk.reader.mood(mood)
    assert await desk.said() == code
    assert desk.wrap["failures"] == 0
    desk.reader.mood("")
    assert await desk.said() == "in"  # with another process, the counter having stayed


@pytest.mark.asyncio
async def test_while_a_module_hangs_the_window_goes_on_and_the_wait_ends(desk: Desk) -> None:
    desk.reader.mood("hang")
    beats = 0

    async def heart() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    beating = asyncio.create_task(heart())
    assert await desk.said() == "card.module"
    beating.cancel()
    assert beats > 50
    desk.reader.mood("")
    assert await desk.said() == "in"


@pytest.mark.asyncio
async def test_the_factor_a_town_asks_for_is_not_got_round_off_line(desk: Desk) -> None:
    assert await desk.said(vault=desk.vault(cards=False)) == "sign_in.unknown_here"
    desk.forge(factor="totp")
    assert await desk.said() == "sign_in.unknown_here"
    assert await desk.said("123456", vault=desk.vault(cards=False)) == "sign_in.wrong_secret"


@pytest.mark.asyncio
async def test_a_wrap_bound_by_hand_to_another_card_stays_shut(desk: Desk) -> None:
    desk.reader.pull(desk.card)
    desk.reader.card("s002")
    _, other = await asyncio.to_thread(desk.door.prove, b"", PIN)
    binding, _ = bound_to(other)
    desk.forge(card=base64.b64encode(binding).decode())
    assert await desk.said() == "sign_in.wrong_secret"
    desk.forge(card="AAAA")
    assert await desk.said() == "store.newer"


@pytest.mark.asyncio
async def test_password_and_device_secret_alone_are_not_the_key(desk: Desk) -> None:
    place = wraps.Place("992011", "0007")
    wrap = msgspec.json.decode((desk.folder / "wraps.json").read_bytes(), type=wraps.WrapBook).staff[0]
    device = KeyringDoor(desk.ring, "training/992011/0007").get("device")
    bound = binding_of(wrap.card)
    assert device
    assert bound
    info = wraps.info_of_wrap(place, wrap)
    of_card = desk.door.open(bound, PIN)
    opened = [
        wraps.opened_box(wrap, wraps.wrap_key(PASSWORD, device, wrap.argon2, info, secret), info)
        for secret in (b"", bytes(32), of_card)
    ]
    assert [box is not None for box in opened] == [False, False, True]


@pytest.mark.asyncio
async def test_a_new_card_is_bound_at_the_next_sign_in_on_line(desk: Desk) -> None:
    desk.reader.pull(desk.card)
    new = desk.reader.card("s001 new")
    assert await desk.said() == "card.other"
    await desk.admitted(new)
    assert await desk.said() == "in"
    desk.reader.pull(new)
    desk.reader.put(desk.card)
    assert await desk.said() == "card.other"


def test_a_card_makes_the_secret_anew_and_only_that_card(reader: Reader) -> None:
    reader.card("one")
    door = reader.door()
    _, key = door.prove(b"", PIN)
    for padding in ("oaep", "pkcs1"):
        kept, secret = bound_to(replace(key, padding=padding))
        bound = binding_of(kept)
        assert bound
        assert secret not in kept
        assert door.open(bound, PIN) == secret


def test_with_two_cards_in_it_is_not_guessed_whose_is_meant(reader: Reader) -> None:
    reader.card("one")
    reader.card("two")
    before = reader.logins
    with pytest.raises(SignInNeededError, match=r"card\.several"):
        reader.door().prove(b"", PIN)
    assert reader.logins == before


def test_a_weak_key_binds_nothing(reader: Reader) -> None:
    reader.card("old", bits=1024)
    _, key = reader.door().prove(b"", PIN)
    with pytest.raises(StoreError, match=r"card\.no_key"):
        bound_to(key)


@pytest.mark.parametrize("module", ["/nowhere/module.so", __file__])
def test_a_module_that_is_none_is_said_to_be(reader: Reader, module: str) -> None:
    with pytest.raises(StoreError, match=r"card\.module"):
        reader.door(module=module).cards()


def test_the_module_as_it_is_packaged_works_too(reader: Reader) -> None:
    reader.card("one")
    assert [card.tries for card in reader.door(module=softhsm()).cards()] == ["all"]


def test_no_pin_is_in_any_word_of_what_is_asked() -> None:
    from offline.factors.wire import Ask

    assert PIN not in repr(Ask(op="open", pin=PIN))
