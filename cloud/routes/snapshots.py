"""Snapshots: the manifest for those who prove themselves, and sealed chunks that any cache may keep."""

import os
from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from cloud.problems import ProblemError, not_found
from cloud.routes.parts import OutOfRangeError, Part, has_it, part_asked
from cloud.routes.wire import MSGPACK, MachineDep, TenantDep, TerminalDep, problem_answer

router = APIRouter()
_FOREVER = "public, max-age=31536000, immutable"
_BYTES = "application/octet-stream"
_PIECE = 65_536


class FileAnswer(StreamingResponse):
    """A part of a file that is open already: it is answered to its end whatever becomes of the file's name."""

    def __init__(self, file: BinaryIO, part: Part, status: int, headers: dict[str, str]) -> None:
        super().__init__(_content(file, part), status, headers | {"Content-Length": str(part.size)}, _BYTES)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and close the file."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


@router.get("/v1/snapshot")
def manifest(
    tenant: TenantDep, _terminal: TerminalDep, begun: Annotated[str, Query(max_length=64)] = ""
) -> Response:
    """Return the newest manifest, or that of a snapshot which a terminal has begun with."""
    return Response(tenant.snapshots.manifest(begun), media_type=MSGPACK)


@router.get("/v1/snapshot/parcel")
def manifest_parcel(
    tenant: TenantDep, _machine: MachineDep, begun: Annotated[str, Query(max_length=64)] = ""
) -> Response:
    """Return the same, with the keys of its chunks sealed."""
    return Response(tenant.snapshots.manifest_parcel(begun), media_type=MSGPACK)


@router.get("/v1/snapshot/chunks/{sha256}")
@router.head("/v1/snapshot/chunks/{sha256}")
def chunk(request: Request, tenant: TenantDep, sha256: str) -> Response:
    """Return a sealed chunk, or the part of it that is asked for; to anybody, since the manifest has its key."""
    file = tenant.snapshots.open_chunk(sha256)
    if file is None:
        raise not_found()
    size, tag = os.fstat(file.fileno()).st_size, f'"{sha256}"'
    headers = {"ETag": tag, "Cache-Control": _FOREVER, "Accept-Ranges": "bytes"}
    if has_it(",".join(request.headers.getlist("if-none-match")), tag):
        file.close()
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if request.method == "HEAD":
        file.close()
        return Response(headers=headers | {"Content-Length": str(size)}, media_type=_BYTES)
    try:
        wanted, if_range = (request.headers.get(name, "") for name in ("range", "if-range"))
        part = part_asked(wanted, if_range, tag, size)
    except OutOfRangeError:
        file.close()
        return _out_of_range(size)
    if part is None:
        return FileAnswer(file, Part(0, size), HTTPStatus.OK, headers)
    span = {"Content-Range": f"bytes {part.first}-{part.end - 1}/{size}"}
    return FileAnswer(file, part, HTTPStatus.PARTIAL_CONTENT, headers | span)


def _out_of_range(size: int) -> Response:
    answer = problem_answer(
        ProblemError(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "request.out_of_range", size=size)
    )
    answer.headers["Content-Range"] = f"bytes */{size}"
    return answer


def _content(file: BinaryIO, part: Part) -> Iterator[bytes]:
    file.seek(part.first)
    left = part.size
    while left:
        piece = file.read(min(_PIECE, left))
        if not piece:  # cut short on the disk: the answer ends short too, and whoever asked sees it
            return
        left -= len(piece)
        yield piece
