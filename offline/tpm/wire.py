"""What a TPM 2.0 is asked and answers, as bytes (TCG, TPM 2.0 Library, parts 2 and 3): the few commands that sealing takes.

All numbers are big-endian. A TPM2B is a length of two bytes and that many bytes; a name is a hash algorithm and a hash.
"""

import struct
from collections.abc import Sequence
from hashlib import sha256

SHA256, AES, CFB, ECC, KEYED_HASH, NULL, P256 = 0x000B, 0x0006, 0x0043, 0x0023, 0x0008, 0x0010, 0x0003
OWNER, NOBODY, PASSWORD, ENDORSEMENT = 0x40000001, 0x40000007, 0x40000009, 0x4000000B  # permanent handles
CREATE_PRIMARY, CREATE, LOAD, UNSEAL = 0x131, 0x153, 0x157, 0x15E
FLUSH, POLICY_COMMAND_CODE, START_SESSION = 0x165, 0x16C, 0x176
POLICY_PCR, POLICY_DIGEST = 0x17F, 0x189
HMAC, POLICY, TRIAL = 0, 1, 3  # kinds of sessions
CONTINUE, DECRYPT, ENCRYPT = 0x01, 0x20, 0x40  # attributes of a session
HEADER = 10
_PLAIN, _WITH_SESSIONS = 0x8001, 0x8002
_KEY = 0x00030472  # fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, restricted, decrypt
_SEALED = 0x00000412  # fixedTPM, fixedParent, noDA; not userWithAuth: by its policy alone
_FORMAT_ONE = 0x080  # an answer that says which handle, parameter or session it is about


class BadAnswerError(ValueError):
    """An answer is not as the standard has it."""


class Reader:
    """Reads an answer from its beginning."""

    def __init__(self, content: bytes) -> None:
        self._rest = content

    def take(self, size: int) -> bytes:
        """Return the next bytes. BadAnswerError where there are fewer."""
        if len(self._rest) < size:
            raise BadAnswerError
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def number(self, size: int) -> int:
        """Return the next number of so many bytes."""
        return int.from_bytes(self.take(size))

    def sized(self) -> bytes:
        """Return what the next TPM2B holds."""
        return self.take(self.number(2))

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.take(len(self._rest))


def sized(content: bytes) -> bytes:
    """Return a TPM2B."""
    return struct.pack(">H", len(content)) + content


def command(code: int, handles: Sequence[int], body: bytes, authorization: bytes | None = None) -> bytes:
    """Return a command; ``authorization`` is the area of its sessions, without its size."""
    words = b"".join(struct.pack(">I", handle) for handle in handles)
    if authorization is not None:
        words += struct.pack(">I", len(authorization)) + authorization
    words += body
    tag = _PLAIN if authorization is None else _WITH_SESSIONS
    return struct.pack(">HII", tag, HEADER + len(words), code) + words


def size_of(answer: bytes) -> int:
    """Return how long an answer is that begins so; at least its header must be there. BadAnswerError."""
    size = int.from_bytes(answer[2:6])
    if len(answer) < HEADER or size < HEADER:
        raise BadAnswerError
    return size


def code_of(answer: bytes) -> int:
    """Return an answer's code, 0 for success, without the words about which parameter it is."""
    if len(answer) != size_of(answer):
        raise BadAnswerError
    code = int.from_bytes(answer[6:HEADER])
    return code & 0x0BF if code & _FORMAT_ONE else code


def by_password() -> bytes:
    """Return the authorization by an empty password, as a hierarchy nobody took has it."""
    return authorized(PASSWORD, b"", CONTINUE, b"")


def authorized(session: int, nonce: bytes, attributes: int, mac: bytes) -> bytes:
    """Return one session's authorization of a command."""
    return struct.pack(">I", session) + sized(nonce) + bytes([attributes]) + sized(mac)


def key_template() -> bytes:
    """Return the public area of the key above: ECC P-256 with AES-128-CFB, made anew from the TPM's seed each time."""
    words = struct.pack(">HHI", ECC, SHA256, _KEY) + sized(b"")
    return words + struct.pack(">HHHHHH", AES, 128, CFB, NULL, P256, NULL) + sized(b"") + sized(b"")


def sealed_template(policy: bytes) -> bytes:
    """Return the public area of a sealed secret that its policy alone opens."""
    return (
        struct.pack(">HHI", KEYED_HASH, SHA256, _SEALED)
        + sized(policy)
        + struct.pack(">H", NULL)
        + sized(b"")
    )


def creation(public: bytes, secret: bytes = b"") -> tuple[bytes, bytes]:
    """Return the parameters of TPM2_Create and TPM2_CreatePrimary: the sensitive area as it is, and what follows it."""
    return sized(sized(b"") + sized(secret)), sized(public) + sized(b"") + struct.pack(">I", 0)


def started(key: int, nonce: bytes, salt: bytes, kind: int) -> bytes:
    """Return TPM2_StartAuthSession: salted by a key, bound to nothing, AES-128-CFB for what it encrypts."""
    body = sized(nonce) + sized(salt) + struct.pack(">BHHHH", kind, AES, 128, CFB, SHA256)
    return command(START_SESSION, (key, NOBODY), body)


def name_of(public: bytes) -> bytes:
    """Return the name of an object with this public area (part 1, 16)."""
    return struct.pack(">H", SHA256) + sha256(public).digest()


def pcr_selection(pcrs: Sequence[int]) -> bytes:
    """Return a TPML_PCR_SELECTION of the SHA-256 bank."""
    bits = sum(1 << pcr for pcr in set(pcrs))
    return struct.pack(">IHB", 1, SHA256, 3) + bits.to_bytes(3, "little")


def point_of(public: bytes) -> tuple[bytes, bytes]:
    """Return x and y of the key whose public area (of ``key_template``) this is. BadAnswerError."""
    read = Reader(public)
    if read.take(8) != key_template()[:8]:
        raise BadAnswerError
    read.sized()
    read.take(12)
    return read.sized(), read.sized()
