"""P10, P12: another account of the PC gets the terminal's secret from an officer, by a file and a code, and no other way."""

import asyncio
import io
import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.clerk import Right
from client.domain.erasure import Wipe
from client.domain.errors import CounterError, RefusedError, StoreError
from client.rules.orders import Obedience
from client.rules.share_text import LINE_BYTES, read_line, written_line
from offline.store import handed, wraps
from offline.store.anchor import ANCHOR, Known
from offline.store.keyring_door import KeyringDoor, account_named
from offline.store.keys import Vault
from offline.store.order_file import OrderFile
from offline.store.wipe_file import WipeFile
from offline.store.wrap_mark import WRAPS
from tests.builders import NOW
from tests.promises.two_persons import CLERK, NEWCOMER, OFFICER, PASSWORD, Desk, a_desk, grant
from tests.store_builders import CHEAP, MemoryKeyring, store_keys
from ui.cli import account, exit_codes
from ui.cli.account import hand, take
from ui.cli.at_the_book import Place, Secrets
from ui.cli.verbs import main

SECOND, THIRD = "uid:70001", "uid:70002"
DEVICE = ("madoguchi", "training/992011/0007/device")


@dataclass
class Pc:
    """A PC with a terminal, a folder its accounts share, and a second account with a keyring of its own."""

    desk: Desk
    folder: Path
    ring: MemoryKeyring

    @property
    def file(self) -> Path:
        return self.folder / handed.FILE

    def under(self, name: str = SECOND, environment: str = "training") -> Place:
        vault = Vault(self.folder, environment, backend=self.ring, account=name, cost=CHEAP, floor_kib=256)
        return Place(self.folder, environment, vault, lambda: self.desk.now)

    def who(self, staff_id: str, password: str = PASSWORD) -> Callable[[], Secrets]:
        return lambda: (staff_id, password, self.desk.code(staff_id))

    async def hand(self, staff_id: str = OFFICER, password: str = PASSWORD, to: str = SECOND) -> str:
        first = Place(self.folder, "training", self.desk.vault, lambda: self.desk.now)
        told = await hand(first, to, self.who(staff_id, password), cost=CHEAP)
        return str(told["code"])

    async def take(
        self, code: str, staff_id: str = CLERK, password: str = PASSWORD, place: Place | None = None
    ) -> str:
        """Take it, and return why not, or "taken"."""
        try:
            await take(place or self.under(), self.file, lambda: code, self.who(staff_id, password))
        except CounterError as error:
            return f"{error.code} {error.facts['left']}" if "left" in error.facts else error.code
        return "taken"

    def edit(self, **fields: object) -> None:
        self.file.write_bytes(msgspec.json.encode(json.loads(self.file.read_bytes()) | fields))


async def a_pc(tmp_path: Path, *rows: tuple[str, dict[str, object]]) -> Pc:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o2770)
    return Pc(await a_desk(folder, *rows), folder, MemoryKeyring())


def other_code(code: str) -> str:
    """Return a code that is well written, and another."""
    content = bytearray(read_line(1, code))
    content[0] ^= 1
    return written_line(1, bytes(content))


@given(st.binary(min_size=LINE_BYTES, max_size=LINE_BYTES), st.integers(1, 8))
def test_what_is_written_as_a_line_is_read_from_it(content: bytes, number: int) -> None:
    assert read_line(number, written_line(number, content).lower().replace("-", " ")) == content


@pytest.mark.asyncio
async def test_an_officer_hands_and_a_clerk_takes_and_both_stand_in_the_book(tmp_path: Path) -> None:
    pc = await a_pc(tmp_path)
    assert not pc.ring.secrets
    code = await pc.hand()
    lying = pc.file.read_bytes()
    assert read_line(1, code).hex().encode() not in lying
    assert pc.desk.vault._device_secret() not in lying
    with pytest.raises(StoreError, match=r"store\.no_keyring"):
        await pc.under().vault.unlock(*pc.who(CLERK)(), now=pc.desk.now)
    assert await pc.take(code) == "taken"
    assert not pc.file.exists()
    vault = pc.under().vault
    unlocked = await vault.unlock(*pc.who(OFFICER)(), now=pc.desk.now)
    assert unlocked.keys == store_keys()
    assert pc.desk.vault.identity.has_signed(b"data", vault.identity.sign(b"data"))
    await pc.desk.vault.unlock(*pc.who(OFFICER)(), now=pc.desk.now)  # the first account goes on
    assert pc.desk.vault.other_accounts == 1
    gave, took = await pc.desk.book("account")
    assert (gave.actor, gave.facts["how"], took.actor, took.facts["how"]) == (
        OFFICER,
        "handed",
        CLERK,
        "taken",
    )
    assert gave.facts["note"] == took.facts["note"]
    assert gave.facts["account"] == SECOND


@pytest.mark.asyncio
async def test_who_is_no_officer_today_hands_nothing_and_no_file_is_written(tmp_path: Path) -> None:
    pc = await a_pc(tmp_path)
    with pytest.raises(RefusedError, match=r"refused\.right_missing"):
        await pc.hand(CLERK)
    with pytest.raises(CounterError, match=r"sign_in\.wrong_secret"):
        await pc.hand(OFFICER, "wrong")
    with pytest.raises(RefusedError, match=r"account\.same"):
        await pc.hand(to=pc.desk.vault.account)
    await pc.desk.admit(NEWCOMER, Right.OFFICER)  # by an old wrap; by the rows here no officer
    with pytest.raises(RefusedError, match=r"refused\.right_missing"):
        await pc.hand(NEWCOMER)
    pc.folder.chmod(0o700)
    with pytest.raises(RefusedError, match=r"account\.not_shared"):
        await pc.hand()
    assert not pc.file.exists()
    assert [line.facts["code"] for line in await pc.desk.book("refusal")] == ["refused.right_missing"] * 2


@pytest.mark.asyncio
async def test_who_was_let_in_by_two_neither_hands_nor_takes(tmp_path: Path) -> None:
    pc = await a_pc(tmp_path, ("right_grant", grant(NEWCOMER, Right.OFFICER)))
    code, desk = await pc.hand(), pc.desk
    lying = pc.file.read_bytes()
    words = await desk.word(OFFICER), await desk.word(CLERK)
    shown = desk.newcomer(password=PASSWORD)
    await desk.let_in(*words, shown)
    desk.seeds[NEWCOMER] = shown.seed
    with pytest.raises(RefusedError, match=r"refused\.let_in_by_two"):
        await pc.hand(NEWCOMER)
    assert pc.file.read_bytes() == lying
    assert await pc.take(code, NEWCOMER) == "refused.let_in_by_two"
    assert DEVICE not in pc.ring.secrets


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("stand", "said"),
    [
        (Obedience("01", locked=True), "sign_in.shut"),
        (Obedience("01", to_be_erased=True), "store.being_wiped"),
        (None, "store.being_wiped"),
    ],
)
async def test_a_terminal_that_is_shut_or_being_wiped_hands_and_takes_nothing(
    tmp_path: Path, stand: Obedience | None, said: str
) -> None:
    pc = await a_pc(tmp_path)
    code = await pc.hand()
    lying = pc.file.read_bytes()
    if stand is None:
        WipeFile(pc.folder).write(Wipe(NOW))
    else:
        OrderFile(pc.folder).write(stand)
    assert await pc.take(code) == said
    with pytest.raises(CounterError, match=said.replace(".", r"\.")):
        await pc.hand()
    assert pc.file.read_bytes() == lying
    assert not pc.ring.secrets


@pytest.mark.asyncio
async def test_the_third_wrong_code_removes_the_file_and_a_slip_is_no_try(tmp_path: Path) -> None:
    pc = await a_pc(tmp_path)
    code = await pc.hand()
    wrong, slip = other_code(code), code[:-1] + ("0" if code[-1] != "0" else "1")
    assert [await pc.take(slip) for _ in range(4)] == ["account.slip"] * 4
    assert await pc.take(wrong) == "account.code 2"
    assert await pc.take(wrong) == "account.code 1"
    assert await pc.take(wrong) == "account.code 0"
    assert not pc.file.exists()
    assert await pc.take(code) == "account.file"
    assert not pc.ring.secrets


@pytest.mark.asyncio
async def test_a_try_is_counted_before_it_is_made_so_a_kill_gives_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pc = await a_pc(tmp_path)
    code = await pc.hand()

    def killed(*_: object) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(wraps, "wrap_key", killed)
        for _ in range(handed.TRIES):
            with pytest.raises(KeyboardInterrupt):
                handed.opened(
                    pc.file,
                    handed.read(pc.file),
                    read_line(1, code),
                    ("training", wraps.Place("992011", "0007")),
                )
    assert await pc.take(code) == "account.code 0"
    assert not pc.file.exists()


@pytest.mark.asyncio
async def test_it_opens_for_the_named_account_only_whatever_is_written_on_the_file(tmp_path: Path) -> None:
    pc = await a_pc(tmp_path)
    code = await pc.hand()
    assert await pc.take(code, place=pc.under(THIRD)) == "account.other"
    pc.edit(account=THIRD)
    assert await pc.take(code, place=pc.under(THIRD)) == "account.code 2"
    assert DEVICE not in pc.ring.secrets


@pytest.mark.asyncio
@pytest.mark.parametrize("where", ["town", "terminal", "environment"])
async def test_it_opens_in_no_other_place(tmp_path: Path, where: str) -> None:
    pc = await a_pc(tmp_path)
    code = await pc.hand()
    places = {
        "town": ("training", wraps.Place("992012", "0007")),
        "terminal": ("training", wraps.Place("992011", "0008")),
        "environment": ("production", wraps.Place("992011", "0007")),
    }
    with pytest.raises(RefusedError, match=r"account\.code"):
        handed.opened(pc.file, handed.read(pc.file), read_line(1, code), places[where])


@pytest.mark.asyncio
async def test_after_a_quarter_of_an_hour_it_opens_no_more_whatever_the_clock_or_the_file_says(
    tmp_path: Path,
) -> None:
    pc = await a_pc(tmp_path)
    code = await pc.hand()
    kept, made_at = pc.file.read_bytes(), pc.desk.now
    pc.desk.now = made_at + handed.LIFE
    assert await pc.take(code) == "account.expired"
    assert not pc.file.exists()
    pc.file.write_bytes(kept)
    pc.edit(until=(made_at + timedelta(days=1)).isoformat())
    assert await pc.take(code) == "account.code 2"
    pc.file.write_bytes(kept)
    pc.desk.now = made_at - timedelta(minutes=1)
    assert await pc.take(code) == "account.expired"
    pc.file.write_bytes(kept)
    pc.desk.now = made_at + timedelta(minutes=16)
    await pc.hand()  # the book has seen the sixteenth minute
    pc.file.write_bytes(kept)
    pc.desk.now = made_at + timedelta(minutes=13)
    assert await pc.take(code) == "account.expired"
    assert DEVICE not in pc.ring.secrets


@pytest.mark.asyncio
async def test_what_is_handed_anew_takes_the_place_of_what_was(tmp_path: Path) -> None:
    pc = await a_pc(tmp_path)
    first = await pc.hand()
    second = await pc.hand()
    assert await pc.take(first) == "account.code 2"
    assert await pc.take(second) == "taken"


@pytest.mark.asyncio
async def test_without_a_clerks_own_secrets_the_keyring_gets_nothing_and_the_file_waits(
    tmp_path: Path,
) -> None:
    pc = await a_pc(tmp_path)
    code = await pc.hand()
    assert await pc.take(code, password="wrong") == "sign_in.wrong_secret"
    assert DEVICE not in pc.ring.secrets
    assert pc.file.exists()
    assert await pc.take(code) == "taken"


@pytest.mark.asyncio
async def test_an_older_file_of_keys_put_back_in_between_is_noticed_by_the_second_account(
    tmp_path: Path,
) -> None:
    pc = await a_pc(tmp_path)
    older = (pc.folder / "wraps.json").read_bytes()
    code = await pc.hand()
    (pc.folder / "wraps.json").write_bytes(older)
    assert await pc.take(code) == "store.wraps_behind"
    assert DEVICE not in pc.ring.secrets


@pytest.mark.asyncio
async def test_a_ledger_put_back_in_between_is_noticed_by_the_second_account(tmp_path: Path) -> None:
    pc = await a_pc(tmp_path)
    await pc.hand()
    older = {path: path.read_bytes() for path in pc.folder.glob("ledger.*")}
    await pc.hand()
    code = await pc.hand()
    for path, content in older.items():
        path.write_bytes(content)
    assert await pc.take(code) == "store.ledger_behind"
    assert DEVICE not in pc.ring.secrets


@pytest.mark.asyncio
async def test_what_a_keyring_knew_of_a_terminal_before_this_one_keeps_nobody_out(tmp_path: Path) -> None:
    pc = await a_pc(tmp_path)
    old = KeyringDoor(pc.ring, "training/992011/0007")
    old.put("device", bytes(32))
    old.put(WRAPS, b"1000000")
    old.put(ANCHOR, msgspec.json.encode(Known(begun=True, commit_no=1_000_000)))
    assert await pc.take(await pc.hand()) == "taken"
    assert old.get("device") == pc.desk.vault._device_secret()


@pytest.mark.asyncio
async def test_a_file_that_asks_for_anything_costs_little_and_ends_in_words(tmp_path: Path) -> None:
    pc = await a_pc(tmp_path)
    code = await pc.hand()
    whole = json.loads(pc.file.read_bytes())
    for field, value in (
        ("memory_kib", 1 << 40),
        ("memory_kib", -1),
        ("time", 1 << 20),
        ("lanes", 0),
        ("salt", ""),
    ):
        pc.file.write_bytes(msgspec.json.encode(whole | {"argon2": whole["argon2"] | {field: value}}))
        assert await pc.take(code) == "account.code 2"
    for content in (b"", b"{}", b"\xff", msgspec.json.encode(whole | {"format": 2})):
        pc.file.write_bytes(content)
        assert await pc.take(code) == "account.file"
    pc.file.write_bytes(msgspec.json.encode(whole | {"tries": -(1 << 40)}))
    assert await pc.take(code) == "account.code 0"


def test_the_code_has_80_bits_and_a_guess_costs_64_mib() -> None:
    given = handed.Handed(device=bytes(32), identity=b"key", generation=1, anchor=None)
    place = ("training", wraps.Place("992011", "0007"))
    file, code = handed.sealed(given, SECOND, place, NOW, wraps.USUAL_COST)
    assert len(read_line(1, code)) * 8 >= 80
    assert file.argon2.memory_kib >= 64 * 1024
    assert file.until - file.made_at == timedelta(minutes=15)
    assert "device" not in repr(given)


def test_the_book_knows_a_named_account_by_what_tells_no_name() -> None:
    assert handed.in_the_book("uid:1001") == "uid:1001"
    assert "taro" not in handed.in_the_book("user:taro")
    with pytest.raises(RefusedError, match=r"account\.unknown"):
        account_named("nobody-of-this-name")


def test_from_a_pipe_it_is_a_line_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pc = asyncio.run(a_pc(tmp_path))
    monkeypatch.setenv("MADOGUCHI_CONFIG", str(tmp_path / "none.toml"))
    (tmp_path / "none.toml").write_text("", "utf-8")

    def typed(place: Place, *lines: str) -> None:
        monkeypatch.setattr(account, "alone_at", lambda _: nullcontext(place))
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))

    monkeypatch.setattr(account, "account_named", lambda _: SECOND)
    first = Place(pc.folder, "training", pc.desk.vault, lambda: pc.desk.now)
    typed(first, *pc.who(OFFICER)())
    assert main(["account", "hand", "yamada", "--json"]) == exit_codes.OK
    told = json.loads(capsys.readouterr().out)
    typed(pc.under(), other_code(told["code"]), *pc.who(CLERK)())
    assert main(["account", "take", told["file"]]) == exit_codes.FAILED
    assert "コードが違います" in capsys.readouterr().err
    typed(pc.under(), told["code"], *pc.who(CLERK)())
    assert main(["account", "take", told["file"], "--json"]) == exit_codes.OK
    assert json.loads(capsys.readouterr().out) == {"ok": True, "note": told["note"]}
