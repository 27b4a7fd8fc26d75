"""Where the verbs that change or read a town find it: a mistyped folder is told, and nothing is made in it."""

import os
from pathlib import Path

from cloud.tenants import URL, Tenants


def open_here(data: Path, url: str | None) -> Tenants:
    """Open the towns kept in a folder; ValueError where no cloud was ever there."""
    if not (data / "keys").is_dir():
        raise ValueError(
            f"no cloud is kept in {data}: nothing was ever served from it or taken in there. "
            "Give --data the folder of `serve`. Nothing was made or changed"
        )
    if not (url or os.environ.get(URL) or (data / "cloud.db").exists()):
        raise ValueError(
            f"{data} has no cloud.db: name its database by --url or {URL}. Nothing was made or changed"
        )
    return Tenants(data, url)


def no_town(code: str, data: Path) -> str:
    """Return what is said where the cloud does not have a town."""
    return f"the cloud in {data} has no town {code}. Look at --town, --data and --url. Nothing was changed"
