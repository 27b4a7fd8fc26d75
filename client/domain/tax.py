"""個人住民税 of one fiscal year, as the levy stands."""

from dataclasses import dataclass

from client.domain.resident import AtenaNo


@dataclass(frozen=True, slots=True)
class Juminzei:
    """A person's 住民税 of a fiscal year; amounts in yen."""

    atena_no: AtenaNo
    fiscal_year: int
    declared: str
    levy: str
    income_total: int
    annual_tax: int
