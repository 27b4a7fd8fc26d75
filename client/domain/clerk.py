"""Who is at the window: the clerk, what the clerk may do, and for how long."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from client.domain.factor import CardKey
from client.domain.terminal import NOTHING_SEEN, TerminalSeen


class Right(Enum):
    """What a clerk may do; given by the cloud with from and to dates, per person."""

    VIEW = "view"
    ISSUE = "issue"
    ACCEPT = "accept"  # take in notifications
    RECEIVE = (
        "receive"  # 受付のみ (窓口業務の委託): prepare both; 審査・交付決定 is for staff with issue or accept
    )
    HONSEKI = "honseki"  # 戸籍の表示
    CASH = "cash"
    OFFICER = "officer"  # 責任者: declare disaster, settle conflicts, run drills
    SHIEN_SOCHI = "shien_sochi"  # 支援措置責任者
    BLOCK_SET = "block_set"  # 抑止・支援措置の設定 [STD j410]
    BLOCK_LIFT = "block_lift"  # 解除
    BLOCK_RELEASE = "block_release"  # 一時解除
    ZAIRYU = "zairyu"  # 在留資格等: 国籍・地域, 第30条の45の区分, 在留資格, 在留期間, 在留カード等の番号 [STD j1390]
    SEAL = "seal"  # 印鑑登録
    TAX = "tax"  # 税
    NHI = "nhi"  # 国民健康保険


ITEMS = frozenset({Right.ZAIRYU, Right.SEAL, Right.TAX, Right.NHI})
BLOCK_ACTS = frozenset({Right.BLOCK_SET, Right.BLOCK_LIFT, Right.BLOCK_RELEASE})
IN_CHARGE = frozenset({Right.OFFICER, Right.SHIEN_SOCHI})  # of blocks, of support measures


@dataclass(frozen=True, slots=True)
class Clerk:
    """A member of staff.

    ``by_item`` tells that the town gives items one by one; else whoever may look up has them all, as it was before.
    ``by_block`` tells that it gives the acts on blocks one by one; else whoever is in charge of blocks has all three.
    ``secrets_since`` is the moment (UTC) from which the cloud says their secrets stand; None where they never changed.
    """

    staff_id: str
    name: str
    section: str
    rights: frozenset[Right]
    by_item: bool = False
    secrets_since: datetime | None = None
    by_block: bool = False

    @property
    def held(self) -> frozenset[Right]:
        """Return every right the clerk has, those too that come with another: on items not to one who receives."""
        return self.spelt_out(items=True, block_acts=True)

    def spelt_out(self, *, items: bool, block_acts: bool) -> frozenset[Right]:
        """Return the rights with those that come with another by name: items, acts on blocks, or both."""
        rights = self.rights
        if items and not self.by_item and Right.VIEW in rights and Right.RECEIVE not in rights:
            rights |= ITEMS
        if block_acts and not self.by_block and rights & IN_CHARGE:
            rights |= BLOCK_ACTS
        return rights


@dataclass(frozen=True, slots=True)
class Lease:
    """How long a clerk may sign in without the cloud: until a moment (UTC)."""

    until: datetime


class HowSignedIn(Enum):
    """On line, or by unwrapping the keys on this PC."""

    ONLINE = "online"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class AccessTerm:
    """How long an access token works, by this PC's clock, and until when it can be renewed at all."""

    since: datetime
    until: datetime
    renewable_until: datetime


@dataclass(frozen=True, slots=True)
class SignIn:
    """A clerk who has shown both factors, the lease that holds, and where it was checked.

    ``access_token`` is the cloud's, and None off line; it is never logged. ``let_in_by`` are the ids of the two who
    answered for this clerk off line, empty where the cloud did: whoever was let in so answers for nobody else.
    """

    clerk: Clerk
    lease: Lease
    how: HowSignedIn
    at: datetime
    access_token: str | None = None
    access_term: AccessTerm | None = None
    let_in_by: tuple[str, ...] = ()
    measures_key: bytes = (
        b""  # of somebody beside the clerk who may see whom measures protect from, while they are there
    )

    def __repr__(self) -> str:
        return f"SignIn({self.clerk.staff_id}, {self.how.value})"


@dataclass(frozen=True, slots=True)
class CloudSignIn:
    """What the cloud gives at sign-in: the clerk, and what unwrapping off line will need.

    ``deposit`` is the store keys under the device secret, kept by the cloud for this terminal; empty
    where the terminal has left none. ``totp_seed`` is empty for somebody without TOTP, and ``totp_step`` the last one
    used at the cloud: now, where it was ``by_code``. ``card`` is the card that was shown, whose key takes part in the
    unwrapping from now on.
    """

    sign_in: SignIn
    totp_seed: bytes = field(repr=False)
    totp_step: int  # not to be used again
    deposit: bytes = field(repr=False)
    seen: TerminalSeen = NOTHING_SEEN
    card: CardKey | None = None
    measures_key: bytes = field(default=b"", repr=False)  # for the right shien_sochi alone
    by_code: bool = True
