"""Where the Config comes from: files and variables, read in order; every mistake names its place.

Sources, later ones win: the defaults, ``/etc/madoguchi/config.toml``, ``/etc/madoguchi/config.d/*.toml``
in the order of their names, the user's own file, and variables ``MADOGUCHI_<FIELD>``.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

from client.config import Config
from client.rules.settings import ConfigError, on_windows

PREFIX = "MADOGUCHI_"
_NOT_SETTINGS = frozenset({"MADOGUCHI_FONT_DIR"})  # read where fonts are found, also without a Config
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Loaded:
    """A Config and where each of its values was set."""

    config: Config
    sources: Mapping[str, str]


def load(environ: Mapping[str, str] = os.environ, files: Iterable[Path] | None = None) -> Loaded:
    """Read every source in order. ConfigError names the setting, the place and the nearest known name."""
    values: dict[str, object] = {}
    sources = {declared.name: "default" for declared in fields(Config)}
    for source, found in _all_sources(environ, files):
        for name, raw in found.items():
            if name not in sources:
                raise ConfigError(f"{source}: unknown setting {name!r}{_nearest(name, sources)}")
            values[name] = _read(name, raw, source)
            sources[name] = source
    try:
        return Loaded(Config(**values), sources)  # type: ignore[arg-type]  # each value was read by its declared type
    except ConfigError as error:
        name = str(error).split(" ", 1)[0]
        raise ConfigError(f"{sources.get(name, '')}: {error}") from None


def usual_files(environ: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Return the settings files that exist, the machine's first, the user's last."""
    if named := environ.get(f"{PREFIX}CONFIG"):
        return (Path(named),)
    machine = (
        Path(environ.get("PROGRAMDATA", r"C:\ProgramData")) / "Madoguchi"
        if on_windows()
        else Path("/etc/madoguchi")
    )
    home = (
        Path(environ.get("APPDATA", "")) / "Madoguchi" if on_windows() else _xdg_home(environ) / "madoguchi"
    )
    parts = sorted((machine / "config.d").glob("*.toml"))
    return tuple(path for path in (machine / "config.toml", *parts, home / "config.toml") if path.is_file())


def sample() -> str:
    """Return the sample settings file: every setting, its sentence and its default, commented out."""
    lines = ["# Madoguchi: settings. Remove the # before a line to set it; unknown names are errors."]
    for declared in fields(Config):
        lines += [
            "",
            f"# {declared.metadata['doc']}",
            f"# {declared.name} = {_toml(_default_of(declared.name))}",
        ]
    return "\n".join(lines) + "\n"


def _xdg_home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "/")) / ".config")


def _all_sources(
    environ: Mapping[str, str], files: Iterable[Path] | None
) -> Iterator[tuple[str, Mapping[str, object]]]:
    for path in usual_files(environ) if files is None else files:
        yield str(path), _from_file(path)
    ours = {
        name: value
        for name, value in environ.items()
        if name.startswith(PREFIX) and name not in _NOT_SETTINGS
    }
    for name, value in sorted(ours.items()):
        if name != f"{PREFIX}CONFIG":
            yield name, {name.removeprefix(PREFIX).lower(): value}


def _from_file(path: Path) -> Mapping[str, object]:
    import tomllib  # most terminals are set by a file, a clone by variables alone

    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({type(error).__name__})") from error


def _nearest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # only for a mistake

    near = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def _read(name: str, raw: object, source: str) -> object:
    wanted = _types()[name]
    try:
        return _as(wanted, raw)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{source}: {name} = {raw!r}: {error}") from None


@cache
def _types() -> Mapping[str, object]:
    return get_type_hints(Config)


def _as(wanted: object, raw: object) -> object:
    if get_origin(wanted) is Literal:
        if raw not in get_args(wanted):
            raise ValueError(f"must be one of {', '.join(get_args(wanted))}")
        return raw
    if wanted is bool:
        return _as_bool(raw)
    if wanted is int:
        if isinstance(raw, bool) or not isinstance(raw, (int, str)):
            raise TypeError("must be a whole number")
        return int(raw)
    if not isinstance(raw, str):
        raise TypeError("must be a text")
    return Path(raw).expanduser() if wanted is Path else raw


def _as_bool(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    if str(raw).lower() in _TRUE | _FALSE:
        return str(raw).lower() in _TRUE
    raise ValueError("must be true or false")


def _default_of(name: str) -> object:
    return getattr(Config(data_dir=Path("/var/lib/madoguchi")), name)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else f'"{value}"'
