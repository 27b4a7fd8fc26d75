"""The line to the TPM: the resource manager of the kernel (/dev/tpmrm0), or a socket that speaks the same (swtpm)."""

import errno
import os
import select
import socket
import stat
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from offline.tpm.wire import HEADER, BadAnswerError, size_of

_GAVE_UP = {errno.ETIME, errno.ETIMEDOUT}  # the kernel, waiting for the chip
MOST = 4096  # bytes of an answer (TPM2_MAX_RESPONSE_SIZE)


class SilentError(Exception):
    """No answer in time."""


class Line:
    """One connection, used by one thread, for as long as ``wait`` seconds in all; what it opened the TPM forgets after it.

    OSError where there is no TPM or it is not ours to use; SilentError; BadAnswerError. With a chip that hangs the kernel
    holds whoever asks until it gives up itself, also in ``poll`` and ``close``: never wait for this thread without an end.
    """

    def __init__(self, path: Path, wait: float) -> None:
        self._path = path
        self._until = time.monotonic() + wait
        self._wait = wait
        self._handle = -1

    def __enter__(self) -> Self:
        """Open it."""
        if stat.S_ISSOCK(self._path.stat().st_mode):
            with socket.socket(socket.AF_UNIX) as tube:
                tube.settimeout(self._wait)
                tube.connect(str(self._path))
                tube.setblocking(False)
                self._handle = tube.detach()
        else:
            self._handle = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Close it."""
        os.close(self._handle)

    def ask(self, command: bytes) -> bytes:
        """Send a command and return the answer."""
        try:
            return self._answer(command)
        except OSError as error:
            raise (SilentError if error.errno in _GAVE_UP else BadAnswerError) from None

    def _answer(self, command: bytes) -> bytes:
        left = memoryview(command)
        while left:
            self._ready(select.POLLOUT)
            left = left[os.write(self._handle, left) :]
        answer = b""
        while len(answer) < HEADER or len(answer) < size_of(answer):
            self._ready(select.POLLIN)
            part = os.read(self._handle, MOST)
            if not part or len(answer) + len(part) > MOST:
                raise BadAnswerError
            answer += part
        return answer

    def _ready(self, wanted: int) -> None:
        poll = select.poll()
        poll.register(self._handle, wanted)
        left = self._until - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise SilentError
