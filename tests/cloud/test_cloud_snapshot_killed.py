"""A real process killed while it makes a snapshot: nothing of it is served, and nobody is locked out."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cloud.register import put
from cloud.tenant import Tenant
from tests.cloud.cloud_builders import TARO, SetClock, a_tenant

pytestmark = pytest.mark.long

ROWS = 600
PATIENCE_S = 40
MAKER = """
import sys
from pathlib import Path
from cloud import chunks, snapshots
from tests.cloud.cloud_builders import SetClock, a_tenant
chunks.LEAST = chunks.MOST = 1  # a file a row, so that there is a middle to be killed in
snapshots.FAR, snapshots.EVERY = 1, snapshots.EVERY * 0
tenant = a_tenant(Path(sys.argv[1]), SetClock())
print("made" if tenant.snapshots.refresh() else "none", flush=True)
"""


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    made = a_tenant(tmp_path / "cloud", SetClock())
    grow(made, 2000)
    yield made
    made.close()


def grow(tenant: Tenant, first_year: int) -> None:
    years = range(first_year, first_year + ROWS)
    rows = [put("juminzei", {"atena_no": TARO, "fiscal_year": year}) for year in years]
    with tenant.register.writing() as connection:
        tenant.register.commit(connection, "register", rows)


@contextmanager
def maker(tenant: Tenant) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-P", "-c", MAKER, str(tenant.folder)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:
        yield process
        process.kill()


def half_made(tenant: Tenant, process: subprocess.Popen[bytes], count: int) -> list[str]:
    """Wait until so many chunks lie in the side folder; returns their names."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        assert process.poll() is None, "made before it could be killed"
        found = [path.name for path in (tenant.folder / "snapshots").glob("next/*") if path.suffix != ".new"]
        if len(found) >= count:
            return found
    raise AssertionError("not begun in time")


def whole_ones(tenant: Tenant) -> list[Path]:
    return sorted((tenant.folder / "snapshots").glob("s*"))


def served(tenant: Tenant, name: str) -> bool:
    file = tenant.snapshots.open_chunk(name)
    if file is not None:
        file.close()
    return file is not None


@pytest.mark.parametrize("count", [1, 50, 300])
def test_what_is_half_made_is_not_served_and_the_next_one_is_whole(tenant: Tenant, count: int) -> None:
    with maker(tenant) as process:
        left = half_made(tenant, process, count)
        process.send_signal(signal.SIGKILL)
        process.wait(20)
    assert not whole_ones(tenant)
    assert not any(served(tenant, name) for name in left)
    assert tenant.snapshots.refresh(), "the dead let go of the folder"
    (made,) = whole_ones(tenant)
    assert not (tenant.folder / "snapshots" / "next").exists()
    names = {path.name for path in made.iterdir()} - {"manifest.sealed"}
    assert all(served(tenant, name) for name in names)


def test_the_one_before_is_served_on(tenant: Tenant) -> None:
    assert tenant.snapshots.refresh()
    (before,) = whole_ones(tenant)
    grow(tenant, 3000)
    with maker(tenant) as process:
        left = half_made(tenant, process, 30)
        process.send_signal(signal.SIGKILL)
        process.wait(20)
    assert whole_ones(tenant) == [before]
    assert not any(served(tenant, name) for name in left if not (before / name).exists())
    assert tenant.snapshots.manifest()


def test_two_processes_at_once_make_one_whole_snapshot_each_in_turn(tenant: Tenant) -> None:
    with maker(tenant) as one, maker(tenant) as other:
        said = [process.communicate(timeout=PATIENCE_S)[0].strip() for process in (one, other)]
    assert sorted(said) == [b"made", b"none"]
    (made,) = whole_ones(tenant)
    assert (made / "manifest.sealed").exists()
