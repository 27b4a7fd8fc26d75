"""IC cards as SoftHSM2 tokens, a reader to put them in and pull them out of, and a module with moods."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from offline.factors.card import CardDoor

PIN = "5678"
SOFTHSM = "softhsm/libsofthsm2.so"
_SHIM = Path(__file__).with_name("odd_module.c")


def softhsm() -> str:
    """Return the module of SoftHSM2 (Debian: softhsm2)."""
    places = [Path("/usr/lib"), *sorted(Path("/usr/lib").glob("*-linux-gnu"))]
    return next(str(place / SOFTHSM) for place in places if (place / SOFTHSM).exists())


@dataclass
class Card:
    """A card: its key, made outside so that the town knows the public part, and where it lies when it is in."""

    label: str
    key: RSAPrivateKey
    folder: Path

    def public(self) -> bytes:
        """Return the key as the town enrols it."""
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@dataclass
class Reader:
    """A card reader of this PC: a folder of tokens. ``mood`` is what the module does next."""

    folder: Path
    doors: list[CardDoor] = field(default_factory=list)
    cards: tuple[Card, ...] = ()

    def __post_init__(self) -> None:
        (self.folder / "in").mkdir(parents=True)
        (self.folder / "out").mkdir()
        self._conf.write_text(f"directories.tokendir = {self.folder / 'in'}\nlog.level = ERROR\n", "ascii")
        shim = self.folder / "odd_module.so"
        subprocess.run(["gcc", "-w", "-shared", "-fPIC", "-o", shim, _SHIM, "-ldl"], check=True)

    @property
    def _conf(self) -> Path:
        return self.folder / "softhsm2.conf"

    @property
    def environment(self) -> dict[str, str]:
        """Return what the module is told by its surroundings."""
        return {
            "SOFTHSM2_CONF": str(self._conf),
            "CARD_MODULE": softhsm(),
            "CARD_MOOD": str(self.folder / "mood"),
            "CARD_LOG": str(self.folder / "log"),
        }

    def card(self, label: str, bits: int = 2048) -> Card:
        """Issue a card; it is in the reader."""
        before = set((self.folder / "in").iterdir())
        self._util("--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", PIN)
        key = generate_private_key(65537, bits)
        pem = self.folder / "key.pem"
        pem.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self._util("--import", str(pem), "--token", label, "--label", "staff", "--id", "01", "--pin", PIN)
        (made,) = set((self.folder / "in").iterdir()) - before
        return Card(label, key, made)

    def pull(self, card: Card) -> None:
        """Pull a card out."""
        card.folder = Path(shutil.move(card.folder, self.folder / "out"))

    def put(self, card: Card) -> None:
        """Put a card in."""
        card.folder = Path(shutil.move(card.folder, self.folder / "in"))

    def mood(self, mood: str) -> None:
        """Let the module hang, crash, lose its card, or say something of the PIN."""
        (self.folder / "mood").write_text(mood, "ascii")

    @property
    def logins(self) -> int:
        """Return how often a PIN was shown to a card."""
        log = self.folder / "log"
        return len(re.findall("login", log.read_text("ascii"))) if log.exists() else 0

    def command(self, module: str = "") -> list[str]:
        """Return what starts the process with the module."""
        words = [f"{name}={value}" for name, value in self.environment.items()]
        module = module or str(self.folder / "odd_module.so")
        return ["env", *words, sys.executable, "-P", "-m", "offline.factors.card_child", module]

    def door(self, *, wait: float = 20.0, module: str = "") -> CardDoor:
        """Return a door to this reader, closed with it."""
        made = CardDoor(self.command(module), look_wait=20.0, use_wait=wait)
        self.doors.append(made)
        return made

    def close(self) -> None:
        """End every process."""
        for door in self.doors:
            door.close()

    def _util(self, *words: str) -> None:
        environment = {**os.environ, **self.environment}
        subprocess.run(["softhsm2-util", *words], check=True, capture_output=True, env=environment)
