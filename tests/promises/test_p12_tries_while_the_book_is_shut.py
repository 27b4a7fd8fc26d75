"""P12: a wrong secret shown while the book is shut is a line of it at the next sign-in of anybody, with its true moment."""

import hmac
import json
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from client.domain.clerk import CloudSignIn
from client.domain.errors import SignInNeededError, StoreError
from client.jobs.log_in import LogIn
from client.jobs.ports import JournalEntry
from offline.store import wraps
from offline.store.wraps import WrapBook
from tests.fakes import MemoryLink
from tests.promises.two_persons import CLERK, OFFICER, PASSWORD, Desk, NoCloud, a_desk
from tests.store_builders import IDENTITY
from ui.cli.at_the_book import Place, at_the_book

pytestmark = pytest.mark.asyncio


async def wrong(desk: Desk, staff_id: str) -> datetime:
    """Show a wrong password; returns when."""
    with pytest.raises(SignInNeededError):
        await desk.sign_in(staff_id, "falsch")
    return desk.now


async def told(desk: Desk) -> list[tuple[str, object, datetime]]:
    """Return the tries the book tells of, in its order."""
    return [
        (line.actor, line.facts["no"], datetime.fromisoformat(str(line.facts["at"])))
        for line in await desk.book("sign_in")
        if line.facts["how"] == "tried"
    ]


def tries_outside(folder: Path) -> list[int]:
    return [one.no for one in msgspec.json.decode((folder / "wraps.json").read_bytes(), type=WrapBook).tries]


async def test_whoever_signs_in_next_brings_everybodys_tries_into_the_book_in_order_with_their_moments(
    tmp_path: Path,
) -> None:
    desk = await a_desk(tmp_path)
    first = await wrong(desk, OFFICER)
    desk.now += timedelta(hours=9)
    second = await wrong(desk, CLERK)
    third = await wrong(desk, OFFICER)
    assert tries_outside(tmp_path) == [1, 2, 3]
    desk.now += timedelta(hours=5)
    await desk.sign_in(CLERK)
    assert await told(desk) == [(OFFICER, 1, first), (CLERK, 2, second), (OFFICER, 3, third)]
    (*_, last) = await desk.book("sign_in")
    assert last.facts["how"] == "offline", "what was tried is told before the sign-in"
    assert tries_outside(tmp_path) == []
    await desk.log_in.sign_out()
    fourth = await wrong(desk, CLERK)
    await desk.sign_in(OFFICER)
    assert (await told(desk))[3:] == [(CLERK, 4, fourth)]


async def test_the_right_secret_is_no_try_and_a_right_password_with_a_wrong_code_is_one(
    tmp_path: Path,
) -> None:
    desk = await a_desk(tmp_path)
    await desk.sign_in(CLERK)
    await desk.log_in.sign_out()
    assert tries_outside(tmp_path) == []
    with pytest.raises(SignInNeededError):
        await desk.log_in(CLERK, "みどりの風が吹く窓口 7", "000000")
    assert tries_outside(tmp_path) == [1]


async def test_one_of_two_who_answer_for_a_third_brings_them_too(tmp_path: Path) -> None:
    desk = await a_desk(tmp_path)
    at = await wrong(desk, CLERK)
    await desk.word(OFFICER)
    assert await told(desk) == [(CLERK, 1, at)]
    assert tries_outside(tmp_path) == []


async def test_killed_between_the_book_and_the_file_a_try_is_told_twice_under_its_number_and_never_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await a_desk(tmp_path)
    at = await wrong(desk, CLERK)

    async def killed(_up_to: int) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as here:
        here.setattr(desk.log_in, "_told", killed)
        with pytest.raises(RuntimeError):
            await desk.sign_in(CLERK)
    await desk.sign_in(CLERK)
    assert await told(desk) == [(CLERK, 1, at), (CLERK, 1, at)]


async def test_a_book_that_cannot_be_written_leaves_them_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await a_desk(tmp_path)
    await wrong(desk, CLERK)

    async def full(_entry: JournalEntry) -> None:
        raise StoreError("store.full")

    with monkeypatch.context() as here:
        here.setattr(desk.stores.ledger, "record", full)
        with pytest.raises(StoreError):
            await desk.sign_in(CLERK)
    assert tries_outside(tmp_path) == [1]


async def test_tries_taken_out_of_the_file_by_hand_shut_everybody_out_until_the_cloud_lets_somebody_in(
    tmp_path: Path,
) -> None:
    desk = await a_desk(tmp_path)
    await wrong(desk, CLERK)
    path = tmp_path / "wraps.json"
    whole = json.loads(path.read_bytes())
    changes: list[dict[str, object]] = [{"tries": []}, {"tries": [], "tried": 0}, {"tried": 0}]
    for changed in changes:
        for both in (path, tmp_path / "wraps.copy.json"):  # either alone is mended from the other
            both.write_text(json.dumps(whole | changed))
        with pytest.raises(StoreError, match="wraps_changed"):
            await desk.sign_in(CLERK)
    path.unlink()  # the copy that is left was changed too
    with pytest.raises(StoreError, match="wraps_changed"):
        await desk.sign_in(CLERK)
    (tmp_path / "wraps.copy.json").unlink()
    with pytest.raises(StoreError, match="no_keys"):
        await desk.sign_in(CLERK)


async def test_of_very_many_the_oldest_go_and_their_numbers_are_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wraps, "MOST_TRIES", 2)
    desk = await a_desk(tmp_path)
    for staff_id in (CLERK, OFFICER, CLERK):
        await wrong(desk, staff_id)
    await desk.sign_in(OFFICER)
    assert [no for _, no, _ in await told(desk)] == [2, 3]


async def test_a_file_of_keys_from_before_tries_were_kept_bears_the_seal_it_had() -> None:
    place, secret = wraps.Place("999999", "0007"), b"d" * 32
    book = WrapBook(format=wraps.FORMAT, keyrings=(), inbox_public=b"i" * 32, generation=3)
    before = {
        name: getattr(book, name)
        for name in ("format", "keyrings", "inbox_public", "staff", "seen", "generation", "mac")
    }
    key = wraps.derived(secret, place.info("madoguchi wraps v2"))
    mac = hmac.digest(key, msgspec.msgpack.encode(before), sha256)
    assert wraps.seal_holds(msgspec.structs.replace(book, mac=mac), secret, place)
    tried = book.with_try("s001", datetime.fromisoformat("2026-11-20T05:00:00Z"))
    assert wraps.whole_mac(tried, secret, place) != mac


class CloudThatSaysNo(NoCloud):
    """A cloud that turns every secret down, by one of its codes."""

    def __init__(self, code: str) -> None:
        self.code = code

    async def sign_in(self, staff_id: str, password: str, code: str) -> CloudSignIn:
        raise SignInNeededError(self.code)


def on_line(desk: Desk, code: str) -> LogIn:
    return LogIn(
        CloudThatSaysNo(code),
        desk.vault,
        desk.stores,
        desk.stores.ledger,
        MemoryLink(),
        now=lambda: desk.now,
        told=desk.vault.forget_tries,
    )


@pytest.mark.parametrize("code", ["sign_in.wrong_secret", "sign_in.code_used", "sign_in.locked_out"])
async def test_what_the_cloud_turned_down_at_this_pc_is_in_its_book_too_and_locks_nobody_out_here(
    tmp_path: Path, code: str
) -> None:
    desk = await a_desk(tmp_path)
    counter, moments = on_line(desk, code), []
    for _ in range(7):
        desk.now += timedelta(minutes=1)
        moments.append(desk.now)
        with pytest.raises(SignInNeededError, match=code.replace(".", r"\.")):
            await counter(CLERK, "falsch", "000000")
    await desk.sign_in(CLERK)
    assert await told(desk) == [(CLERK, no, at) for no, at in enumerate(moments, 1)]
    assert "falsch" not in (tmp_path / "wraps.json").read_text()


async def test_what_was_typed_for_an_id_and_is_nobodys_here_is_kept_nowhere(tmp_path: Path) -> None:
    desk = await a_desk(tmp_path)
    before = (tmp_path / "wraps.json").read_bytes()
    with pytest.raises(SignInNeededError):
        await on_line(desk, "sign_in.wrong_secret")("mein-kennwort", "falsch", "000000")
    assert (tmp_path / "wraps.json").read_bytes() == before


async def test_what_says_nothing_of_a_secret_is_no_try(tmp_path: Path) -> None:
    desk = await a_desk(tmp_path)
    with pytest.raises(SignInNeededError):
        await on_line(desk, "sign_in.clock_off")(CLERK, "falsch", "000000")
    assert tries_outside(tmp_path) == []


@pytest.mark.parametrize("shown", ["one of two", "a verb"])
async def test_a_damaged_file_of_keys_is_in_the_book_whoever_shows_secrets_first(
    tmp_path: Path, shown: str
) -> None:
    desk = await a_desk(tmp_path)
    (tmp_path / "wraps.json").write_bytes(b"")
    if shown == "one of two":
        await desk.word(OFFICER)
    else:
        place = Place(tmp_path, "training", desk.vault, lambda: desk.now)
        unlocked = await desk.vault.unlock(OFFICER, PASSWORD, desk.code(OFFICER), now=desk.now)
        async with at_the_book(place, unlocked, IDENTITY.sign):
            pass
    lines = [(one.actor, dict(one.facts)) for one in await desk.book("sign_in") if "wraps" in one.facts]
    assert lines == [(OFFICER, {"how": "wraps", "wraps": "mended"})]
    await desk.sign_in(CLERK)
    assert "wraps" not in (await desk.book("sign_in"))[-1].facts, "told once"
