"""Restrictive requests as a counter takes them in, and the holds they are."""

import os
from dataclasses import replace
from datetime import date, datetime

from client.domain.change import ChangeKind, ChangeState, NewChange, QueuedChange, Receipt, change_key
from client.domain.hold import Hold
from client.domain.resident import AtenaNo
from tests.builders import NOW, TARO, TODAY

DEATH, TENSHUTSU, SHIEN_SOCHI = ChangeKind.DEATH, ChangeKind.TENSHUTSU, ChangeKind.SHIEN_SOCHI
CARD_LOST, ABOLISH = ChangeKind.SEAL_CARD_LOST, ChangeKind.SEAL_ABOLISH


def a_restrictive(
    kind: ChangeKind,
    *residents: AtenaNo,
    planned: date = TODAY,
    made_at: datetime = NOW,
    base: int = 3,
    supersedes: str | None = None,
) -> NewChange:
    """Return a request as the contract has it (resources/contract/commands)."""
    who = residents or (TARO,)
    day = made_at.date().isoformat()
    more: dict[ChangeKind, dict[str, object]] = {
        DEATH: {"died_on": day},
        SHIEN_SOCHI: {"members": [str(one) for one in who[1:]], "scope": ["juminhyo"]},
        TENSHUTSU: {
            "members": [str(one) for one in who],
            "planned": planned.isoformat(),
            "to": "みどり県つきみ市本町1番",
            "abroad": False,
            "whole_household": False,
        },
    }
    return NewChange(
        key=change_key(made_at, os.urandom(10)),
        kind=kind,
        residents=who,
        base=dict.fromkeys(who, base),
        payload={"subject": str(who[0]), "todoke_date": day, **more.get(kind, {})},
        made_at=made_at,
        made_by="s001",
        todoke_date=made_at.date(),
        supersedes=supersedes,
    )


def queued(change: NewChange, state: ChangeState, receipt: Receipt | None = None) -> QueuedChange:
    """Return a change as it stands in an outbox."""
    names = ("key", "kind", "residents", "base", "payload", "made_at", "made_by", "clock_offset_ms")
    more = {name: getattr(change, name) for name in names}
    return QueuedChange(
        seq=1,
        state=state,
        sealed=b"",
        signature=b"",
        todoke_date=change.todoke_date,
        supersedes=change.supersedes,
        attempts=0,
        next_try_at=None,
        last_words="",
        receipt=receipt,
        **more,
    )


def a_hold(
    kind: ChangeKind = DEATH,
    *residents: AtenaNo,
    planned: date | None = None,
    made_at: datetime = NOW,
    terminal: str = "T0002",
) -> Hold:
    """Return what another terminal holds."""
    key = change_key(made_at, os.urandom(10))
    return Hold(key, kind, residents or (TARO,), planned, made_at, terminal)


def landed(hold: Hold, at: datetime) -> Hold:
    """Return an own hold whose request the cloud took in at a moment, and whose receipt the replica has reached."""
    return replace(hold, landed_at=at)
