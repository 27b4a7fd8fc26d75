"""A secret sealed by the TPM of this PC: that TPM alone opens it, on a wish only after a start like then."""

import secrets
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from hashlib import blake2b
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

import msgspec

from client.domain.errors import StoreError
from offline.tpm import wire
from offline.tpm.line import Line, SilentError
from offline.tpm.session import NONCE, Session, salt_for
from offline.tpm.wire import BadAnswerError, Reader

T = TypeVar("T")
DEVICE = Path("/dev/tpmrm0")
WAIT = 20.0  # seconds for all that sealing or opening asks of a TPM; a slow one needs two
FORMAT = 1
MARK = b"madoguchi tpm\0"  # before a sealed secret; a plain one is 32 bytes
_ABOUT_A_PARAMETER = 0x080  # what a TPM says of a blob that it cannot load
_AUTHORIZATION = {0x08E, 0x0A2, 0x085}  # TPM_RC_AUTH_FAIL, BAD_AUTH, HIERARCHY
_BY_ANSWER = {
    **dict.fromkeys(_AUTHORIZATION, "tpm.owned"),
    0x09D: "tpm.changed",  # TPM_RC_POLICY_FAIL
    0x921: "tpm.locked",  # TPM_RC_LOCKOUT
}
_BY_KIND = ((SilentError, "tpm.silent"), (PermissionError, "tpm.denied"), (OSError, "tpm.absent"))
_ONCE_MORE = {0x922, 0x908, 0x90A}  # TPM_RC_RETRY, YIELDED, TESTING
_TRIES, _PAUSE = 50, 0.1
_LINE_IS_SOONER = 1.1  # so that what can be told apart is


class RefusedByTpmError(Exception):
    """The TPM answered with a code other than success."""

    def __init__(self, code: int) -> None:
        super().__init__(f"{code:#x}")
        self.code = code


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed secret: only the TPM that made ``private`` can use it.

    ``owner`` and ``endorsement`` are names of keys made from the TPM's two seeds: a clearing changes the first, the
    second stays as long as the chip. ``known_by`` is BLAKE2b (8 bytes) of the secret, as ``keyring_door.fingerprint``.
    """

    format: int = FORMAT
    owner: bytes
    endorsement: bytes
    public: bytes
    private: bytes
    pcrs: tuple[int, ...] = ()
    known_by: str


def read(item: bytes) -> Sealed | None:
    """Read what a keyring holds; None where it is no sealed secret. StoreError ``tpm.damaged``, ``store.newer``."""
    if not item.startswith(MARK):
        return None
    try:
        found = msgspec.msgpack.decode(item[len(MARK) :], type=Sealed)
    except (msgspec.DecodeError, ValueError):
        raise StoreError("tpm.damaged") from None
    if found.format > FORMAT:
        raise StoreError("store.newer")
    return found


class Tpm:
    """The TPM at a path. Every call may take seconds: never call it on the loop. StoreError ``tpm.…``."""

    def __init__(self, path: Path = DEVICE, *, pcrs: Sequence[int] = (), wait: float = WAIT) -> None:
        self._path = path
        self._pcrs = tuple(sorted(set(pcrs)))
        self._wait = wait
        self._left_behind: Thread | None = None

    def sealed(self, secret: bytes) -> bytes:
        """Return a secret sealed, once it was seen to open again."""

        def seal(talk: _Talk) -> Sealed:
            owner, endorsement = talk.primary(wire.OWNER), talk.primary(wire.ENDORSEMENT)
            talk.let_go(endorsement[0])
            public, private = talk.create(owner, secret, talk.policy(self._pcrs))
            return Sealed(
                owner=owner[1],
                endorsement=endorsement[1],
                public=public,
                private=private,
                pcrs=self._pcrs,
                known_by=blake2b(secret, digest_size=8).hexdigest(),
            )

        made = self._in_time(seal)
        if self.opened(made) != secret:
            raise StoreError("tpm.failed", answer="sealed otherwise")
        return MARK + msgspec.msgpack.encode(made)

    def opened(self, sealed: Sealed) -> bytes:
        """Return the secret. StoreError ``tpm.other``, ``tpm.cleared``, ``tpm.changed``, ``tpm.damaged``, as any call."""

        def open_(talk: _Talk) -> bytes:
            owner = talk.primary(wire.OWNER)
            if owner[1] != sealed.owner:
                talk.let_go(owner[0])
                same = talk.primary(wire.ENDORSEMENT)[1] == sealed.endorsement
                raise StoreError("tpm.cleared" if same else "tpm.other")
            try:
                loaded = talk.load(owner, sealed.public, sealed.private)
            except RefusedByTpmError as error:
                if error.code & _ABOUT_A_PARAMETER and error.code not in _AUTHORIZATION:
                    raise StoreError("tpm.damaged") from None
                raise
            return talk.unseal(owner, loaded, sealed.pcrs)

        return self._in_time(open_)

    def _in_time(self, act: Callable[["_Talk"], T]) -> T:
        """Do it on a thread that is left behind where it does not come back; while it hangs no other is sent after it."""
        if self._left_behind is not None and self._left_behind.is_alive():
            raise StoreError("tpm.silent")
        told: SimpleQueue[T | StoreError] = SimpleQueue()
        thread = Thread(target=lambda: told.put(self._told(act)), name="tpm", daemon=True)
        thread.start()
        try:
            answer = told.get(timeout=self._wait * _LINE_IS_SOONER)
        except Empty:
            self._left_behind = thread
            raise StoreError("tpm.silent") from None
        if isinstance(answer, StoreError):
            raise answer
        return answer

    def _told(self, act: Callable[["_Talk"], T]) -> T | StoreError:
        """Open the line and do it; every trouble has its name, and nothing that was sent or answered is in an error."""
        try:
            with Line(self._path, self._wait) as line, ExitStack() as stack:
                return act(_Talk(line, stack))
        except StoreError as error:
            return error
        except (RefusedByTpmError, SilentError, BadAnswerError, OSError) as error:
            return _named(error)


def _named(error: Exception) -> StoreError:
    if isinstance(error, RefusedByTpmError):
        code = _BY_ANSWER.get(error.code, "tpm.failed")
        return StoreError(code, **({"answer": f"{error.code:#05x}"} if code == "tpm.failed" else {}))
    if isinstance(error, BadAnswerError):
        return StoreError("tpm.failed", answer="not as the standard has it")
    return StoreError(next(code for kind, code in _BY_KIND if isinstance(error, kind)))


class _Talk:
    """What is asked over one line. RefusedByTpmError and what the line raises; handles are let go of with the stack."""

    def __init__(self, line: Line, stack: ExitStack) -> None:
        self._line = line
        self._stack = stack

    def primary(self, hierarchy: int) -> tuple[int, bytes, bytes]:
        """Make the key of a hierarchy; returns handle, name and public area. The same TPM makes the same one each time."""
        first, rest = wire.creation(wire.key_template())
        answer = self._asked(
            wire.command(wire.CREATE_PRIMARY, (hierarchy,), first + rest, wire.by_password())
        )
        handle = self._kept(answer.number(4))
        answer.take(4)
        public = answer.sized()
        return handle, wire.name_of(public), public

    def create(self, under: tuple[int, bytes, bytes], secret: bytes, policy: bytes) -> tuple[bytes, bytes]:
        """Seal; returns the public and the private area. The secret crosses encrypted."""
        session = self._session(under, wire.HMAC)
        first, rest = wire.creation(wire.sealed_template(policy), secret)
        asked = session.command(wire.CREATE, under[:2], first, rest, attributes=wire.CONTINUE | wire.DECRYPT)
        answer = session.answer(wire.CREATE, self._whole(asked), attributes=wire.CONTINUE)
        private = answer.sized()
        return answer.sized(), private

    def load(self, under: tuple[int, bytes, bytes], public: bytes, private: bytes) -> tuple[int, bytes]:
        """Load a sealed secret; returns handle and name."""
        body = wire.sized(private) + wire.sized(public)
        answer = self._asked(wire.command(wire.LOAD, under[:1], body, wire.by_password()))
        return self._kept(answer.number(4)), wire.name_of(public)

    def unseal(
        self, under: tuple[int, bytes, bytes], loaded: tuple[int, bytes], pcrs: Sequence[int]
    ) -> bytes:
        """Return what is sealed. It crosses encrypted, and is known to be the TPM's answer."""
        session = self._session(under, wire.POLICY)
        self._follow(session.handle, pcrs)
        attributes = wire.CONTINUE | wire.ENCRYPT
        asked = session.command(wire.UNSEAL, loaded, b"", b"", attributes=attributes)
        return session.answer(wire.UNSEAL, self._whole(asked), attributes=attributes).sized()

    def policy(self, pcrs: Sequence[int]) -> bytes:
        """Return the digest of what opens a secret: TPM2_Unseal and nothing else, and PCRs as they are now."""
        start = wire.started(wire.NOBODY, secrets.token_bytes(NONCE), b"", wire.TRIAL)
        trial = self._kept(self._asked(start).number(4))
        self._follow(trial, pcrs)
        digest = self._asked(wire.command(wire.POLICY_DIGEST, (trial,), b"")).sized()
        self.let_go(trial)
        return digest

    def let_go(self, handle: int) -> None:
        """Have the TPM forget a key or a session; one that is forgotten already is no trouble."""
        with suppress(RefusedByTpmError):
            self._asked(wire.command(wire.FLUSH, (), struct.pack(">I", handle)))

    def _follow(self, session: int, pcrs: Sequence[int]) -> None:
        self._asked(wire.command(wire.POLICY_COMMAND_CODE, (session,), struct.pack(">I", wire.UNSEAL)))
        if pcrs:
            self._asked(wire.command(wire.POLICY_PCR, (session,), wire.sized(b"") + wire.pcr_selection(pcrs)))

    def _session(self, key: tuple[int, bytes, bytes], kind: int) -> Session:
        salt, told = salt_for(key[2])
        ours = secrets.token_bytes(NONCE)
        answer = self._asked(wire.started(key[0], ours, told, kind))
        return Session(self._kept(answer.number(4)), salt, ours, answer.sized())

    def _kept(self, handle: int) -> int:
        self._stack.callback(self._forget, handle)
        return handle

    def _forget(self, handle: int) -> None:
        with suppress(SilentError, BadAnswerError, OSError):  # what was to be said is said
            self.let_go(handle)

    def _asked(self, command: bytes) -> Reader:
        return Reader(self._whole(command)[wire.HEADER :])

    def _whole(self, command: bytes) -> bytes:
        for _ in range(_TRIES):
            answer = self._line.ask(command)
            code = wire.code_of(answer)
            if code == 0:
                return answer
            if code not in _ONCE_MORE:
                raise RefusedByTpmError(code)
            time.sleep(_PAUSE)
        raise SilentError
