"""What a restrictive request stops from its receipt on, before the register has said a word.

The blocks bear the ids the register will give them, ``{key}-{place}``, so that one request is shown once. A hold adds to
what the register says and lifts nothing of it; where the register tells of the same request, the register rules.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from types import MappingProxyType

from client.domain.blocks import Block, BlockLevel, BlockProcess, Restrictions, ShienSochi
from client.domain.calendar import tokyo_day
from client.domain.change import RESTRICTIVE, ChangeKind, ChangeState, QueuedChange
from client.domain.hold import Hold
from client.domain.resident import AtenaNo, Hit, HouseholdNo

# A request stands from its commit until a person took it back, the cloud refused it, or the feed rules (``landed_at``).
STANDING = frozenset(
    {
        *(ChangeState.QUEUED, ChangeState.SENDING, ChangeState.UNKNOWN),
        *(ChangeState.ACCEPTED, ChangeState.CONFLICT, ChangeState.LANDED),
    }
)
# The cloud's moments are read before its commit: a feed so much younger than a receipt has surely seen its rows.
SURELY = timedelta(minutes=1)
_REASONS = MappingProxyType(  # in the words of the register's own rows
    {
        ChangeKind.SEAL_ABOLISH: "印鑑登録廃止の申請を審査中",
        ChangeKind.SEAL_CARD_LOST: "印鑑登録証亡失の届出を審査中",
        ChangeKind.DEATH: "死亡届を審査中",
        ChangeKind.TENSHUTSU: "転出届を審査中",
        ChangeKind.SHIEN_SOCHI: "支援措置の申出を審査中",
    }
)
_BOTH = (BlockProcess.ISSUE, BlockProcess.SEAL)
_ISSUE_AND_SEAL = frozenset({ChangeKind.DEATH, ChangeKind.TENSHUTSU})


KEY_TAKEN = "key_taken"  # the cloud's reason where another's command came first under the key: nothing was said of ours


def stands(change: QueuedChange) -> bool:
    """Tell whether a request stops papers: also where another's command under its key was all the cloud looked at."""
    taken = change.state is ChangeState.REFUSED and KEY_TAKEN in change.last_words.split()
    return change.kind in RESTRICTIVE and (change.state in STANDING or taken)


def hold_of(change: QueuedChange, terminal: str) -> Hold | None:
    """Return the hold of a change in the outbox; None where it restricts nobody, or no longer."""
    if not stands(change):
        return None
    landed = change.receipt.at if change.state is ChangeState.LANDED and change.receipt else None
    planned = _day(change.payload.get("planned")) if change.kind is ChangeKind.TENSHUTSU else None
    return Hold(change.key, change.kind, change.residents, planned, change.made_at, terminal, landed)


def stops(hold: Hold) -> Restrictions:
    """Return what a hold stops. It stands whatever a clock says, but for 転出, which until the planned day only warns."""
    if hold.kind is ChangeKind.SHIEN_SOCHI:
        return Restrictions(
            shien_sochi=tuple(
                ShienSochi(f"{hold.key}-{place}", one, True, None, None, hold)
                for place, one in enumerate(hold.residents, 1)
            )
        )
    blocks = [one for number in hold.residents for one in _blocks(hold, number)]
    return Restrictions(
        tuple(replace(block, block_id=f"{hold.key}-{place}") for place, block in enumerate(blocks, 1))
    )


def rules_still(hold: Hold, blocks_at: datetime) -> bool:
    """Tell whether a hold counts beside a register whose blocks are of a moment."""
    return hold.landed_at is None or blocks_at <= hold.landed_at + SURELY


def says_all(told: Restrictions, hold: Hold, numbers: Collection[AtenaNo], blocks_at: datetime) -> bool:
    """Tell whether rows of a hold's key stop at least what it stops, for some people and as soon.

    One row under the key is not enough: whoever sends another command under it brings rows of their own.
    """
    day, ours = tokyo_day(blocks_at), f"{hold.key}-"
    rows = [one for one in told.blocks if one.block_id.startswith(ours) and one.level is BlockLevel.ERROR]
    protected = {one.atena_no for one in told.shien_sochi if one.measure_id.startswith(ours)}

    def is_said(part: Block) -> bool:
        return any(
            row.atena_no == part.atena_no
            and row.process is part.process
            and (row.starts is None or row.starts <= (part.starts or day))
            for row in rows
        )

    parts = stops(hold)
    errors = (one for one in parts.blocks if one.level is BlockLevel.ERROR and one.atena_no in numbers)
    measures = (one.atena_no for one in parts.shien_sochi if one.atena_no in numbers)
    return all(map(is_said, errors)) and protected.issuperset(measures)


def joined(
    told: Restrictions, holds: Iterable[Hold], numbers: Collection[AtenaNo], blocks_at: datetime
) -> Restrictions:
    """Return what the register says of some people, and what is held beside it; of requests it tells of, its own word."""
    ours = [
        stops(one)
        for one in dict.fromkeys(holds)
        if rules_still(one, blocks_at) and not says_all(told, one, numbers, blocks_at)
    ]
    return Restrictions(
        (*told.blocks, *(block for one in ours for block in one.blocks if block.atena_no in numbers)),
        (*told.shien_sochi, *(held for one in ours for held in one.shien_sochi if held.atena_no in numbers)),
    )


def sheltered_by(holds: Iterable[Hold], blocks_at: datetime) -> frozenset[AtenaNo]:
    """Return who is protected provisionally by a hold."""
    return frozenset(
        number
        for hold in holds
        if hold.kind is ChangeKind.SHIEN_SOCHI and rules_still(hold, blocks_at)
        for number in hold.residents
    )


def hidden_homes(
    hits: Iterable[Hit], sheltered: Collection[AtenaNo], homes: Collection[HouseholdNo]
) -> frozenset[HouseholdNo]:
    """Return the homes whose address is hidden: those known, and those that the search results tell of."""
    return frozenset((*homes, *(hit.household_no for hit in hits if hit.atena_no in sheltered)))


def veiled_hit(hit: Hit, sheltered: Collection[AtenaNo], hidden: Collection[HouseholdNo]) -> Hit:
    """Return a search result as it may be shown: the protected marked, and no address of a hidden home."""
    protected = hit.protected or hit.atena_no in sheltered
    return replace(hit, protected=protected, address=None if hit.household_no in hidden else hit.address)


def _blocks(hold: Hold, number: AtenaNo) -> list[Block]:
    def block(process: BlockProcess, level: BlockLevel, starts: date | None) -> Block:
        return Block("", number, None, process, level, _REASONS[hold.kind], starts, None, hold)

    if hold.kind not in _ISSUE_AND_SEAL:
        return [block(BlockProcess.SEAL, BlockLevel.ERROR, None)]
    warned = hold.planned is not None and hold.planned > tokyo_day(hold.made_at)
    first = [block(BlockProcess.ISSUE, BlockLevel.ALERT, None)] if warned else []
    return first + [block(process, BlockLevel.ERROR, hold.planned if warned else None) for process in _BOTH]


def _day(text: object) -> date | None:
    """Return a day; one that cannot be read is none, and what waits for it is stopped at once."""
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None
