"""Where the fonts are: beside the built program, where Debian or Windows puts them, or where a town says."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from client.domain.errors import PaperError

PAPER_FONT = "ipamjm.ttf"  # IPAmj明朝: every letter of the register, Moji_Joho sequences
SCREEN_FONT = "BIZUDPGothic-Regular.ttf"
_OWN_LETTERS = "gaiji"  # folder with the town's own fonts, asked after IPAmj in order of their file names
_LINUX = (
    Path("/usr/share/fonts/truetype/ipamj"),
    Path("/usr/share/fonts/truetype/bizud-gothic"),
    Path("/usr/local/share/fonts"),
)


def find_fonts(environ: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Return the chain for papers and names: IPAmj明朝, then the town's own letters."""
    return (find_font(PAPER_FONT, environ), *_own_letters(environ))


def find_font(file_name: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Return where a font file is. PaperError ``paper.font_missing``."""
    for folder in _folders(environ):
        if (folder / file_name).is_file():
            return folder / file_name
    raise PaperError("paper.font_missing", font=file_name)


def is_own(path: Path) -> bool:
    """Tell whether a font file is the town's own: private-use letters come from such alone."""
    return path.parent.name == _OWN_LETTERS


def _own_letters(environ: Mapping[str, str]) -> tuple[Path, ...]:
    for folder in _folders(environ):
        if (folder / _OWN_LETTERS).is_dir():
            return tuple(sorted((folder / _OWN_LETTERS).glob("*.ttf")))
    return ()


def _folders(environ: Mapping[str, str]) -> Iterator[Path]:
    if named := environ.get("MADOGUCHI_FONT_DIR"):
        yield Path(named)
    if getattr(sys, "frozen", False):
        yield Path(sys.executable).parent / "fonts"
        yield Path(getattr(sys, "_MEIPASS", "")) / "resources" / "fonts"
    yield Path(__file__).parents[2] / "resources" / "fonts"
    yield from _LINUX
    if windows := environ.get("WINDIR"):
        yield Path(windows) / "Fonts"
    if local := environ.get("LOCALAPPDATA"):
        yield Path(local) / "Microsoft" / "Windows" / "Fonts"
