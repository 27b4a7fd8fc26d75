"""``madoguchi outbox`` without anybody's secrets: what is unsent as it lies here, and who else has it."""

from pathlib import Path

from client.api.attachments import AttachmentBox
from client.api.carried import SealedBox
from client.api.http import Http
from client.config import Config
from client.domain.errors import RefusedError, StoreError
from client.jobs.hand_over_unsent import HandOverUnsent
from client.jobs.ports import JournalEntry, Now
from offline.hall.relay import ENDING
from offline.store.files import InstanceLock
from offline.store.terminal_file import read_facts
from offline.store.unsent import FILE, is_whole
from offline.store.unsent_export import SealedExport, not_exported, write_export
from offline.store.unsent_files import is_kept
from ui.cli.bundle_stores import Terminal, Told
from ui.doors import utc_now


def export_sealed(config: Config, path: Path, now: Now = utc_now) -> Told:
    """Write what is unsent to a file that the cloud alone can read; nobody signs in, and nothing is taken away.

    For a terminal that nobody can or may sign in to any more: locked by order, being wiped, its keyring lost. ``unknown``
    says why more may lie there than could be written. StoreError.
    """
    folder = config.terminal_dir
    facts = read_facts(folder / "terminal.json")
    if facts is None:
        raise StoreError("store.no_keys")
    with InstanceLock(folder / "lock"):
        written = write_export(path, folder, facts, config.environment, now)
    counts = {"changes": written.changes, "attachments": written.attachments}
    told: Told = {"ok": True, "terminal": facts.terminal_no, **counts, "attachments_lost": written.lost}
    why = _why_unknown(folder)
    return told | ({"unknown": [f"{folder} ({why})"]} if why else {})


async def bring_sealed(terminal: Terminal, export: SealedExport, http: Http) -> Told:
    """Bring such a file to the cloud under this terminal's proof; what is in it is judged by who wrote it.

    It may be brought again: nothing takes effect twice. RefusedError ``bundle.other_town``, ``bundle.other_environment``;
    LinkDownError: what went is at the cloud.
    """
    head = export.head
    if head.municipality != terminal.facts.municipality_code:
        raise RefusedError("bundle.other_town", town=head.municipality)
    if head.environment != terminal.environment:
        raise RefusedError("bundle.other_environment")
    handed = await HandOverUnsent(SealedBox(http), AttachmentBox(http, export.named_in), export)()
    told = {"changes": handed.changes, "attachments": handed.attachments, "left": handed.left}
    line: dict[str, str | int] = {"carried_for": head.terminal_no, "bundle_kind": "unsent", **told}
    await terminal.stores.ledger.record(JournalEntry("sync", terminal.clerk, facts=line))
    return {"ok": not handed.left, "terminal": head.terminal_no, **told, "attachments_lost": handed.lost}


def left_on(config: Config) -> Told:
    """Return what lies in every data folder of this PC that neither the cloud nor an export has. StoreError.

    ``unknown`` names each folder in which that cannot be known, and why: more than is counted may lie there.
    """
    found: dict[str, int] = {}
    unknown: list[str] = []
    for folder in _data_folders(config.data_dir):
        if why := _why_unknown(folder):
            unknown.append(f"{folder} ({why})")
            if not folder.is_dir():
                continue
        number = not_exported(folder) + len(list((folder / "carried").glob(f"*{ENDING}")))
        if number:
            found[str(folder)] = number
    told: Told = {"ok": not found and not unknown, **found}
    return told | ({"unknown": unknown} if unknown else {})


def _why_unknown(folder: Path) -> str:
    if not folder.is_dir():
        return "leads nowhere"
    if not is_kept(folder):
        return f"a book without {FILE}"
    return "" if is_whole(folder) else f"{FILE} is damaged"


def _data_folders(data_dir: Path) -> list[Path]:
    try:
        return sorted(path for path in data_dir.iterdir() if path.is_dir() or path.is_symlink())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError("store.unreadable") from error
