"""The jobs behind the screens, as the roof hands them to the face."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from client.jobs.attach_file import AttachFile
from client.jobs.check_reentry import CheckReentry
from client.jobs.compare_change import CompareChange
from client.jobs.decide import Decide
from client.jobs.find_resident import FindResident
from client.jobs.follow_intakes import FollowIntakes
from client.jobs.issue_certificate import IssueCertificate
from client.jobs.log_in import LogIn
from client.jobs.look_up_insured import LookUpInsured
from client.jobs.ports import Ledger
from client.jobs.print_slip import PrintSlip
from client.jobs.queue_change import QueueChange
from client.jobs.release_issue import ReleaseIssue
from client.jobs.rewrite_returned import RewriteReturned
from client.jobs.send_outbox import SendOutbox
from client.jobs.settle_change import SettleChange
from client.jobs.settle_doubtful import SettleDoubtful
from client.jobs.suggest_places import SuggestPlaces
from ui.screens.drill.model import DrillJobs
from ui.screens.replica.carry import CarryJobs
from ui.screens.replica.model import Prove


@dataclass(frozen=True, slots=True)
class FillJobs:
    """A snapshot that somebody asked for: how large it is, and fetching it."""

    size: Callable[[], Awaitable[int]]
    fetch: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Jobs:
    """Everything the screens may ask for."""

    log_in: LogIn
    find: FindResident
    issue: IssueCertificate
    queue: QueueChange
    slip: PrintSlip
    attach: AttachFile
    settle: SettleChange
    compare: CompareChange
    follow: FollowIntakes
    send: SendOutbox
    ledger: Ledger
    fee: Callable[[], Awaitable[int]]
    offline: Callable[[], bool]
    declared: Callable[[], bool]
    seal: Callable[[str], bytes]  # words for the cloud alone
    drill: DrillJobs
    fill: FillJobs
    prove: Prove
    carry: CarryJobs
    doubtful: SettleDoubtful
    places: SuggestPlaces
    reentry: CheckReentry
    insured: LookUpInsured
    returned: RewriteReturned
    release: ReleaseIssue
    decide: Decide
