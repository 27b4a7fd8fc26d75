"""What hangs on the people of a household beside their record: seals, taxes owed, services, contacts."""

from collections.abc import Iterator
from datetime import date
from random import Random

from cloud.town.accounts import Accounts
from cloud.town.addresses import Addresses
from cloud.town.assets import Assets, fixed_asset_tax
from cloud.town.contacts import Contacts
from cloud.town.days import birthday
from cloud.town.people import Household, Member
from cloud.town.seals import Seals
from cloud.town.services import Services

Row = dict[str, object]
TableRow = tuple[str, Row]

VEHICLE_SHARE, ASSET_SHARE, PHONE_SHARE = 0.46, 0.52, 0.6  # of households, those of minors too
DELIVERY_SHARE, BANK_SHARE = 0.0115, 0.4  # of adults; of payers
_SECOND_VEHICLE, _SECOND_PHONE = 0.25, 0.15
_ADULT, _OWNER = 18, 25
_NHI_HEAD_YEN, _NHI_MOST_YEN = 48_000, 1_060_000


class Holdings:
    """Writes holdings; what it remembers are the counts behind identifiers."""

    def __init__(self, addresses: Addresses, today: date) -> None:
        self._today = today.toordinal()
        self.accounts = Accounts(today)
        years = (self.accounts.fiscal_year(tax) for tax in ("light_vehicle", "fixed_asset"))
        self.assets = Assets(today, *years)
        self._contacts = Contacts(addresses, today)
        self._seals = Seals(today)
        self._services = Services(today)

    def rows(
        self,
        household: Household,
        taxes: list[Row],
        insured: list[Row],
        dice: Random,
        *,
        everything: bool = False,
    ) -> Iterator[TableRow]:
        """Yield what a household holds, after its juminzei and nhi_member rows; with ``everything`` no luck decides."""
        adults = [one for one in household.living if birthday(one.birth, _ADULT) <= self._today]
        for row in self._seals.rows(household, dice, everybody=everything):
            yield "seal_registration", row
        spells = {str(row["atena_no"]): str(row["acquired"]) for row in insured if "lost" not in row}
        for row in self._services.rows(household, spells):
            yield "entitlement", row
        owed: dict[str, dict[str, None]] = {}  # by payer, in order; a set would have none
        for table, row in self._taxed(household, adults, taxes, set(spells), dice, everything=everything):
            if table == "tax_account":
                owed.setdefault(str(row["atena_no"]), {})[str(row["tax"])] = None
            yield table, row
        yield from self._reached(household, adults, dice, everything=everything)
        for member in household.members:
            if member.atena_no in owed and (everything or dice.random() < BANK_SHARE):
                kana, mine = member.furigana, owed[member.atena_no]
                yield "bank_account", self._contacts.bank(member.atena_no, kana, mine, dice)

    def _taxed(
        self,
        household: Household,
        adults: list[Member],
        taxes: list[Row],
        insured: set[str],
        dice: Random,
        *,
        everything: bool,
    ) -> Iterator[TableRow]:
        year = self.accounts.fiscal_year("juminzei")
        present = [row for row in taxes if row["fiscal_year"] == year]
        for row in present:
            amount = int(str(row.get("annual_tax", 0)))
            if amount:
                yield from self.billed(str(row["atena_no"]), "juminzei", amount, dice)
        if insured:
            income = sum(
                int(str(row.get("income_total", 0))) for row in present if row["atena_no"] in insured
            )
            amount = min(_NHI_MOST_YEN, _NHI_HEAD_YEN * len(insured) + income * 9 // 100) // 100 * 100
            yield from self.billed(household.head.atena_no, "nhi", amount, dice)
        if adults and (everything or dice.random() < VEHICLE_SHARE):
            second = len(adults) > 1 and (everything or dice.random() < _SECOND_VEHICLE)
            for owner in adults[: 1 + second]:
                yield from self.vehicle(owner.atena_no, owner.birth, dice)
        old_enough = adults and birthday(adults[0].birth, _OWNER) <= self._today
        if old_enough and (everything or dice.random() < ASSET_SHARE):
            place = household.addresses[-1][1].columns["address_town"]
            owner_no = adults[0].atena_no
            yield from self.taxed_assets(owner_no, self.assets.home(owner_no, place, dice), dice)

    def vehicle(self, owner: str, birth: int, dice: Random) -> Iterator[TableRow]:
        """Yield a vehicle and what is owed for it; a payer has one, so that instalment 1 is its own."""
        row = self.assets.vehicle(owner, birth, dice)
        yield "light_vehicle", row
        if self.assets.is_taxed(row):
            amount, subject = int(str(row["annual_tax"])), str(row["vehicle_id"])
            yield from self.billed(owner, "light_vehicle", amount, dice, subject)

    def taxed_assets(self, owner: str, assets: list[Row], dice: Random) -> Iterator[TableRow]:
        """Yield an owner's land and houses, and what is owed for them together."""
        for row in assets:
            yield "fixed_asset", row
        amount = fixed_asset_tax(assets)
        if amount:
            yield from self.billed(owner, "fixed_asset", amount, dice)

    def billed(
        self, payer: str, tax: str, amount: int, dice: Random, subject: str | None = None
    ) -> Iterator[TableRow]:
        """Yield the instalments of a tax."""
        for row in self.accounts.bill(payer, tax, amount, dice, subject=subject):
            yield "tax_account", row

    def _reached(
        self, household: Household, adults: list[Member], dice: Random, *, everything: bool
    ) -> Iterator[TableRow]:
        if adults and (everything or dice.random() < PHONE_SHARE):
            head = adults[0].atena_no
            yield "phone", self._contacts.phone(head, "携帯" if dice.random() < 0.6 else "自宅", dice)
            if everything or dice.random() < _SECOND_PHONE:
                yield "phone", self._contacts.phone(head, "緊急連絡先", dice)
        for member in adults:
            if (everything and member is adults[-1]) or dice.random() < DELIVERY_SHARE:
                yield "delivery_address", self._contacts.delivery(member, dice)
