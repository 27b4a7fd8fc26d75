"""A bundle and two officers for the screens: real shares of a real escrow; what lies in the bundle is told, not opened."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path

from client.domain.bundle import Bundle, BundleKind, BundlePart, Share, ShareLetter, Signer, Span
from client.domain.clerk import SignIn
from client.domain.errors import CounterError, RefusedError
from client.domain.feed import Feed, FeedPosition, Position
from client.rules.bundles import spoken
from cloud.escrow import ShareCost, key_id, new_escrow, split, written
from offline.store import escrow
from tests.builders import NOW
from ui.screens.replica.carried import Carried
from ui.screens.replica.carry import CarryJobs, Looked, TakenIn

PASSPHRASES = ("hitorime no aikotoba", "futarime no aikotoba", "sanninme no aikotoba")
TOWN = ("999997", "あおぞら市")
STANDS = Position(FeedPosition(88, NOW), FeedPosition(4711, NOW - timedelta(days=2)))
REACHED = Position(FeedPosition(90, NOW), FeedPosition(4720, NOW - timedelta(minutes=5)))
_SIZE = 51_000_000


@cache
def papers() -> tuple[str, tuple[str, ...]]:
    """Return the name of a town's escrow key, and its officers' sheets."""
    public, private = new_escrow()
    cost = ShareCost(passes=1, log2_kib=8)
    sheets = zip(split(private, len(PASSPHRASES)), PASSPHRASES, strict=True)
    return key_id(public), tuple(
        written(share, len(PASSPHRASES), public, passphrase, cost) for share, passphrase in sheets
    )


def lines_of(officer: int) -> list[str]:
    """Return the lines of an officer's sheet as one types them: without their numbers."""
    return [line.split("  ", 1)[1] for line in papers()[1][officer - 1].splitlines()]


def a_bundle(kind: BundleKind = BundleKind.WHOLE, *, town: str = TOWN[0], made_by: str = "cloud") -> Bundle:
    """Return what a bundle says of itself."""
    after = {Feed.REGISTER: None, Feed.BLOCKS: None}
    if kind is BundleKind.DELTA:
        after = {Feed.REGISTER: 4715, Feed.BLOCKS: 88}  # type: ignore[dict-item]  # a delta has a beginning
    return Bundle(
        bundle_id="0123456789abcdef0123456789abcdef",
        municipality=town,
        environment="training",
        kind=kind,
        made_at=NOW - timedelta(minutes=5),
        made_by=made_by,
        spans={Feed.REGISTER: Span(after[Feed.REGISTER], 4720), Feed.BLOCKS: Span(after[Feed.BLOCKS], 90)},
        escrow_id=papers()[0],
        wrapped=bytes(80),
        signer=Signer(key=bytes(32)) if made_by == "cloud" else Signer(certificate="pem"),
        parts=(BundlePart("parcels", _SIZE, bytes(32)),),
    )


def carried(bundle: Bundle | None = None, refused: RefusedError | None = None) -> Carried:
    """Return a bundle that was looked at."""
    bundle = bundle or a_bundle()
    return Carried(Path("town.bundle"), bundle, spoken(bundle), STANDS, refused)


@dataclass
class Carrier:
    """Does what the screen asks for, and keeps what it was asked."""

    found: Carried | RefusedError = field(default_factory=carried)
    trouble: CounterError | None = None
    texts: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    told: TakenIn | None = None

    @property
    def jobs(self) -> CarryJobs:
        """Return what the screen asks for."""
        return CarryJobs(
            TOWN, self._look, self._text, escrow.must_fit, self._open_share, self._take_in, self._refused
        )

    async def _look(self, _path: Path, tell: Looked) -> Carried:
        tell(_SIZE // 2, _SIZE)
        if isinstance(self.found, RefusedError):
            raise self.found
        return self.found

    async def _text(self, path: Path) -> str:
        return self.texts.get(path.name, "")

    async def _open_share(self, letter: ShareLetter, passphrase: str) -> Share:
        return escrow.open_share(letter, passphrase)

    async def _take_in(
        self, who: SignIn, _carried: Carried, shares: Sequence[Share], told: TakenIn
    ) -> Position:
        self.taken.append((who.clerk.staff_id, tuple(share.number for share in shares)))
        self.told = told
        await self.may_end.wait()
        if self.trouble:
            raise self.trouble
        return REACHED

    async def _refused(self, _who: SignIn, _carried: Carried, error: RefusedError) -> None:
        self.written.append(error.code)
