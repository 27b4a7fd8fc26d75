"""Values for the questions about a day, and a calendar that is walked day by day instead of computed."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st

from client.domain.calendar import RegisterDate, wareki
from client.domain.nhi import NhiMember
from client.domain.resident import ForeignStatus, Resident
from client.domain.seal import SealRegistration
from client.domain.tax import Instalment, LightVehicle, Tax
from tests.builders import TARO, a_resident

DAY = timedelta(days=1)
YEARS = 20
START = date(2016, 1, 1)
END = date(2036, 1, 1)  # twenty years, five leap days, every border of a fiscal year

days = st.dates(START, END)
births = st.one_of(
    st.dates(date(1920, 1, 1), date(2020, 12, 31)),
    st.sampled_from([date(year, 2, 29) for year in range(1920, 2021, 4)]),
    st.sampled_from([date(1950, 4, 1), date(1950, 4, 2), date(1945, 12, 31), date(1946, 1, 1)]),
)
UNSURE = (
    RegisterDate("年月日不詳", None),
    RegisterDate("昭和10年頃", date(1935, 1, 1)),
    RegisterDate("昭和10年2月29日", date(1935, 3, 1)),  # a day no calendar has
    RegisterDate("推定平成2年5月5日", date(1990, 5, 5)),
)


def born(birth: date, **facts: object) -> Resident:
    return replace(a_resident(), birth=RegisterDate(wareki(birth), birth), **facts)  # type: ignore[arg-type]  # a test's


def staying(until: date | None) -> ForeignStatus:
    return ForeignStatus("米国", None, "留学", "1年", until, None)


def a_seal(registered: date | None = START, abolished: date | None = None) -> SealRegistration:
    return SealRegistration(TARO, "123456", b"\x89PNG", registered, "渡邉󠄐", abolished, None)


def a_spell(
    acquired: date = START,
    lost: date | None = None,
    *,
    burden: int | None = 3,
    valid_until: date | None = None,
) -> NhiMember:
    return NhiMember(TARO, acquired, None, "緑青", "10000001", "01", TARO, lost, None, burden, valid_until)


def an_instalment(
    due: date | None,
    confirmed_on: date | None,
    *,
    paid: int = 0,
    paid_on: date | None = None,
    billed: int = 10_800,
    tax: Tax = Tax.JUMINZEI,
    fiscal_year: int = 2026,
    subject: str | None = None,
) -> Instalment:
    return Instalment(
        TARO, tax, fiscal_year, 1, subject, due, billed, paid or None, paid_on, confirmed_on
    )  # what is not known is absent


def a_vehicle(acquired: date | None = date(2015, 5, 1), scrapped: date | None = None) -> LightVehicle:
    return LightVehicle("v1", TARO, "みどり580あ1234", "軽四輪乗用", None, acquired, scrapped, None, 10_800)


def every_day(first: date = START, last: date = END) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += DAY


def turns(said: Callable[[date], object], first: date = START, last: date = END) -> list[date]:
    """Return the days on which an answer is another than the day before, and no answer at all is an error."""
    found, before = [], said(first)
    for day in every_day(first + DAY, last):
        now = said(day)
        if now != before:
            found.append(day)
        before = now
    return found


def walked_ages(birth: date, last: date) -> Iterator[tuple[date, int]]:
    """Yield every day of a life and the age on it, by waiting for each eve to end (民法 第143条第2項)."""
    age, today = 0, birth
    while today <= last:
        yield today, age
        tomorrow = today + DAY
        same = (tomorrow.month, tomorrow.day) == (birth.month, birth.day)
        no_29th = (birth.month, birth.day) == (2, 29) and (today.month, today.day) == (2, 28)
        if same or (no_29th and tomorrow.month == 3):
            age += 1
        today = tomorrow
