"""What lies beside an intake: a scan or a photo, sealed for the cloud as it was taken in, and how far it has come."""

from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

from client.domain.errors import RefusedError

MOST_BYTES = 20_000_000  # of one, sealed; what the contract takes (openapi.yaml, POST /v1/attachments)
MOST_OF_CHANGE = 20
_VERSION = 7


class MediaType(Enum):
    """What may be attached, known by how its content begins; a name says nothing."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    PDF = "application/pdf"


_BEGINS = {MediaType.JPEG: b"\xff\xd8\xff", MediaType.PNG: b"\x89PNG\r\n\x1a\n", MediaType.PDF: b"%PDF-"}


def media_type_of(content: bytes | bytearray) -> MediaType:
    """Return what a content is. RefusedError ``attachment.type`` where it is none of those: HEIC, a text, a film."""
    for kind, begins in _BEGINS.items():
        if content.startswith(begins):
            return kind
    raise RefusedError("attachment.type")


@dataclass(frozen=True, slots=True)
class Limits:
    """How large one may be in bytes, and how many may lie beside one intake."""

    size: int = MOST_BYTES
    count: int = MOST_OF_CHANGE

    def __post_init__(self) -> None:
        if not (0 < self.size <= MOST_BYTES and 0 < self.count <= MOST_OF_CHANGE):
            raise ValueError("the cloud takes no more")


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attachment (添付) as the cloud is told of it: size and hash are of what is sealed, bound to its change's key."""

    key: str  # UUIDv7
    command_key: str  # of the change it was taken in for; the seal binds it
    media_type: MediaType
    size: int
    sha256: str  # in hex

    def __post_init__(self) -> None:
        if UUID(self.key).version != _VERSION or str(UUID(self.key)) != self.key:
            raise ValueError("the key of an attachment is a UUIDv7")
        if not 0 < self.size <= MOST_BYTES or len(bytes.fromhex(self.sha256)) != 32:
            raise ValueError("no such attachment")

    @property
    def note(self) -> dict[str, object]:
        """Return how a change names it inside its envelope: nothing else that comes under this key is taken for it."""
        return {"key": self.key, "sha256": self.sha256, "media_type": self.media_type.value}


@dataclass(frozen=True, slots=True)
class CarriedAttachment:
    """An attachment of a PC that dies, and the change whose envelope names it: by that another terminal may bring it."""

    attachment: Attachment
    named_in: str


@dataclass(frozen=True, slots=True)
class Attached:
    """How many attachments a change has, how many the cloud has whole, and how many were lost on this PC's disk."""

    of: int = 0
    there: int = 0
    lost: int = 0

    @property
    def all_there(self) -> bool:
        """Tell whether the cloud has every one of them."""
        return self.there == self.of


NOTHING_ATTACHED = Attached()


@dataclass(frozen=True, slots=True)
class CloudAttachment:
    """What the cloud has of an attachment: the parts that are there, from 1, and whether it is whole."""

    have: frozenset[int] = field(default_factory=frozenset)
    whole: bool = False


@dataclass(frozen=True, slots=True)
class WaitingAttachment:
    """An attachment that is to be sent, in how many parts, and how often that was tried."""

    attachment: Attachment
    parts: int
    attempts: int = 0
