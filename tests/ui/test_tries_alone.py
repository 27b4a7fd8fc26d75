"""While another process holds a terminal's folder no verb asks for a secret, tries one or touches a file."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.offline.vault_builders import with_clerk
from tests.store_builders import MemoryKeyring
from tests.trying_verbs import TRYING, Act
from ui.cli import exit_codes
from ui.cli.verbs import main

ROOT = Path(__file__).resolve().parents[2]
_HOLDER = """
import sys
from pathlib import Path
from offline.store.files import InstanceLock

with InstanceLock(Path(sys.argv[1]) / "lock"):
    print("held", flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True)
class Held:
    """A terminal with a clerk in it, whose folder another process holds."""

    data: Path
    ring: MemoryKeyring

    def stand(self) -> tuple[dict[str, bytes], dict[tuple[str, str], str]]:
        """Return all that a try would have changed."""
        files = {
            path.name: path.read_bytes() for path in (self.data / "training").iterdir() if path.is_file()
        }
        return files, dict(self.ring.secrets)


class NobodyAsks:
    """A standard input nobody may read."""

    def isatty(self) -> bool:
        return False

    def readline(self) -> str:
        raise AssertionError("a secret was asked for")

    __iter__ = read = readline


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    data, ring = tmp_path_factory.mktemp("data"), MemoryKeyring()
    (data / "training").mkdir()
    asyncio.run(with_clerk(data / "training", ring))
    command = [sys.executable, "-c", _HOLDER, str(data / "training")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield Held(data, ring)
        holder.kill()


@pytest.mark.parametrize("act", TRYING, ids=" ".join)
def test_a_verb_that_tries_secrets_refuses_beside_another_program(
    act: Act, held: Held, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.toml").write_text("", "utf-8")
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "CONFIG": str(tmp_path / "settings.toml"),
        "DATA_DIR": str(held.data),
        "ENVIRONMENT": "training",
        "SERVE_NEIGHBOURS": "127.0.0.1:0",
        "CLOUD_URL": "https://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(f"MADOGUCHI_{name}", value)
    monkeypatch.setattr("offline.store.keys.system_backend", lambda: held.ring)
    monkeypatch.setattr("sys.stdin", NobodyAsks())
    before = held.stand()
    assert main([*act, *TRYING[act], "--json"]) == exit_codes.IN_USE
    assert held.stand() == before
