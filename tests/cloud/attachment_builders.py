"""An attachment as a terminal makes it: sealed whole, cut in parts, each with its hash."""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256

import httpx
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from tests.cloud.cloud_builders import Row, Terminal, new_key

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
SCAN = b"\xff\xd8 a scan of a form " * 40


@dataclass
class Bundle:
    """An attachment on its way, and who brings it."""

    terminal: Terminal
    key: str
    command_key: str
    sealed: bytes
    parts: list[bytes]

    def announced(self, **more: object) -> Row:
        return {
            "key": self.key,
            "command_key": self.command_key,
            "media_type": "image/jpeg",
            "size": len(self.sealed),
            "sha256": sha256(self.sealed).hexdigest(),
            "parts": len(self.parts),
        } | more

    def note(self) -> Row:
        """Return how a request names it."""
        told = self.announced()
        return {name: told[name] for name in ("key", "sha256", "media_type")}

    async def begin(self, **more: object) -> httpx.Response:
        return await self.terminal.call("POST", "/v1/attachments", self.announced(**more))

    async def put(
        self, place: int, content: bytes | None = None, digest: bytes | None = None
    ) -> httpx.Response:
        part = self.parts[place - 1] if content is None else content
        return await put_part(self.terminal, self.key, place, part, digest or sha256(part).digest())

    async def state(self) -> Row:
        return dict((await self.terminal.call("GET", f"/v1/attachments/{self.key}")).json())

    async def bring(self) -> Row:
        """Announce it and bring every part."""
        await self.begin()
        for place in range(1, len(self.parts) + 1):
            assert (await self.put(place)).status_code == 200
        return await self.state()


async def put_part(terminal: Terminal, key: str, place: int, content: bytes, digest: bytes) -> httpx.Response:
    path = f"/v1/attachments/{key}/parts/{place}"
    headers = terminal.headers("PUT", path, content)
    headers["content-digest"] = content_digest(digest)
    return await terminal.client.put(path, content=content, headers=headers)


def content_digest(digest: bytes) -> str:
    """Write a hash as RFC 9530 has it."""
    return f"sha-256=:{b64encode(digest).decode()}:"


def a_bundle(terminal: Terminal, command_key: str = "", *, content: bytes = SCAN, cuts: int = 4) -> Bundle:
    key, command_key = new_key(), command_key or new_key()
    words = ("madoguchi attachment v1", key, command_key, terminal.number, terminal.command_key_id)
    public = X25519PublicKey.from_public_bytes(terminal.command_key)
    sealed = bytes.fromhex(terminal.command_key_id) + _SUITE.encrypt(
        content, public, "\0".join(words).encode()
    )
    size = -(-len(sealed) // cuts)
    parts = [sealed[start : start + size] for start in range(0, len(sealed), size)]
    return Bundle(terminal, key, command_key, sealed, parts)
