"""``madoguchi factor``: what a card or a FIDO2 key writes for its enrolment, and what it says where it cannot."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from client.domain.errors import SignInNeededError
from cloud.factors.enrolling import brought
from cloud.sign_in_rules import DEFAULT_RULES
from offline.factors.security_key import SecurityKey
from tests.cloud.soft_key import SoftKey
from tests.offline.card_builders import PIN, Reader, softhsm
from tests.offline.soft_authenticator import SoftAuthenticator
from ui.cli import exit_codes
from ui.cli.verbs import main

Asked = Callable[[str], int]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path / "reader")
    yield made
    made.close()


@pytest.fixture
def asked(tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Return the verb, with a PIN typed."""
    for name, value in reader.environment.items():
        monkeypatch.setenv(name, value)
    settings = tmp_path / "settings.toml"
    settings.write_text(f'card_module = "{softhsm()}"\n', "utf-8")
    monkeypatch.setenv("MADOGUCHI_CONFIG", str(settings))
    monkeypatch.setenv("MADOGUCHI_DATA_DIR", str(tmp_path / "data"))

    def ask(pin: str) -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(pin + "\n"))
        return main(["factor", "card", "s001", "--json"])

    return ask


def test_a_card_writes_its_line_and_the_cloud_reads_the_key_that_signs(
    asked: Asked, reader: Reader, capsys: pytest.CaptureFixture[str]
) -> None:
    card = reader.card("s001")
    assert asked(PIN) == exit_codes.OK
    told = json.loads(capsys.readouterr().out)
    found = brought(told["factor"], "s001", DEFAULT_RULES)
    assert (found.kind, found.secret) == ("card", card.public())
    assert PIN not in told["factor"]


def test_no_card_and_a_wrong_pin_are_said(
    asked: Asked, reader: Reader, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(PIN) != exit_codes.OK
    assert json.loads(capsys.readouterr().out)["code"] == "card.absent"
    reader.card("s001")
    assert asked("0000") != exit_codes.OK
    assert json.loads(capsys.readouterr().out)["code"] == "card.wrong_pin"


@pytest.mark.asyncio
async def test_a_key_makes_a_new_credential_each_time_and_only_with_its_pin() -> None:
    key = SoftAuthenticator(SoftKey())
    security = SecurityKey("localhost", lambda: [key], wait=0.2)
    first, second = [await security.introduce("s001", "2580") for _ in range(2)]
    assert first.fingerprint != second.fingerprint
    assert brought(second.text, "s001", DEFAULT_RULES).state == "1"
    with pytest.raises(SignInNeededError, match=r"key\.wrong_pin"):
        await security.introduce("s001", "0000")
    key.touched = False
    with pytest.raises(SignInNeededError, match=r"key\.untouched"):
        await security.introduce("s001", "2580")
