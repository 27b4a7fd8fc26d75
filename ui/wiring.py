"""How doors are joined to jobs: the line that all share, what a clerk can have done, what the rounds do."""

import asyncio
import os
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path

from client.api.attachments import AttachmentBox
from client.api.certificates import CertificateDesk
from client.api.commands import CommandBox
from client.api.residents import CloudRegister
from client.api.sync import HttpFeeds
from client.api.upkeep import UpkeepDesk
from client.config import Config
from client.domain.attachment import Limits
from client.domain.calendar import tokyo_day
from client.domain.certificate import CertificateKind
from client.domain.clerk import SignIn
from client.domain.enrolment import key_in_force
from client.domain.errors import StoreError
from client.domain.parcel import Parcel
from client.domain.uplink import Uplink
from client.jobs.attach_file import AttachFile
from client.jobs.certify import Certify
from client.jobs.check_offline_papers import CheckOfflinePapers
from client.jobs.check_reentry import CheckReentry
from client.jobs.compare_change import CompareChange
from client.jobs.count_bytes import CountBytes
from client.jobs.cross_line import CrossLine
from client.jobs.decide import Decide
from client.jobs.find_resident import FindResident
from client.jobs.follow_intakes import FollowIntakes
from client.jobs.heed_orders import HeedOrders
from client.jobs.issue_certificate import IssueCertificate, IssueSettings
from client.jobs.keep_at_night import KeepAtNight
from client.jobs.log_in import LogIn
from client.jobs.look_up_insured import LookUpInsured
from client.jobs.print_slip import PrintSlip, SlipPlace
from client.jobs.prove_replica import Proof, ProveReplica, Tell
from client.jobs.queue_change import QueueChange
from client.jobs.reach import Reach
from client.jobs.reconcile_outbox import ReconcileOutbox
from client.jobs.rewrite_returned import RewriteReturned
from client.jobs.scrub_replica import ScrubReplica
from client.jobs.send_attachments import SendAttachments
from client.jobs.send_outbox import SendOutbox
from client.jobs.settle_change import SettleChange
from client.jobs.settle_doubtful import ListPlace, SettleDoubtful
from client.jobs.shelter_outbox import ShelterOutbox
from client.jobs.suggest_places import SuggestPlaces
from client.jobs.sync_replica import SyncReplica
from client.jobs.take_chunks import Progress
from client.jobs.tell_state import TellState
from client.jobs.watch_link import LinkWatch, WatchedLine
from client.jobs.wipe_terminal import WipeTerminal
from client.rules.services import CERTIFICATES
from client.rules.traffic import Cost, Kind, When, policy_of
from offline.store.arrived import Arrived
from offline.store.files import write_whole
from offline.store.seal import sealed_words
from offline.store.shelf import Shelf
from offline.store.usage_file import read_usage, write_usage
from ui.cards import sessions_of
from ui.carry_jobs import carry_jobs
from ui.declared import declared_now, end_deputy_of
from ui.doors import Doors, utc_now, wipe_of
from ui.jobs import FillJobs, Jobs
from ui.journal_rounds import send_journal_of
from ui.neighbours import by_the_hall, parcels_by_the_hall
from ui.paper import paper_of
from ui.place_readings import ReadingsAtHand
from ui.policy import limits_of
from ui.releasing import check_of, release_of
from ui.rounds import Upkeep
from ui.routes import more_routes
from ui.screens.drill.model import DrillJobs
from ui.screens.replica.model import Prove
from ui.upkeep_file import UpkeepFile
from ui.wiping import shut_by_order


class Metered:
    """Tells whether bytes cost: on a mobile line, but for a drill whose replica is still being filled beforehand."""

    def __init__(self, config: Config) -> None:
        self._mobile = config.line_profile == "mobile"
        self._preparing = bool(config.drill)

    def __call__(self) -> bool:
        """Tell whether they cost now."""
        return self._mobile and not self._preparing

    def note(self, progress: Progress) -> None:
        """Hear how far the filling is."""
        self._preparing = self._preparing and progress.done < progress.of


@dataclass(frozen=True, slots=True)
class CloudLine:
    """The way to the cloud, as all jobs share it."""

    watch: LinkWatch
    log_in: LogIn
    reach: Reach
    live: CloudRegister
    box: CommandBox
    send: SendOutbox
    reconcile: ReconcileOutbox
    send_attachments: SendAttachments
    sync: SyncReplica
    night: KeepAtNight
    metered: Metered
    crossing: CrossLine
    orders: HeedOrders
    wipe: WipeTerminal
    check: CheckOfflinePapers


def line_of(config: Config, doors: Doors, on_progress: Callable[[Progress], None]) -> CloudLine:
    """Join the way to the cloud."""
    http, ledger, metered = doors.http, doors.stores.ledger, Metered(config)

    def filling(progress: Progress) -> None:
        metered.note(progress)
        on_progress(progress)

    watch = _watch(config, doors, metered)
    crossing = CrossLine(
        lambda: _cost(watch),
        lambda: watch.unsent,
        now=utc_now,
        policy=policy_of(When(config.metered_deltas), When(config.metered_attachments)),
    )
    wipe = wipe_of(config, doors.vault, doors.facts, http)
    orders = HeedOrders(
        UpkeepDesk(http, doors.facts),
        doors.vault.orders,
        shut=partial(shut_by_order, watch, wipe),
    )
    sessions, wait = sessions_of(config, doors.card, http, now=utc_now)
    log_in = LogIn(
        sessions,
        doors.vault,
        doors.stores,
        ledger,
        watch,
        now=utc_now,
        wait=wait,
        staff=doors.stores.replica,
        shut=lambda: orders.is_shut or wipe.under_way,
        last=ledger.journal.cut,
        told=doors.vault.forget_tries,
    )
    box = CommandBox(http, doors.facts.terminal_no)
    keep = timedelta(days=config.outbox_keep_days)
    reconcile = ReconcileOutbox(box, ledger, watch, now=utc_now, keep=keep)
    feeds = HttpFeeds(
        http,
        doors.facts.feed_keys,
        digest_key=doors.stores.replica.digest_key,
        on_parcel=partial(_keep, doors.stores.shelf),
    )
    return CloudLine(
        watch=watch,
        log_in=log_in,
        reach=Reach(watch, config.answer_wait_ms / 1000, token=log_in.token),
        live=CloudRegister(http, log_in.token),
        box=box,
        send=SendOutbox(reconcile, ledger, watch, now=utc_now, jitter=random.random, before=reconcile.before),
        reconcile=reconcile,
        send_attachments=_attachments_of(doors, watch, crossing),
        sync=SyncReplica(
            by_the_hall(doors, feeds, partial(_keep, doors.stores.shelf)),
            doors.stores.replica,
            ledger,
            metered=lambda: not crossing.may(Kind.SNAPSHOT),
            deltas_due=lambda: crossing.may(Kind.DELTAS),
            on_progress=filling,
            laid_by=Arrived(doors.stores.shelf, doors.stores.replica.digest_key),
            jitter=random.random,
            now=utc_now,
        ),
        night=KeepAtNight(parcels_by_the_hall(doors), doors.stores.shelf, metered=lambda: watch.metered),
        metered=metered,
        crossing=crossing,
        orders=orders,
        wipe=wipe,
        check=CheckOfflinePapers(feeds, ledger, doors.stores.replica),
    )


def _attachments_of(doors: Doors, watch: LinkWatch, crossing: CrossLine) -> SendAttachments:
    ledger = doors.stores.ledger
    return SendAttachments(
        AttachmentBox(doors.http),
        ledger.attachments,
        ledger.attachment_files,
        ledger,
        watch,
        may_cross=lambda: crossing.may(Kind.ATTACHMENTS),
        now=utc_now,
        jitter=random.random,
    )


def _watch(config: Config, doors: Doors, metered: Callable[[], bool]) -> LinkWatch:
    http = doors.http
    more = (
        WatchedLine(one.uplink, partial(http.probe, one.uplink), partial(bool, one.metered))
        for one in more_routes(config, "")
    )
    return LinkWatch(
        partial(http.probe, Uplink.MAIN),
        utc_now,
        asyncio.sleep,
        jitter=random.random,
        metered=metered,
        more=tuple(more),
        carry=lambda uplink, dead: http.carry(uplink, cut=dead),
        health=http.health,
    )


def _cost(watch: LinkWatch) -> Cost:
    return Cost.METERED if watch.metered else Cost.FREE


async def _keep(shelf: Shelf, parcel: Parcel) -> None:
    with suppress(StoreError):  # a full disk is the outbox's affair first; the replica follows without
        await shelf.put(parcel)


async def _fee(doors: Doors, line: CloudLine) -> int:
    kind, today = CertificateKind.JUMINHYO_COPY, tokyo_day(utc_now())
    try:
        told = await doors.stores.replica.form_words(kind, whole=True, on=today)
    except StoreError:
        told = await line.reach.ask(CERTIFICATES, lambda: line.live.form_words(kind, whole=True, on=today))
    return told.value.fee_yen


def _issue_of(config: Config, doors: Doors, line: CloudLine) -> IssueCertificate:
    return IssueCertificate(
        CertificateDesk(doors.http, line.log_in.token, now=utc_now),
        doors.stores.replica,
        line.reach,
        doors.stores.ledger,
        paper_of(config, doors, line.log_in),
        now=utc_now,
        declared=lambda: declared_now(doors) is not None,
        words=Certify(doors.stores.replica, doors.vault.declarations.deputies, now=utc_now),
        clock_offset_ms=_clock_offset(doors),
        settings=IssueSettings(config.show_as_of_offline, drill=config.training, limits=limits_of(config)),
        on_damage=line.sync.wake,
    )


def _proof_of(config: Config, doors: Doors, line: CloudLine) -> Prove:
    """Join the proof on demand; what came of it is told to ``madoguchi status`` too."""
    scrub = ScrubReplica(doors.stores.replica, wake=line.sync.wake)
    prove = ProveReplica(scrub, line.sync, doors.stores.ledger, usable=lambda: line.watch.usable)

    async def proven(who: SignIn, tell: Tell, follow_back: bool) -> Proof:
        proof = await prove.by(who, tell, follow_back=follow_back)
        UpkeepFile(config.terminal_dir, utc_now).tell("proof", proof.facts())
        return proof

    return proven


def jobs_of(config: Config, doors: Doors, line: CloudLine, town: str, drill: DrillJobs) -> Jobs:
    """Join what a clerk can have done."""
    live, replica, reach, ledger = line.live, doors.stores.replica, line.reach, doors.stores.ledger
    press, offset, link = paper_of(config, doors, line.log_in), _clock_offset(doors), line.watch

    find = FindResident(live, replica, reach, ledger, now=utc_now)
    issue = _issue_of(config, doors, line)
    queue = QueueChange(live, replica, reach, ledger, now=utc_now, random=os.urandom, clock_offset_ms=offset)
    settle = SettleChange(line.box, ledger, now=utc_now, random=os.urandom, clock_offset_ms=offset, link=link)

    check = check_of(doors, link, line.log_in)

    async def fetch() -> None:
        await line.sync.round(fill_anyway=True)
        line.sync.wake()

    return Jobs(
        log_in=line.log_in,
        find=find,
        issue=issue,
        queue=queue,
        slip=PrintSlip(
            live,
            replica,
            reach,
            ledger,
            press,
            place=SlipPlace(town, doors.facts.terminal_name, drill=config.training),
        ),
        attach=AttachFile(
            ledger.attachment_files,
            limits=Limits(config.attachment_megabytes * 1_000_000, config.attachments_of_intake),
            now=utc_now,
            random=os.urandom,
        ),
        settle=settle,
        compare=CompareChange(find, replica, ledger),
        follow=FollowIntakes(ledger, replica, now=utc_now),
        send=line.send,
        ledger=ledger,
        fee=partial(_fee, doors, line),
        offline=lambda: not line.watch.usable_for(CERTIFICATES),
        declared=lambda: declared_now(doors) is not None,
        drill=drill,
        fill=FillJobs(line.sync.fill_size, fetch),
        prove=_proof_of(config, doors, line),
        carry=carry_jobs(doors.facts, config.environment, doors.stores, line.sync),
        seal=lambda text: sealed_words(
            text, key_in_force(doors.facts.command_keys, utc_now()), doors.facts.municipality_code
        ),
        doubtful=SettleDoubtful(
            ledger,
            press,
            _write,
            now=utc_now,
            place=ListPlace(town, doors.facts.terminal_name, drill=config.training),
        ),
        places=SuggestPlaces(
            replica, ledger, now=utc_now, readings=ReadingsAtHand(config.place_readings_file)
        ),
        reentry=CheckReentry(find),
        insured=LookUpInsured(replica, ledger, now=utc_now),
        returned=RewriteReturned(find, replica, queue, settle, ledger, now=utc_now, random=os.urandom),
        release=release_of(doors, check, issue, config.release_minutes),
        decide=Decide(check, ledger, now=utc_now, cards=doors.card is not None),
    )


def upkeep_of(config: Config, doors: Doors, line: CloudLine) -> Upkeep:
    """Join what is done in the rounds, with nobody at the counter too."""
    replica, ledger = doors.stores.replica, doors.stores.ledger
    return Upkeep(
        line.watch,
        line.send,
        line.sync,
        ScrubReplica(replica, wake=line.sync.wake, begin=int.from_bytes(os.urandom(2))),
        ledger,
        replica,
        utc_now,
        timedelta(seconds=config.sync_seconds),
        TellState(
            UpkeepDesk(doors.http, doors.facts),
            ledger,
            replica,
            program=version("madoguchi"),
            now=utc_now,
            usable=lambda: line.watch.usable and line.crossing.may(Kind.UPKEEP),
            clock_offset_ms=_clock_offset(doors),
        ),
        line.crossing,
        _count(config, doors),
        lambda: replica.damage_found,
        UpkeepFile(config.terminal_dir, utc_now).tell,
        line.night,
        line.orders,
        line.check,
        ShelterOutbox(ledger, replica),
        ledger.doubt_counts,
        line.reconcile,
        line.send_attachments,
        send_journal_of(config, doors, line.watch),
        lambda: line.wipe.under_way,
        declared=lambda: declared_now(doors),
        deputy=end_deputy_of(doors),
    )


async def _write(path: Path, content: bytes) -> None:
    await asyncio.to_thread(write_whole, path, content)


def _count(config: Config, doors: Doors) -> CountBytes:
    folder = config.terminal_dir
    return CountBytes(
        lambda: doors.http.used,
        lambda usage: asyncio.to_thread(write_usage, folder, usage),
        now=utc_now,
        kept=read_usage(folder),
    )


def _clock_offset(doors: Doors) -> Callable[[], int]:
    return lambda: doors.http.clock_offset_ms
