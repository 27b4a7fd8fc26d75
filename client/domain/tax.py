"""What is levied, owned and paid: one value a row of the tables of taxes; amounts in yen."""

from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from client.domain.resident import AtenaNo


class Tax(Enum):
    """The taxes whose payments the register tells."""

    JUMINZEI = "juminzei"
    LIGHT_VEHICLE = "light_vehicle"
    FIXED_ASSET = "fixed_asset"
    NHI = "nhi"


@dataclass(frozen=True, slots=True)
class Juminzei:
    """A person's 住民税 of a fiscal year, as the levy stands."""

    atena_no: AtenaNo
    fiscal_year: int
    declared: str | None
    levy: str | None
    income_total: int | None
    annual_tax: int | None


@dataclass(frozen=True, slots=True)
class Instalment:
    """One 期別 of a tax: what is due when, and what was paid as far as it is known (納付確認日)."""

    atena_no: AtenaNo
    tax: Tax
    fiscal_year: int
    instalment: int
    subject: str | None
    due: date | None
    billed: int
    paid: int | None
    paid_on: date | None
    confirmed_on: date | None


@dataclass(frozen=True, slots=True)
class LightVehicle:
    """軽自動車 as it is taxed."""

    vehicle_id: str
    atena_no: AtenaNo
    plate: str | None
    vehicle_class: str | None = field(metadata={"column": "class"})
    chassis_no: str | None
    acquired: date | None
    scrapped: date | None
    inspection_until: date | None
    annual_tax: int | None


@dataclass(frozen=True, slots=True)
class FixedAsset:
    """固定資産, as it stood on January 1 of a fiscal year."""

    asset_id: str
    fiscal_year: int
    atena_no: AtenaNo
    kind: str | None
    place: str | None
    number: str | None
    use: str | None
    area_dm2: int | None
    value: int | None
    tax_base: int | None
