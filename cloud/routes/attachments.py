"""Attachments in parts; the terminal's proof is enough, day and night."""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Header, Response

from cloud.attachments import Announced
from cloud.commands import is_key
from cloud.problems import forbidden, malformed
from cloud.proof import SignedCall
from cloud.routes.wire import LeavingDep, TenantDep, TerminalDep, body_of, json_answer, signed_call

router = APIRouter(prefix="/v1/attachments")
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")  # RFC 9530


class New(msgspec.Struct):
    """Body of POST /v1/attachments."""

    key: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    command_key: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    media_type: Annotated[str, msgspec.Meta(max_length=100, pattern="^[a-z]+/[a-z0-9.+-]+$")]
    size: Annotated[int, msgspec.Meta(ge=1)]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    parts: Annotated[int, msgspec.Meta(ge=1)]
    named_in: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None


@router.post("")
def announce(
    tenant: TenantDep, terminal: LeavingDep, asked: Annotated[New, Depends(body_of(New))]
) -> Response:
    """Begin an attachment; a terminal that was taken out still hands over its own, and carries nobody's."""
    if terminal.revoked and asked.named_in is not None:
        raise forbidden("terminal.revoked")
    if not all(map(is_key, (asked.key, asked.command_key, asked.named_in or asked.key))):
        raise malformed("the body at `$.key`")
    told = Announced(asked.key, asked.command_key, asked.media_type, asked.size, asked.sha256, asked.parts)
    return json_answer(
        tenant.attachments.announce(terminal.terminal_no, told, asked.named_in), HTTPStatus.CREATED
    )


@router.get("/{key}")
def status(tenant: TenantDep, terminal: TerminalDep, key: str) -> Response:
    """Return which parts are there."""
    return json_answer(tenant.attachments.status(terminal.terminal_no, key))


def _part(
    call: Annotated[SignedCall, Depends(signed_call)],
    content_digest: Annotated[str, Header(max_length=200)] = "",
) -> tuple[bytes, str]:
    """Return a part and the hash its sender says it has, in hex."""
    found = _DIGEST.fullmatch(content_digest)
    try:
        digest = b64decode(found[1], validate=True).hex() if found else ""
    except NotBase64:
        digest = ""
    if not digest:
        raise malformed("Content-Digest: sha-256")
    return call.body, digest


PartDep = Annotated[tuple[bytes, str], Depends(_part)]


@router.put("/{key}/parts/{place}")
def put_part(tenant: TenantDep, terminal: LeavingDep, part: PartDep, key: str, place: int) -> Response:
    """Keep a part."""
    own_alone = terminal.revoked
    return json_answer(
        tenant.attachments.put_part(terminal.terminal_no, key, place, *part, own_alone=own_alone)
    )


@router.delete("/{key}")
def withdraw(tenant: TenantDep, terminal: TerminalDep, key: str) -> Response:
    """Take an attachment back."""
    tenant.attachments.withdraw(terminal.terminal_no, key)
    return Response(status_code=HTTPStatus.NO_CONTENT)
