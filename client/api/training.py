"""The training cloud's own switch for its line; a real cloud has no such call."""

from client.api.http import Http


class TrainingLine:
    """Cuts and restores the line of a training cloud, from the cloud's side, so that every caller feels it."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def cut(self) -> None:
        """From now on no call is answered."""
        await self._become("silent")

    async def restore(self) -> None:
        """Answer again."""
        await self._become("ok")

    async def _become(self, state: str) -> None:
        try:
            await self._http.call("POST", "/training/v1/line", json={"state": state}, timeout=10)
        finally:
            await self._http.close()  # used twice in a drill: no connection is worth keeping
