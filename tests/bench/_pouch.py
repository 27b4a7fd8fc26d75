"""A peer of the sync: the same residents and the same changes as documents, by the CouchDB protocol of PouchDB."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.bench._counting import counting

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "build" / "peers-npm"
_SCRIPT = Path(__file__).with_name("_pouch.js")


def why_not() -> str:
    """Return why it cannot take part; empty where it can."""
    if not shutil.which("node"):
        return "PouchDB is left out: no node here"
    if not (PEERS / "node_modules").exists():
        return "PouchDB is left out: it is not installed; ./dev bench brings it"
    return ""


class Pouch:
    """A program that holds both ends."""

    def __init__(self, scratch: Path) -> None:
        environment = {**os.environ, "PEERS": str(PEERS), "SCRATCH": str(scratch)}
        self._program = subprocess.Popen(
            ["node", str(_SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
            cwd=scratch,
        )

    def ask(self, verb: str, **more: object) -> dict[str, Any]:
        """Let it do something."""
        assert self._program.stdin
        assert self._program.stdout
        print(json.dumps({"do": verb, **more}), file=self._program.stdin, flush=True)
        told: dict[str, Any] = json.loads(self._program.stdout.readline())
        return told

    def close(self) -> None:
        """End it."""
        self._program.communicate(timeout=30)


def compare(before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Follow from residents as they were to those that changed; returns bytes and milliseconds of each round."""
    told: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="madoguchi-bench-") as scratch:
        pouch = Pouch(Path(scratch))
        try:
            pouch.ask("put", docs=[_document(row) for row in before])
            with counting(pouch.ask("serve")["port"]) as counted:
                url = f"http://127.0.0.1:{counted.port}/db/register"
                for what in ("fill", "delta", "idle"):
                    if what == "delta":
                        pouch.ask("put", docs=[_document(row) for row in after])
                    already = counted.bytes
                    seen = pouch.ask("follow", url=url)
                    told[f"{what}_bytes"] = counted.bytes - already
                    told[f"{what}_ms"], told[f"{what}_documents"] = seen["ms"], seen["written"]
        finally:
            pouch.close()
    return told


def _document(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"_id": row["atena_no"], **row}
