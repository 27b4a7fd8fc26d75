"""Sign-in at the cloud."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import msgspec

from client.api.codec import WireStaff
from client.api.http import Http, Now
from client.domain.clerk import AccessTerm, Clerk, CloudSignIn, HowSignedIn, Lease, SignIn
from client.domain.errors import SignInNeededError
from client.domain.factor import CardKey, FactorAnswer
from client.domain.terminal import TerminalSeen
from client.rules.sign_in import clock_off
from client.rules.staff_terms import common

CLOCK_TOLERANCE_MS = 300_000  # beyond it nobody signs in and nothing is issued


class _Terminal(msgspec.Struct):
    highest_serial: int
    commit_no: int


class _Access(msgspec.Struct):
    access_token: str
    expires_at: datetime
    session_until: datetime
    now: datetime

    def term(self, asked_at: datetime) -> AccessTerm:
        """Return the token's term by this PC's clock, whatever the cloud's shows; rather short than long."""
        until, renewable = self.expires_at - self.now, self.session_until - self.now
        return AccessTerm(asked_at, asked_at + until, asked_at + renewable)


class _Session(_Access, kw_only=True):
    staff: WireStaff
    lease_until: datetime
    totp_seed: bytes | None  # base64 on the wire; null for somebody without TOTP
    totp_step: int | None
    deposit: bytes | None = None
    measures_key: bytes = b""
    terminal: _Terminal = msgspec.field(default_factory=lambda: _Terminal(0, 0))


class _Renewal(_Access, kw_only=True):
    rights: list[str] | None = None  # an older cloud does not say: they stay as at the sign-in
    by_item: bool = False
    by_block: bool = False

    def clerk(self, before: Clerk) -> Clerk:
        """Return the clerk without what the town gives no more; what is new counts from the next sign-in, with its lease."""
        if self.rights is None:
            return before
        now = WireStaff(
            before.staff_id,
            before.name,
            before.section,
            self.rights,
            self.by_item,
            by_block=self.by_block,
        ).value()
        return common(before, now)


class _Challenge(msgspec.Struct):
    challenge: dict[str, object] | None


class Factor(Protocol):
    """A second factor in the clerk's hands that answers a challenge of the cloud; ``kind`` as the contract has it."""

    kind: str

    async def answer(self, challenge: Mapping[str, object], pin: str) -> FactorAnswer:
        """Answer it, with a PIN where it takes one. SignInNeededError, StoreError."""
        ...


class Sessions:
    """Opens and ends sessions; fulfils the port ``CloudSessions``. Without a factor the code is a TOTP."""

    def __init__(self, http: Http, *, now: Now, factor: Factor | None = None) -> None:
        self._http = http
        self._now = now
        self._factor = factor

    async def sign_in(self, staff_id: str, password: str, code: str) -> CloudSignIn:
        """Open a session. SignInNeededError, LinkDownError; never repeated by itself: a code works once."""
        offset = await self._http.settle_clock()
        if abs(offset) > CLOCK_TOLERANCE_MS:
            raise clock_off(int(offset / 1000))
        proof, card = await self._proof(staff_id, code)
        asked_at = self._now()
        body = {"staff_id": staff_id, "password": password, **proof}
        reply = await self._http.call("POST", "/v1/sessions", json=body, repeatable=False)
        session = reply.decode(_Session)
        return CloudSignIn(
            sign_in=SignIn(
                clerk=session.staff.value(),
                lease=Lease(session.lease_until),
                how=HowSignedIn.ONLINE,
                at=self._now(),
                access_token=session.access_token,
                access_term=session.term(asked_at),
            ),
            totp_seed=session.totp_seed or b"",
            totp_step=session.totp_step or 0,
            deposit=session.deposit or b"",
            seen=TerminalSeen(session.terminal.highest_serial, session.terminal.commit_no),
            card=card,
            measures_key=session.measures_key,
            by_code=self._factor is None,
        )

    async def _proof(self, staff_id: str, code: str) -> tuple[dict[str, object], CardKey | None]:
        if self._factor is None:
            return {"code": code}, None
        kind = self._factor.kind
        path, asked = "/v1/sessions/challenges", {"staff_id": staff_id, "kind": kind}
        reply = await self._http.call("POST", path, json=asked, repeatable=False)
        answered = await self._factor.answer(reply.decode(_Challenge).challenge or {}, code)
        return {"factor": {"kind": kind, "answer": answered.answer}}, answered.card

    async def renew(self, sign_in: SignIn) -> SignIn:
        """Take a session on with a new token. SignInNeededError ``sign_in.expired``, with the reason; LinkDownError."""
        asked_at = self._now()
        path = "/v1/sessions/current/renewal"
        access = (await self._http.call("POST", path, token=sign_in.access_token)).decode(_Renewal)
        term = access.term(asked_at)
        clerk = access.clerk(sign_in.clerk)
        return replace(sign_in, clerk=clerk, access_token=access.access_token, access_term=term)

    async def sign_out(self, sign_in: SignIn) -> None:
        """End a session at the cloud; one that has ended already is no trouble."""
        if sign_in.access_token is None:
            return
        try:
            await self._http.call("DELETE", "/v1/sessions/current", token=sign_in.access_token)
        except SignInNeededError:
            return
