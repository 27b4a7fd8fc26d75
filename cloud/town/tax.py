"""Rows of table ``juminzei``: 個人住民税 of two fiscal years, each amount following from the one before it.

Levied on who lived here on 1 January, on the income of the year before; rules of 令和7年度 and of 令和8年度 on.
"""

from collections.abc import Iterator
from datetime import date
from random import Random
from typing import NamedTuple

from cloud.town.days import YEAR
from cloud.town.people import Household, Member

Row = dict[str, object]

_CITY_RATE, _PREFECTURE_RATE = 6, 4  # percent
_CITY_FLAT, _PREFECTURE_FLAT, _FOREST = 3_000, 1_000, 1_000
# Yearly pay in thousands of yen, a tenth of the employed each.
_PAY = {
    "男": (1800, 2600, 3200, 3700, 4200, 4800, 5500, 6400, 7800, 10500),
    "女": (900, 1030, 1200, 1700, 2200, 2700, 3200, 3800, 4500, 6000),
}
_LITTLE_PAID = ("留学", "技能実習", "家族滞在")


class _Year(NamedTuple):
    """What differs between fiscal years."""

    least_salary_deduction: int
    dependant_limit: int  # 合計所得金額 up to which somebody is a dependant


def _year(fiscal_year: int) -> _Year:
    return _Year(650_000, 580_000) if fiscal_year >= 2026 else _Year(550_000, 480_000)


class _Income(NamedTuple):
    """A person's income of a year."""

    member: Member
    age: int
    salary: int
    pension: int
    business: int
    total: int


def fiscal_years(today: date) -> tuple[int, int]:
    """Return the two latest fiscal years that are levied: a new one from June on."""
    latest = today.year if today.month >= 6 else today.year - 1
    return latest - 1, latest


def juminzei_rows(household: Household, years: tuple[int, int], dice: Random) -> Iterator[Row]:
    """Yield the rows of a household's members for two years; people under fifteen have none."""
    work = [_work(member, dice) for member in household.members]
    for fiscal_year in years:
        yield from _rows_of_year(household, fiscal_year, work, dice)


class _Work(NamedTuple):
    roll: float  # what the person lives by
    pay: int  # yearly pay or profit when at work
    pension: int


def _work(member: Member, dice: Random) -> _Work:
    pay = _PAY[member.sex][int(dice.random() * 10)]
    yen = int(pay * (0.9 + 0.2 * dice.random())) * 1000
    if member.foreign and (member.foreign.status or "").startswith(_LITTLE_PAID):
        yen = (900 + int(dice.random() * 1300)) * 1000
    pension = (700 + int(dice.random() * (1700 if member.sex == "男" else 900))) * 1000
    return _Work(dice.random(), yen, pension)


def _rows_of_year(household: Household, fiscal_year: int, work: list[_Work], dice: Random) -> Iterator[Row]:
    first = date(fiscal_year, 1, 1).toordinal()
    rules = _year(fiscal_year)
    here = [
        _income(member, did, first, rules, dice)
        for member, did in zip(household.members, work, strict=True)
        if household.resident_since(member) < first and (not member.removed or member.removed.day >= first)
    ]
    if not here:
        return
    earner = max(here, key=lambda income: income.total)
    dependants = [
        income
        for income in here
        if income is not earner
        and income.total <= rules.dependant_limit
        and earner.total > rules.dependant_limit
    ]
    for income in here:
        if income.age >= 15:
            row: Row = {
                "atena_no": income.member.atena_no,
                "fiscal_year": fiscal_year,
                "address_jan1": household.address_on(income.member, first).text,
            }
            _levy(row, income, dependants if income is earner else [], income in dependants, dice)
            yield row


def _income(member: Member, work: _Work, first: int, rules: _Year, dice: Random) -> _Income:
    age = int((first - 1 - member.birth) / YEAR)
    salary = pension = business = 0
    if age < 18:
        pass
    elif age < 22:
        salary = 0 if work.roll < 0.5 else work.pay // 4
    elif age < 65:
        unemployed = 0.06 if member.sex == "男" else 0.22
        if work.roll > 0.92:
            business = work.pay * 2 // 3
        elif work.roll > unemployed:
            salary = work.pay
    else:
        pension = work.pension
        if work.roll > (0.55 if age < 72 else 0.93):
            salary = work.pay // 2
    salary = int(salary * (0.97 + 0.06 * dice.random())) // 1000 * 1000
    total = _salary_income(salary, rules) + _pension_income(pension, age) + business
    return _Income(member, age, salary, pension, business, total)


def _salary_income(salary: int, rules: _Year) -> int:
    """Return 給与所得: pay less 給与所得控除."""
    if salary <= 1_800_000:
        deduction = max(rules.least_salary_deduction, salary * 40 // 100 - 100_000)
    elif salary <= 3_600_000:
        deduction = max(rules.least_salary_deduction, salary * 30 // 100 + 80_000)
    elif salary <= 6_600_000:
        deduction = salary * 20 // 100 + 440_000
    elif salary <= 8_500_000:
        deduction = salary * 10 // 100 + 1_100_000
    else:
        deduction = 1_950_000
    return max(0, salary - deduction)


def _pension_income(pension: int, age: int) -> int:
    """Return 公的年金等に係る雑所得, of pensions below 3.3 million yen."""
    return max(0, pension - (1_100_000 if age >= 65 else 600_000))


def _levy(row: Row, income: _Income, dependants: list[_Income], is_dependant: bool, dice: Random) -> None:
    """Add declaration, class and amounts to a row."""
    row["dependants"] = len(dependants)
    unknown = income.total == 0 and income.pension == 0 and not is_dependant and income.age >= 20
    if (unknown and dice.random() < 0.35) or (income.business and dice.random() < 0.03):
        # 未申告: nothing is known of the income, so nothing is written.
        row["declared"] = row["levy"] = "未申告"
        return
    row["declared"] = _declared(income, is_dependant)
    row["income_total"] = income.total
    if income.salary:
        row["salary_income"] = income.salary
    if income.pension:
        row["pension_income"] = income.pension
    deductions = _deductions(income, dependants)
    row["deductions"] = deductions
    heads = 1 + len(dependants)
    free = 350_000 * heads + 100_000 + (210_000 if dependants else 0)
    flat_only = 350_000 * heads + 100_000 + (320_000 if dependants else 0)
    taxable = max(0, income.total - deductions) // 1000 * 1000 if income.total > flat_only else 0
    row["taxable"] = taxable
    _amounts(row, taxable, income.total > free)


def _declared(income: _Income, is_dependant: bool) -> str:
    if income.business:
        return "確定申告"
    if income.salary:
        return "給報"
    if income.pension:
        return "年報"
    return "被扶養" if is_dependant or income.age < 20 else "住民税申告"


def _deductions(income: _Income, dependants: list[_Income]) -> int:
    """Return 所得控除の合計: 基礎, 社会保険料, and one for each dependant of sixteen or more."""
    social = (income.salary * 15 + income.business * 12 + income.pension * 7) // 100
    total = 430_000 + social
    for dependant in dependants:
        age = dependant.age
        if age >= 16:
            total += 450_000 if 19 <= age < 23 else 380_000 if age >= 70 else 330_000
    return total


def _amounts(row: Row, taxable: int, flat: bool) -> None:
    """Add 所得割 (cut to 100 yen), 均等割, 森林環境税 and their sum."""
    credit = min(taxable, 50_000) * 5 // 100  # 調整控除, three fifths the city's
    city = max(0, taxable * _CITY_RATE // 100 - credit * 3 // 5) // 100 * 100
    prefecture = max(0, taxable * _PREFECTURE_RATE // 100 - credit * 2 // 5) // 100 * 100
    flats = (_CITY_FLAT, _PREFECTURE_FLAT, _FOREST) if flat else (0, 0, 0)
    row["levy"] = "課税" if city or prefecture else "均等割のみ" if flat else "非課税"
    row["city_income_levy"], row["prefecture_income_levy"] = city, prefecture
    row["city_flat_levy"], row["prefecture_flat_levy"], row["forest_levy"] = flats
    row["annual_tax"] = city + prefecture + sum(flats)
