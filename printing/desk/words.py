"""A printer's keywords and numbers → the words a clerk reads."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache

from printing.desk.ipp import JobState, Reply
from resources import read_text

_SEVERITIES = ("-error", "-warning", "-report")
_QUIET = frozenset(
    {"none", "job-printing", "job-queued", "job-spooling", "job-incoming", "processing-to-stop-point"}
)


@lru_cache(maxsize=1)
def _words() -> Mapping[str, Mapping[str, str]]:
    table: Mapping[str, Mapping[str, str]] = tomllib.loads(read_text("forms", "printer_words.toml"))
    return table


def own(name: str) -> str:
    """Return one of the desk's own sentences."""
    return _words()["desk"][name]


def of_state(state: JobState) -> str:
    """Return a job's state in words."""
    return _words()["state"][state.name.lower().replace("_", "-")]


def of_job(reasons: Sequence[str]) -> tuple[str, ...]:
    """Return a job's reasons in words; what goes without saying is left out."""
    return _of(reasons, "job")


def of_printer(reasons: Sequence[str]) -> tuple[str, ...]:
    """Return a printer's reasons in words; unknown ones are quoted as they came."""
    return _of(reasons, "printer")


def of_refusal(reply: Reply) -> str:
    """Return why the printer did not take a job."""
    status = f"{reply.status:04x}"
    return _words()["status"].get(status) or own("other_status").format(status=status)


def sentence(*parts: str) -> str:
    """Join words, each once, as sentences."""
    return "。".join(dict.fromkeys(part for part in parts if part))


def _of(reasons: Sequence[str], table: str) -> tuple[str, ...]:
    found = []
    for reason in reasons:
        bare = next((reason.removesuffix(end) for end in _SEVERITIES if reason.endswith(end)), reason)
        if bare not in _QUIET:
            found.append(_words()[table].get(bare) or own("other_reason").format(reason=reason))
    return tuple(found)
