"""A run of the journal on its way to the cloud: how long it is, when it is due, what the terminal signs of it.

The envelope of every command is signed too, but it is opened when it arrives; what is signed here stays beside the
entries for as long as they are kept, so that nobody who can write to the cloud's database can write a run.
"""

from datetime import datetime, timedelta

import msgspec

from client.domain.journal import JournalStanding

MOST_ENTRIES = 500  # of one run; the cloud takes 1000
DUE_AT = 100  # entries
DUE_AFTER = timedelta(minutes=1)
_DOMAIN = b"madoguchi-journal-v1\n"  # before what is signed, so that no other signature fits
_PRUNED = b"madoguchi-journal-pruned-v1\n"
_encode = msgspec.msgpack.Encoder().encode


def signed_words(
    municipality: str, terminal_no: str, *, first: int, last: int, prev: bytes, head: bytes
) -> bytes:
    """Return what a terminal signs of a run: whose it is, which numbers, what stands before it and what it ends with."""
    return _DOMAIN + _encode((municipality, terminal_no, first, last, prev, head))


def pruned_words(
    municipality: str, terminal_no: str, *, first: int, last: int, prev: bytes, head: bytes
) -> bytes:
    """Return what a terminal signs of lines it takes out after their time: as of a run, and never to be taken for one."""
    return _PRUNED + _encode((municipality, terminal_no, first, last, prev, head))


def is_due(standing: JournalStanding, now: datetime, *, others_wait: bool) -> bool:
    """Tell whether a run is cut now: the journal goes before whatever else goes, and no later than after a minute.

    A clock that was set back makes a run due, not late.
    """
    if not standing.uncut:
        return False
    oldest = standing.oldest_uncut_at or now
    return others_wait or standing.uncut >= DUE_AT or not timedelta(0) <= now - oldest < DUE_AFTER
