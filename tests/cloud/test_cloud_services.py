"""Taxes, insurance, services, contacts and payers, read live; places of the sheltered are in no answer."""

from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from cloud.register import put
from cloud.services import contact_rows, nhi_rows, payers, service_rows, tax_rows
from cloud.staff_rows import staff_rows
from cloud.tenant import open_tenant
from tests.cloud.cloud_builders import (
    HANAKO,
    HIDDEN_STREET,
    KIMI,
    START,
    TARO,
    SetClock,
    Site,
    a_tenant,
    staff,
)
from tests.cloud.held import COMPANY, OUTSIDER

WORDS = ("tax", "nhi", "services", "contacts")
TABLES = {
    "tax": ("juminzei", "light_vehicle", "fixed_asset", "tax_account"),
    "nhi": ("nhi_member", "tax_account"),
    "services": ("entitlement",),
    "contacts": ("delivery_address", "bank_account", "phone"),
}


async def told(site: Site, atena_no: str, word: str) -> dict[str, Any]:
    answer = await site.terminal.call("GET", f"/v1/residents/{atena_no}/{word}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def found(site: Site, typed: str, **more: object) -> list[str]:
    answer = await site.terminal.call("POST", "/v1/payers/search", {"typed": typed, **more})
    assert answer.status_code == 200, answer.text
    return [row["atena_no"] for table in ("outsider", "corporation") for row in answer.json()[table]]


@pytest.mark.asyncio
@pytest.mark.parametrize("word", WORDS)
async def test_what_somebody_holds_is_told_by_table_and_says_how_old_it_is(site: Site, word: str) -> None:
    await site.terminal.sign_in()
    answer = await told(site, TARO, word)
    assert set(answer) == {*TABLES[word], "as_of"}
    assert answer["as_of"]["register_version"] == 1
    for table in TABLES[word]:
        assert {row["atena_no"] for row in answer[table]} == {TARO}, table


@pytest.mark.asyncio
async def test_the_seals_of_a_person_are_told_with_their_images(site: Site) -> None:
    await site.terminal.sign_in()
    (seal,) = (await told(site, HANAKO, "seals"))["seal_registration"]
    assert (seal["atena_no"], b64decode(seal["image"])[:4]) == (HANAKO, b"\x89PNG")
    assert (await told(site, TARO, "seals"))["seal_registration"] == []


@pytest.mark.asyncio
async def test_of_what_is_owed_the_insurance_shows_its_own(site: Site) -> None:
    await site.terminal.sign_in()
    assert [row["tax"] for row in (await told(site, TARO, "nhi"))["tax_account"]] == ["nhi"]
    assert [row["tax"] for row in (await told(site, TARO, "tax"))["tax_account"]] == ["juminzei", "nhi"]


@pytest.mark.asyncio
@pytest.mark.parametrize("word", WORDS)
async def test_somebody_who_holds_nothing_gets_empty_lists_and_nobody_a_problem(
    site: Site, word: str
) -> None:
    await site.terminal.sign_in()
    held = await told(site, HANAKO, word)
    assert all(held[table] == [] for table in TABLES[word])
    answer = await site.terminal.call("GET", f"/v1/residents/1999999999/{word}")
    assert (answer.status_code, answer.json()["code"]) == (404, "refused.not_found")


@pytest.mark.asyncio
@pytest.mark.parametrize("word", WORDS)
async def test_places_and_phones_of_a_sheltered_household_are_left_out(site: Site, word: str) -> None:
    await site.terminal.sign_in()
    answer = await site.terminal.call("GET", f"/v1/residents/{KIMI}/{word}")
    assert HIDDEN_STREET not in answer.text
    assert "0999" not in answer.text
    assert all(answer.json()[table] for table in TABLES[word])  # the rest is told


@pytest.mark.asyncio
@pytest.mark.parametrize("word", WORDS)
async def test_who_may_not_view_sees_none_of_it(site: Site, word: str) -> None:
    for signed_in, status in ((False, 401), (True, 403)):
        if signed_in:
            await site.terminal.sign_in("s009")
        answer = await site.terminal.call("GET", f"/v1/residents/{TARO}/{word}")
        assert answer.status_code == status
    answer = await site.terminal.call("POST", "/v1/payers/search", {"typed": "緑川"})
    assert answer.status_code == 403


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("みどり", [OUTSIDER]),
        ("緑川 なぎ", [OUTSIDER]),
        (OUTSIDER, [OUTSIDER]),
        ("あおぞら", [COMPANY]),
        ("商店", [COMPANY]),
        ("７９９９９０００００００１", [COMPANY]),
        ("999", []),
        ("%", []),
        ("", []),
        ("渡邉", []),  # a resident
    ],
)
async def test_payers_are_found_by_name_reading_and_number(
    site: Site, typed: str, expected: list[str]
) -> None:
    await site.terminal.sign_in()
    assert await found(site, typed) == expected


@pytest.mark.asyncio
async def test_a_payer_under_shien_sochi_is_found_without_an_address(site: Site) -> None:
    await site.terminal.sign_in()
    register = site.tenant.register
    with register.writing() as connection:
        register.commit(
            connection, "blocks", [put("shien_sochi", {"measure_id": "m9", "atena_no": OUTSIDER})]
        )
    answer = await site.terminal.call("POST", "/v1/payers/search", {"typed": "緑川"})
    assert "千代田" not in answer.text
    assert len(answer.json()["outsider"]) == 1


def test_nothing_of_another_municipality_comes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    first = a_tenant(tmp_path / "first", SetClock(), url)
    second = open_tenant(
        tmp_path / "second",
        "990002",
        town=lambda: [
            ("town", {"code": "990002", "name": "となり町"}),
            ("corporation", {"atena_no": TARO, "name": "隣", "kana": "トナリ"}),
        ],
        url=url,
        now=SetClock(),
    )
    with second.register.reading() as connection:
        for read in (tax_rows, nhi_rows, service_rows, contact_rows):
            assert not any(read(second.register, connection, TARO).values())
        assert not any(payers(second.register, connection, "緑川", 50).values())
        assert not any(payers(second.register, connection, "あおぞら", 50).values())
    for tenant in (first, second):
        tenant.close()


@pytest.mark.asyncio
async def test_the_staff_of_the_founding_stand_in_the_feed_without_a_secret(site: Site) -> None:
    with site.tenant.register.reading() as connection:
        people = site.tenant.register.rows(connection, "staff_member")
        grants = site.tenant.register.rows(connection, "right_grant")
    assert [row["staff_id"] for row in people] == ["s001", "s002", "s009"]
    held = {(row["staff_id"], row["right"]) for row in grants}
    assert held == {(person.staff_id, right) for person in staff() for right in person.rights}
    told = [row for _, row in staff_rows(staff(), START.date())]
    assert not any({"password", "totp_seed"} & set(row) for row in told)
