"""What the cloud gives a terminal it takes in."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The cloud's answer to an enrolment: a number never given before, and the keys to know it by.

    ``certificate`` and ``ca`` are PEM; ``feed_key`` is Ed25519 and ``command_key`` X25519, both public;
    ``digest_key`` is the tenant's secret for row digests.
    """

    terminal_no: str
    terminal_name: str
    municipality_code: str
    municipality_name: str
    prefecture: str
    certificate: str
    ca: str
    feed_key: bytes
    command_key: bytes
    digest_key: bytes = field(repr=False)
