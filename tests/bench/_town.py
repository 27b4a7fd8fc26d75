"""A town for the benches: founded once and kept in build/, served by a real process, changed as its office does.

What was founded is kept until the cloud's own sources or its contract change; a bench works on a copy of it.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "build" / "towns"
SEED = 1
OFFICER = "office"
MOVED, SURNAME = (
    0.6,
    0.8,
)  # of those who change: up to the first a move, up to the second a surname, else a given name
_PLACE = ("address_code", "postcode", "address_town", "address_banchi", "address_katagaki")
Row = dict[str, Any]


@dataclass(frozen=True)
class Changed:
    """A resident the office changed, and how."""

    atena_no: str
    what: str  # move | surname | given
    row: Row  # as it stands now


def now() -> datetime:
    return datetime.now(UTC)


def founded(folder: Path, residents: int) -> None:
    """Put a town with its snapshot into a folder: a copy of one founded before, where there is one of these sources."""
    kept = KEPT / f"{residents}-{_sources()}"
    if not kept.exists():
        for old in KEPT.glob(f"{residents}-*"):
            shutil.rmtree(old)
        beside = KEPT / f"next-{os.getpid()}"
        shutil.rmtree(beside, ignore_errors=True)
        call = [sys.executable, "-P", "-c", _FOUND, str(beside), str(residents), str(SEED)]
        subprocess.run(call, check=True, cwd=ROOT, env=surroundings())
        beside.replace(kept)
    shutil.copytree(kept, folder, dirs_exist_ok=True)


_FOUND = """
import sys
from datetime import date
from pathlib import Path
from cloud.tenants import Tenants
from cloud.town import generate
from cloud.town.addresses import CODE
from cloud.training import open_training_file
folder, residents, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
folder.mkdir(parents=True)
staff = [person.new() for person in open_training_file(folder, residents, seed).facts.staff]
towns = Tenants(folder, None)
town = towns.open(CODE, town=lambda: generate(residents, seed, date(2026, 11, 20)), staff=staff)
town.snapshots.refresh()
towns.close()
"""


def _sources() -> str:
    told = hashlib.sha256()
    for folder in ("cloud", "resources/contract"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                told.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return told.hexdigest()[:12]


def surroundings() -> dict[str, str]:
    """Return the variables a program of this tree is started with."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@contextmanager
def served(folder: Path, prefix: Sequence[str] = (), host: str = "127.0.0.1") -> Iterator[dict[str, Any]]:
    """Serve the town as an operator would, on a host of its own where a prefix says so; yields what the ready file says."""
    ready = folder / "ready.json"
    words = ["serve", "--data", str(folder), "--ready", str(ready), "--host", host, "--until-eof"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*prefix, sys.executable, "-P", "-m", "cloud", *words],
            cwd=ROOT,
            stdin=subprocess.PIPE,  # it ends with us, however we end
            stdout=log,
            stderr=log,
            env=surroundings(),
        )
    try:
        until = time.monotonic() + 120
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"the cloud did not start: {(folder / 'log').read_text('utf-8')[-2000:]}")
            time.sleep(0.05)
        yield json.loads(ready.read_text("utf-8"))
    finally:
        process.communicate(timeout=30)  # its words end, and so does it


class Office:
    """The town's back office, at work beside the served process on the same database."""

    def __init__(self, folder: Path) -> None:
        from cloud.office.desk import desk_of
        from cloud.tenants import Tenants
        from cloud.town.addresses import CODE

        self._towns = Tenants(folder, None)
        self.tenant = self._towns.open(CODE, town=lambda: ())
        self._desk = desk_of(self.tenant).residents

    def tokens(self, count: int) -> list[str]:
        """Return tokens to enrol with."""
        return [self.tenant.terminals.new_token() for _ in range(count)]

    def hall_token(self) -> str:
        """Return a token that enrols a hall server."""
        return self.tenant.terminals.new_token("hall")

    def heads(self) -> dict[str, int]:
        """Return the newest version of each feed."""
        register = self.tenant.register
        with register.reading() as connection:
            return {feed: register.head(connection, feed).version for feed in ("blocks", "register")}

    def residents(self, count: int, seed: int = SEED) -> list[Row]:
        """Return the present records of some Japanese residents whose papers nothing stops, drawn by a seed."""
        register = self.tenant.register
        with register.reading() as connection:
            stopped = [row for table in ("shien_sochi", "block") for row in register.rows(connection, table)]
        names = ("atena_no", "household_no")
        held = {row.get(name) for row in stopped for name in names} - {None, ""}
        free = [row for row in self._living() if not held & {row[name] for name in names}]
        return Random(seed).sample(free, count)  # noqa: S311 -- the same ones each time

    def change(self, count: int, seed: int = SEED) -> list[Changed]:
        """Let so many residents move or be called something else, each by an act of its own: a version each."""
        dice, living = Random(seed), self._living()  # noqa: S311 -- as above
        pairs = zip(dice.sample(living, count), dice.choices(living, k=count), strict=True)
        return [self._one(row, like, at / count) for at, (row, like) in enumerate(pairs)]

    def _living(self) -> list[Row]:
        with self.tenant.register.reading() as connection:
            rows = self.tenant.register.rows(connection, "resident")
        present = {str(row["atena_no"]): row for row in rows}  # the greatest history_no comes last
        return [row for row in present.values() if row["status"] == "resident" and _has_both_names(row)]

    def _one(self, row: Row, like: Row, share: float) -> Changed:
        from cloud.office.log import By
        from cloud.office.residents import Ido

        what = "move" if share < MOVED else "surname" if share < SURNAME else "given"
        texts = {name: like.get(name, "") for name in _PLACE} if what == "move" else _named(row, like, what)
        today = now().date()
        ido = Ido("転居" if what == "move" else "氏名変更", today, today)
        self._desk.change(By(OFFICER), row["atena_no"], texts, ido)
        return Changed(row["atena_no"], what, {**row, **texts})

    def close(self) -> None:
        """Leave the database."""
        self._towns.close()


def _has_both_names(row: Row) -> bool:
    return all(str(row.get(name, "")).count("　") == 1 for name in ("full_name", "furigana"))


def _named(row: Row, like: Row, what: str) -> dict[str, str]:
    """Return the names of somebody who takes the surname, or the given name, of somebody else."""
    part = 0 if what == "surname" else 1
    told = {}
    for column in ("full_name", "furigana"):
        own, other = row[column].split("　"), like[column].split("　")
        own[part] = other[part]
        told[column] = "　".join(own)
    if row.get("householder_name") == row["full_name"]:
        told["householder_name"] = told["full_name"]
    return told
