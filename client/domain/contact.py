"""How a person is reached and pays: delivery addresses, bank accounts, telephones, each for a business or for all."""

from dataclasses import dataclass, field
from datetime import date

from client.domain.resident import AtenaNo


@dataclass(frozen=True, slots=True)
class DeliveryAddress:
    """送付先: where letters of a business go."""

    delivery_id: str
    atena_no: AtenaNo
    business: str
    addressee: str | None = field(repr=False)
    postcode: str | None = field(repr=False)
    address: str | None = field(repr=False)
    reason: str | None = field(repr=False)
    in_force_from: date | None = field(metadata={"column": "starts"})
    in_force_until: date | None = field(metadata={"column": "ends"})


@dataclass(frozen=True, slots=True)
class BankAccount:
    """口座: where a business collects or pays."""

    account_id: str
    atena_no: AtenaNo
    business: str
    bank_code: str | None
    bank_name: str | None
    branch_code: str | None
    branch_name: str | None
    kind: str | None
    number: str | None = field(repr=False)
    holder_kana: str | None = field(repr=False)
    in_force_from: date | None = field(metadata={"column": "starts"})
    in_force_until: date | None = field(metadata={"column": "ends"})


@dataclass(frozen=True, slots=True)
class Phone:
    """電話: a number and what kind of line it is."""

    phone_id: str
    atena_no: AtenaNo
    kind: str | None
    number: str | None = field(repr=False)
