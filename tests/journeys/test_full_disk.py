"""A full disk at the real counter: nothing half, nothing lost, and clear words."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.journeys.given import Given
from tests.journeys.real_terminal import Terminal, Visit
from ui.cli import exit_codes

pytestmark = [
    pytest.mark.service,
    pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints"),  # Qt's offscreen platform
]


@pytest.fixture
def small(first: Given, tmp_path: Path) -> Iterator["SmallDisk"]:
    """A terminal on a small disk of its own; what it prints goes elsewhere."""
    mount = tmp_path / "terminal"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16M", "tmpfs", str(mount)], check=True)
    copied = first.copy_to(tmp_path)
    try:
        asyncio.run(copied.terminal.serve())
        yield SmallDisk(copied.terminal, copied.staff, mount=mount)
    finally:
        copied.terminal.cloud.close()
        subprocess.run(["umount", "--lazy", str(mount)], check=True)  # the log is held open to the end


@dataclass
class SmallDisk(Given):
    """A terminal whose disk can be filled and emptied."""

    mount: Path = field(kw_only=True)

    @property
    def filler(self) -> Path:
        return self.mount / "filler"

    def fill(self) -> None:
        """Take every byte that is left."""
        with self.filler.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))

    def empty(self) -> None:
        self.filler.unlink()


@pytest.mark.root
def test_a_full_disk_takes_no_intake_and_loses_none(small: SmallDisk) -> None:
    staff, cloud = small.staff, small.terminal.cloud

    async def script(visit: Visit) -> None:
        await visit.enter(staff, "s001")
        cloud.kill()
        await visit.line_is("オフライン")
        await visit.begin_tenkyo("3番1号")
        small.fill()
        await visit.push("tenkyoAccept")
        told = await visit.told("端末の空き容量がありません。")
        visit.photograph("full_at_an_intake")
        assert "情報政策課に連絡" in told
        assert visit.typed("tenkyoBanchi") == "3番1号"
        small.empty()
        await visit.accept_tenkyo()
        await visit.until(lambda: "1件" in visit.waiting(), "the intake in the outbox")
        small.fill()
        await visit.look_up()
        await visit.told("端末の空き容量がありません。")
        await given_back(visit)

    async def given_back(visit: Visit) -> None:
        """The line comes back to a full disk, then there is room: what was acknowledged arrives, once."""
        await small.terminal.serve()
        await visit.line_is("復旧中")
        await asyncio.sleep(3)
        small.empty()
        await visit.until(lambda: "0件" in visit.waiting(), "everything has gone", 90)
        assert len((await cloud.office("GET", "/intakes"))["intakes"]) == 1
        await visit.issue()

    assert small.open(script) == exit_codes.OK
    assert small.terminal.sheets() == 2  # the slip of the intake, and the paper


@pytest.mark.root
def test_a_full_disk_issues_nothing_half(small: SmallDisk) -> None:
    async def script(visit: Visit) -> None:
        await visit.enter(small.staff, "s001")
        await visit.issue()
        await visit.ask_for_paper()
        await visit.preview()
        small.fill()
        await visit.push("previewPrint")
        assert "空きができるまで" in await visit.told("端末の空き容量がありません。")
        visit.photograph("full_at_an_issue")
        assert small.terminal.sheets() == 1
        small.empty()
        await visit.push("previewPrint")
        await visit.hand_over()

    assert small.open(script) == exit_codes.OK
    numbers = sorted(int(path.stem.rsplit("-", 1)[1]) for path in small.terminal.papers.glob("*.pdf"))
    assert numbers == [1, 2]


@pytest.mark.root
def test_a_disk_full_at_the_start_keeps_nobody_in_the_dark(small: SmallDisk) -> None:
    before = small.terminal.contents()

    async def script(visit: Visit) -> None:
        small.fill()
        await visit.sign_in("s001", small.staff.password("s001"), small.staff.code("s001"))
        await visit.told("端末の空き容量がありません。")
        visit.photograph("full_at_the_start")

    small.fill()
    assert small.open(script) == exit_codes.DISK_FULL
    small.empty()
    assert small.terminal.contents() == before

    async def works(visit: Visit) -> None:
        await visit.enter(small.staff, "s001")
        await visit.issue()

    assert small.open(works) == exit_codes.OK


@pytest.mark.root
def test_a_full_disk_spends_no_enrolment_token(small: SmallDisk, tmp_path: Path) -> None:
    new = Terminal(tmp_path / "new")
    new.cloud = small.terminal.cloud
    fresh = Given(new, small.staff)
    token = tmp_path / "token"
    token.write_text(small.terminal.cloud.ready["enrolment_tokens"][-1], "utf-8")
    settings = {"data_dir": small.mount / "new", "enrolment_token_file": str(token)}
    told: list[str] = []

    async def refused(visit: Visit) -> None:
        told.append(await visit.refused())

    small.fill()
    assert fresh.open(refused, **settings) == exit_codes.DISK_FULL
    assert "端末の空き容量がありません。" in told[0]
    small.empty()

    async def works(visit: Visit) -> None:
        await visit.enter(small.staff, "s001")

    assert fresh.open(works, **settings) == exit_codes.OK
