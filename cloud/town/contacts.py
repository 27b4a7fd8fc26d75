"""Rows of tables ``phone``, ``delivery_address`` and ``bank_account``: how somebody is reached and pays."""

from collections.abc import Collection
from datetime import date
from random import Random

from cloud.town.addresses import Addresses
from cloud.town.days import iso
from cloud.town.people import Member

Row = dict[str, object]

# Between the banks (up to 0769) and the credit associations (1000 on) no code is given: nobody has such an account.
_BANK = ("0990", "みどり架空銀行")
_BRANCHES = (("001", "本店"), ("002", "駅前支店"), ("003", "若葉台支店"), ("004", "中央支店"))
_REASONS = ("施設入所", "入院", "成年後見人", "納税管理人", "単身赴任")


class Contacts:
    """Writes contacts; remembers how many, so that every identifier is given once."""

    def __init__(self, addresses: Addresses, today: date) -> None:
        self._addresses = addresses
        self._today = today.toordinal()
        self._phones = self._places = self._banks = 0

    def phone(self, atena_no: str, kind: str, dice: Random) -> Row:
        """Return a number nobody can have: behind 090 and behind an area code no zero follows in the numbering plan."""
        self._phones += 1
        digits = int(dice.random() * 100_000)
        number = (
            f"0999-0{digits // 10_000}-{digits % 10_000:04d}"
            if kind == "自宅"
            else f"090-00{digits // 10_000}0-{digits % 10_000:04d}"
        )
        return {"phone_id": f"P{self._phones:07d}", "atena_no": atena_no, "kind": kind, "number": number}

    def delivery(self, member: Member, dice: Random) -> Row:
        """Return another place to which letters go."""
        self._places += 1
        reason = _REASONS[int(dice.random() * len(_REASONS))]
        row: Row = {
            "delivery_id": f"D{self._places:06d}",
            "atena_no": member.atena_no,
            "business": "all" if dice.random() < 0.6 else "juminzei",
            "addressee": f"{member.full_name}　様",
        }
        if dice.random() < 0.5:
            found = self._addresses.draw(dice)
            row["postcode"], row["address"] = found.columns["postcode"], found.text
        else:
            row["address"] = self._addresses.elsewhere(dice)
        starts = self._today - int(dice.random() * 1500)
        row |= {"reason": reason, "starts": iso(starts)}
        if dice.random() < 0.2:
            row["ends"] = iso(starts + 365)
        return row

    def bank(self, atena_no: str, holder_kana: str, taxes: Collection[str], dice: Random) -> Row:
        """Return the account a payer's taxes are drawn from."""
        self._banks += 1
        branch_code, branch_name = _BRANCHES[int(dice.random() * len(_BRANCHES))]
        return {
            "account_id": f"A{self._banks:07d}",
            "atena_no": atena_no,
            "business": next(iter(taxes)) if len(taxes) == 1 else "all",
            "bank_code": _BANK[0],
            "bank_name": _BANK[1],
            "branch_code": branch_code,
            "branch_name": branch_name,
            "kind": "普通" if dice.random() < 0.95 else "当座",
            "number": f"{int(dice.random() * 10_000_000):07d}",
            "holder_kana": holder_kana,
            "starts": iso(self._today - int(dice.random() * 3000)),
        }
