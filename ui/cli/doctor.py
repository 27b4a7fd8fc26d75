"""``madoguchi doctor``: look at everything the counter needs, one thing after the other, and say what to do."""

import argparse
import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from msgspec import json as wire

from client.config import Config
from client.domain.errors import CounterError, LinkDownError, PaperError, StoreError
from client.rules.sign_in import clock_off
from ui.cli import exit_codes
from ui.config_file import Loaded
from ui.text import Words

LEAST_FREE_BYTES = 500_000_000
_CLOCK_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, and the trouble found, if any."""

    name: str
    error: CounterError | None = None
    detail: str = ""


def run(loaded: Loaded, asked: argparse.Namespace) -> int:
    """Look at everything; the exit code is that of the first trouble."""
    words = Words(loaded.config.language, loaded.config.help_contact)
    findings = tuple(look(loaded.config))
    if asked.json:
        print(
            wire.encode(
                {
                    "ok": all(one.error is None for one in findings),
                    "checks": [_as_map(one) for one in findings],
                }
            ).decode()
        )
    else:
        for one in findings:
            _say(one, words)
    troubles = [one.error for one in findings if one.error is not None]
    return exit_codes.of(troubles[0]) if troubles else exit_codes.OK


def look(config: Config) -> Iterator[Finding]:
    """Look at each thing in turn."""
    checks: tuple[tuple[str, Callable[[Config], str]], ...] = (
        ("folder", _folder),
        ("disk", _disk),
        ("fonts", _fonts),
        ("keyring", _keyring),
        ("enrolled", _enrolled),
        ("device", _device),
        ("cloud", _cloud),
        ("printer", _printer),
        ("outbox", _outbox),
    )
    for name, check in checks:
        try:
            yield Finding(name, None, check(config))
        except CounterError as error:
            yield Finding(name, error)


def _as_map(finding: Finding) -> dict[str, object]:
    code = finding.error.code if finding.error else ""
    return {"name": finding.name, "ok": finding.error is None, "code": code, "detail": finding.detail}


def _say(finding: Finding, words: Words) -> None:
    name = words(f"doctor.{finding.name}")
    if finding.error is None:
        print(f"○ {name}　{finding.detail}")
        return
    said = words.error(finding.error.code, finding.error.facts)
    print(f"× {name}　{said.what}{said.why}{said.do}")


@contextmanager
def _disk_trouble() -> Iterator[None]:
    from offline.store.files import trouble

    try:
        yield
    except OSError as error:
        raise trouble(error) from error


def _folder(config: Config) -> str:
    from offline.store.files import make_folder

    with _disk_trouble():
        make_folder(config.terminal_dir)
        with TemporaryFile(dir=config.terminal_dir) as probe:
            probe.write(b"madoguchi")
    return str(config.terminal_dir)


def _disk(config: Config) -> str:
    with _disk_trouble():
        free = shutil.disk_usage(_existing(config.terminal_dir)).free
    if free < LEAST_FREE_BYTES:
        raise StoreError("store.full")
    return f"{free // 1_000_000:,} MB"


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def _fonts(_config: Config) -> str:
    from printing.layout.fonts import find_fonts

    return ", ".join(path.name for path in find_fonts())


def _keyring(_config: Config) -> str:
    from offline.store.keyring_door import backend_id, system_backend

    return backend_id(system_backend())


def _enrolled(config: Config) -> str:
    from ui.vaults import vault_of

    vault = vault_of(config)
    if vault.facts is None or not vault.enrolled:
        raise StoreError("store.no_keys")
    return f"{vault.facts.municipality_name} {vault.identity.terminal_no}"


def _device(config: Config) -> str:
    """Say where the device secret is kept, once it was opened there. StoreError ``tpm.…``."""
    from ui.vaults import vault_of

    vault = vault_of(config)
    if not vault.enrolled:
        asyncio.run(vault.check_device())
        return config.device_key
    sealed = asyncio.run(vault.device_is_sealed())
    if sealed != (config.device_key == "tpm"):
        raise StoreError("tpm.not_moved")
    return config.device_key


def _cloud(config: Config) -> str:
    from ui.doors import http_of

    if not config.cloud_url:
        raise LinkDownError("link.unreachable")

    async def ask() -> int:
        http = http_of(config, None)
        try:
            await http.probe()
            return http.clock_offset_ms
        finally:
            await http.close()

    seconds = int(asyncio.run(ask()) / 1000)
    if abs(seconds) > _CLOCK_SECONDS:
        raise clock_off(seconds)
    return config.cloud_url


def _outbox(config: Config) -> str:
    """Say what was accepted and not sent when the counter last wrote it down; its book is not opened for that."""
    from ui.upkeep_file import read_upkeep

    told = read_upkeep(config.terminal_dir).get("outbox")
    words = Words(config.language, config.help_contact)
    if not isinstance(told, dict):
        return words("doctor.unsent_unknown")
    return words(
        "doctor.unsent", n=told.get("waiting", 0), asking=told.get("wants_a_clerk", 0), at=told.get("at", "")
    )


def _printer(config: Config) -> str:
    if not config.printer_uri:
        raise PaperError("paper.no_printer")
    if config.printer_uri.startswith("file:"):
        folder = config.terminal_dir / config.printer_uri.removeprefix("file:")
        with _disk_trouble():
            folder.mkdir(parents=True, exist_ok=True)
        return str(folder)
    from printing.desk.ipp import Queue

    try:
        reply = Queue(config.printer_uri, timeout_s=5).printer(user="madoguchi")
    except (OSError, ValueError) as error:
        raise PaperError("paper.printer_unreachable") from error
    if not reply.ok:
        raise PaperError("paper.printer_refused")
    return ", ".join(reply.words("printer-name"))
