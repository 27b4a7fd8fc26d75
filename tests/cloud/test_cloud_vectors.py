"""The cloud makes and reads the very bytes of the contract's test vectors."""

from datetime import date

import msgspec
import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from cloud import chunks, digest, feeds, orders, parcels
from cloud.command import Command
from cloud.contract import tables
from cloud.envelopes import is_signed, open_payload, signed_words
from cloud.keys import DatedKey, TenantKeys
from cloud.proof import SignedCall
from tests.cloud.cloud_builders import START
from tests.cloud.contract_reader import as_json, check, contract
from tests.cloud.payload_reader import validator
from tests.vectors import octets, row_of, vector


@pytest.mark.parametrize("told", vector("proof")["calls"], ids=lambda told: told["target"])
def test_a_proof_covers_the_bytes_of_the_vector(told: dict[str, str]) -> None:
    said = vector("proof")
    proof = (said["terminal_no"], told["date"], told["proof"])
    call = SignedCall(told["method"], told["target"], *proof, octets(told["body"]))
    assert call.message() == octets(told["message"])
    key = load_pem_public_key(said["public_key"].encode())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(call.signature(), call.message(), ec.ECDSA(SHA256()))


def test_a_command_is_signed_and_sealed_as_in_the_vector() -> None:
    said = vector("command")
    sent = said["command"]
    check(contract()["components"]["schemas"]["Command"], sent)
    command = Command(
        key=sent["key"],
        kind=sent["kind"],
        residents=tuple(sent["residents"]),
        base=sent["base"],
        made_at=sent["made_at"],
        written_at=sent["made_at"],
        clock_offset_ms=sent["clock_offset_ms"],
        made_by=sent["made_by"],
        terminal=sent["terminal"],
        sealed=octets(sent["sealed"]),
        signature=octets(sent["signature"]),
        todoke_date=date.fromisoformat(sent["todoke_date"]),
    )
    assert signed_words(command) == octets(said["signed"])
    assert is_signed(command, said["public_key"].encode())
    key = DatedKey(START, X25519PrivateKey.from_private_bytes(octets(said["command_key"]["private"])))
    assert (key.key_id, key.public) == (said["command_key"]["id"], octets(said["command_key"]["public"]))
    keys = TenantKeys(feed=(), command=(key,), digest=b"", chunk=b"", office_token="")
    assert open_payload(keys, command) == said["payload"]
    validator(sent["kind"]).validate(said["payload"])


def test_rows_have_the_digests_of_the_vector() -> None:
    said = vector("rows")
    sums = [0] * digest.BUCKETS
    for told in said["rows"]:
        value = digest.row_digest(octets(said["digest_key"]), told["table"], row_of(told))
        assert digest.to_bytes(value) == octets(told["digest"])
        assert digest.bucket_of(told["table"], tuple(told["key"])) == told["bucket"]
        sums[told["bucket"]] += value
    mids = [digest.mid_of(block) for block in digest.blocks_of(sums)]
    empty = octets(said["empty_mid"])
    assert {str(place): mid for place, mid in enumerate(mids) if mid != empty} == {
        place: octets(mid) for place, mid in said["mids"].items()
    }
    assert digest.root_of(mids) == octets(said["root"])


def test_a_chunk_is_packed_and_sealed_as_in_the_vector() -> None:
    said = vector("chunk")
    told = said["content"]
    table = tables()[told["table"]]
    columns = [dict(zip(told["columns"], row, strict=True)) for row in zip(*told["data"], strict=True)]
    rows = [tuple(row.get(name) for name in table.columns) for row in columns]
    packed = chunks.Piece(table, "core", rows).packed()
    assert zstandard.decompress(packed) == octets(said["packed"])
    again = chunks.seal(b"a secret of the town", packed)
    assert AESGCM(again.key).decrypt(bytes(12), again.content, b"madoguchi-chunk-v1") == packed
    opened = AESGCM(octets(said["manifest"]["key"])).decrypt(
        bytes(12), octets(said["sealed"]), b"madoguchi-chunk-v1"
    )
    assert zstandard.decompress(opened) == octets(said["packed"])
    assert chunks.Sealed(octets(said["sealed"]), b"").name == said["manifest"]["sha256"]


def test_an_envelope_and_an_order_bear_the_signature_of_the_vector() -> None:
    said = vector("envelope")
    key = Ed25519PublicKey.from_public_bytes(octets(said["feed_key"]["public"]))
    envelope = msgspec.msgpack.decode(octets(said["envelope"]))
    key.verify(envelope["signature"], feeds.CONTEXT + envelope["body"])
    body = as_json(msgspec.msgpack.decode(zstandard.decompress(envelope["body"])))
    assert (envelope["key_id"], body) == (said["feed_key"]["id"], said["body"])
    check(contract()["components"]["schemas"]["BucketRows"], body)
    order = vector("order")["order"]
    check(contract()["components"]["schemas"]["SignedOrder"], order)
    check(contract()["components"]["schemas"]["Order"], msgspec.json.decode(order["words"]))
    key.verify(octets(order["signature"]), orders.SIGNED + order["words"].encode())


def test_a_parcel_bears_signature_and_seal_of_the_vector() -> None:
    said = vector("parcel")
    wire = msgspec.msgpack.decode(octets(said["parcel"]))
    check(contract()["components"]["schemas"]["Parcel"], as_json(wire))
    clear, sealed, key_id, signature = wire
    public = Ed25519PublicKey.from_public_bytes(octets(said["feed_key"]["public"]))
    public.verify(signature, parcels._SIGNED + len(clear).to_bytes(4, "big") + clear + sealed)
    opener = parcels._key(octets(said["digest_key"]))
    assert (opener, key_id.hex()) == (octets(said["parcel_key"]), said["feed_key"]["id"])
    plain = AESGCM(opener).decrypt(sealed[:12], sealed[12:], clear)
    assert as_json(msgspec.msgpack.decode(zstandard.decompress(plain))) == said["groups"]
    kind, seal_id, *rest, root = msgspec.msgpack.decode(clear)
    assert [kind, seal_id.hex(), *rest] == said["clear"][:-1]
    assert root == octets(said["clear"][-1])
