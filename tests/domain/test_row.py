"""A row becomes the value of its table: every field a column of the contract, every type its own, nothing invented."""

import tomllib
from dataclasses import fields
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.contact import BankAccount, DeliveryAddress, Phone
from client.domain.entitlement import Entitlement, Service
from client.domain.in_force import (
    AttestationText,
    CertifierTerm,
    FeeRule,
    FormText,
    GaijiTerm,
    GuideTree,
    RightGrant,
    SealTerm,
    StaffMember,
)
from client.domain.nhi import NhiMember
from client.domain.payer import Corporation, Outsider
from client.domain.row import value_from_row
from client.domain.seal import SealRegistration
from client.domain.tax import FixedAsset, Instalment, Juminzei, LightVehicle, Tax
from resources import read_text

CONTRACT = tomllib.loads(read_text("contract", "tables.toml"))
VALUES: dict[str, Any] = {
    "juminzei": Juminzei,
    "nhi_member": NhiMember,
    "seal_registration": SealRegistration,
    "light_vehicle": LightVehicle,
    "fixed_asset": FixedAsset,
    "tax_account": Instalment,
    "entitlement": Entitlement,
    "delivery_address": DeliveryAddress,
    "bank_account": BankAccount,
    "phone": Phone,
    "outsider": Outsider,
    "corporation": Corporation,
    "form": FormText,
    "guide_tree": GuideTree,
    "gaiji": GaijiTerm,
    "staff_member": StaffMember,
    "right_grant": RightGrant,
    "certifier": CertifierTerm,
    "official_seal": SealTerm,
    "fee_rule": FeeRule,
    "attestation": AttestationText,
}
WORDS = {"tax": ["juminzei", "nhi"], "service": ["koki", "kaigo"]}
CELLS = {
    "text": st.text(max_size=9),
    "int": st.integers(0, 10**9),
    "date": st.dates().map(date.isoformat),
    "blob": st.binary(max_size=9),
    "time": st.datetimes().map(lambda one: f"{one.replace(microsecond=0).isoformat()}Z"),
}


@st.composite
def rows(draw: st.DrawFn, table: str) -> dict[str, object]:
    """Draw a whole row, or one without what need not be known."""
    columns = CONTRACT[table]["columns"]
    kept = {field.metadata.get("column", field.name) for field in fields(VALUES[table])}
    row: dict[str, object] = {}
    for name, kind in columns.items():
        if name in kept:
            row[name] = draw(st.sampled_from(WORDS[name]) if name in WORDS else CELLS[kind])
    return row


@pytest.mark.parametrize("table", sorted(VALUES))
@given(data=st.data())
def test_every_field_is_a_column_and_holds_what_it_holds(table: str, data: st.DataObject) -> None:
    row = data.draw(rows(table))
    value = value_from_row(VALUES[table], row | {"a_column_of_tomorrow": 1})
    for field in fields(value):
        told = getattr(value, field.name)
        written = row[field.metadata.get("column", field.name)]
        read = (
            told.isoformat().replace("+00:00", "Z")
            if isinstance(told, date)
            else getattr(told, "value", told)
        )
        assert read == written


@pytest.mark.parametrize("table", sorted(VALUES))
def test_what_is_not_known_is_none_and_the_key_must_be_there(table: str) -> None:
    key = CONTRACT[table]["key"]
    with pytest.raises(KeyError):
        value_from_row(VALUES[table], {})
    assert set(key) <= {field.metadata.get("column", field.name) for field in fields(VALUES[table])}


def test_an_instalment_is_read_with_its_days() -> None:
    row: dict[str, object] = {
        "atena_no": "1000000001",
        "tax": "light_vehicle",
        "fiscal_year": 2026,
        "instalment": 1,
        "due": date(2026, 6, 1),
        "billed": 10800,
    }
    read = value_from_row(Instalment, row)
    assert (read.tax, read.due, read.paid, read.subject) == (Tax.LIGHT_VEHICLE, date(2026, 6, 1), None, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"since": "20260601"[:6]},
        {"since": datetime(2026, 6, 1)},  # noqa: DTZ001 - a moment is no day
        {"service": "unknown"},
        {"atena_no": 1000000001},
        {"kind": b"x"},
    ],
)
def test_what_is_not_of_the_contract_is_refused(wrong: dict[str, object]) -> None:
    row: dict[str, object] = {"atena_no": "1000000001", "service": Service.KOKI.value, "since": "2026-06-01"}
    assert value_from_row(Entitlement, row).since == date(2026, 6, 1)
    with pytest.raises((TypeError, ValueError)):
        value_from_row(Entitlement, row | wrong)
