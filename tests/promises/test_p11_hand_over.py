"""P11: what the cloud does not have is handed over by the terminal's own key, the book shut and nobody signed in."""

import json
import os
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from client.api.attachments import AttachmentBox
from client.api.carried import SealedBox
from client.domain.change import ChangeState
from client.domain.errors import LinkDownError, StoreError
from client.domain.terminal import facts_of
from client.jobs.hand_over_unsent import HandedOver, HandOverUnsent
from client.jobs.ports import JournalEntry
from client.jobs.send_journal import SendJournal
from client.rules import totp
from cloud import storage
from cloud.faults import Fault, FaultKind
from offline.store.unsent import COPY, DAMAGED, FILE, Unsent, UnsentLog, is_whole, read_unsent, strike
from offline.store.unsent_files import FolderUnsent
from tests.api.small_cloud import CODE, PASSWORD, SEED, small_cloud, town
from tests.attached_builders import Attaching, a_photo
from tests.builders import HANAKO, TARO
from tests.fakes import MemoryLink
from tests.promises.terminals import PC, Site, Terminal, config_in, open_terminal
from tests.store_builders import a_change
from ui.doors import utc_now
from ui.wiring import line_of

pytestmark = pytest.mark.asyncio


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    opened = Site(tmp_path / "cloud", list(town()))
    yield opened
    opened.tenant.close()


@pytest.fixture
def pc(site: Site, monkeypatch: pytest.MonkeyPatch) -> PC:
    made = PC((site,))
    made.plug_in(monkeypatch)
    return made


def handing_over(terminal: Terminal, folder: Path) -> HandOverUnsent:
    """The job over the folder alone: no key of a store, no session."""
    http, facts = terminal.doors.http, terminal.doors.facts
    return HandOverUnsent(SealedBox(http), AttachmentBox(http), FolderUnsent(folder, facts, utc_now))


async def test_a_revoked_terminal_hands_over_requests_and_facts_with_its_stores_shut(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site)
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        await terminal.issue()
        await terminal.send()
        sent = site.count(storage.command)
        assert read_unsent(config.terminal_dir) == {}, "what the cloud has is struck out"
        await terminal.issue(2)
        queued = await terminal.doors.stores.ledger.queue(a_change())
        await terminal.doors.stores.close()
        (config.terminal_dir / "ledger.db").unlink()  # as good as: nobody here could open it
        site.tenant.terminals.revoke(terminal.doors.facts.terminal_no)
        handed = await handing_over(terminal, config.terminal_dir)()
        assert handed == HandedOver(changes=5)  # two issues, two fees, one notification
        assert site.count(storage.command) == sent + 5
        assert site.count(storage.quarantine) == 5
        assert any(queued.key in line for line in site.everything()["quarantine"])
        assert await handing_over(terminal, config.terminal_dir)() == HandedOver()


async def test_what_a_clerk_took_back_or_wrote_anew_is_not_handed_over(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site)
    async with AsyncExitStack() as stack:
        ledger = (await open_terminal(stack, config, site)).doors.stores.ledger
        back, no, stays = [await ledger.queue(a_change(who)) for who in (TARO, HANAKO, TARO)]
        await ledger.withdraw(back.key, actor="s001", reason="誤り")
        await ledger.lease((no.key,), now=utc_now())
        await ledger.settle(no.key, ChangeState.CONFLICT)
        assert set(read_unsent(config.terminal_dir)) == {no.key, stays.key}, "a no waits for a person"
        anew = await ledger.queue(a_change(HANAKO, supersedes=no.key))
        assert set(read_unsent(config.terminal_dir)) == {stays.key, anew.key}


async def test_a_line_that_breaks_leaves_the_rest_and_nothing_counts_twice(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site)
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        await terminal.issue(3)
        await terminal.doors.stores.close()
        waiting = len(read_unsent(config.terminal_dir))
        site.app.state.faults.plan(Fault(FaultKind.LOST_ANSWER, "/v1/carried", times=99))
        with pytest.raises(LinkDownError):
            await handing_over(terminal, config.terminal_dir)()
        assert len(read_unsent(config.terminal_dir)) == waiting, "nobody has said that it has it"
        site.app.state.faults.clear()
        assert (await handing_over(terminal, config.terminal_dir)()).changes == waiting
        assert site.count(storage.issue_book) == 3


async def test_a_scan_beside_a_request_is_handed_over_and_a_lost_one_is_counted(tmp_path: Path) -> None:
    with small_cloud(tmp_path / "cloud") as cloud:
        await cloud.enrol()
        pc = await Attaching(cloud, tmp_path / "pc").open()
        scan, lost = (await pc.take(a_photo())) + (await pc.take(a_photo(seed=2)))
        for one in (scan, lost):
            await pc.queue((one,))
        await pc.ledger.close()
        (tmp_path / "pc" / "attachments" / f"{lost.key}.sealed").unlink()
        cloud.tenant.terminals.revoke(cloud.identity.terminal_no)
        assert cloud.enrolled
        unsent = FolderUnsent(tmp_path / "pc", facts_of(cloud.enrolled, "https://cloud.example"), cloud.clock)
        job = HandOverUnsent(SealedBox(cloud.http), AttachmentBox(cloud.http), unsent)
        assert await job() == HandedOver(changes=2, attachments=1, lost=1)
        assert await pc.at_the_cloud(scan) == a_photo()
        assert read_unsent(tmp_path / "pc") == {}


async def test_copies_tell_a_thief_nobody_and_the_ledger_of_an_older_program_gets_them_when_it_is_opened(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site)
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        stores = terminal.doors.stores
        queued = await stores.ledger.queue(a_change())
        content = (config.terminal_dir / FILE).read_bytes()
        for word in (TARO, "todoke", "tenkyo", "s001", CODE):
            assert word.encode() not in content
        await stores.close()
        (config.terminal_dir / FILE).unlink()
        assert not FolderUnsent(config.terminal_dir, terminal.doors.facts, utc_now).is_kept
        await stores.open(terminal.keys)
        assert set(read_unsent(config.terminal_dir)) == {queued.key}


async def test_what_cannot_be_copied_is_not_accepted(
    pc: PC, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_in(tmp_path / "pc", site)
    async with AsyncExitStack() as stack:
        ledger = (await open_terminal(stack, config, site)).doors.stores.ledger

        def full(_log: UnsentLog, _new: object) -> None:
            raise StoreError("store.full")

        with monkeypatch.context() as patched:
            patched.setattr(UnsentLog, "keep", full)
            with pytest.raises(StoreError):
                await ledger.queue(a_change())
        assert await ledger.outbox() == ()


KEYS = [f"019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d{number:02x}" for number in range(6)]


@settings(max_examples=60, deadline=None)
@given(
    acts=st.lists(st.tuples(st.booleans(), st.sampled_from(KEYS), st.binary(max_size=300_000)), max_size=12),
    cut=st.integers(0, 400),
)
async def test_a_file_cut_anywhere_at_its_end_keeps_all_that_stood_before(
    acts: list[tuple[bool, str, bytes]], cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log, stands = UnsentLog(folder), dict[str, bytes]()
    log.open((), (), after_loss=False)
    for strikes, key, content in acts:
        if strikes:
            log.strike((key,))
            stands.pop(key, None)
        elif key not in stands:
            log.keep((Unsent(key, COPY, content),))
            stands[key] = content
    assert {key: one.content for key, one in read_unsent(folder).items()} == stands
    log.keep((Unsent(KEYS[0].replace("019a", "019b"), COPY, os.urandom(400)),))
    log.close()
    content = (folder / FILE).read_bytes().rstrip(b"\0")
    (folder / FILE).write_bytes(content[: len(content) - 1 - cut])
    assert {key: one.content for key, one in read_unsent(folder).items()} == stands


@settings(max_examples=60, deadline=None)
@given(
    contents=st.lists(st.binary(max_size=3_000), min_size=1, max_size=6),
    place=st.floats(0, 1, exclude_max=True),
    flip=st.integers(1, 255),
)
async def test_a_byte_that_is_changed_anywhere_hides_no_record_but_its_own(
    contents: list[bytes], place: float, flip: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("log")
    records = [Unsent(key, COPY, content) for key, content in zip(KEYS, contents, strict=False)]
    log = UnsentLog(folder)
    log.open((), (), after_loss=False)
    log.keep(records)
    log.close()
    whole = b"".join(one.record() for one in records)
    at = int(place * len(whole))
    broken = bytearray((folder / FILE).read_bytes())
    broken[at] ^= flip
    (folder / FILE).write_bytes(broken)
    ends = [sum(len(one.record()) for one in records[: count + 1]) for count in range(len(records))]
    hit = next(number for number, end in enumerate(ends) if at < end)
    rest = [one for number, one in enumerate(records) if number != hit]
    assert list(read_unsent(folder).values()) == rest
    assert not is_whole(folder)
    kept = bytes(broken[ends[hit] - len(records[hit].record()) : ends[hit]])
    if rest == records[:-1]:  # the zeros at the file's end are the room that was laid out
        kept = kept.rstrip(b"\0")
    for _ in range(2):  # a kill between its two writes leaves the file as it was: it is done again
        (folder / FILE).write_bytes(broken)
        strike(folder, [one.key for one in rest[:1]])
        assert list(read_unsent(folder).values()) == rest[1:]
        assert (folder / DAMAGED).read_bytes() == kept
        assert not is_whole(folder)
    log.open((), records, after_loss=False)  # the ledger has it all
    log.close()
    assert is_whole(folder)
    assert list(read_unsent(folder).values()) == records


async def test_what_stands_behind_a_damaged_copy_is_handed_over_and_the_damaged_one_is_kept(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site)
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        await terminal.issue(3)
        await terminal.doors.stores.close()
        file = config.terminal_dir / FILE
        waiting = read_unsent(config.terminal_dir)
        first = next(iter(waiting.values())).record()
        content = bytearray(file.read_bytes())
        content[len(first) // 2] ^= 1
        file.write_bytes(content)
        handed = await handing_over(terminal, config.terminal_dir)()
        assert handed == HandedOver(changes=len(waiting) - 1)
        assert read_unsent(config.terminal_dir) == {}
        assert (config.terminal_dir / DAMAGED).read_bytes() == bytes(content[: len(first)])
        assert not is_whole(config.terminal_dir), "nothing says that nothing is left"


async def test_the_book_to_its_last_line_is_handed_over_though_nobody_signs_in_any_more(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site)
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        await terminal.doors.stores.close()
        line = line_of(config, terminal.doors, lambda _progress: None)
        clerk = site.clerk()
        await line.log_in(clerk, PASSWORD, totp.code(SEED, totp.step_of(utc_now())))
        await line.log_in.sign_out()  # the screen locks, and the PC is never opened again
        (config.terminal_dir / "ledger.db").unlink()
        assert (await handing_over(terminal, config.terminal_dir)()).left == 0
    with site.tenant.engine.connect() as connection:
        (run,) = connection.execute(sa.select(storage.journal_segment)).all()
    *_, last = json.loads(run.payload)["entries"]
    assert (last["kind"], last["actor"], last["facts"]) == ("sign_in", clerk, {"how": "out"})


async def test_of_a_counter_killed_without_a_line_the_book_is_handed_over_up_to_its_last_minute(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site)
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        ledger, later = terminal.doors.stores.ledger, lambda: utc_now() + timedelta(minutes=1)
        for hits in (1, 2):
            await ledger.record(JournalEntry("look_up", "s001", facts={"hits": hits}))
        await SendJournal(ledger.journal, ledger, MemoryLink(usable=False), now=later).round()
        await ledger.record(JournalEntry("look_up", "s001", facts={"hits": 3}))
        await terminal.doors.stores.close()  # as a kill leaves it: nobody signed out
        (config.terminal_dir / "ledger.db").unlink()
        assert (await handing_over(terminal, config.terminal_dir)()).left == 0
    with site.tenant.engine.connect() as connection:
        runs = connection.execute(sa.select(storage.journal_segment)).all()
    lines = [line for run in runs for line in json.loads(run.payload)["entries"]]
    assert [line["facts"]["hits"] for line in lines if line["kind"] == "look_up"] == [1, 2]
