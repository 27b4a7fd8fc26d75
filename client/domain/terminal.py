"""This terminal as the cloud took it in: public facts, nothing to hide."""

from dataclasses import dataclass, field

from client.domain.enrolment import Enrolled


@dataclass(frozen=True, slots=True)
class TerminalFacts:
    """Number, name, town and the public keys a terminal works with; kept in the open beside the stores.

    ``certificate`` and ``ca`` are PEM; ``feed_key`` is Ed25519 and ``command_key`` X25519.
    """

    terminal_no: str  # given by the cloud, never twice
    terminal_name: str  # what staff call this PC
    municipality_code: str
    municipality_name: str
    prefecture: str
    cloud_url: str
    certificate: str = field(repr=False)
    ca: str = field(repr=False)
    feed_key: bytes = field(repr=False)
    command_key: bytes = field(repr=False)

    @property
    def number_part(self) -> str:
        """Return the terminal's part of the issue number: its name, and the number that is given only once.

        Two PCs may bear one name, and a PC taken in anew keeps its name: only the number keeps sheets apart.
        """
        return f"{self.terminal_name}-{self.terminal_no}"


def facts_of(enrolled: Enrolled, cloud_url: str) -> TerminalFacts:
    """Return the facts a terminal keeps of its enrolment."""
    return TerminalFacts(
        terminal_no=enrolled.terminal_no,
        terminal_name=enrolled.terminal_name,
        municipality_code=enrolled.municipality_code,
        municipality_name=enrolled.municipality_name,
        prefecture=enrolled.prefecture,
        cloud_url=cloud_url,
        certificate=enrolled.certificate,
        ca=enrolled.ca,
        feed_key=enrolled.feed_key,
        command_key=enrolled.command_key,
    )
