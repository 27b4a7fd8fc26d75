"""``escrow`` and ``bundle`` as an operator types them; read here by nothing but the contract's own words."""

import io
import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud.__main__ import main
from cloud.escrow import ShareCost
from cloud.tenants import Tenants
from tests.cloud.cloud_builders import CODE, staff, tiny_town

CHEAP = ShareCost(passes=1, log2_kib=8)
PASSPHRASES = "hitorime no aikotoba\nfutarime no aikotoba\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    towns = Tenants(tmp_path / "data", f"sqlite:///{tmp_path / 'data' / 'cloud.db'}")
    towns.open(CODE, town=tiny_town, staff=staff())
    towns.close()
    return tmp_path / "data"


def place(data: Path) -> list[str]:
    return ["--data", str(data), "--town", CODE]


def made(data: Path, out: Path, monkeypatch: pytest.MonkeyPatch, cost: ShareCost = CHEAP) -> None:
    monkeypatch.setattr("cloud.escrow.ShareCost", lambda: cost)
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSPHRASES))
    assert main(["escrow", str(out), *place(data), "--officers", "2"]) == 0


def manifest_in(content: bytes) -> dict[str, object]:
    """Read the clear words of a bundle as a partner town's own program would."""
    assert content.startswith(b"MADOGUCHI-BUNDLE-1\n")
    assert content.endswith(b"MDGEND1\n")
    long, signed = int.from_bytes(content[-14:-10], "big"), int.from_bytes(content[-10:-8], "big")
    end = len(content) - 14
    signature, words = content[end - signed : end], content[end - signed - long : end - signed]
    told: dict[str, object] = json.loads(words)
    key = Ed25519PublicKey.from_public_bytes(b64decode(told["signer"]["key"]))  # type: ignore[index]  # JSON
    key.verify(signature, b"madoguchi-bundle-v1\n" + words)
    at = len(b"MADOGUCHI-BUNDLE-1\n")
    for part in told["parts"]:  # type: ignore[attr-defined]  # JSON
        assert sha256(content[at : at + part["size"]]).hexdigest() == part["sha256"]
        at += part["size"]
    assert at == end - signed - long
    return told


def test_an_escrow_is_made_once_and_its_private_half_is_in_no_file(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "escrow"
    made(data, out, monkeypatch, ShareCost())
    assert sorted(path.name for path in out.iterdir()) == [
        "escrow.json",
        "share-1-of-2.txt",
        "share-2-of-2.txt",
    ]
    assert all(path.stat().st_mode & 0o077 == 0 for path in out.iterdir())
    kept = list((data / "towns" / CODE / "keys").glob("escrow-*"))
    assert [path.suffix for path in kept] == [".pub"]
    sheet = (out / "share-2-of-2.txt").read_text("utf-8")
    assert "2人目／2人" in sheet
    assert "hitorime" not in sheet
    assert "escrow " in capsys.readouterr().out


def test_bundles_are_sealed_signed_and_never_written_over(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "w.bundle"
    assert main(["bundle", str(out), *place(data), "--whole"]) == 1
    assert "has no escrow" in capsys.readouterr().err
    made(data, tmp_path / "escrow", monkeypatch)
    assert main(["bundle", str(out), *place(data), "--whole"]) == 0
    content = out.read_bytes()
    told = manifest_in(content)
    assert (told["municipality"], told["kind"], told["made_by"]) == (CODE, "whole", "cloud")
    assert [part["name"] for part in told["parts"]] == ["snapshot", "chunks", "parcels"]  # type: ignore[attr-defined]  # JSON
    assert "渡邉".encode() not in content
    assert main(["bundle", str(out), *place(data), "--since", "1"]) == 1
    assert "nothing is written over" in capsys.readouterr().err
    assert out.read_bytes() == content


def test_a_version_the_feed_does_not_go_on_from_is_told_and_nothing_is_left(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made(data, tmp_path / "escrow", monkeypatch)
    out = tmp_path / "d.bundle"
    assert main(["bundle", str(out), *place(data), "--since", "99"]) == 1
    assert "feed.ahead" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir() if "bundle" in path.name] == []
    assert main(["bundle", str(out), *place(data), "--since", "1"]) == 0
    assert manifest_in(out.read_bytes())["versions"]["register"] == {"after": 1, "to": 1}  # type: ignore[index]  # JSON


def test_a_short_passphrase_makes_no_escrow(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("short\nshort\n"))
    assert main(["escrow", str(tmp_path / "escrow"), *place(data)]) == 1
    assert "12 letters" in capsys.readouterr().err
    assert not (tmp_path / "escrow").exists()
    assert not list((data / "towns" / CODE / "keys").glob("escrow-*"))
