import os
import subprocess
import sys
from pathlib import Path

import pytest

from client.domain.errors import StoreError
from offline.store import files
from offline.store.files import InstanceLock


def test_a_side_file_is_replaced_whole_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "wraps.json"
    files.write_whole(path, b"one")
    files.write_whole(path, b"two")
    assert files.read_whole(path) == b"two"
    assert [entry.name for entry in tmp_path.iterdir()] == ["wraps.json"]


def test_only_the_owner_may_read_what_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    files.make_folder(folder)
    files.write_whole(folder / "a", b"")
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "a").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no groups")
def test_below_a_folder_of_a_group_all_is_the_groups_whatever_the_mask_of_the_session(tmp_path: Path) -> None:
    tmp_path.chmod(0o2770)
    before = os.umask(0o077)
    try:
        files.make_folder(tmp_path / "production" / "inbox")
        files.write_whole(tmp_path / "production" / "a", b"")
        files.make_own(tmp_path / "production" / "ledger.db")
        with InstanceLock(tmp_path / "production" / "lock"):
            pass
    finally:
        os.umask(before)
    for folder in ("production", "production/inbox"):
        assert (tmp_path / folder).stat().st_mode & 0o7777 == 0o2770
    for name in ("a", "ledger.db", "lock"):
        assert (tmp_path / "production" / name).stat().st_mode & 0o777 == 0o660


def test_a_write_that_fails_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "wraps.json"
    files.write_whole(path, b"old")

    def no_disk(handle: int) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr(os, "fsync", no_disk)
    with pytest.raises(StoreError) as caught:
        files.write_whole(path, b"new")
    assert caught.value.code == "store.full"
    assert path.read_bytes() == b"old"


def test_what_is_not_there_reads_as_none(tmp_path: Path) -> None:
    assert files.read_whole(tmp_path / "nothing") is None


def test_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unreadable"):
        files.read_whole(tmp_path)


def test_a_second_program_on_the_same_data_is_turned_away(tmp_path: Path) -> None:
    lock = InstanceLock(tmp_path / "lock")
    lock.acquire()
    other = (
        "import sys; from pathlib import Path; from offline.store.files import InstanceLock\n"
        "from client.domain.errors import StoreError\n"
        "try: InstanceLock(Path(sys.argv[1])).acquire()\n"
        "except StoreError as error: print(error.code)"
    )
    args = [sys.executable, "-c", other, str(tmp_path / "lock")]
    assert subprocess.run(args, capture_output=True, text=True, check=True).stdout == "store.in_use\n"
    lock.release()
    assert subprocess.run(args, capture_output=True, text=True, check=True).stdout == ""


def test_the_lock_is_given_back_at_the_end_of_a_block(tmp_path: Path) -> None:
    with InstanceLock(tmp_path / "lock"), pytest.raises(StoreError, match="in_use"):
        InstanceLock(tmp_path / "lock").acquire()
    with InstanceLock(tmp_path / "lock"):
        pass
