"""How a terminal becomes known to the cloud."""

import base64

import msgspec

from client.api.http import Http, Identity
from client.domain.enrolment import Enrolled


class _Municipality(msgspec.Struct):
    code: str
    name: str
    prefecture: str


class _Enrolled(msgspec.Struct):
    terminal_no: str
    certificate: str
    ca: str
    municipality: _Municipality
    feed_key: bytes  # base64 on the wire, as the two below
    command_key: bytes
    digest_key: bytes


class EnrolmentDesk:
    """Speaks to the cloud's enrolment; fulfils the port ``CloudEnrolment``."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def enrol(self, token: str, csr: str, name: str) -> Enrolled:
        """Show a one-time token and a signing request. RefusedError ``refused.enrolment``, LinkDownError."""
        reply = await self._http.call(
            "POST",
            "/v1/enrolments",
            json={"token": token, "csr": csr, "name": name},
            expect_bytes=6000,
        )
        told = reply.decode(_Enrolled)
        return Enrolled(
            terminal_no=told.terminal_no,
            terminal_name=name,
            municipality_code=told.municipality.code,
            municipality_name=told.municipality.name,
            prefecture=told.municipality.prefecture,
            certificate=told.certificate,
            ca=told.ca,
            feed_key=told.feed_key,
            command_key=told.command_key,
            digest_key=told.digest_key,
        )

    async def leave(self, deposit: bytes, identity: Identity) -> None:
        """Leave the sealed store keys with the cloud, as the terminal that was just taken in."""
        self._http.identity = identity
        await self._http.call(
            "PUT", "/v1/terminals/self/deposit", json={"deposit": base64.b64encode(deposit).decode()}
        )
