"""Attachments on their way to the cloud: announced, then brought part by part, with the terminal's own proof."""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Literal
from urllib.parse import quote

import msgspec

from client.api.failures import refused_by_cloud
from client.api.http import Http
from client.domain.attachment import Attachment, CloudAttachment

_BYTES_A_STATE = 1500  # with the numbers of three hundred parts


class AttachmentBox:
    """Brings sealed attachments; fulfils the port ``CloudAttachments``."""

    def __init__(self, http: Http, named_in: Mapping[str, str] = MappingProxyType({})) -> None:
        """Bring this terminal's own, or by the changes that name them another's."""
        self._http = http
        self._named_in = named_in

    async def announce(self, attachment: Attachment, parts: int) -> CloudAttachment:
        """Begin one, or hear which parts of it are there. LinkDownError, RefusedError."""
        told = {
            "key": attachment.key,
            "command_key": attachment.command_key,
            "media_type": attachment.media_type.value,
            "size": attachment.size,
            "sha256": attachment.sha256,
            "parts": parts,
        }
        carried = attachment.key in self._named_in
        if carried:
            told["named_in"] = self._named_in[attachment.key]
        reply = await self._http.call("POST", "/v1/attachments", json=told, expect_bytes=_BYTES_A_STATE)
        state = reply.decode(_State)
        if carried and not state.terminal:  # a cloud from before takes it for this terminal's own
            await self._http.call("DELETE", f"/v1/attachments/{quote(attachment.key, safe='')}")
            raise refused_by_cloud("attachment.not_carried")
        return state.value()

    async def put(self, attachment: Attachment, place: int, content: bytes) -> CloudAttachment:
        """Bring one part, with its hash (RFC 9530). LinkDownError, RefusedError."""
        digest = b64encode(sha256(content).digest()).decode()
        reply = await self._http.call(
            "PUT",
            f"/v1/attachments/{quote(attachment.key, safe='')}/parts/{place}",
            content=content,
            headers={"content-digest": f"sha-256=:{digest}:"},
            expect_bytes=_BYTES_A_STATE,
        )
        return reply.decode(_State).value()


class _State(msgspec.Struct):
    have: list[int]
    state: Literal["open", "waiting", "attached", "quarantine", "refused"]
    terminal: str = ""

    def value(self) -> CloudAttachment:
        """Return what counts for the terminal: where a whole one lies is between the cloud and its office."""
        return CloudAttachment(frozenset(self.have), whole=self.state != "open")
