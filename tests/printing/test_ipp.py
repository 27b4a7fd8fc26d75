"""IPP as bytes: what is written can be read, what cannot be read is a doubt, never a crash."""

import asyncio
import ssl
import struct
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from client.domain.certificate import SheetState
from client.domain.errors import PaperError
from printing.desk.ipp import BrokenError, Operation, Queue, Reply, Tag, decode, encode
from printing.desk.press import IppPress
from printing.layout.glyphs import FontChain
from tests.printing.paper_builders import decided

TEXTS = st.text(max_size=20)
ATTRIBUTES = st.one_of(
    st.tuples(st.just(Tag.NAME), st.lists(TEXTS, min_size=1, max_size=3)),
    st.tuples(st.just(Tag.KEYWORD), st.lists(TEXTS, min_size=1, max_size=3)),
    st.tuples(st.just(Tag.INTEGER), st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=3)),
    st.tuples(st.just(Tag.BOOLEAN), st.lists(st.integers(0, 1), min_size=1, max_size=3)),
)


@given(
    st.dictionaries(st.text("abc-", min_size=1, max_size=8), ATTRIBUTES, max_size=6), st.integers(0, 0x7FFF)
)
def test_what_is_written_is_read(found: dict[str, tuple[Tag, list[str | int]]], code: int) -> None:
    attributes = [(tag, name, values) for name, (tag, values) in found.items()]
    half = len(attributes) // 2
    reply = decode(encode(code, 1, attributes[:half], attributes[half:]))
    assert reply.status == code
    assert reply.attributes == {name: tuple(values) for _, name, values in attributes}


@given(st.binary(max_size=60))
def test_any_bytes_are_an_answer_or_a_doubt(data: bytes) -> None:
    try:
        assert isinstance(decode(data), Reply)
    except BrokenError:
        return


@given(st.integers(0, 200))
def test_an_answer_cut_anywhere_is_a_doubt(cut: int) -> None:
    whole = encode(0, 1, [(Tag.KEYWORD, "job-state-reasons", ("job-printing", "none"))])
    short = whole[: cut % len(whole)]
    with pytest.raises(BrokenError):
        decode(short)


def test_numbers_and_words_are_told_apart() -> None:
    reply = decode(encode(0, 1, [(Tag.INTEGER, "job-id", (7,)), (Tag.NAME, "job-name", ("写し",))]))
    assert reply.number("job-id") == 7
    assert reply.number("job-name") is None
    assert reply.number("absent") is None
    assert reply.words("job-name") == ("写し",)
    assert reply.words("absent") == ()


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "printer")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pkcs8 = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = folder / "printer.pem"
    path.write_bytes(pkcs8 + made.public_bytes(serialization.Encoding.PEM))
    return path


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    body = await reader.readexactly(int(length.split(b":")[1]))
    (operation,) = struct.unpack(">H", body[2:4])
    attributes = {
        Operation.PRINT_JOB: [(Tag.INTEGER, "job-id", (1,))],
        Operation.GET_JOB_ATTRIBUTES: [(Tag.ENUM, "job-state", (9,))],
    }[Operation(operation)]
    reply = encode(0, 1, attributes)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(reply) + reply)
    await writer.drain()
    writer.close()


@pytest.mark.asyncio
async def test_an_encrypted_line_is_spoken_to_and_a_strangers_refused(
    chain: FontChain, tmp_path: Path
) -> None:
    pem = _certificate(tmp_path)
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inside.load_cert_chain(pem)
    trusting = ssl.create_default_context(cafile=str(pem))
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, ssl=inside)
    uri = f"ipps://127.0.0.1:{server.sockets[0].getsockname()[1]}/ipp/print"
    async with server:
        printed = await IppPress(chain, uri, "", tls=trusting).print(decided(), job_name="住民票の写し 1")
        assert printed.state is SheetState.PRINTED
        with pytest.raises(PaperError, match="unreachable"):
            await IppPress(chain, uri, "").print(decided(), job_name="住民票の写し 1")


def test_an_address_without_a_port_is_the_standard_port() -> None:
    queue = Queue("ipp://printer.example/ipp/print")
    assert (queue.uri, queue._port) == ("ipp://printer.example/ipp/print", 631)
