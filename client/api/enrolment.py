"""How a terminal becomes known to the cloud."""

import base64
from datetime import datetime
from typing import Annotated

import msgspec

from client.api.codec import of_the_contract
from client.api.http import Http, Identity
from client.domain.enrolment import Enrolled, TownKey
from client.domain.errors import RefusedError
from client.domain.peer import PeerRole


class _Municipality(msgspec.Struct):
    code: str
    name: str
    prefecture: str


class _Key(msgspec.Struct):
    id: str
    key: bytes  # base64 on the wire
    since: datetime = msgspec.field(name="from")

    def value(self) -> TownKey:
        return TownKey(self.id, self.key, self.since)


_Keys = Annotated[list[_Key], msgspec.Meta(min_length=1)]


class _Enrolled(msgspec.Struct):
    terminal_no: str
    certificate: str
    ca: str
    municipality: _Municipality
    feed_keys: _Keys
    command_keys: _Keys
    digest_key: bytes = b""  # base64 on the wire; a hall server gets none
    role: PeerRole = PeerRole.TERMINAL


class _Renewed(msgspec.Struct):
    certificate: str
    ca: str


class RenewalDesk:
    """Asks for the next certificate, with the key the terminal has; fulfils the port ``CloudRenewal``."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def renew(self, csr: str) -> tuple[str, str]:
        """Return certificate and authority (PEM). LinkDownError, RefusedError ``refused.enrolment``."""
        reply = await self._http.call(
            "POST", "/v1/terminals/self/certificate", json={"csr": csr}, expect_bytes=4000
        )
        told = reply.decode(_Renewed)
        return told.certificate, told.ca


class EnrolmentDesk:
    """Speaks to the cloud's enrolment; fulfils the port ``CloudEnrolment``."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def enrol(self, token: str, csr: str, name: str, *, role: PeerRole = PeerRole.TERMINAL) -> Enrolled:
        """Show a one-time token and a signing request. LinkDownError, RefusedError ``refused.enrolment``.

        A token for the other kind of machine is refused too: a terminal reads what it keeps, a hall server must not.
        """
        reply = await self._http.call(
            "POST",
            "/v1/enrolments",
            json={"token": token, "csr": csr, "name": name},
            expect_bytes=6000,
        )
        told = reply.decode(_Enrolled)
        if told.role is not role or bool(told.digest_key) is not (role is PeerRole.TERMINAL):
            raise RefusedError("refused.enrolment")
        with of_the_contract():
            feed_keys = tuple(one.value() for one in told.feed_keys)
            command_keys = tuple(one.value() for one in told.command_keys)
        return Enrolled(
            terminal_no=told.terminal_no,
            terminal_name=name,
            municipality_code=told.municipality.code,
            municipality_name=told.municipality.name,
            prefecture=told.municipality.prefecture,
            certificate=told.certificate,
            ca=told.ca,
            feed_keys=feed_keys,
            command_keys=command_keys,
            digest_key=told.digest_key,
        )

    async def leave(self, deposit: bytes, identity: Identity) -> None:
        """Leave the sealed store keys with the cloud, as the terminal that was just taken in."""
        self._http.identity = identity
        await self._http.call(
            "PUT", "/v1/terminals/self/deposit", json={"deposit": base64.b64encode(deposit).decode()}
        )
