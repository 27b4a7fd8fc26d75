"""Sealed chunks as they are, for whoever keeps them without being able to read them."""

from client.api.http import Http
from client.api.parcels import call


class ChunkDoor:
    """Fetches chunks; whether they are what their names say is seen where they are kept."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def chunk(self, name: str, size: int) -> bytes:
        """Return the bytes of a chunk. LinkDownError."""
        return (await call(self._http, "GET", f"/v1/snapshot/chunks/{name}", expect=size)).body
