"""What the outbox seals and signs as it writes a change down."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from offline.store.seal import public_of
from offline.store.stores import FileStores
from tests.builders import NOW, a_town_key
from tests.store_builders import COMMAND_PRIVATE, IDENTITY, a_change, an_issue, facts, store_keys, stores_in

KEYS = store_keys()


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncIterator[FileStores]:
    opened = stores_in(tmp_path)
    await opened.open(KEYS)
    yield opened
    await opened.close()


@pytest.mark.asyncio
async def test_the_envelope_opens_for_the_cloud_and_only_as_what_it_is(stores: FileStores) -> None:
    queued = await stores.ledger.queue(a_change())
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    (key,) = facts().command_keys
    key_id, envelope = queued.sealed[:8].hex(), queued.sealed[8:]
    assert key_id == key.key_id
    info = f"madoguchi command v1\0{queued.key}\0todoke.tenkyo\x000007\0{key_id}".encode()
    assert msgspec.msgpack.decode(suite.decrypt(envelope, COMMAND_PRIVATE, info)) == queued.payload
    for other in (info.replace(b"0007", b"0008"), info.replace(key_id.encode(), b"0" * 16)):
        with pytest.raises(InvalidTag):
            suite.decrypt(envelope, COMMAND_PRIVATE, other)


@pytest.mark.asyncio
async def test_what_is_queued_bears_this_terminals_signature_over_everything_that_is_sent(
    stores: FileStores,
) -> None:
    change = a_change()
    queued = await stores.ledger.queue(change)
    words = [
        change.key,
        "todoke.tenkyo",
        list(change.residents),
        [[one, change.base[one]] for one in sorted(change.base)],
        "2026-11-20T05:32:00Z",
        change.clock_offset_ms,
        change.made_by,
        "0007",
        str(change.todoke_date),
        None,
        sha256(queued.sealed).digest(),
    ]
    public = ec.derive_private_key(7, ec.SECP256R1()).public_key()
    signed = b"madoguchi-command-v1\n" + msgspec.msgpack.encode(words)
    public.verify(queued.signature, signed, ec.ECDSA(SHA256()))
    facts_of_an_issue = await stores.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
    assert facts_of_an_issue
    assert len({one.signature for one in await stores.ledger.outbox()}) == 3


@pytest.mark.asyncio
async def test_payloads_are_sealed_to_the_command_key_in_force_when_they_are_made(tmp_path: Path) -> None:
    young = a_town_key(public_of(b"y" * 32), NOW + timedelta(days=30))
    with_both = replace(facts(), command_keys=(young, *facts().command_keys))
    stores = FileStores(tmp_path, with_both, lambda: NOW, IDENTITY.sign)
    await stores.open(KEYS)
    sealed_to = []
    for days in (-400, 0, 29, 30, 31):
        queued = await stores.ledger.queue(replace(a_change(), made_at=NOW + timedelta(days=days)))
        sealed_to.append(queued.sealed[:8].hex() == young.key_id)
    await stores.close()
    assert sealed_to == [False, False, False, True, True]
