"""What the watch knows, as the status bar shows it. No toolkit."""

from client.jobs.count_bytes import CountBytes
from client.jobs.watch_link import LinkWatch
from client.rules.link import Health
from client.rules.modes import Mode
from client.rules.usage import NONE
from ui.status import Line, UplinkFacts

_OF_MODE = {Mode.STOPPED: Line.STOPPED, Mode.DISASTER: Line.OFFLINE, Mode.RECOVERY: Line.RECOVERING}


def line_shown(watch: LinkWatch) -> Line:
    """Return the line as a clerk sees it."""
    if watch.state.health is Health.DOUBTFUL and watch.last_ms is None:
        return Line.STARTING
    if watch.mode in _OF_MODE:
        return _OF_MODE[watch.mode]
    if watch.metered:
        return Line.MOBILE
    if watch.affected:
        return Line.PARTIAL
    return Line.SLOW if watch.mode is Mode.DEGRADED else Line.ONLINE


def uplinks_shown(watch: LinkWatch, count: CountBytes) -> tuple[UplinkFacts, ...]:
    """Return each up-link with what it carried today."""
    used = count.today
    return tuple(
        UplinkFacts(uplink, state, watch.is_watched(uplink), used.get(uplink.value, NONE))
        for uplink, state in watch.states.items()
    )
