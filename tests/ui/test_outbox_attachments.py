"""``madoguchi outbox``: scans of a PC that dies come to the cloud by another terminal, and are their author's."""

import asyncio
import os
from collections.abc import Iterator
from datetime import timedelta
from itertools import count as count_from
from pathlib import Path

import pytest

from client.api.attachments import AttachmentBox
from client.api.commands import CommandBox
from client.api.http import Http
from client.domain.attachment import Attached, Attachment, CloudAttachment, Limits
from client.domain.change import ChangeKind, NewChange
from client.domain.errors import LinkDownError, RefusedError
from client.domain.resident import AtenaNo
from client.jobs.attach_file import AttachFile
from client.jobs.send_attachments import Brought, SendAttachments
from client.jobs.send_outbox import SendOutbox
from client.rules.attachments import PART
from client.rules.exported import attachment_records, read_attachments
from cloud import storage
from cloud.attachments import Attachments
from cloud.attachments import Limits as CloudLimits
from cloud.faults import Fault, FaultKind
from offline.store import escrow
from offline.store.bundle_file import BundleFile
from offline.store.bundle_maker import BundleMaker
from tests.api.small_cloud import small_cloud
from tests.attached_builders import a_file, a_move, a_photo, least_peak, no_attachments
from tests.builders import TARO, TODAY
from tests.bundle_builders import CarriedTown, an_escrow
from tests.fakes import MemoryLink
from tests.ui.test_outbox_verb import asked, count, exported, imported, line_of
from ui.cli.bundle_stores import Terminal, card_for
from ui.cli.outbox import write_out

pytestmark = pytest.mark.asyncio
MOVE = (a_photo(3 * PART + 17, seed=1), a_photo(900, seed=2))
SEAL = (a_photo(2 * PART, seed=3),)
Scans = list[tuple[Attachment, bytes]]
_turns = count_from(1)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[CarriedTown]:
    with small_cloud(tmp_path / "cloud") as cloud:
        made = CarriedTown(cloud, tmp_path, an_escrow())
        for _ in range(3):
            asyncio.run(made.enrol())
        (tmp_path / "escrow.json").write_bytes(made.card)
        yield made


class Breaking(AttachmentBox):
    """A line that bears so many parts, and then none."""

    bears = 10_000

    async def put(self, attachment: Attachment, place: int, content: bytes) -> CloudAttachment:
        self.bears -= 1
        if self.bears < 0:
            raise LinkDownError("link.broken")
        return await super().put(attachment, place, content)


async def attached(terminal: Terminal, *photos: bytes) -> Scans:
    """Attach scans to one intake that is being written."""
    attach = AttachFile(
        terminal.stores.ledger.attachment_files, limits=Limits(), now=terminal.now, random=os.urandom
    )
    key = attach.new_key()
    source = [a_file(terminal.folder / "stick", photo, f"{n}.jpg") for n, photo in enumerate(photos)]
    return [
        (await attach(path, key, no_attachments), photo) for path, photo in zip(source, photos, strict=True)
    ]


async def moves(town: CarriedTown, terminal: Terminal, *photos: bytes, history_no: int = 3) -> Scans:
    scans = await attached(terminal, *photos)
    change = a_move(tuple(one for one, _ in scans), town.cloud)
    object.__setattr__(change, "base", {**change.base, AtenaNo(TARO): history_no})
    await terminal.stores.ledger.queue(change)
    return scans


async def gives_up_the_seal(town: CarriedTown, terminal: Terminal, *photos: bytes) -> Scans:
    scans = await attached(terminal, *photos)
    change = NewChange(
        key=scans[0][0].command_key,
        kind=ChangeKind.SEAL_ABOLISH,
        residents=(TARO,),
        base={AtenaNo(TARO): 3},
        payload={"subject": TARO, "todoke_date": TODAY.isoformat()},
        made_at=town.cloud.clock(),
        made_by="s001",
        todoke_date=TODAY,
        attachments=tuple(one for one, _ in scans),
    )
    await terminal.stores.ledger.queue(change)
    return scans


async def sends(town: CarriedTown, terminal: Terminal, http: Http, *, parts: int = 10_000) -> Brought:
    """Let a terminal send what it has, as far as the line bears; whatever was put off before is due by then."""
    ledger, later = terminal.stores.ledger, timedelta(minutes=2 * next(_turns))
    box = CommandBox(http, terminal.facts.terminal_no)
    await SendOutbox(box, ledger, MemoryLink(), now=town.now, jitter=lambda: 0.0).drain()
    door = Breaking(http)
    door.bears = parts
    return await SendAttachments(
        door,
        ledger.attachments,
        ledger.attachment_files,
        ledger,
        MemoryLink(),
        may_cross=lambda: True,
        now=lambda: town.now() + later,
        jitter=lambda: 0.0,
    ).drain()


async def dies_at_work(town: CarriedTown) -> Scans:
    """Let a PC send one intake and a part of its scan, take in another, be exported and be off."""
    http = line_of(town, 0)
    async with town.terminal(town.folder / "dying", 0) as dying:
        scans = await moves(town, dying, *MOVE)
        assert (await sends(town, dying, http, parts=1)).parts == 1
        scans += await gives_up_the_seal(town, dying, *SEAL)
        told = await write_out(dying, asked(town))
        assert (told["attachments"], told["attachments_lost"], told["unsent"]) == (3, 0, 1)
    await http.close()
    return scans


def at_the_cloud(town: CarriedTown) -> list[tuple[str, str, object]]:
    return [
        (str(one["key"]), str(one["terminal"]), one["state"])
        for one in town.cloud.tenant.attachments.listed()
    ]


def all_of(town: CarriedTown, scans: Scans) -> list[tuple[str, str, object]]:
    return [(one.key, town.facts[0].terminal_no, "attached") for one, _ in scans]


def opened(town: CarriedTown, scans: Scans) -> list[bytes]:
    return [town.cloud.tenant.attachments.opened(one.key, "o001") for one, _ in scans]


async def test_the_office_opens_what_a_dead_pc_had_and_once_though_it_comes_back(town: CarriedTown) -> None:
    scans = await dies_at_work(town)
    told = await imported(town)
    assert (told["ok"], told["attachments"], told["attachments_whole"]) == (True, 3, 3)
    assert told["attachments_left"] == []
    assert sorted(at_the_cloud(town)) == sorted(all_of(town, scans))
    assert opened(town, scans) == [photo for _, photo in scans]
    before = (count(town, storage.attachment), count(town, storage.attachment_part))
    assert before == (3, 4 + 1 + 2 + 1)  # a seal makes the last of even parts longer by some bytes
    assert await imported(town) == told
    http = line_of(town, 0)
    async with town.terminal(town.folder / "dying", 0) as back:
        brought = await sends(town, back, http)
        assert (brought.parts, brought.whole, brought.trouble) == (0, 3, None)
        assert [change.attached for change in await back.stores.ledger.outbox()] == [
            Attached(of=2, there=2),
            Attached(of=1, there=1),
        ]
    await http.close()
    assert (count(town, storage.attachment), count(town, storage.attachment_part)) == before
    assert opened(town, scans) == [photo for _, photo in scans]


async def test_both_sending_at_once_bring_each_once(town: CarriedTown) -> None:
    scans = await dies_at_work(town)
    http = line_of(town, 0)
    async with town.terminal(town.folder / "dying", 0) as dying:
        await asyncio.gather(imported(town), sends(town, dying, http))
        assert (await imported(town))["attachments_whole"] == 3
        await sends(town, dying, http)
        assert all(change.attached.all_there for change in await dying.stores.ledger.outbox())
    await http.close()
    assert sorted(at_the_cloud(town)) == sorted(all_of(town, scans))
    assert opened(town, scans) == [photo for _, photo in scans]
    assert count(town, storage.attachment) == 3


async def test_a_line_that_breaks_and_answers_that_are_lost_cost_parts_and_no_scan(town: CarriedTown) -> None:
    scans = await dies_at_work(town)
    town.cloud.faults.plan(Fault(FaultKind.LOST_ANSWER, times=3, path="/v1/attachments"))
    assert (await imported(town))["attachments_whole"] == 3
    assert opened(town, scans) == [photo for _, photo in scans]


async def test_where_no_part_comes_through_all_is_left_to_be_brought_again(
    town: CarriedTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans = await dies_at_work(town)
    monkeypatch.setattr("client.jobs.carry_attachments._ROUNDS", 2)
    town.cloud.faults.plan(Fault(FaultKind.BUSY, times=0, path="/v1/attachments"))
    told = await imported(town)
    assert (told["ok"], told["unsent"], told["attachments_whole"]) == (False, 0, 0)
    assert [line.split()[1:] for line in listed(told)] == [[one.key, "link.busy"] for one, _ in scans]
    town.cloud.faults.clear()
    assert (await imported(town))["ok"]
    assert opened(town, scans) == [photo for _, photo in scans]


async def test_what_the_cloud_has_no_room_for_is_told_and_holds_up_no_other(town: CarriedTown) -> None:
    scans = await dies_at_work(town)
    town.cloud.tenant.attachments.limits = CloudLimits(whole=1000)
    told = await imported(town)
    assert (told["ok"], told["attachments_whole"]) == (False, 1)
    assert {line.split()[2] for line in listed(told)} == {"attachment.too_large"}
    assert opened(town, scans[1:2]) == [MOVE[1]]


async def test_a_cloud_that_cannot_have_them_carried_is_left_as_it_was(
    town: CarriedTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans = await dies_at_work(town)
    before = at_the_cloud(town)
    announce = Attachments.announce
    with monkeypatch.context() as older:
        older.setattr(Attachments, "announce", lambda self, terminal, told, _: announce(self, terminal, told))
        told = await imported(town)
    assert (told["ok"], told["attachments_whole"]) == (False, 0)
    assert {line.split()[2] for line in listed(told)} == {"attachment.not_carried", "attachment.not_yours"}
    assert at_the_cloud(town) == before
    assert (await imported(town))["ok"]
    assert opened(town, scans) == [photo for _, photo in scans]


async def test_beside_a_conflict_it_waits_for_its_own_terminal_and_is_named(town: CarriedTown) -> None:
    async with town.terminal(town.folder / "dying", 0) as dying:
        ((scan, _),) = await moves(town, dying, MOVE[1], history_no=9)
        await write_out(dying, asked(town))
    told = await imported(town)
    assert (told["ok"], told["attachments_left"]) == (True, [f"{scan.command_key} {scan.key} conflict"])
    assert at_the_cloud(town) == []


async def test_beside_a_revoked_terminals_intake_it_waits_until_the_office_has_released_that(
    town: CarriedTown,
) -> None:
    async with town.terminal(town.folder / "dying", 0) as dying:
        scans = await moves(town, dying, *MOVE)
        await write_out(dying, asked(town))
    town.cloud.tenant.terminals.revoke(town.facts[0].terminal_no)
    told = await imported(town)
    assert (told["ok"], told["attachments_whole"]) == (False, 0)
    assert {line.split()[2] for line in listed(told)} == {"attachment.not_yours"}
    (item,) = town.cloud.tenant.quarantine.items()
    town.cloud.tenant.quarantine.release(str(item["item_id"]), "o001")
    assert (await imported(town))["attachments_whole"] == 2
    assert opened(town, scans) == list(MOVE)


async def test_a_carrier_the_town_took_out_brings_commands_and_no_scan(town: CarriedTown) -> None:
    scans = await dies_at_work(town)
    town.cloud.tenant.terminals.revoke(town.facts[1].terminal_no)
    told = await imported(town)
    assert (told["ok"], told["unsent"], told["attachments_whole"]) == (False, 0, 0)
    assert {line.split()[2] for line in listed(told)} == {"refused.terminal_revoked"}
    assert at_the_cloud(town) == [(scans[0][0].key, town.facts[0].terminal_no, "open")]


async def test_what_landed_long_ago_and_whose_scan_did_not_is_exported_too(town: CarriedTown) -> None:
    http = line_of(town, 0)
    async with town.terminal(town.folder / "dying", 0) as dying:
        scans = await moves(town, dying, *MOVE)
        await sends(town, dying, http, parts=0)
        version = town.cloud.register_version()
        assert await dying.stores.ledger.land(version)
        told = await write_out(dying, asked(town))
        assert (told["changes"], told["attachments"]) == (0, 2)
    await http.close()
    assert (await imported(town))["attachments_whole"] == 2
    assert opened(town, scans) == list(MOVE)


async def test_what_is_gone_or_rotten_on_the_dying_disk_is_counted_and_keeps_nothing_back(
    town: CarriedTown,
) -> None:
    async with town.terminal(town.folder / "dying", 0) as dying:
        scans = await moves(town, dying, *MOVE) + await gives_up_the_seal(town, dying, *SEAL)
        files = [town.folder / "dying" / "attachments" / f"{one.key}.sealed" for one, _ in scans]
        files[0].unlink()
        rotten = bytearray(files[1].read_bytes())
        rotten[60] ^= 1
        files[1].write_bytes(rotten)
        told = await write_out(dying, asked(town))
        assert (told["ok"], told["attachments"], told["attachments_lost"]) == (True, 1, 2)
    async with town.terminal(town.folder / "dying", 0) as dying:  # by now one has its line
        assert (await write_out(dying, asked(town, "later")))["attachments_lost"] == 2
    assert (await imported(town))["attachments_whole"] == 1
    assert opened(town, scans[2:]) == list(SEAL)


async def test_an_export_from_before_brings_its_commands(town: CarriedTown) -> None:
    keys = await exported(town)
    bundle = BundleFile(town.file("outbox"))
    assert [part.name for part in bundle.bundle.parts] == ["changes"]
    assert b'"format": 1' in bundle.manifest  # as it always was, where nothing lies beside it
    told = await imported(town)
    assert (told["accepted"], told["attachments"]) == (len(keys) - 1, 0)


async def test_a_byte_that_was_changed_is_refused_and_nothing_of_it_is_sent(town: CarriedTown) -> None:
    await dies_at_work(town)
    bundle = BundleFile(town.file("outbox"))
    assert b'"format": 2' in bundle.manifest
    commands, parts = count(town, storage.command), count(town, storage.attachment_part)
    content = bytearray(town.file("outbox").read_bytes())
    (changes, beside) = bundle.bundle.parts
    for place in (0, PART + 40, beside.size - 1):
        touched = bytearray(content)
        touched[len(b"MADOGUCHI-BUNDLE-1\n") + changes.size + place] ^= 1
        town.file("touched").write_bytes(touched)
        with pytest.raises(RefusedError, match=r"bundle\.changed"):
            await imported(town, "touched")
    assert (count(town, storage.command), count(town, storage.attachment_part)) == (commands, parts)


async def test_records_that_make_no_attachment_are_refused(town: CarriedTown) -> None:
    await dies_at_work(town)
    key = escrow.content_key_of(BundleFile(town.file("outbox")).bundle, town.escrow.shares(1, 2))
    records = list(BundleFile(town.file("outbox")).records("attachments", key))
    assert max(map(len, records)) <= PART
    read = list(read_attachments(iter(records)))
    assert [record for one, sealed in read for record in attachment_records(one, sealed)] == records
    swapped = [records[0], records[2], records[1], *records[3:]]
    turned = [records[0], bytes([records[1][0] ^ 1]) + records[1][1:], *records[2:]]
    for broken in (records[1:], records[:3], swapped, turned, [b"\x80"], [records[0][:-1]], [*records, b""]):
        with pytest.raises(RefusedError, match=r"bundle\.changed"):
            list(read_attachments(iter(broken)))


async def test_a_bundle_whose_scan_was_sealed_into_it_wrong_sends_nothing(town: CarriedTown) -> None:
    """As one made by somebody who has a terminal's key, and not its program."""
    async with town.terminal(town.folder / "dying", 0) as dying:
        await moves(town, dying, *MOVE)
        beside, _ = await dying.stores.ledger.attachments.to_carry()
        maker = BundleMaker(
            dying.facts, "training", card_for(dying, asked(town).escrow), dying.sign, town.now
        )
        await maker.outbox(
            town.file("outbox"), await dying.stores.ledger.outbox(), beside, lambda one: b"?" * one.size
        )
    with pytest.raises(RefusedError, match=r"bundle\.changed"):
        await imported(town)
    assert (count(town, storage.command), at_the_cloud(town)) == (0, [])


async def test_no_more_than_a_scan_or_two_are_in_memory_however_many_there_are(town: CarriedTown) -> None:
    async with town.terminal(town.folder / "dying", 0) as dying:
        await moves(town, dying, a_photo(1_000_000))
        (one,), _ = await dying.stores.ledger.attachments.to_carry()
        maker = BundleMaker(
            dying.facts, "training", card_for(dying, asked(town).escrow), dying.sign, town.now
        )
        content = dying.stores.ledger.attachment_files.content

        async def write(name: str) -> None:
            _, written = await maker.outbox(town.file(name), (), [one] * 20, content)
            assert written == 20

        assert await least_peak(write) < 5_000_000
    file = BundleFile(town.file("1"))
    key = escrow.content_key_of(file.bundle, town.escrow.shares(1, 2))

    async def read(_: str) -> None:
        assert sum(1 for _ in read_attachments(file.records("attachments", key))) == 20

    assert await least_peak(read) < 5_000_000


def listed(told: dict[str, object]) -> list[str]:
    found = told["attachments_left"]
    assert isinstance(found, list)
    return found


async def test_what_travels_shows_nobody_a_scan(town: CarriedTown) -> None:
    scans = await dies_at_work(town)
    content = town.file("outbox").read_bytes()
    for one, photo in scans:
        assert photo[100:164] not in content
        assert one.key.encode() not in content
