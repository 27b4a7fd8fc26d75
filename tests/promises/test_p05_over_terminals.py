"""P05 over terminals: neighbours, PCs taken in anew, put back or cloned agree in no number; the program's own doors.

The ledger by itself is tried in ``test_p05_no_number_twice.py``, kills in ``test_p01_kills.py``, drills in
``test_p13_a_drill_leaves_no_trace.py``. What a PC cannot know, that it is a copy of another, the cloud finds.
"""

import shutil
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from client.domain.certificate import IssuedCopy
from client.domain.errors import StoreError
from cloud import storage
from tests.api.small_cloud import town
from tests.promises.terminals import PC, Site, config_in, open_terminal

pytestmark = [pytest.mark.asyncio, pytest.mark.long]


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


def distinct(copies: list[IssuedCopy]) -> bool:
    """Tell whether no two sheets agree, even where they are of two days."""
    printed = {copy.serial.text(1, 1).partition(" ")[2] for copy in copies}
    return len(printed) == len(copies) == len({copy.serial.key for copy in copies})


async def test_restarts_give_no_number_again_and_all_stand_in_the_clouds_book_once(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    given: list[IssuedCopy] = []
    config = config_in(tmp_path / "pc", site)
    for _ in range(4):
        async with AsyncExitStack() as stack:
            terminal = await open_terminal(stack, config, site)
            given += await terminal.issue(3)
            await terminal.doors.stores.close()
            await terminal.doors.stores.open(terminal.keys)
            given += await terminal.issue(2)
            await terminal.send()
    assert distinct(given)
    assert site.count(storage.issue_book) == len(given)
    assert site.count(storage.quarantine) == 0


async def test_a_folder_put_back_from_a_backup_is_named_and_its_numbers_stay_given(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site)
    folder, backup = config.terminal_dir, tmp_path / "backup"
    async with AsyncExitStack() as stack:
        given = await (await open_terminal(stack, config, site)).issue(2)
    shutil.copytree(folder, backup)
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        given += await terminal.issue(5)
        await terminal.send()
    shutil.rmtree(folder)
    shutil.copytree(backup, folder)
    for _ in range(2):  # still so at the next start
        async with AsyncExitStack() as stack:
            with pytest.raises(StoreError) as caught:
                await open_terminal(stack, config, site)
            assert caught.value.code == "store.ledger_behind"
    await terminal.doors.stores.accept_loss(terminal.keys, actor="s002")
    given += await terminal.issue(3)
    await terminal.doors.stores.close()
    assert distinct(given)


async def test_two_terminals_of_one_name_never_agree_and_a_pc_taken_in_anew_is_another_terminal(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    given: list[IssuedCopy] = []
    for folder in ("one", "two", "one"):  # the last: the first PC's disk was lost, and it is enrolled again
        shutil.rmtree(tmp_path / folder, ignore_errors=True)
        async with AsyncExitStack() as stack:
            config = config_in(tmp_path / folder, site, terminal_name="窓口1", printer_name="プリンタ1")
            terminal = await open_terminal(stack, config, site)
            given += await terminal.issue(4)
            await terminal.send()
    assert [copy.serial.serial for copy in given] == [1, 2, 3, 4] * 3
    assert distinct(given)
    assert site.count(storage.issue_book) == 12
    assert site.count(storage.quarantine) == 0


async def test_a_cloned_pc_does_not_get_a_shared_number_past_the_cloud(
    pc: PC, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_in(tmp_path / "pc", site)
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        given = await terminal.issue(2)
        await terminal.send()
    shutil.copytree(tmp_path / "pc", tmp_path / "clone")
    clone = PC((site,))
    clone.ring.secrets.update(pc.ring.secrets)
    async with AsyncExitStack() as first, AsyncExitStack() as second:
        original = await open_terminal(first, config, site)
        clone.plug_in(monkeypatch)
        twin = await open_terminal(second, config_in(tmp_path / "clone", site), site)  # both at work at once
        ours, theirs = await original.issue(), await twin.issue()
        assert not distinct([*ours, *theirs])  # no PC by itself can know
        await original.send()
        await twin.send()
        assert site.count(storage.issue_book) == len(given) + 1
        assert site.count(storage.quarantine) == 1  # a person is told of it
