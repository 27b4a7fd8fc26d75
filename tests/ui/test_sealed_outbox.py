"""``madoguchi outbox export --sealed``: what a PC nobody can sign in to had reaches the cloud by another terminal."""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.domain.errors import LinkDownError, RefusedError, StoreError
from cloud import storage
from cloud.faults import Fault, FaultKind
from offline.store.unsent import FILE, is_whole, read_unsent
from offline.store.unsent_export import SealedExport, not_exported, write_export
from tests.api.small_cloud import small_cloud
from tests.bundle_builders import CarriedTown, an_escrow
from tests.ui.test_bundle_verb import a_vault, nowhere
from tests.ui.test_outbox_attachments import (
    MOVE,
    SEAL,
    Scans,
    all_of,
    at_the_cloud,
    gives_up_the_seal,
    moves,
    sends,
)
from tests.ui.test_outbox_attachments import opened as opened_by_the_office
from tests.ui.test_outbox_verb import asked, book, count, line_of, works
from ui.cli import exit_codes
from ui.cli.outbox import write_with_book
from ui.cli.sealed_outbox import bring_sealed
from ui.cli.verbs import main

__all__ = ["nowhere"]  # a fixture


@pytest.fixture
def town(tmp_path: Path) -> Iterator[CarriedTown]:
    with small_cloud(tmp_path / "cloud") as cloud:
        made = CarriedTown(cloud, tmp_path, an_escrow())
        for _ in range(2):
            asyncio.run(made.enrol())
        (tmp_path / "escrow.json").write_bytes(made.card)
        yield made


def dead(town: CarriedTown) -> Path:
    return town.folder / "dying"


def export(town: CarriedTown, name: str = "sealed") -> Path:
    path = town.folder / name
    write_export(path, dead(town), town.facts[0], "training", town.now)
    return path


async def brought(town: CarriedTown, path: Path) -> dict[str, object]:
    http = line_of(town, 1)
    try:
        async with town.terminal(town.folder / "helping", 1) as helping:
            told = await bring_sealed(helping, SealedExport(path), http)
            (line,) = await helping.stores.ledger.journal_tail(1)
            assert (line.entry.kind, line.entry.facts["carried_for"]) == ("sync", town.facts[0].terminal_no)
            return told
    finally:
        await http.close()


async def locked_at_work(town: CarriedTown) -> tuple[list[str], Scans]:
    """Let a PC take in intakes with scans, send a part, and never be opened again: its ledger is gone, and every key."""
    http = line_of(town, 0)
    async with town.terminal(dead(town), 0) as dying:
        scans = await moves(town, dying, *MOVE)
        await sends(town, dying, http, parts=1)
        scans += await gives_up_the_seal(town, dying, *SEAL)
        await dying.stores.ledger.journal.cut()
        keys = [change.key for change in await dying.stores.ledger.outbox()]
    await http.close()
    (dead(town) / "ledger.db").unlink()
    return keys, scans


@pytest.mark.asyncio
async def test_all_a_locked_pc_had_arrives_with_nobodys_secrets_under_its_own_name_and_once(
    town: CarriedTown,
) -> None:
    keys, scans = await locked_at_work(town)
    path = export(town)
    told = await brought(town, path)
    assert (told["ok"], told["terminal"], told["left"]) == (True, town.facts[0].terminal_no, 0)
    assert book(town) == dict.fromkeys(keys, town.facts[0].terminal_no)
    assert sorted(at_the_cloud(town)) == sorted(all_of(town, scans))
    assert opened_by_the_office(town, scans) == [photo for _, photo in scans]
    before = count(town, storage.intake_case), count(town, storage.attachment), town.cloud.register_version()
    assert (await brought(town, path))["ok"]
    assert (
        count(town, storage.intake_case),
        count(town, storage.attachment),
        town.cloud.register_version(),
    ) == before


@pytest.mark.asyncio
async def test_a_line_that_breaks_costs_nothing_it_is_brought_again(town: CarriedTown) -> None:
    keys, scans = await locked_at_work(town)
    path = export(town)
    town.cloud.faults.plan(Fault(FaultKind.LOST_ANSWER, times=1, path="/v1/carried"))
    with pytest.raises(LinkDownError):
        await brought(town, path)
    assert (await brought(town, path))["ok"]
    assert set(book(town)) == set(keys)
    assert opened_by_the_office(town, scans) == [photo for _, photo in scans]


@pytest.mark.asyncio
async def test_nobody_reads_in_the_file_whom_or_what_it_is_about(town: CarriedTown) -> None:
    async with town.terminal(dead(town), 0) as dying:
        await works(dying)
    content = export(town).read_bytes()
    for word in ("太郎", "花子", "0000000001", "fact.issue", "move", "s001"):
        assert word.encode() not in content


@pytest.mark.asyncio
async def test_it_is_taken_by_its_own_town_and_environment_alone(town: CarriedTown) -> None:
    async with town.terminal(dead(town), 0) as dying:
        await works(dying)
    path = town.folder / "sealed"
    write_export(path, dead(town), town.facts[0], "production", town.now)
    with pytest.raises(RefusedError, match=r"bundle\.other_environment"):
        await brought(town, path)
    assert book(town) == {}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("whole")

    async def made() -> bytes:
        town = CarriedTown(cloud, folder, an_escrow())
        await town.enrol()
        async with town.terminal(dead(town), 0) as dying:
            await gives_up_the_seal(town, dying, SEAL[0][:3000])
        return export(town).read_bytes()

    with small_cloud(folder / "cloud") as cloud:
        return asyncio.run(made())


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_file_cut_off_or_with_a_bit_turned_is_never_taken_for_whole(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "touched"
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        path.write_bytes(whole[:place])
    else:
        turned = bytearray(whole)
        turned[place] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(turned)
    with pytest.raises(RefusedError, match=r"bundle\.torn"):
        SealedExport(path)
    path.write_bytes(whole)
    SealedExport(path)


@pytest.mark.asyncio
async def test_what_neither_cloud_nor_export_has_is_counted_until_one_of_them_has_it(
    town: CarriedTown,
) -> None:
    assert not_exported(dead(town)) == 0
    async with town.terminal(dead(town), 0) as dying:
        await works(dying)
    there = not_exported(dead(town))
    assert there > 0
    export(town)
    assert not_exported(dead(town)) == 0
    async with town.terminal(dead(town), 0) as again:
        await works(again)
    assert not_exported(dead(town)) == there, "what came after the export is in none"
    async with town.terminal(dead(town), 0) as again:
        await write_with_book(again, asked(town))
    assert not_exported(dead(town)) == 0, "an officer's export counts as well"


def test_a_full_stick_leaves_no_file_and_no_note(town: CarriedTown, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with town.terminal(dead(town), 0) as dying:
            await works(dying)

    asyncio.run(work())
    there = not_exported(dead(town))

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as stick:
        stick.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=r"store\.full"):
            export(town)
    assert not (town.folder / "sealed").exists()
    assert not list(town.folder.glob("sealed*"))
    assert not_exported(dead(town)) == there


def test_the_verbs_need_nobody_and_say_what_would_be_lost(
    town: CarriedTown,
    nowhere: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = nowhere / "data" / "production"
    folder.mkdir(parents=True)
    assert main(["outbox", "left"]) == exit_codes.OK
    assert main(["outbox", "export", "--sealed", str(nowhere / "out")]) == exit_codes.NOT_ENROLLED

    async def work() -> None:
        await a_vault(town, folder)
        async with town.terminal(folder, 1) as terminal:
            await works(terminal)

    asyncio.run(work())
    (folder / "wraps.json").unlink()  # nobody can sign in here any more
    capsys.readouterr()
    assert main(["outbox", "left", "--json"]) == exit_codes.UNSENT
    assert json.loads(capsys.readouterr().out)[str(folder)] > 0
    assert main(["outbox", "export", "--sealed", str(nowhere / "out"), "--json"]) == exit_codes.OK
    told = json.loads(capsys.readouterr().out)
    assert (told["terminal"], told["attachments_lost"]) == (town.facts[1].terminal_no, 0)
    assert SealedExport(nowhere / "out").head.environment == "production"
    assert main(["outbox", "left"]) == exit_codes.OK
    (nowhere / "data" / "hall" / "carried").mkdir(parents=True)
    (nowhere / "data" / "hall" / "carried" / "000000000001-aa.sealed").write_bytes(b"somebody else's")
    assert main(["outbox", "left"]) == exit_codes.UNSENT


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_bit_turned_where_something_stands_is_never_taken_for_nothing_left(
    written: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp() / "turned"
    folder.mkdir(exist_ok=True)
    (folder / FILE).write_bytes(written)
    before = read_unsent(folder)
    assert before
    assert is_whole(folder)
    turned = bytearray(written)
    place = data.draw(st.integers(0, len(written.rstrip(b"\0")) - 1))
    turned[place] ^= 1 << data.draw(st.integers(0, 7))
    (folder / FILE).write_bytes(turned)
    assert read_unsent(folder) != before
    assert not is_whole(folder)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("written")

    async def made() -> bytes:
        town = CarriedTown(cloud, folder, an_escrow())
        await town.enrol()
        async with town.terminal(dead(town), 0) as dying:
            await works(dying)
        return (dead(town) / FILE).read_bytes()

    with small_cloud(folder / "cloud") as cloud:
        return asyncio.run(made())


def test_a_folder_where_nobody_can_know_what_is_left_is_never_called_empty(
    nowhere: Path, written: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = nowhere / "data" / "production"
    folder.mkdir(parents=True)

    def left() -> tuple[int, dict[str, object]]:
        capsys.readouterr()
        code = main(["outbox", "left", "--json"])
        return code, json.loads(capsys.readouterr().out)

    (folder / FILE).write_bytes(written)
    code, told = left()
    whole = int(str(told.pop(str(folder))))
    assert (code, told) == (exit_codes.UNSENT, {"ok": False})
    (folder / FILE).write_bytes(b"?" + written[1:])
    unknown = {"ok": False, str(folder): whole - 1, "unknown": [f"{folder} ({FILE} is damaged)"]}
    assert left() == (exit_codes.UNSENT, unknown)
    (folder / FILE).unlink()
    (folder / "ledger.db").write_bytes(b"a book")
    assert left() == (exit_codes.UNSENT, {"ok": False, "unknown": [f"{folder} (a book without {FILE})"]})
    (folder / FILE).write_bytes(bytes(4096))
    assert left() == (exit_codes.OK, {"ok": True})
    (nowhere / "data" / "trial").symlink_to(nowhere / "not mounted")
    gone = nowhere / "data" / "trial"
    assert left() == (exit_codes.UNSENT, {"ok": False, "unknown": [f"{gone} (leads nowhere)"]})
