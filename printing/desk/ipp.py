"""IPP/2.0 as far as one counter needs it (RFC 8010, 8011): print a PDF, ask what became of it."""

import http.client
import ssl
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count
from urllib.parse import urlsplit

_VERSION = b"\x02\x00"
_OPERATION_GROUP, _JOB_GROUP, _END = 0x01, 0x02, 0x03
_FIRST_VALUE_TAG = 0x10
_FIRST_BAD_STATUS = 0x0400
_PORT = 631
_LARGEST_ANSWER = 1 << 20  # bytes; what was asked for needs a few hundred
_REFUSED_BY_HTTP = {401: 0x0402, 403: 0x0403, 404: 0x0406, 413: 0x0408}


class Tag(IntEnum):
    """Value tags this client writes or reads as numbers."""

    INTEGER = 0x21
    BOOLEAN = 0x22
    ENUM = 0x23
    NAME = 0x42
    KEYWORD = 0x44
    URI = 0x45
    CHARSET = 0x47
    LANGUAGE = 0x48
    MEDIA_TYPE = 0x49


class Operation(IntEnum):
    """Operations this client asks for."""

    PRINT_JOB = 0x0002
    CANCEL_JOB = 0x0008
    GET_JOB_ATTRIBUTES = 0x0009
    GET_PRINTER_ATTRIBUTES = 0x000B


class JobState(IntEnum):
    """job-state, RFC 8011 section 5.3.7."""

    PENDING = 3
    PENDING_HELD = 4
    PROCESSING = 5
    PROCESSING_STOPPED = 6
    CANCELED = 7
    ABORTED = 8
    COMPLETED = 9


class UnreachableError(Exception):
    """No connection: not one byte of the job was sent."""


class BrokenError(Exception):
    """The connection ended after sending began: the printer may have the job."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A printer's answer: status and attributes by name, a tuple of values each."""

    status: int
    attributes: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Tell whether the printer did as asked."""
        return self.status < _FIRST_BAD_STATUS

    def number(self, name: str) -> int | None:
        """Return an attribute's first value where it is a number."""
        value = self.attributes.get(name, (None,))[0]
        return value if isinstance(value, int) else None

    def words(self, name: str) -> tuple[str, ...]:
        """Return an attribute's values as texts."""
        return tuple(str(value) for value in self.attributes.get(name, ()))


Attribute = tuple[Tag, str, Sequence[str | int]]


class Queue:
    """A printer or print queue at an ipp or ipps address; every call is one blocking exchange."""

    def __init__(self, uri: str, *, timeout_s: float = 10.0, tls: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(uri)
        if parts.scheme not in {"ipp", "ipps"} or not parts.hostname:
            raise ValueError(f"not an ipp address: {uri}")
        self.uri = uri
        self._host, self._port = parts.hostname, parts.port or _PORT
        self._path = parts.path or "/"
        self._secure = parts.scheme == "ipps"
        self._tls = tls
        self._timeout = timeout_s
        self._request_ids = count(1)

    def print_job(self, pdf: bytes, *, job_name: str, user: str) -> Reply:
        """Hand a PDF over, to be printed on one side of A4 at its true size."""
        job: tuple[Attribute, ...] = (
            (Tag.INTEGER, "copies", (1,)),
            (Tag.KEYWORD, "sides", ("one-sided",)),
            (Tag.KEYWORD, "media", ("iso_a4_210x297mm",)),
            (Tag.KEYWORD, "print-scaling", ("none",)),
            (Tag.KEYWORD, "print-color-mode", ("monochrome",)),
        )
        about: tuple[Attribute, ...] = (
            (Tag.NAME, "requesting-user-name", (user,)),
            (Tag.NAME, "job-name", (job_name,)),
            (Tag.BOOLEAN, "ipp-attribute-fidelity", (0,)),
            (Tag.MEDIA_TYPE, "document-format", ("application/pdf",)),
        )
        return self._ask(Operation.PRINT_JOB, about, job=job, document=pdf)

    def job(self, job_id: int, *, user: str) -> Reply:
        """Ask what became of a job."""
        wanted = ("job-state", "job-state-reasons", "job-impressions-completed")
        return self._ask(Operation.GET_JOB_ATTRIBUTES, self._about_job(job_id, user, wanted))

    def printer(self, *, user: str) -> Reply:
        """Ask how the printer is."""
        wanted = (
            *("printer-state", "printer-state-reasons", "printer-is-accepting-jobs", "printer-name"),
            *("printer-info", "printer-make-and-model", "device-uri"),  # the last is CUPS's own
        )
        about: tuple[Attribute, ...] = (
            (Tag.NAME, "requesting-user-name", (user,)),
            (Tag.KEYWORD, "requested-attributes", wanted),
        )
        return self._ask(Operation.GET_PRINTER_ATTRIBUTES, about)

    @staticmethod
    def _about_job(job_id: int, user: str, wanted: Sequence[str]) -> tuple[Attribute, ...]:
        return (
            (Tag.INTEGER, "job-id", (job_id,)),
            (Tag.NAME, "requesting-user-name", (user,)),
            (Tag.KEYWORD, "requested-attributes", wanted),
        )

    def _ask(
        self,
        operation: Operation,
        about: Sequence[Attribute],
        *,
        job: Sequence[Attribute] = (),
        document: bytes = b"",
    ) -> Reply:
        head = (
            (Tag.CHARSET, "attributes-charset", ("utf-8",)),
            (Tag.LANGUAGE, "attributes-natural-language", ("ja",)),
            (Tag.URI, "printer-uri", (self.uri,)),
        )
        request = encode(operation, next(self._request_ids), (*head, *about), job)
        return self._exchange(request + document)

    def _exchange(self, body: bytes) -> Reply:
        line = self._line()
        try:
            try:
                line.connect()
            except OSError as error:
                raise UnreachableError from error
            headers = {"Content-Type": "application/ipp", "Accept": "application/ipp"}
            try:
                line.request("POST", self._path, body, headers)
                answer = line.getresponse()
                data = answer.read(_LARGEST_ANSWER)
            except (OSError, http.client.HTTPException) as error:
                raise BrokenError from error
            return _reply(answer.status, data)
        finally:
            line.close()

    def _line(self) -> http.client.HTTPConnection:
        if self._secure:
            tls = self._tls or ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)


def _reply(http_status: int, data: bytes) -> Reply:
    if http_status == http.client.OK:
        return decode(data)
    if http_status >= http.client.INTERNAL_SERVER_ERROR:
        raise BrokenError(f"HTTP {http_status}")
    return Reply(_REFUSED_BY_HTTP.get(http_status, _FIRST_BAD_STATUS))  # the queue never saw the request


def encode(
    operation: int, request_id: int, about: Sequence[Attribute], job: Sequence[Attribute] = ()
) -> bytes:
    """Write a request up to its document (RFC 8010 section 3.1)."""
    parts = [_VERSION, struct.pack(">HL", operation, request_id), bytes((_OPERATION_GROUP,))]
    parts += [_attribute(*attribute) for attribute in about]
    if job:
        parts += [bytes((_JOB_GROUP,)), *(_attribute(*attribute) for attribute in job)]
    return b"".join((*parts, bytes((_END,))))


def decode(data: bytes) -> Reply:
    """Read an answer; of several groups the later wins, which no request here needs apart."""
    if len(data) < 9:
        raise BrokenError("an answer too short to be IPP")
    found: dict[str, list[str | int]] = {}
    name = ""
    for tag, own_name, value in _values(data):
        if own_name:
            name = own_name
            found[name] = []
        found.setdefault(name, []).append(_read(tag, value))
    return Reply(struct.unpack(">H", data[2:4])[0], {key: tuple(values) for key, values in found.items()})


def _attribute(tag: Tag, name: str, values: Sequence[str | int]) -> bytes:
    parts: list[bytes] = []
    for value in values:
        raw = _write(tag, value)
        key = name.encode() if not parts else b""  # further values of one attribute bear no name
        parts.append(struct.pack(">BH", tag, len(key)) + key + struct.pack(">H", len(raw)) + raw)
    return b"".join(parts)


def _write(tag: Tag, value: str | int) -> bytes:
    if isinstance(value, str):
        return value.encode()
    return struct.pack(">b" if tag is Tag.BOOLEAN else ">l", value)


def _read(tag: int, value: bytes) -> str | int:
    if tag in {Tag.INTEGER, Tag.ENUM} and len(value) == 4:
        return int(struct.unpack(">l", value)[0])
    if tag == Tag.BOOLEAN and len(value) == 1:
        return value[0]
    return value.decode("utf-8", "replace")


def _values(data: bytes) -> Iterator[tuple[int, str, bytes]]:
    at = 8
    try:
        while data[at] != _END:
            tag = data[at]
            at += 1
            if tag < _FIRST_VALUE_TAG:  # a group begins
                continue
            (length,) = struct.unpack_from(">H", data, at)
            name = data[at + 2 : at + 2 + length].decode("utf-8", "replace")
            at += 2 + length
            (length,) = struct.unpack_from(">H", data, at)
            yield tag, name, data[at + 2 : at + 2 + length]
            at += 2 + length
    except (IndexError, struct.error) as error:
        raise BrokenError("an answer cut short") from error
