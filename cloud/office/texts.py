"""What the office says: sentences and words by key, from texts.toml beside this file."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from cloud.clock import TOKYO, read_stamp
from cloud.problems import ProblemError
from cloud.wareki import read_day, write_wareki

_HERE = Path(__file__).parent


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """Return all texts, by group and key."""
    return tomllib.loads((_HERE / "texts.toml").read_text("utf-8"))


def word(group: str, key: object) -> str:
    """Return the word for a key; for one nobody has named yet the key itself, which is a datum then, not a code."""
    return texts()[group].get(str(key), str(key))


def trouble(error: ProblemError) -> str:
    """Return what an officer reads where something was refused."""
    if error.detail in texts()["detail"]:
        return texts()["detail"][error.detail]
    sentence = texts()["problem"].get(error.code) or texts()["problem"]["cloud.fault"]
    facts = dict(error.facts)
    name = word("field", facts.get("field", "入力"))
    facts["field"] = f"{facts['whose']}　{name}" if "whose" in facts else name
    facts["table"] = word("table", facts.get("table", ""))
    facts["column"] = word("field", facts.get("column", ""))
    facts["state"] = word("state", facts.get("state", ""))
    facts["who"] = "支援措置責任者" if facts.get("right") == "shien_sochi" else "担当者"
    facts["right"] = word("right", facts.get("right", ""))
    facts["until"] = clock(facts.get("until"))
    facts["where"] = f"端末 {facts['terminal']}" if facts.get("terminal") else "事務処理"
    facts["reason"] = why(str(facts.get("reason", "")))
    return sentence.format_map({"minutes": "5", "by": "", "section": "", **facts})


def why(code: str) -> str:
    """Return why something cannot stand: by its code, or by the field that is wrong."""
    known = texts()["reason"].get(code)
    return known or f"「{texts()['notified'].get(code) or word('field', code)}」に誤りがある"


def moment(stamp: object) -> str:
    """Return a moment as the office's clock shows it: 令和8年11月20日 14:05."""
    if not stamp:
        return ""
    there = read_stamp(str(stamp)).astimezone(TOKYO)
    return f"{write_wareki(there.date())} {there:%H:%M}"


def clock(stamp: object) -> str:
    """Return the time of day of a moment: 14:05."""
    return moment(stamp)[-5:]


def wareki(day: object) -> str:
    """Return a day (ISO) as the register words it; what is no day stays as it is."""
    read = read_day(str(day)) if day else None
    return write_wareki(read) if read else str(day or "")


def term(seconds: float) -> str:
    """Return a term in the greatest whole unit: 5分, 3時間, 2日."""
    minutes = max(0, int(seconds)) // 60
    if minutes < 60:
        return f"{minutes}分"
    return f"{minutes // 60}時間" if minutes < 60 * 48 else f"{minutes // (60 * 24)}日"
