"""Cells to values of the register and back, by the type of the item; both ways under the same rules."""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime

from cloud.clock import TOKYO, read_stamp, stamp
from cloud.layout.dates import Partial, digits, read_digits
from cloud.layout.items import Item, Settings
from cloud.letters import is_selector
from cloud.town.numbers import modulus_11, municipality_code

Warn = Callable[[str], None]
Reader = Callable[[str, Warn], object]  # None: absent after all
Writer = Callable[[object], str]

_MOST = 2**63
_MOMENT = "%Y%m%d%H%M%S"
_BAD_LETTER = re.compile(
    "[\0\ud800-\udfff]"
)  # no database keeps NUL; a lone surrogate is a letter that was broken


class CellError(ValueError):
    """A cell or value that is not of its item; carries the code of the fault, never the value."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def reader(item: Item, settings: Settings) -> Reader:
    """Return what reads the cells of an item."""
    return _READERS[item.type](item, settings)


def writer(item: Item, settings: Settings) -> Writer:
    """Return what writes the cells of an item; it refuses what its reader would not give back."""
    return _WRITERS[item.type](item, settings)


def has_bad_letter(text: str) -> bool:
    """Tell whether a text holds what no text may."""
    return _BAD_LETTER.search(text) is not None


def letters_in(text: str) -> int:
    """Count letters as a person does: 葛󠄀 is one, its variation selector none."""
    return sum(not is_selector(letter) for letter in text)


def _fits(item: Item, text: str) -> str:
    if len(text) > item.length and letters_in(text) > item.length:
        raise CellError("too_long")
    return text


def _read_text(item: Item, _settings: Settings) -> Reader:
    def read(cell: str, warn: Warn) -> str:
        if item.check and not _check_digit_holds(item.check, cell):
            warn("check_digit")
        return _fits(item, cell)

    return read


def _write_text(item: Item, _settings: Settings) -> Writer:
    def write(value: object) -> str:
        text = str(value)
        if has_bad_letter(text):
            raise CellError("letter")
        return _fits(item, text)

    return write


def _check_digit_holds(rule: str, number: str) -> bool:
    """Tell whether a check digit is right, or none is defined; a warning only: nobody renumbered the old ([STD j130])."""
    if not (number.isascii() and number.isdigit()) or len(number) < 2:
        return False
    if rule == "modulus11":
        return modulus_11(number[:-1]) in {None, number[-1]}
    if rule == "municipality":
        return len(number) == 6 and municipality_code(number[:5]) == number
    return len(number) == 13 and _corporate_digit(number[1:]) == number[0]


def _corporate_digit(twelve: str) -> str:
    """Return the check digit of a 法人番号: 9 less the weighted sum (1, 2, 1, 2 … from the right) modulo 9."""
    total = sum(int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(twelve)))
    return str(9 - total % 9)


def _read_code(item: Item, _settings: Settings) -> Reader:
    values = {code: value for value, code in item.codes.items()}

    def read(cell: str, warn: Warn) -> str | None:
        if cell in values:
            return values[cell]
        if cell in item.unknown:
            warn("code_unknown")
            return None
        if not item.open:
            raise CellError("not_code")
        return _fits(item, cell)

    return read


def _write_code(item: Item, _settings: Settings) -> Writer:
    taken = {*item.codes.values(), *item.unknown}

    def write(value: object) -> str:
        text = str(value)
        if text in item.codes:
            return item.codes[text]
        if not item.open or text in taken or has_bad_letter(text):
            raise CellError("not_writable")
        return _fits(item, text)

    return write


def _read_number(item: Item, _settings: Settings) -> Reader:
    form = re.compile(r"(-?)([0-9]+)" + (r"(?:\.([0-9]+))?" if item.scale else "()"), re.ASCII)
    unit = int(10**item.scale)

    def read(cell: str, _warn: Warn) -> int:
        found = form.fullmatch(cell)
        if found is None:
            raise CellError("not_number")
        sign, whole, part = found.groups()
        part = part or ""
        if len(whole.lstrip("0")) > item.length:
            raise CellError("too_long")
        if len(part) > item.scale:
            raise CellError("number_range")
        value = int(whole) * unit + int(part.ljust(item.scale, "0") or 0)
        value = -value if sign else value
        if not -_MOST <= value < _MOST:
            raise CellError("number_range")
        return value

    return read


def _write_number(item: Item, _settings: Settings) -> Writer:
    unit = int(10**item.scale)

    def write(value: object) -> str:
        if not isinstance(value, int):
            raise CellError("not_writable")
        whole, part = divmod(abs(value), unit)
        if len(str(whole)) > item.length:
            raise CellError("too_long")
        text = f"{'-' if value < 0 else ''}{whole}"
        return f"{text}.{part:0{item.scale}d}" if item.scale else text

    return write


def _read_date(item: Item, settings: Settings) -> Reader:
    def read(cell: str, warn: Warn) -> str | None:
        try:
            found = read_digits(cell, settings)
        except ValueError:
            raise CellError("not_date") from None
        if not isinstance(found, Partial):
            return found.isoformat()
        if found.nothing:  # 00000000 and 99999999: no day at all
            return None
        if item.partial == "error":
            raise CellError("date_partial")
        warn("date_left_out")
        return None

    return read


def _write_date(_item: Item, _settings: Settings) -> Writer:
    def write(value: object) -> str:
        try:
            return digits(str(value))
        except ValueError:
            raise CellError("not_writable") from None

    return write


def _read_moment(_item: Item, _settings: Settings) -> Reader:
    def read(cell: str, _warn: Warn) -> str:
        if len(cell) != 14 or not (cell.isascii() and cell.isdigit()):
            raise CellError("not_moment")
        try:
            local = datetime.strptime(cell, _MOMENT).replace(tzinfo=TOKYO)
            return stamp(local)
        except (ValueError, OverflowError):
            raise CellError("not_moment") from None

    return read


def _write_moment(_item: Item, _settings: Settings) -> Writer:
    def write(value: object) -> str:
        try:
            moment = read_stamp(str(value)).astimezone(TOKYO)
            text = f"{moment.year:04d}{moment:%m%d%H%M%S}"
            back = datetime.strptime(text, _MOMENT).replace(tzinfo=TOKYO).astimezone(UTC)
        except (ValueError, OverflowError):
            raise CellError("not_writable") from None
        if stamp(back) != value:  # parts of a second, another zone
            raise CellError("not_writable")
        return text

    return write


def _read_flag(_item: Item, settings: Settings) -> Reader:
    known = {settings.flag_true: True, settings.flag_false: False}

    def read(cell: str, _warn: Warn) -> bool:
        if cell not in known:
            raise CellError("not_flag")
        return known[cell]

    return read


def _write_flag(_item: Item, settings: Settings) -> Writer:
    return lambda value: settings.flag_true if value else settings.flag_false


def _read_image(item: Item, _settings: Settings) -> Reader:
    def read(cell: str, _warn: Warn) -> bytes:
        if len(cell) > item.length:
            raise CellError("too_long")
        try:
            return b64decode(cell, validate=True)
        except ValueError:
            raise CellError("not_image") from None

    return read


def _write_image(item: Item, _settings: Settings) -> Writer:
    def write(value: object) -> str:
        if not isinstance(value, bytes):
            raise CellError("not_writable")
        cell = b64encode(value).decode()
        if len(cell) > item.length:
            raise CellError("too_long")
        return cell

    return write


_READERS: dict[str, Callable[[Item, Settings], Reader]] = {
    "text": _read_text,
    "code": _read_code,
    "number": _read_number,
    "date": _read_date,
    "moment": _read_moment,
    "flag": _read_flag,
    "image": _read_image,
}
_WRITERS: dict[str, Callable[[Item, Settings], Writer]] = {
    "text": _write_text,
    "code": _write_code,
    "number": _write_number,
    "date": _write_date,
    "moment": _write_moment,
    "flag": _write_flag,
    "image": _write_image,
}
