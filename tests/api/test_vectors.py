"""The terminal makes and reads the very bytes of the contract's test vectors."""

from datetime import UTC, date, datetime

import httpx
import pytest

from client.api.http import Http
from client.api.sync import HttpFeeds
from client.api.upkeep import SignedOrder, read_order
from client.domain.change import ChangeKind, NewChange
from client.domain.enrolment import TownKey
from client.domain.feed import Chunk, Feed, RowChange, RowDiff
from client.domain.parcel import Parcel
from client.domain.resident import AtenaNo
from client.domain.terminal import OrderKind, TerminalFacts
from client.rules import digest
from client.rules.authorship import signed_words
from client.rules.parcels import open_batch, parcel_key, read_parcel, seal_id_of
from offline.store.pack import unpacked
from offline.store.seal import info_of, opened
from tests.vectors import octets, row_of, vector

AT = datetime(2026, 11, 20, 5, 32, tzinfo=UTC)


class Recorder:
    """A terminal that keeps what it is given to sign."""

    terminal_no = "T0001"

    def __init__(self) -> None:
        self.signed: list[bytes] = []

    def sign(self, data: bytes) -> bytes:
        self.signed.append(data)
        return b"signed"


def answering(content: bytes, kind: str, identity: Recorder | None = None, base: str = "") -> Http:
    """A cloud that gives one answer to every call."""
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, headers={"content-type": kind}, stream=httpx.ByteStream(content))
    )
    return Http(f"https://cloud.example{base}", identity, now=lambda: AT, transport=transport)


@pytest.mark.asyncio
@pytest.mark.parametrize("told", vector("proof")["calls"], ids=lambda told: told["target"])
async def test_a_terminal_signs_the_bytes_of_the_vector(told: dict[str, str]) -> None:
    recorder = Recorder()
    base, path = ("/990001", told["target"].removeprefix("/990001"))
    http = answering(b"{}", "application/json", recorder, base if told["target"].startswith(base) else "")
    asked = {"typed": "わたなべ"} if told["body"] else None
    await http.call(told["method"], path, json=asked)
    assert recorder.signed == [octets(told["message"])]


def test_a_command_is_signed_and_sealed_as_in_the_vector() -> None:
    said = vector("command")
    sent = said["command"]
    sealed = octets(sent["sealed"])
    change = NewChange(
        key=sent["key"],
        kind=ChangeKind(sent["kind"]),
        residents=tuple(map(AtenaNo, sent["residents"])),
        base={AtenaNo(one): version for one, version in sent["base"].items()},
        payload=said["payload"],
        made_at=datetime.fromisoformat(sent["made_at"]),
        made_by=sent["made_by"],
        clock_offset_ms=sent["clock_offset_ms"],
        todoke_date=date.fromisoformat(sent["todoke_date"]),
    )
    assert signed_words(change, sent["terminal"], sealed) == octets(said["signed"])
    key = said["command_key"]
    info = info_of("madoguchi command v1", sent["key"], sent["kind"], sent["terminal"], key["id"])
    assert info == octets(said["info"])
    assert sealed[:8].hex() == key["id"]
    packed = opened(sealed[8:], octets(key["private"]), info)
    assert (packed, unpacked(packed)) == (octets(said["packed"]), said["payload"])


def test_rows_have_the_digests_of_the_vector() -> None:
    said = vector("rows")
    sums = [0] * digest.BUCKETS
    for told in said["rows"]:
        value = digest.row_digest(octets(said["digest_key"]), told["table"], row_of(told))
        assert digest.bucket_bytes(value) == octets(told["digest"])
        assert digest.bucket_of(told["table"], told["key"]) == told["bucket"]
        sums[told["bucket"]] = digest.plus(sums[told["bucket"]], value)
    assert digest.root_of(digest.mids_of(sums)) == octets(said["root"])


@pytest.mark.asyncio
async def test_a_chunk_of_the_vector_is_opened() -> None:
    said = vector("chunk")
    told = said["manifest"]
    chunk = Chunk(
        told["sha256"], told["series"], told["table"], told["rows"], told["size"], octets(told["key"])
    )
    door = HttpFeeds(answering(octets(said["sealed"]), "application/octet-stream"), (), digest_key=bytes)
    rows = await door.chunk(chunk)
    assert (list(rows.columns), [list(column) for column in rows.data]) == (
        said["content"]["columns"],
        said["content"]["data"],
    )
    assert (rows.feed, list(rows.key)) == (Feed.REGISTER, said["content"]["key"])


@pytest.mark.asyncio
async def test_rows_of_the_vector_are_trusted_and_read() -> None:
    said = vector("envelope")
    key = TownKey(said["feed_key"]["id"], octets(said["feed_key"]["public"]), AT)
    door = HttpFeeds(answering(octets(said["envelope"]), "application/msgpack"), (key,), digest_key=bytes)
    told = await door.rows(Feed.BLOCKS, (0,))
    assert (told.version, told.root) == (4, octets(said["body"]["root"]))
    assert [[one.table, list(one.key), one.row] for one in told.rows] == said["body"]["changes"]


def test_a_parcel_of_the_vector_is_trusted_and_read() -> None:
    said = vector("parcel")
    key = TownKey(said["feed_key"]["id"], octets(said["feed_key"]["public"]), AT)
    opener = parcel_key(octets(said["digest_key"]))
    assert opener == octets(said["parcel_key"])
    parcel = read_parcel(octets(said["parcel"]), (key,))
    assert isinstance(parcel, Parcel)
    assert [
        "batch",
        seal_id_of(opener).hex(),
        parcel.feed.value,
        parcel.after,
        parcel.to,
        parcel.head,
    ] == said["clear"][:6]
    gone, whole, different = open_batch(parcel, opener).changes
    assert isinstance(gone, RowChange)
    assert isinstance(whole, RowChange)
    assert isinstance(different, RowDiff)
    assert different.base == ("1000000022", 2)
    made = (gone, whole, different.over(said["base"]))
    assert [[one.table, list(one.key), one.row] for one in made] == said["rows"]


def test_an_order_of_the_vector_is_obeyed() -> None:
    said = vector("order")
    key = TownKey(said["feed_key"]["id"], octets(said["feed_key"]["public"]), AT)
    facts = TerminalFacts("T0001", "本庁1", "990001", "", "", "", "", "", (key,), (key,))
    order = said["order"]
    read = read_order(SignedOrder(order["words"], order["key_id"], octets(order["signature"])), facts)
    assert read is not None
    assert read.kind is OrderKind.LOCK
