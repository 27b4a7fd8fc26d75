"""``madoguchi outbox``: a PC dies, its outbox is brought to the real cloud by another terminal, and then it comes back."""

import argparse
import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from client.api.commands import CommandBox
from client.api.http import Http
from client.domain.certificate import SheetState
from client.domain.change import ChangeKind, ChangeState
from client.domain.errors import RefusedError
from client.domain.resident import AtenaNo
from client.jobs.open_bundle import must_lead_on
from client.jobs.send_outbox import SendOutbox
from client.rules.exported import read_record, record_of
from cloud import storage
from cloud.faults import Fault, FaultKind
from offline.store import escrow
from offline.store.bundle_file import BundleFile
from offline.store.identity import TerminalIdentity
from tests.api.small_cloud import small_cloud
from tests.api.test_cloud_doors import _tenkyo
from tests.bundle_builders import CarriedTown, an_escrow
from tests.fakes import MemoryLink
from tests.store_builders import an_issue
from ui.carrying import Shares
from ui.cli import exit_codes
from ui.cli.bundle_stores import Terminal, take_in
from ui.cli.outbox import bring, write_out, write_with_book
from ui.cli.verbs import main

pytestmark = pytest.mark.asyncio


@pytest.fixture
def town(tmp_path: Path) -> Iterator[CarriedTown]:
    with small_cloud(tmp_path / "cloud") as cloud:
        made = CarriedTown(cloud, tmp_path, an_escrow())
        for _ in range(2):
            asyncio.run(made.enrol())
        (tmp_path / "escrow.json").write_bytes(made.card)
        yield made


def asked(town: CarriedTown, name: str = "outbox") -> argparse.Namespace:
    return argparse.Namespace(file=town.file(name), escrow=town.folder / "escrow.json")


def line_of(town: CarriedTown, who: int) -> Http:
    http = Http("https://cloud.example", None, now=town.now, transport=town.cloud.transport)
    http.identity = TerminalIdentity(town.facts[who].terminal_no, town.keys[who])
    return http


async def works(terminal: Terminal) -> list[str]:
    """Let a counter issue a paper and take in a move; then one more, on a version that is none."""
    ledger = terminal.stores.ledger
    copy = await ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
    await ledger.note_sheet(copy.serial, SheetState.PRINTED, actor="s001")
    await ledger.note_sheet(copy.serial, SheetState.HANDED_OVER, actor="s001")
    for change in (_tenkyo(), _tenkyo(history_no=9)):
        await ledger.queue(change)
    return [change.key for change in await ledger.outbox()]


def book(town: CarriedTown) -> dict[str, str]:
    with town.cloud.tenant.engine.connect() as connection:
        found = connection.execute(sa.select(storage.command.c.key, storage.command.c.terminal)).all()
    return {line.key: line.terminal for line in found}


def count(town: CarriedTown, table: sa.Table) -> int:
    with town.cloud.tenant.engine.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


async def exported(town: CarriedTown) -> list[str]:
    async with town.terminal(town.folder / "dying", 0) as dying:
        keys = await works(dying)
        told = await write_out(dying, asked(town))
        assert (told["changes"], told["unsent"]) == (len(keys), len(keys))
        assert [change.key for change in await dying.stores.ledger.outbox()] == keys  # nothing is taken away
        (line,) = await dying.stores.ledger.journal_tail(1)
        assert (line.entry.kind, line.entry.facts["bundle_kind"]) == ("sync", "outbox")
    return keys


async def imported(
    town: CarriedTown, name: str = "outbox", shares: Shares | None = None
) -> dict[str, object]:
    http = line_of(town, 1)
    try:
        async with town.terminal(town.folder / "helping", 1) as helping:
            return await bring(helping, BundleFile(town.file(name)), shares or town.two(), http)
    finally:
        await http.close()


async def test_a_dead_pcs_outbox_arrives_by_another_terminal_and_once_though_it_comes_back(
    town: CarriedTown,
) -> None:
    keys = await exported(town)
    told = await imported(town)
    assert (told["ok"], told["accepted"], told["unsent"]) == (True, len(keys) - 1, 0)
    settle = str(told["to_settle"])
    assert keys[-1] in settle
    assert settle.count("conflict") >= 1
    dead = town.facts[0].terminal_no
    assert book(town) == dict.fromkeys(keys, dead)  # under the name of who wrote it
    before = (
        count(town, storage.issue_book),
        count(town, storage.intake_case),
        town.cloud.register_version(),
    )
    assert before[:2] == (1, 1)
    assert await imported(town) == told  # brought again: the first answers
    http = line_of(town, 0)
    async with town.terminal(town.folder / "dying", 0) as back:
        ledger = back.stores.ledger
        box = CommandBox(http, dead)
        await SendOutbox(box, ledger, MemoryLink(), now=town.now, jitter=lambda: 0.0).drain()
        states = [change.state for change in await ledger.outbox()]
        assert states == [ChangeState.ACCEPTED] * (len(keys) - 1) + [ChangeState.CONFLICT]
    await http.close()
    assert (
        count(town, storage.issue_book),
        count(town, storage.intake_case),
        town.cloud.register_version(),
    ) == before


async def test_both_sending_at_once_double_nothing(town: CarriedTown) -> None:
    keys = await exported(town)
    http = line_of(town, 0)
    async with town.terminal(town.folder / "dying", 0) as dying:
        box = CommandBox(http, town.facts[0].terminal_no)
        sender = SendOutbox(box, dying.stores.ledger, MemoryLink(), now=town.now, jitter=lambda: 0.0)
        told, _ = await asyncio.gather(imported(town), sender.drain())
        await sender.drain()
        assert told["unsent"] == 0
        assert ChangeState.UNKNOWN not in {change.state for change in await dying.stores.ledger.outbox()}
    await http.close()
    assert set(book(town)) == set(keys)
    assert (count(town, storage.issue_book), count(town, storage.intake_case)) == (1, 1)


async def test_each_answer_stands_in_the_carriers_book(town: CarriedTown) -> None:
    keys = await exported(town)
    await imported(town)
    async with town.terminal(town.folder / "helping", 1) as helping:
        lines = [line.entry for line in await helping.stores.ledger.journal_tail(len(keys) + 1)]
        assert await helping.stores.ledger.outbox() == ()  # nothing of it is this terminal's own
    receipts = {line.facts["key"]: line.facts for line in lines if line.kind == "answer"}
    assert set(receipts) == set(keys)
    assert all(facts["carried_for"] == town.facts[0].terminal_no for facts in receipts.values())
    assert [facts["state"] for facts in receipts.values()].count("accepted") == len(keys) - 1


async def test_where_the_line_is_down_nothing_is_lost_and_it_is_brought_again(
    town: CarriedTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = await exported(town)
    monkeypatch.setattr("client.jobs.carry_outbox._ROUNDS", 2)
    town.cloud.faults.plan(Fault(FaultKind.LOST_ANSWER, times=1, path="/v1/commands"))
    told = await imported(town)
    assert (told["ok"], told["accepted"]) == (True, len(keys) - 1)
    town.cloud.faults.plan(Fault(FaultKind.BUSY, times=0))
    told = await imported(town)
    assert (told["ok"], told["unsent"], told["trouble"]) == (False, len(keys), "link.busy")
    town.cloud.faults.clear()
    assert (await imported(town))["unsent"] == 0


async def test_a_revoked_terminals_outbox_goes_into_quarantine_whoever_brings_it(town: CarriedTown) -> None:
    keys = await exported(town)
    town.cloud.tenant.terminals.revoke(town.facts[0].terminal_no)
    told = await imported(town)
    assert told["accepted"] == len(keys)
    assert count(town, storage.quarantine) == len(keys)
    assert (count(town, storage.issue_book), count(town, storage.intake_case)) == (0, 0)


async def test_without_two_shares_of_the_town_or_with_one_bit_changed_nothing_is_opened(
    town: CarriedTown,
) -> None:
    await exported(town)
    content = bytearray(town.file("outbox").read_bytes())
    for word in (b"fact.issued", b"todoke", b"s001", b"1000000"):
        assert word not in bytes(content)  # what travels shows nobody
    stranger = an_escrow()
    with pytest.raises(RefusedError, match=r"bundle\.other_share"):
        await imported(town, shares=lambda _: stranger.shares(1, 2))
    content[200] ^= 1
    town.file("touched").write_bytes(content)
    with pytest.raises(RefusedError, match=r"bundle\.changed"):
        await imported(town, "touched")
    async with town.terminal(town.folder / "helping", 1) as helping:
        (line,) = await helping.stores.ledger.journal_tail(1)
        assert (line.entry.kind, line.entry.facts["code"]) == ("refusal", "bundle.changed")
    assert book(town) == {}


async def test_an_outbox_is_no_data_and_data_is_no_outbox(town: CarriedTown) -> None:
    await exported(town)
    bundle = BundleFile(town.file("outbox")).bundle
    async with town.terminal(town.folder / "helping", 1) as helping:
        with pytest.raises(RefusedError, match=r"bundle\.other_kind"):
            await take_in(helping, BundleFile(town.file("outbox")), town.two())
        with pytest.raises(RefusedError, match=r"bundle\.other_kind"):
            must_lead_on(bundle, await helping.stores.replica.position())
        town.bundler.whole(town.file("data"))
        with pytest.raises(RefusedError, match=r"bundle\.other_kind"):
            await bring(helping, BundleFile(town.file("data")), town.two(), line_of(town, 1))


async def test_what_is_written_down_is_read_again_as_it_was_but_for_the_payload(town: CarriedTown) -> None:
    await exported(town)
    async with town.terminal(town.folder / "dying", 0) as dying:
        changes = await dying.stores.ledger.outbox()
    key = escrow.content_key_of(BundleFile(town.file("outbox")).bundle, town.escrow.shares(1, 2))
    records = list(BundleFile(town.file("outbox")).records("changes", key))
    assert [read_record(one) for one in records] == [replace(one, payload={}) for one in changes]
    assert [record_of(read_record(one)) for one in records] == records
    assert AtenaNo("2番3号").encode() not in b"".join(records)
    for broken in (b"", b"\x80", records[0][:-1], b"\xc1"):
        with pytest.raises(RefusedError, match=r"bundle\.changed"):
            read_record(broken)


async def test_a_pc_that_is_no_terminal_has_nothing_to_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MADOGUCHI_CONFIG", str(tmp_path / "none.toml"))
    (tmp_path / "none.toml").write_text("", "utf-8")
    monkeypatch.setenv("MADOGUCHI_DATA_DIR", str(tmp_path / "data"))
    for act in ("export", "import"):
        code = await asyncio.to_thread(main, ["outbox", act, str(tmp_path / "out"), "--json"])
        assert code == exit_codes.NOT_ENROLLED
        assert json.loads(capsys.readouterr().out)["code"] == "store.no_keys"


async def test_the_book_of_a_dying_pc_leaves_with_what_is_unsent(town: CarriedTown) -> None:
    async with town.terminal(town.folder / "dying", 0) as dying:
        keys = await works(dying)
        told = await write_with_book(dying, asked(town))
        assert told["changes"] == len(keys) + 1
        assert (await dying.stores.ledger.outbox())[-1].kind is ChangeKind.JOURNAL
        stands = await dying.stores.ledger.journal.standing()
        assert stands.uncut == 1, "the line about the export itself came after"
