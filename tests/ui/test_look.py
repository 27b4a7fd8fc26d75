"""What the screens look like, as far as numbers can tell: nothing cut at any size, and every word with contrast enough."""

from collections.abc import Callable

import pytest

from tests.ui import states
from tests.ui.attached_states import ATTACHED_STATES
from tests.ui.book_states import BOOK_STATES
from tests.ui.carry_states import CARRY_STATES
from tests.ui.change_states import CHANGE_STATES
from tests.ui.cut import cut_texts
from tests.ui.decide_states import DECIDE_STATES
from tests.ui.doubtful_states import DOUBTFUL_STATES
from tests.ui.drive import Counter
from tests.ui.item_states import ITEM_STATES
from tests.ui.release_states import RELEASE_STATES
from tests.ui.settle_states import SETTLE_STATES
from tests.ui.two_states import TWO_STATES
from tests.ui.visit_states import VISIT_STATES
from ui.theme import THEMES, tokens

pytestmark = pytest.mark.long

Drive = Callable[..., None]
Size = tuple[int, int]
EVERY = (
    states.STATES
    | CARRY_STATES
    | BOOK_STATES
    | CHANGE_STATES
    | DOUBTFUL_STATES
    | ATTACHED_STATES
    | SETTLE_STATES
    | RELEASE_STATES
    | DECIDE_STATES
    | ITEM_STATES
    | VISIT_STATES
    | TWO_STATES
)

# The sizes of town halls: an old 1366 × 768 one, the least we promise, Full HD; letters up to double.
DAILY = [
    ((1168, 620), 100, "ja"),
    ((1366, 768), 150, "ja"),
    ((1366, 768), 200, "ja"),
    ((1366, 768), 100, "en"),
]
MATRIX = [
    (size, percent, language)
    for size in ((1168, 620), (1366, 768), (1920, 1080))
    for percent in (100, 125, 150, 200)
    for language in ("ja", "en")
    if (size, percent) not in {((1168, 620), 150), ((1168, 620), 200)}  # 150 % needs 1366, double letters too
    and (percent, language, size[0]) != (200, "en", 1366)  # English words double: 1920
]
FULLEST = (
    "log-in-training",
    "counter-find-form",
    "counter-ready",
    "counter-protected",
    "counter-ends",
    "counter-foreigner",
    "counter-foreigner-withheld",
    "counter-offline",
    "counter-note",
    "certificate-spoiled",
    "change-gaps",
    "change-done",
    "outbox",
    "doubtful",
    "book",
    "release-offered",
    "release-offline",
    "settle-conflict",
    "outbox-fates",
    "drill-under-way",
    "carry-unfit",
    "carry-same-share",
)

# Ink and ground as base.qss and the painted lists put them together: 4.5:1 for words, 3:1 for edges and marks
# (WCAG 2.2, 1.4.3 and 1.4.11).
WORDS = (
    *((ink, ground) for ink in ("ink", "quiet") for ground in ("ground", "card", "field", "chosen", "hover")),
    *((ink, "card") for ink in ("bad", "warn", "ok")),
    ("ink", "bad_ground"),
    ("ink", "warn_ground"),
    ("ink", "info_ground"),
    ("bad", "bad_ground"),
    ("warn", "warn_ground"),
    ("ok", "info_ground"),
    ("quiet", "info_ground"),
    ("on_accent", "accent"),
    ("on_bar", "bar"),
    ("on_stripe", "stripe"),
    ("off_ink", "off_ground"),
    ("off_ink", "card"),
    ("bad", "chosen"),
    ("warn", "chosen"),
)
EDGES = (
    *(("edge", ground) for ground in ("card", "field", "ground")),
    *(("accent", ground) for ground in ("card", "field", "ground")),
    *((mark, "card") for mark in ("ok", "warn", "bad", "quiet")),
    ("bad", "bad_ground"),
    ("warn", "warn_ground"),
)


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb (WCAG 2)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the ratio of two colours."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_every_word_and_every_edge_has_contrast_enough(theme: str) -> None:
    named = tokens(theme)
    least = 7.0 if theme == "high_contrast" else 4.5
    words = {f"{a} on {b}": round(contrast(named[a], named[b]), 2) for a, b in WORDS}
    edges = {f"{a} on {b}": round(contrast(named[a], named[b]), 2) for a, b in EDGES}
    assert {pair: ratio for pair, ratio in words.items() if ratio < least} == {}
    assert {pair: ratio for pair, ratio in edges.items() if ratio < 3} == {}


def test_contrast_is_reckoned_as_the_standard_does() -> None:
    assert round(contrast("#000000", "#ffffff"), 1) == 21.0
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


def look_at(drive: Drive, names: tuple[str, ...], size: Size, percent: int, language: str) -> list[str]:
    found: list[str] = []
    for name in names:

        async def play(counter: Counter, name: str = name) -> None:
            await EVERY[name](counter)
            await counter.quiet()
            found.extend(f"{name}: {cut}" for cut in cut_texts(counter.shell))
            if (counter.shell.width(), counter.shell.height()) != size:
                found.append(f"{name}: the window grew to {counter.shell.width()} × {counter.shell.height()}")

        drive(play, size=size, percent=percent, language=language)
    return found


@pytest.mark.parametrize(
    ("size", "percent", "language"),
    [pytest.param(*one, marks=[] if n == 2 else [pytest.mark.slow]) for n, one in enumerate(DAILY)],
)
def test_nothing_is_cut_where_most_is_said(drive: Drive, size: Size, percent: int, language: str) -> None:
    found = look_at(drive, FULLEST, size, percent, language)
    assert not found, "\n".join(found)


# Qt's offscreen platform cannot tell a window manager the size of a dialog, and says so.
@pytest.mark.qt_log_ignore("propagateSizeHints")
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("size", "percent", "language"), MATRIX)
def test_nothing_is_cut_in_any_state_at_any_size(
    drive: Drive, size: Size, percent: int, language: str
) -> None:
    found = look_at(drive, tuple(EVERY), size, percent, language)
    assert not found, "\n".join(found)
