"""Why the cloud said no to a change and what can be done, by the code of its answer. No toolkit."""

from client.domain.change import ChangeState, QueuedChange, first_told
from client.domain.errors import RefusedError
from client.jobs.ports import Now
from ui.clock import short_time
from ui.text import ErrorWords, Words

_KEY_TAKEN = "key_taken"


def refusal_of(change: QueuedChange, words: Words, now: Now) -> ErrorWords:
    """Return what happened, why and what helps; a code without words of ours stands as it came."""
    if change.state is ChangeState.CONFLICT:
        return ErrorWords(words("outbox.conflict"), "", "", "")
    if first := first_told(change.last_words):
        at = short_time(first.at, now())
        why = words("outbox.duplicate_of", key=first.key, at=at, terminal=first.terminal)
        return ErrorWords(words.error("refused.duplicate_intake").what, why, words("outbox.duplicate_do"), "")
    code, _, reason = change.last_words.partition(" ")
    if reason == _KEY_TAKEN:
        return ErrorWords(words("outbox.key_taken"), "", "", "")
    if not words.has(f"error.{code}"):
        return ErrorWords(change.last_words, "", "", "")
    field = reason.rpartition(".")[2] or reason
    return words.error(code, {"reason": reason, "field": field, "right": reason})


def kept_of(error: RefusedError | None, words: Words) -> str:
    """Return in one line why something cannot be taken back here and now; empty where it can."""
    if error is None:
        return ""
    told = words.error(error.code, error.facts)
    return words("outbox.kept", why=told.why or told.what, do=told.do)
