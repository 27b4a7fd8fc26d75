"""A new cloud's database in its shape, copied: to make sixty tables takes longer than to found a small town."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from cloud.database import open_engine
from cloud.migrations import bring_up


@cache
def _shape() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "cloud.db"
        engine = open_engine(f"sqlite:///{file}")
        bring_up(engine)
        engine.dispose()
        return file.read_bytes()


def shaped(folder: Path) -> sa.Engine:
    """Return a database in a folder, brought up, without a town."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / "cloud.db"
    file.write_bytes(_shape())
    return open_engine(f"sqlite:///{file}")
