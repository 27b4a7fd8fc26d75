"""Snapshots: the manifest, and chunks that never change."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from cloud.problems import not_found
from cloud.routes.wire import MSGPACK, TenantDep, TerminalDep

router = APIRouter()
_FOREVER = "private, max-age=31536000, immutable"


@router.get("/v1/snapshot")
def manifest(tenant: TenantDep, _terminal: TerminalDep) -> Response:
    """Return the newest manifest."""
    return Response(tenant.snapshots.manifest(), media_type=MSGPACK)


@router.get("/v1/snapshot/chunks/{sha256}")
def chunk(request: Request, tenant: TenantDep, _terminal: TerminalDep, sha256: str) -> Response:
    """Return a chunk, or the range of it that is asked for."""
    path = tenant.snapshots.chunk(sha256)
    if path is None:
        raise not_found()
    headers = {"ETag": f'"{sha256}"', "Cache-Control": _FOREVER}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return FileResponse(path, headers=headers, media_type="application/octet-stream")
