"""一時解除 joined to the face: from the blocked paper to the officer's secrets, and on to its preview."""

import os
from collections.abc import Callable
from datetime import timedelta

from client.api.auth import Sessions
from client.domain.certificate import CertificateRequest
from client.domain.release import Release, Secrets
from client.jobs.check_person import CheckPerson
from client.jobs.issue_certificate import IssueCertificate
from client.jobs.log_in import LogIn
from client.jobs.ports import Link
from client.jobs.release_issue import ReleaseIssue
from client.rules.other_side import Asking, Folds
from offline.factors.card import CardFactor
from offline.store.other_side import opened_other_side
from offline.store.search_key import name_key, reading_keys
from ui import deciding
from ui.doors import Doors, utc_now
from ui.face import Face
from ui.screens.release.model import ReleaseModel
from ui.screens.release.view import ReleaseView
from ui.shell import Shell
from ui.work import Starter

SCREEN = "release"


def at_release(shell: Shell) -> bool:
    """Tell whether a screen is there at which somebody beside the clerk shows their card."""
    return shell.present in {SCREEN, deciding.SCREEN}


def release_of(doors: Doors, check: CheckPerson, issue: IssueCertificate, minutes: int) -> ReleaseIssue:
    """Join the job behind it."""
    last = timedelta(minutes=minutes)
    town = doors.facts.municipality_code
    return ReleaseIssue(
        check,
        issue,
        doors.stores.ledger,
        now=utc_now,
        random=os.urandom,
        last=last,
        other_side=lambda measure, key: opened_other_side(measure, key, town),
        folds=Folds(name_key, reading_keys),
    )


def check_of(doors: Doors, link: Link, log_in: LogIn) -> CheckPerson:
    """Join what says who somebody beside the clerk is."""
    sessions = Sessions(doors.http, now=utc_now, factor=CardFactor(doors.card) if doors.card else None)
    ledger = doors.stores.ledger
    return CheckPerson(sessions, doors.vault, ledger, link, now=utc_now, within_terms=log_in.within_terms)


class ReleaseDesk:
    """Opens the release from the counter; its screen is made when it is first wanted."""

    def __init__(
        self,
        face: Face,
        job: ReleaseIssue,
        offline: Callable[[], bool],
        minutes: int,
        starter: Starter,
        *,
        cards: bool = False,
    ) -> None:
        self._face = face
        self._job = job
        self.model = ReleaseModel(face.words, self._release, offline, minutes, starter, cards=cards)
        job.card_wanted = self.model.card_wanted
        self.model.finished = face.show_counter
        self.model.released = self._on_released
        self.view: ReleaseView | None = None
        face.back_from[SCREEN] = self.model.back
        face.forgetting.append(self.model.forget)
        face.counter.to_release = self.show

    def show(self, request: CertificateRequest) -> None:
        """Go to the release of a paper."""
        face = self._face
        if face.present_clerk is None or not face.may_leave():
            return
        if self.view is None:
            self.view = ReleaseView(self.model, face.words)
            face.shell.add(SCREEN, self.view)
        self.model.begin(request)
        face.shell.show_screen(SCREEN)
        self.view.begin()

    async def _release(
        self,
        request: CertificateRequest,
        officer: Secrets,
        reason: str,
        asking: Asking,
        second: Secrets | None,
    ) -> Release:
        who = self._face.present_clerk
        if who is None:
            raise RuntimeError("nobody is signed in")
        release = await self._job(who, request, officer, reason, asking, second=second)
        self._face.changed_outbox()  # first of all that waits
        return release

    def _on_released(self, _request: CertificateRequest) -> None:
        """Go on to the preview, unless the clerk has gone elsewhere."""
        if self._face.shell.present == SCREEN:
            self._face.show_counter()
            self._face.counter.issue()
