"""The office on the command line: staff, orders, quarantine, rows of a decision; refused as in the pages."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cloud.office.desk import desk_of
from tests.cloud.attachment_builders import SCAN, a_bundle
from tests.cloud.cloud_builders import HANAKO, TARO
from tests.cloud.intake_builders import request
from tests.cloud.test_cloud_office_towns import Cloud, Line, cloud

__all__ = ["cloud"]  # the fixture
pytestmark = pytest.mark.asyncio


@pytest.fixture
def line(cloud: Cloud, database: str | None, capsys: pytest.CaptureFixture[str]) -> Line:
    return Line(cloud, database, capsys)


def one(rows: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = rows
    return found


async def test_staff_are_kept_on_the_command_line(cloud: Cloud, line: Line) -> None:
    days = ("--from", "R8.11.20", "--until", "R8.11.30")
    told = one(
        line.rows("staff-add", "x101", "応援　花", "税務課", "--right", "view", "--lent-by", "海辺町", *days)
    )
    assert (len(told["password"]), len(told["totp_secret"])) == (19, 32)
    assert told["otpauth"].startswith("otpauth://totp/")
    grant = one(line.rows("grant", "cash", "--staff", "x101", "--until", "R8.11.25"))["grant_id"]
    line.rows("grant", "honseki", "--section", "税務課")
    held = {row["right"]: row["until_day"] for row in line.rows("rights", "x101")}
    assert held == {"view": "", "cash": "2026-11-25"}, "what a section has does not reach who is lent"
    line.says("revoke-right", grant)
    line.says("suspend", "x101")
    shown = next(row for row in line.rows("staff") if row["staff_id"] == "x101")
    assert (shown["rights"], bool(shown["suspended_since"]), shown["lent_by"]) == ("view", True, "海辺町")
    line.says("resume", "x101")
    assert one(line.rows("new-password", "x101"))["password"] != told["password"]
    assert one(line.rows("new-totp", "x101"))["totp_secret"] != told["totp_secret"]
    line.says("staff-end", "x101", "2026-11-29")
    person = desk_of(cloud.ours).staff.person("x101")
    assert (person.until_day, person.when) == (date(2026, 11, 29).isoformat(), "now")
    log = line.says("log")
    for secret in (told["password"], told["totp_secret"]):
        assert secret not in log
    whats = [act["what"] for act in reversed(line.rows("log"))]
    assert whats == [f"staff.{what}" for what in _WHATS]


_WHATS = (
    *("add", "grant", "grant", "revoke", "suspend", "resume"),
    *("reset_password", "set_factor", "end"),
)


async def test_a_card_is_enrolled_and_taken_away_on_the_command_line(line: Line, tmp_path: Path) -> None:
    key, file = rsa.generate_private_key(65537, 2048), tmp_path / "card.pem"
    file.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    told = one(line.rows("enrol-factor", "s001", str(file)))
    assert told["kind"] == "card"
    held = {row["kind"]: row["fingerprint"] for row in line.rows("factors", "s001")}
    assert held == {"card": told["fingerprint"], "totp": ""}
    line.says("remove-factor", "s001", "card")
    assert [row["kind"] for row in line.rows("factors", "s001")] == ["totp"]
    assert "見つかりません" in line.says("remove-factor", "s001", "card", code=1)
    assert "ほかの担当者に依頼" in line.says("enrol-factor", "s002", str(file), code=1)
    acts = [(act["what"], act["subject"]) for act in reversed(line.rows("log"))]
    assert acts == [("staff.set_factor", "s001 card"), ("staff.remove_factor", "s001 card")]


async def test_nobody_acts_on_their_own_access_there_either(line: Line) -> None:
    for words in (("suspend", "s002"), ("new-password", "s002"), ("grant", "cash", "--staff", "s002")):
        assert "ほかの担当者に依頼してください" in line.says(*words, code=1)
    lent = ("staff-add", "x1", "応援", "課", "--lent-by", "町", "--from", "R8.1.1")
    assert "「最後の日」を確かめて" in line.says(*lent, code=1)


async def test_terminals_are_ordered_and_what_was_put_aside_is_decided(cloud: Cloud, line: Line) -> None:
    terminal = await cloud.terminal(cloud.ours)
    for kind in ("lock", "wipe"):
        line.says("order", kind, terminal.number)
    assert [row["kind"] for row in line.rows("orders", terminal.number)] == ["wipe", "lock"]
    assert one(line.rows("terminals"))["signs"] == "never orders"
    line.says("revoke", terminal.number)
    (sent,) = await terminal.send(terminal.tenkyo({"subject": HANAKO}))
    assert sent["quarantined"]
    await terminal.send(terminal.issued(1), terminal.journal(3, 1, bytes(32))[0])
    items = {row["kind"]: row["item_id"] for row in line.rows("quarantine", "--state", "kept")}
    opened = one(line.rows("open", items["todoke.tenkyo"]))
    assert opened["payload"]["subject"] == HANAKO
    line.says("release", items["todoke.tenkyo"])
    assert one(line.rows("intakes"))["key"] == sent["key"]
    line.says("dismiss", items["fact.issued"], "--reason", "紙で確認")
    line.says("release", items["fact.journal"])
    assert one(line.rows("journals"))["trouble"] == "gap"
    assert "すでに決定されています" in line.says("release", items["fact.issued"], code=1)


async def test_rows_come_from_a_file_where_no_rule_writes_them(
    cloud: Cloud, line: Line, tmp_path: Path
) -> None:
    terminal = await cloud.terminal(cloud.ours)
    (sent,) = await terminal.send(request(terminal, "seal.register"))
    assert "記録する内容を入力してから" in line.says("decide", sent["key"], "register", code=1)
    row = {"atena_no": TARO, "registration_no": "1000009", "image": "iVBO", "registered": "2026-11-20"}
    file = tmp_path / "rows.json"
    file.write_text(json.dumps([{"table": "seal_registration", "row": row}]))
    told = one(line.rows("decide", sent["key"], "register", "--changes", str(file)))
    assert told["state"] == "registered"


async def test_an_attachment_is_written_into_a_file_for_its_owner_alone(
    cloud: Cloud, line: Line, tmp_path: Path
) -> None:
    terminal = await cloud.terminal(cloud.ours)
    (sent,) = await terminal.send(terminal.tenkyo({"subject": HANAKO}))
    bundle = a_bundle(terminal, sent["key"])

    await bundle.bring()
    assert one(line.rows("attachments", sent["key"]))["state"] == "attached"
    out = tmp_path / "scan.jpg"
    line.says("attachment", bundle.key, "--out", str(out))
    assert (out.read_bytes(), out.stat().st_mode & 0o777) == (SCAN, 0o600)
    assert line.rows("log")[0]["what"] == "attachment.opened"


async def test_a_request_for_a_measure_is_read_and_decided_by_those_in_charge_alone(
    cloud: Cloud, line: Line, tmp_path: Path
) -> None:
    terminal = await cloud.terminal(cloud.ours)
    words = request(terminal, "shien_sochi.application", subject=HANAKO, members=[], first_town="隠れ町")
    (sent,) = await terminal.send(words)
    bundle = a_bundle(terminal, sent["key"])
    await bundle.bring()
    assert one(line.rows("intakes"))["payload"]["first_town"] == "隠れ町"
    cloud.ours.personnel.revoke("s002-shien_sochi", done_by="o001")
    shown = one(line.rows("intakes"))
    assert (shown["withheld"], "payload" in shown) == (True, False)
    out = tmp_path / "opinion.jpg"
    refused = (("decide", sent["key"], "register"), ("attachment", bundle.key, "--out", str(out)))
    for words_said in refused:
        assert "支援措置責任者に依頼" in line.says(*words_said, code=1)
    assert not out.exists()
    tried = [(act["what"], act["subject"]) for act in line.rows("log")[:2]]
    assert tried == [("measures.refused", bundle.key), ("measures.refused", sent["key"])]
