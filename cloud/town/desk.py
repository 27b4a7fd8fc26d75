"""Rows the counters read beside the register: 外字 and お知らせ."""

from collections.abc import Iterator
from datetime import date, timedelta

Row = dict[str, object]

_SINCE = "2012-07-09"
# Outlines of our own on a 1000 × 1000 em: invented letters of bars, in no character set.
_GAIJI = (
    ("E001", "カツラ", "M120 80H880V160H120Z M460 160H540V920H460Z M200 420H800V500H200Z"),
    (
        "E002",
        "ワタ",
        "M100 120H900V200H100Z M140 200H220V900H140Z M780 200H860V900H780Z M300 480H700V560H300Z",
    ),
    (
        "E003",
        "サキ",
        "M460 60H540V300H460Z M160 300H840V380H160Z M160 380H240V940H160Z M400 560H840V640H400Z",
    ),
)


def desk_rows(today: date) -> Iterator[tuple[str, Row]]:
    """Yield the letters of the town's own, and what the counters are told these days."""
    for code, reading, outline in _GAIJI:
        yield (
            "gaiji",
            {"code": code, "reading": reading, "outline": outline.encode(), "in_force_from": _SINCE},
        )
    for place, (level, first, days, text) in enumerate(
        (
            ("info", -7, 30, "年末年始の窓口は12月29日から1月3日まで休みます。"),
            ("warning", 0, 3, "戸籍証明の広域交付は点検のため遅れることがあります。"),
        ),
        1,
    ):
        starts = today + timedelta(days=first)
        yield (
            "announcement",
            {
                "announcement_id": f"N{place:03d}",
                "level": level,
                "text": text,
                "starts": _midnight(starts),
                "ends": _midnight(starts + timedelta(days=days)),
            },
        )


def _midnight(day: date) -> str:
    """Return the moment a day begins in Tokyo, in UTC."""
    return f"{(day - timedelta(days=1)).isoformat()}T15:00:00Z"
