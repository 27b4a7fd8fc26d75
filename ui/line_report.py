"""What is known of the up-links, in words: which carries, how each is, what it carried today. No toolkit."""

from client.domain.uplink import Uplink
from client.rules.link import Health
from ui.status import Facts, UplinkFacts, named
from ui.text import Words

_SHOWN = {Health.UP: "up", Health.DOUBTFUL: "doubtful", Health.DOWN: "down"}


def line_report(facts: Facts, words: Words) -> str:
    """Return a line for each up-link, and one for what is affected."""
    lines = [_of_uplink(one, facts.carrying, words) for one in facts.uplinks]
    if facts.affected:
        lines += ["", words("line_box.affected", what=named(facts.affected, words))]
    return "\n".join(lines)


def size_words(count: int) -> str:
    """Return a number of bytes as people read it: 820 B, 12 kB, 3.3 MB."""
    if count < 1000:
        return f"{count} B"
    return f"{round(count / 1000)} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def _of_uplink(one: UplinkFacts, carrying: Uplink, words: Words) -> str:
    state = words(f"uplink.{_SHOWN[one.state.health] if one.watched else 'waiting'}")
    if one.uplink is carrying and one.state.usable:
        state = words("line_box.carries", state=state)
    used = words(
        "line_box.used",
        all=size_words(one.used.all),
        sent=size_words(one.used.sent),
        received=size_words(one.used.received),
    )
    return words("line_box.uplink", name=words(f"uplink.{one.uplink.value}"), state=state, used=used)
