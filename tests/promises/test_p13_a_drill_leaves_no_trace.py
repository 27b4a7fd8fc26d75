"""P13: a drill on a real counter's PC: files, keys, numbers and cloud stay as they were; no sheet could pass."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pypdfium2  # type: ignore[import-untyped]  # has no types
import pytest

import ui.doors
from client.api.certificates import CertificateDesk
from client.api.residents import CloudRegister
from client.api.sync import HttpFeeds
from client.config import Config
from client.domain.calendar import tokyo_day
from client.domain.drill import DrillEvent, DrillReport
from client.domain.errors import CounterError
from client.domain.resident import Address
from client.jobs.find_resident import FindResident
from client.jobs.issue_certificate import IssueCertificate, IssueSettings
from client.jobs.print_slip import PrintSlip, SlipPlace
from client.jobs.queue_change import QueueChange
from client.jobs.reach import Reach
from client.jobs.sync_replica import SyncReplica
from client.rules.intakes.moves import TENKYO
from cloud import storage
from cloud.town import STORY, generate
from tests.api.small_cloud import CODE, town
from tests.builders import NOW, TARO, an_entry
from tests.fakes import counted_random
from tests.promises.p08_town import WATANABE, request_for
from tests.promises.terminals import PC, Site, Terminal, config_in, files_in, open_terminal
from ui.cli.drill import drill_config, put_away

pytestmark = [pytest.mark.asyncio, pytest.mark.long]


@dataclass
class Hall:
    """A real counter and the drill beside it, on one PC."""

    pc: PC
    real: Site
    drill: Site
    config: Config

    def drill_config(self, started: str = "20261120-140000") -> Config:
        """Return the drill's settings as the program makes them."""
        folder = self.config.data_dir / "drills" / started / "cloud"
        cloud: Any = SimpleNamespace(
            ready_file=folder / "ready.json",
            url=self.drill.url,
            ca_file="",
            readings_file="",
            token_file=self.drill.token_file(folder),
        )
        return drill_config(self.config, cloud, "cut")


@pytest.fixture
def hall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hall]:
    # The training town of the real one's name and code: the worst case.
    rows = [
        (table, {**row, "code": CODE} if table == "town" else row)
        for table, row in generate(60, 7, date(2026, 11, 20))
    ]
    real = Site(tmp_path / "real", list(town()))
    drill = Site(tmp_path / "training", rows, "https://drill.example")
    pc = PC((real, drill))
    pc.plug_in(monkeypatch)
    yield Hall(pc, real, drill, config_in(tmp_path / "pc", real, terminal_name="窓口1"))
    real.tenant.close()
    drill.tenant.close()


async def a_drill(stack: AsyncExitStack, config: Config, site: Site) -> Terminal:
    """Do in a drill what its steps ask for: papers on line and off, a 転居届 with its slip, all of it sent."""
    terminal = await open_terminal(stack, config, site)
    doors, link, now = terminal.doors, terminal.link, ui.doors.utc_now
    ledger, replica, token = doors.stores.ledger, doors.stores.replica, terminal.sign_in.access_token
    await SyncReplica(
        HttpFeeds(doors.http, doors.facts.feed_keys, digest_key=replica.digest_key), replica, ledger
    ).round()
    reach = Reach(link, wait=5)
    live = CloudRegister(doors.http, lambda: token)
    find = FindResident(live, replica, reach, ledger, now=now)
    issue = IssueCertificate(
        CertificateDesk(doors.http, lambda: token, now=now),
        replica,
        reach,
        ledger,
        doors.press,
        now=now,
        declared=lambda: False,
        words=replica.form_words,
        clock_offset_ms=lambda: 0,
        settings=IssueSettings(drill=config.training),
    )
    queue = QueueChange(
        live, replica, reach, ledger, now=now, random=counted_random(), clock_offset_ms=lambda: 0
    )
    slip = PrintSlip(
        live, replica, reach, ledger, doors.press, place=SlipPlace("町", "訓練1", drill=config.training)
    )
    who = terminal.sign_in
    for link.usable in (True, False):
        prepared = await issue.prepare(who, replace(request_for(WATANABE[0], *WATANABE), copies=2))
        assert prepared.decided.drill
        assert prepared.decided.seal is None
        for one in await issue.issue(who, prepared):
            await issue.confirm(who, one.copy.serial, handed_over=True)
    household = (await find.household(who, WATANABE[0])).value.household
    day = tokyo_day(now())
    there = Address("みどり県あおぞら市本町二丁目", "4番5号")
    draft = an_entry(household, WATANABE[0], WATANABE, there, day)
    await slip(who, await queue.take(who, TENKYO, draft))
    link.usable = True
    await terminal.send()
    report = DrillReport(
        scenario="cut", town="町", terminal="訓練1", line="mobile", officer="x", started_at=NOW, ended_at=NOW,
        rto=None, rto_target=NOW - NOW, events=(DrillEvent(NOW, "始まり"),), counts=(),
    )  # fmt: skip
    await doors.press.print_drill_report(report)
    return terminal


async def test_nothing_of_the_real_counter_is_other_than_before(hall: Hall) -> None:
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, hall.config, hall.real)
        await terminal.issue(3)
        await terminal.send()
    files, secrets, cloud = (
        files_in(hall.config.terminal_dir),
        dict(hall.pc.ring.secrets),
        hall.real.everything(),
    )
    assert secrets
    async with AsyncExitStack() as stack:
        await a_drill(stack, hall.drill_config(), hall.drill)
    assert files_in(hall.config.terminal_dir) == files
    assert {name: hall.pc.ring.secrets[name] for name in secrets} == secrets
    assert {name[1].split("/")[0] for name in set(hall.pc.ring.secrets) - set(secrets)} == {"training"}
    await put_away(hall.drill_config())
    assert hall.pc.ring.secrets == secrets
    assert hall.real.everything() == cloud
    assert hall.drill.count(storage.issue_book) == 4  # it did happen, elsewhere
    places = {path.split("/")[0] for path in files_in(hall.config.data_dir)}
    assert places == {"production", "drills", "token"}
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, hall.config, hall.real)
        (copy,) = await terminal.issue()
    assert copy.serial.serial == 4  # the next one, as if there had been no drill


async def test_a_drills_numbers_are_on_no_real_sheet(hall: Hall) -> None:
    async with AsyncExitStack() as stack:
        real = await (await open_terminal(stack, hall.config, hall.real)).issue(4)
    async with AsyncExitStack() as stack:
        drilled = await (await open_terminal(stack, hall.drill_config(), hall.drill)).issue(4)
    assert [copy.serial.serial for copy in real] == [copy.serial.serial for copy in drilled]
    assert not {copy.serial.text(1, 1) for copy in real} & {copy.serial.text(1, 1) for copy in drilled}


async def test_every_sheet_of_a_drill_bears_its_mark_and_no_seal(hall: Hall) -> None:
    config = hall.drill_config()
    async with AsyncExitStack() as stack:
        await a_drill(stack, config, hall.drill)
    papers = sorted(config.terminal_dir.rglob("*.pdf"))
    assert len(papers) == 6  # four copies, the slip, the report
    for path in papers:
        document = pypdfium2.PdfDocument(path.read_bytes())
        for page in document:
            assert "訓" in page.get_textpage().get_text_bounded(), path.name
            images = [one for one in page.get_objects() if one.type == pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]
            assert images == [], path.name
        document.close()


async def test_what_a_drill_would_send_to_the_real_cloud_is_heard_by_nobody(hall: Hall) -> None:
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, hall.config, hall.real)
        await terminal.issue()
    before = hall.real.everything()
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, hall.drill_config(), hall.drill)
        await terminal.issue()
        astray = hall.pc._http(hall.config, None)  # the worst mistake: the real cloud's address
        stack.push_async_callback(astray.close)
        astray.identity = terminal.doors.vault.identity
        assert astray.identity.terminal_no == "T0001"  # the real counter's number too
        terminal.doors = replace(terminal.doors, http=astray)
        assert (await terminal.drain()).trouble is not None
        with pytest.raises(CounterError):
            await CloudRegister(astray, lambda: terminal.sign_in.access_token).household_of(TARO)
    assert hall.real.everything() == before


async def test_two_drills_share_nothing_and_the_training_environment_always_marks(hall: Hall) -> None:
    first, second = hall.drill_config("20261120-140000"), hall.drill_config("20261120-150000")
    assert first.terminal_dir != second.terminal_dir
    for config in (first, second):
        assert config.training
        assert config.environment not in hall.config.terminal_dir.parts
        assert hall.config.terminal_dir not in (config.terminal_dir, *config.terminal_dir.parents)
    assert STORY.householder == WATANABE[0]
