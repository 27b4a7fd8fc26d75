"""Every kind of command, and the reader of its payload."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

import msgspec

from cloud.payloads import contacts, facts, services, todoke
from cloud.payloads.base import Request

REQUESTS: Mapping[str, type[Request]] = MappingProxyType(
    {
        "todoke.tenkyo": todoke.Tenkyo,
        "todoke.tennyu": todoke.Tennyu,
        "todoke.tenshutsu": todoke.Tenshutsu,
        "todoke.setai_henko": todoke.SetaiHenko,
        "todoke.birth": todoke.Birth,
        "todoke.death": todoke.Death,
        "nhi.acquire": services.NhiAcquire,
        "nhi.lose": services.NhiLose,
        "nhi.change": services.NhiChange,
        "seal.register": services.SealRegister,
        "seal.abolish": services.SealEnd,
        "seal.card_lost": services.SealEnd,
        "disaster.application": services.DisasterApplication,
        "contact.change": contacts.ContactChange,
        "tax.reduction": services.TaxReduction,
        "koseki.memo": todoke.KosekiMemo,
        "shien_sochi.application": services.ShienSochiApplication,
        "shien_sochi.end": services.ShienSochiEnd,
    }
)
FACTS: Mapping[str, type[msgspec.Struct]] = MappingProxyType(
    {
        "fact.issued": facts.Issued,
        "fact.handed_over": facts.SheetEnd,
        "fact.spoiled": facts.SheetEnd,
        "fact.void": facts.SheetEnd,
        "fact.fee": facts.Fee,
        "fact.journal": facts.JournalSegment,
        "fact.day_close": facts.DayClose,
        "fact.release": facts.Release,
        "fact.erased": facts.Erased,
    }
)
_MISSING = re.compile(r"missing required field `(\w+)`")
_PLACE = re.compile(r" - at `\$(.+)`$")
S = TypeVar("S", bound=msgspec.Struct)


class BadFieldError(ValueError):
    """A field of a payload that is missing or not of its type; carries the field's name, never its value."""


def read(kind: type[S], payload: Mapping[str, object]) -> S:
    """Read a payload as it came out of its envelope; BadFieldError names the first field that is wrong."""
    try:
        return msgspec.convert(payload, kind, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise BadFieldError(_field(error)) from None


def read_kept(kind: type[S], kept: str) -> S:
    """Read a payload again that was read before and kept."""
    return msgspec.json.decode(kept, type=kind)


def keep(payload: object) -> str:
    """Write a payload down; blobs in base64."""
    return msgspec.json.encode(payload).decode()


def _field(error: msgspec.ValidationError) -> str:
    """Return the name of the wrong field: of ours only, a name that came in is not repeated."""
    words = str(error)
    missing = _MISSING.search(words)
    if missing:
        return missing[1]
    if "unknown field" in words:
        return "unknown_field"
    place = _PLACE.search(words)
    steps = re.findall(r"\w+", re.sub(r"\[[^\]]*\]", "", place[1])) if place else []
    cause = error.__cause__
    if isinstance(cause, ValueError) and not isinstance(cause, msgspec.ValidationError):
        return str(cause)  # raised by a reader of ours, which names the field
    return steps[-1] if steps else "payload"
