"""What a line of the book says, in words of the catalogue; nobody reads a code. No toolkit."""

from datetime import datetime

from client.domain.journal import BookLine
from ui.clock import in_tokyo
from ui.text import Words

# The kinds of lines, as they are offered to be looked for; resources/text has a word for each (docs/OPERATIONS.md).
KINDS = (
    "sign_in",
    "look_up",
    "view",
    "issue",
    "sheet",
    "handed_over",
    "spoiled",
    "refusal",
    "saved",
    "release",
    "let_in",
    "declaration",
    "deputy",
    "account",
    "device_key",
    "device_changed",
    "wrap_erased",
    "intake",
    "answer",
    "call_back",
    "outbox",
    "hold",
    "doubtful",
    "sync",
    "verify",
    "pruned",
    "book",
    "drill",
    "loss",
    "gap",
)
_CODES = frozenset({"code", "codes", "trouble"})
_SEVERAL = frozenset({"by", "codes", "rights", "why"})  # more than one value may stand in them
_FLAGS = frozenset(
    {
        "masked",
        "more",
        "seal",
        "purpose_told",
        "deputy",
        "offline",
        "whole",
        "filled",
        "followed_back",
        "bundle_made",
        "equal",
    }
)
# Facts that are numbers, ids or moments: told as they stand.
_AS_THEY_ARE = frozenset(
    {
        "account", "attachment", "attachments", "blocks", "blocks_before", "blocks_version", "broken_pages", "bundle",
        "carried_for", "change", "changes", "copies", "decided_by", "entries", "fee_yen", "first", "head", "from",
        "hits", "key", "last",
        "let_in_by", "line", "lines", "made_by", "most", "no", "note", "officer", "other", "pages", "papers", "pdf_hash",
        "prev", "printer", "register_before", "register_version", "release", "repaired_buckets", "repaired_rows",
        "saved_rows", "second", "serial", "series", "shares", "staff", "supersedes", "terminal", "to", "tries",
        "until", "version", "who", "words", "wrong_buckets",
    }
)  # fmt: skip
_OF_OTHERS = {  # values that have their words elsewhere in the catalogue, by the fact
    "requester": ("requester",),
    "identity": ("identity",),
    "rights": ("right",),
    "why": ("doubtful_why", "book_value"),
    "done": ("doubtful_done",),
    "kind": ("paper", "change_kind"),
    "what": ("book_value", "paper", "change_kind"),
    "state": ("change_state", "book_value"),
    "field": ("field",),
}


def kind_word(kind: str, words: Words) -> str:
    """Return what a kind of line is called; one of a newer program is told as such."""
    return words(f"book_kind.{kind}") if words.has(f"book_kind.{kind}") else words("book.unknown_kind")


def told(line: BookLine, words: Words) -> str:
    """Return what a line says beside its moment, kind, actor and people: each fact by name, the rest counted."""
    parts, rest = list[str](), 0
    for name, value in line.facts.items():
        text = _value(name, value, line, words)
        if text is None or not words.has(f"book_fact.{name}"):
            rest += 1
        elif text:
            parts.append(words("book.fact", name=words(f"book_fact.{name}"), value=text))
    if rest:
        parts.append(words("book.more_facts", n=rest))
    return "　".join(parts)


def _value(name: str, value: str | int, line: BookLine, words: Words) -> str | None:
    if name == "at":
        return _moment(str(value))
    if name in _FLAGS:
        return words("book.yes" if value else "book.no")
    if name in _AS_THEY_ARE or isinstance(value, int):
        return str(value)
    if not value:
        return ""
    several = str(value).replace("+", " ").replace(",", " ").split() if name in _SEVERAL else [str(value)]
    return words("book.comma").join(_word(name, one, line, words) for one in several)


def _moment(text: str) -> str:
    try:
        return in_tokyo(datetime.fromisoformat(text)).strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return text


def _word(name: str, value: str, line: BookLine, words: Words) -> str:
    if name in _CODES:
        try:
            said = words.error(value, line.facts)
        except KeyError:
            return words("book.other_value")
        return f"{said.what}{said.why}"
    for table in _OF_OTHERS.get(name, ("book_value",)):
        if words.has(f"{table}.{value}"):
            return words(f"{table}.{value}")
    return words("book.other_value")
