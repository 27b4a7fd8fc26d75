"""An intake and what lies beside it are one unit: written together, kept together, and no loss goes unnamed."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.attachment import MOST_BYTES, Attached, Attachment
from client.domain.change import ChangeKind, ChangeState, NewChange, Receipt, change_key
from client.domain.errors import StoreError
from offline.store.ledger import LedgerFile
from offline.store.stores import FileStores
from tests.attached_builders import a_file, a_photo
from tests.builders import NOW, TARO, a_tenkyo_payload
from tests.store_builders import store_keys, stores_in

pytestmark = pytest.mark.asyncio
KEYS = store_keys()


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncIterator[FileStores]:
    made = stores_in(tmp_path / "data")
    await made.open(KEYS)
    yield made
    await made.close()


async def taken(stores: FileStores, count: int = 1) -> tuple[Attachment, ...]:
    folder = stores._dir.parent
    command, found = change_key(NOW, os.urandom(10)), []
    for number in range(count):
        source = a_file(folder, a_photo(3000, seed=number), f"{number}.jpg")
        key = change_key(NOW, os.urandom(10))
        files = stores.ledger.attachment_files
        found.append(await files.take(source, key, command, most=MOST_BYTES, on_bytes=lambda _a, _b: None))
    return tuple(found)


def an_intake(beside: tuple[Attachment, ...], *, supersedes: NewChange | None = None) -> NewChange:
    return NewChange(
        key=beside[0].command_key if beside else change_key(NOW, os.urandom(10)),
        kind=ChangeKind.TENKYO,
        residents=(TARO,),
        base={TARO: 3},
        payload=dict(supersedes.payload) if supersedes else a_tenkyo_payload(),
        made_at=NOW,
        made_by="s001",
        supersedes=supersedes.key if supersedes else None,
        attachments=beside,
    )


def file_of(stores: FileStores, one: Attachment) -> Path:
    return stores._dir / "attachments" / f"{one.key}.sealed"


async def answer(ledger: LedgerFile, key: str, state: ChangeState) -> None:
    await ledger.lease((key,), now=NOW)
    await ledger.settle(key, state, receipt=Receipt(7, NOW) if state is ChangeState.ACCEPTED else None)


async def again(stores: FileStores) -> FileStores:
    """Begin a new program on the same folder, as after a kill."""
    await stores.close()
    made = stores_in(stores._dir)
    await made.open(KEYS)
    return made


async def beside(stores: FileStores, change: NewChange) -> Attached:
    found = await stores.ledger.change(change.key)
    assert found
    return found.attached


async def next_key(stores: FileStores) -> str:
    found = await stores.ledger.attachments.next_to_send(NOW)
    return found.attachment.key if found else ""


async def landed(stores: FileStores, scans: int) -> NewChange:
    """Return an intake with scans that has come to the office."""
    change = an_intake(await taken(stores, scans))
    await stores.ledger.queue(change)
    await answer(stores.ledger, change.key, ChangeState.ACCEPTED)
    await stores.ledger.land(7)
    return change


async def losses(stores: FileStores) -> list[tuple[object, object]]:
    lines = await stores.ledger.journal_tail(50)
    return [
        (one.entry.facts.get("attachment"), one.entry.facts.get("change"))
        for one in lines
        if one.entry.kind == "loss"
    ]


async def test_an_intake_names_what_lies_beside_it_and_both_survive_the_program(stores: FileStores) -> None:
    change = an_intake(await taken(stores, 3))
    queued = await stores.ledger.queue(change)
    assert queued.attached == Attached(of=3)
    assert queued.payload["attachments"] == [one.note for one in change.attachments]
    stores = await again(stores)
    assert await beside(stores, change) == Attached(of=3)
    assert all(file_of(stores, one).exists() for one in change.attachments)
    assert (await stores.ledger.outbox_counts()).attachments == 3
    await stores.close()


async def test_no_intake_is_accepted_whose_attachment_is_not_on_the_disk(stores: FileStores) -> None:
    change = an_intake(await taken(stores, 2))
    file_of(stores, change.attachments[1]).unlink()
    with pytest.raises(StoreError) as caught:
        await stores.ledger.queue(change)
    assert caught.value.code == "store.attachment_lost"
    assert await stores.ledger.outbox() == ()


async def test_what_no_intake_was_written_with_is_removed_by_the_next_program_and_nothing_else(
    stores: FileStores,
) -> None:
    change = an_intake(await taken(stores))
    await stores.ledger.queue(change)
    (draft,) = await taken(stores)
    folder = stores._dir / "attachments"
    (folder / f"{change_key(NOW, b'x' * 10)}.sealed.new").write_bytes(b"half")
    (folder / "README").write_text("somebody else's")
    stores = await again(stores)
    assert {path.name for path in folder.iterdir()} == {file_of(stores, change.attachments[0]).name, "README"}
    assert not file_of(stores, draft).exists()
    await stores.close()


async def test_a_locked_screen_keeps_the_attachments_of_the_visit_in_progress(stores: FileStores) -> None:
    drafts = await taken(stores, 2)
    await stores.close()
    await stores.open(KEYS)
    await stores.ledger.attachment_files.drop(drafts[1])
    assert [file_of(stores, one).exists() for one in drafts] == [True, False]
    change = an_intake(drafts[:1])
    await stores.ledger.queue(change)
    await stores.ledger.attachment_files.drop(drafts[0])  # accepted meanwhile: it is no draft any more
    assert file_of(stores, drafts[0]).exists()


@pytest.mark.parametrize("how", ["gone", "cut"])
async def test_a_line_whose_file_is_gone_or_cut_is_named_and_its_change_stays(
    stores: FileStores, how: str
) -> None:
    change, other = an_intake(await taken(stores, 2)), an_intake(await taken(stores))
    for one in (change, other):
        await stores.ledger.queue(one)
    path = file_of(stores, change.attachments[1])
    content = path.read_bytes()
    path.unlink() if how == "gone" else path.write_bytes(content[:-1])
    stores = await again(stores)
    assert await losses(stores) == [(change.attachments[1].key, change.key)]
    assert await beside(stores, change) == Attached(of=2, lost=1)
    counts = await stores.ledger.outbox_counts()
    assert (counts.attachments, counts.attachments_lost) == (2, 1)
    ready = await stores.ledger.ready(NOW, limit=9, alone_after=2)
    assert ready == ()  # the other one is about the same person, and waits behind it
    assert change.key in {one.key for one in await stores.ledger.recent(1)}
    stores = await again(stores)
    assert len(await losses(stores)) == 1  # said once
    await stores.ledger.withdraw(change.key, actor="s001", reason="添付からやり直し")
    assert [one.key for one in await stores.ledger.ready(NOW, limit=9, alone_after=2)] == [other.key]
    assert (await stores.ledger.outbox_counts()).attachments_lost == 0
    await stores.close()


async def test_a_change_that_may_have_arrived_is_asked_for_whatever_became_of_its_attachments(
    stores: FileStores,
) -> None:
    change = an_intake(await taken(stores))
    await stores.ledger.queue(change)
    await stores.ledger.lease((change.key,), now=NOW)
    file_of(stores, change.attachments[0]).unlink()
    stores = await again(stores)
    assert [one.key for one in await stores.ledger.ready(NOW, limit=9, alone_after=2)] == [change.key]
    await stores.close()


async def test_a_file_that_was_put_back_is_sent_on(stores: FileStores) -> None:
    change = an_intake(await taken(stores))
    await stores.ledger.queue(change)
    path = file_of(stores, change.attachments[0])
    content = path.read_bytes()
    path.unlink()
    stores = await again(stores)
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    stores = await again(stores)
    assert (await beside(stores, change)).lost == 1
    path.write_bytes(content)
    stores = await again(stores)
    assert (await beside(stores, change)).lost == 0
    assert [one.key for one in await stores.ledger.ready(NOW, limit=9, alone_after=2)] == [change.key]
    await stores.close()


async def test_attachments_follow_a_command_that_arrived_oldest_first(stores: FileStores) -> None:
    first, second = an_intake(await taken(stores, 2)), an_intake(await taken(stores))
    for one in (first, second):
        await stores.ledger.queue(one)
    assert await next_key(stores) == ""
    await answer(stores.ledger, second.key, ChangeState.ACCEPTED)
    assert await next_key(stores) == second.attachments[0].key
    await answer(stores.ledger, first.key, ChangeState.ACCEPTED)
    assert await next_key(stores) == first.attachments[0].key
    later = NOW + timedelta(minutes=5)
    await stores.ledger.attachments.postpone(
        first.attachments[0].key, next_try_at=later, words="attachment.no_room"
    )
    assert await next_key(stores) == first.attachments[1].key
    before = await stores.ledger.attachments.next_to_send(NOW - timedelta(hours=2))
    assert before
    assert before.attachment.key == first.attachments[0].key  # no wait is so long: the clock went back
    await stores.ledger.attachments.there(first.attachments[1].key)
    assert await beside(stores, first) == Attached(of=2, there=1)
    assert await next_key(stores) == second.attachments[0].key
    await stores.ledger.land(7)
    await stores.ledger.attachments.there(second.attachments[0].key)
    shown = {one.key for one in await stores.ledger.recent(1)}
    assert first.key in shown  # landed, and still on its way


async def test_what_is_taken_back_leaves_the_disk_with_it(stores: FileStores) -> None:
    change = an_intake(await taken(stores, 2))
    await stores.ledger.queue(change)
    await stores.ledger.withdraw(change.key, actor="s001", reason="誤り")
    assert not any(file_of(stores, one).exists() for one in change.attachments)
    assert (await stores.ledger.outbox_counts()).attachments == 0
    assert await losses(stores) == []


async def test_a_change_written_again_takes_its_attachments_with_it(stores: FileStores) -> None:
    change = an_intake(await taken(stores, 2))
    await stores.ledger.queue(change)
    await answer(stores.ledger, change.key, ChangeState.CONFLICT)
    assert await next_key(stores) == ""
    rewritten = an_intake((), supersedes=change)
    await stores.ledger.queue(rewritten)
    assert rewritten.payload["attachments"] == change.payload["attachments"]
    assert (await beside(stores, change), await beside(stores, rewritten)) == (Attached(), Attached(of=2))
    await answer(stores.ledger, rewritten.key, ChangeState.ACCEPTED)
    found = await stores.ledger.attachments.next_to_send(NOW)
    assert found
    assert found.attachment == change.attachments[0]  # sealed for the key before, and announced under it


async def test_what_lay_beside_a_returned_one_is_its_own_again_when_the_new_one_is_taken_back(
    stores: FileStores,
) -> None:
    change = await landed(stores, 2)
    new = an_intake(await taken(stores, 1), supersedes=change)
    await stores.ledger.queue(new)
    assert (await beside(stores, change), await beside(stores, new)) == (Attached(), Attached(of=3))
    await stores.ledger.withdraw(new.key, actor="s001", reason="誤り")
    assert (await beside(stores, change), await beside(stores, new)) == (Attached(of=2), Attached())
    assert all(file_of(stores, one).exists() for one in change.attachments), "the office still waits for them"
    assert not file_of(stores, new.attachments[0]).exists()
    assert await next_key(stores) == change.attachments[0].key


async def test_what_lay_beside_a_returned_one_comes_back_over_all_that_was_written_in_its_place(
    stores: FileStores,
) -> None:
    first = await landed(stores, 2)
    second = an_intake(await taken(stores, 1), supersedes=first)
    await stores.ledger.queue(second)
    await answer(stores.ledger, second.key, ChangeState.CONFLICT)
    third = an_intake((), supersedes=second)
    await stores.ledger.queue(third)
    assert await stores.ledger.rewritten((first.key,)) == {first.key}
    await stores.ledger.withdraw(third.key, actor="s001", reason="誤り")
    assert await stores.ledger.rewritten((first.key,)) == frozenset(), "nobody stands in its place any more"
    assert (await beside(stores, first), await beside(stores, third)) == (Attached(of=2), Attached())
    assert all(file_of(stores, one).exists() for one in first.attachments)
    assert not file_of(stores, second.attachments[0]).exists()
    fourth = an_intake((), supersedes=first)
    await stores.ledger.queue(fourth)
    assert await beside(stores, fourth) == Attached(of=2)


async def test_of_what_was_returned_and_then_forgotten_nothing_is_let_go_with_its_successor(
    stores: FileStores,
) -> None:
    change = an_intake(await taken(stores, 1))
    await stores.ledger.queue(change)
    await answer(stores.ledger, change.key, ChangeState.ACCEPTED)
    await stores.ledger.land(7)
    await stores.ledger.attachments.there(change.attachments[0].key)
    new = an_intake((), supersedes=change)
    await stores.ledger.queue(new)
    await stores.ledger.forget((change.key,))
    await stores.ledger.withdraw(new.key, actor="s001", reason="誤り")
    assert await beside(stores, change) == Attached(of=1)
    assert file_of(stores, change.attachments[0]).exists()


async def test_to_a_cloud_that_forgot_a_change_attachments_are_brought_again_too(stores: FileStores) -> None:
    early, late = an_intake(await taken(stores, 1)), an_intake(await taken(stores, 1))
    for change in (early, late):
        await stores.ledger.queue(change)
        await answer(stores.ledger, change.key, ChangeState.ACCEPTED)
        await stores.ledger.attachments.there(change.attachments[0].key)
    assert await next_key(stores) == ""
    await stores.ledger.forget((late.key,))
    assert await next_key(stores) == early.attachments[0].key, (
        "its change is known, it may be forgotten itself"
    )
    await stores.ledger.attachments.there(early.attachments[0].key)
    assert await next_key(stores) == "", "a change goes before what lies beside it"
    await answer(stores.ledger, late.key, ChangeState.ACCEPTED)
    assert await next_key(stores) == late.attachments[0].key


async def test_only_what_the_cloud_has_may_be_deleted(stores: FileStores) -> None:
    change = an_intake(await taken(stores, 2))
    await stores.ledger.queue(change)
    await answer(stores.ledger, change.key, ChangeState.ACCEPTED)
    book, (one, other) = stores.ledger.attachments, change.attachments
    await book.there(one.key)
    assert await book.delete_of((change.key, "unknown")) == 1
    assert [file_of(stores, each).exists() for each in (one, other)] == [False, True]
    assert await beside(stores, change) == Attached(of=2, there=1)
    assert await next_key(stores) == other.key
    stores = await again(stores)
    assert await losses(stores) == []
    assert await beside(stores, change) == Attached(of=2, there=1)
    await stores.close()


async def test_after_an_accepted_loss_a_file_without_a_line_is_set_aside_for_good(stores: FileStores) -> None:
    await stores.ledger.queue(an_intake(await taken(stores)))
    await stores.close()
    early = (stores._dir / "ledger.db").read_bytes()
    await stores.open(KEYS)
    change = an_intake(await taken(stores))
    await stores.ledger.queue(change)
    path = file_of(stores, change.attachments[0])
    content = path.read_bytes()
    await stores.close()
    (stores._dir / "ledger.db").write_bytes(early)
    behind = stores_in(stores._dir)
    with pytest.raises(StoreError) as caught:
        await behind.open(KEYS)
    assert (caught.value.code, path.exists()) == ("store.ledger_behind", True)
    await behind.accept_loss(KEYS, actor="s009")
    behind = await again(behind)
    assert path.with_name(path.name + ".aside").read_bytes() == content
    await behind.close()


async def test_a_folder_that_cannot_be_read_keeps_no_counter_shut_and_loses_nothing(
    stores: FileStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = an_intake(await taken(stores))
    await stores.ledger.queue(change)
    await stores.close()
    with monkeypatch.context() as patched:
        real = Path.stat

        def stat(path: Path, **more: bool) -> os.stat_result:
            if path.suffix == ".sealed":
                raise PermissionError(13, "not permitted")
            return real(path, **more)

        patched.setattr(Path, "stat", stat)
        await stores.open(KEYS)
        assert await beside(stores, change) == Attached(of=1)


async def test_the_same_intake_written_twice_has_its_attachments_once(stores: FileStores) -> None:
    change = an_intake(await taken(stores, 2))
    await asyncio.gather(stores.ledger.queue(change), stores.ledger.queue(change))
    assert await beside(stores, change) == Attached(of=2)
