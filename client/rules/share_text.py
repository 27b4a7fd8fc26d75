"""A share as it stands on paper, to be typed in where there is no light to read much by: eight short lines.

Each line has its number, four groups of four and a fifth that checks the line: a slip of the finger is told at once, by
its line. The letters are those of Crockford's base 32, where O is 0 and I and L are 1, whatever was typed. In bytes:

    "M", 1 · threshold · how many · number · id of the key (8) · Argon2id: passes, log2 of KiB, lanes · salt (16) | box (48)

What stands before the bar is bound into the box, AES-256-GCM under the stretched passphrase.
"""

import re
import unicodedata
from collections.abc import Iterator
from hashlib import blake2b

from client.domain.bundle import ShareLetter
from client.domain.errors import RefusedError

LINES = 8
LINE_BYTES = 10
_GROUPS = 5
_GROUP = 4
_WHOLE = _GROUPS * _GROUP
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans("OIL", "011")
_LINE = re.compile(r"\s*([1-8])[\s.:]+([0-9A-Z\s-]+)")
_MAGIC = b"M\1"
_HEAD = 32
_MOST_LOG2_KIB = 20
_PERSON = b"madoguchi-share"


def read_share(text: str) -> ShareLetter:
    """Read a share from the text of its paper or file. RefusedError ``bundle.share`` names the line that is wrong."""
    lines: dict[int, bytes] = {}
    for written in text.splitlines():
        found = _LINE.fullmatch(_plain(written))
        if found and len(_letters(found[2])) == _WHOLE:
            lines[int(found[1])] = read_line(int(found[1]), found[2])
    missing = next((number for number in range(1, LINES + 1) if number not in lines), None)
    if missing is not None:
        raise RefusedError("bundle.share", line=missing)
    return letter_of(b"".join(lines[number] for number in range(1, LINES + 1)))


def read_line(number: int, written: str) -> bytes:
    """Read the groups of one line. RefusedError ``bundle.share``."""
    letters = _letters(_plain(written))
    content = _content(number, letters) if set(letters) <= set(_LETTERS) else None
    if content is None:
        raise RefusedError("bundle.share", line=number)
    return content


def written_line(number: int, content: bytes) -> str:
    """Return the five groups that ``read_line`` reads as these 10 bytes."""
    value = int.from_bytes(content) << 20 | _check(number, content)
    letters = "".join(_LETTERS[value >> 5 * place & 31] for place in reversed(range(_WHOLE)))
    return "-".join(letters[start : start + _GROUP] for start in range(0, _WHOLE, _GROUP))


def letters_typed(written: str) -> int:
    """Return how many letters of a line are there."""
    return len(_letters(_plain(written)))


def wrong_group(number: int, written: str) -> int:
    """Return which of a line's groups a slip of the finger is in; 0 where there is none, or nobody can say.

    A letter that no share has is told at once; in a whole line, the group where one other letter, or two neighbours in
    each other's place, would make the line right.
    """
    letters = _letters(_plain(written))
    strange = next((place for place, letter in enumerate(letters) if letter not in _LETTERS), None)
    if strange is not None:
        return min(strange // _GROUP + 1, _GROUPS)
    if len(letters) != _WHOLE or _content(number, letters) is not None:
        return 0
    found = {place // _GROUP + 1 for place, meant in _meant(letters) if _content(number, meant) is not None}
    return found.pop() if len(found) == 1 else 0


def _meant(letters: str) -> Iterator[tuple[int, str]]:
    """Yield what one may have wanted to type, with the place of the slip."""
    for place in range(_WHOLE):
        before, here, after = letters[:place], letters[place], letters[place + 1 :]
        for other in _LETTERS:
            yield place, before + other + after
        if after:
            yield place, before + after[0] + here + after[1:]


def _content(number: int, letters: str) -> bytes | None:
    """Return what a line's letters stand for; None where they are no whole line, or its check does not fit."""
    if len(letters) != _WHOLE:
        return None
    value = 0
    for letter in letters:
        value = value << 5 | _LETTERS.index(letter)
    content, check = (value >> 20).to_bytes(LINE_BYTES), value & 0xFFFFF
    return content if check == _check(number, content) else None


def letter_of(content: bytes) -> ShareLetter:
    """Read a share's bytes. RefusedError ``bundle.share`` where they are none."""
    head, box = content[:_HEAD], content[_HEAD:]
    threshold, of, number, passes, log2_kib, lanes = *head[2:5], *head[13:16]
    possible = threshold > 1 and 0 < number <= of and passes and lanes and log2_kib <= _MOST_LOG2_KIB
    if head[:2] != _MAGIC or not possible:
        raise RefusedError("bundle.share", line=1)
    return ShareLetter(
        number, of, threshold, head[5:13].hex(), head, head[16:], passes, 1 << log2_kib, lanes, box
    )


def _plain(written: str) -> str:
    return unicodedata.normalize("NFKC", written).upper()


def _letters(written: str) -> str:
    return re.sub(r"[\s-]", "", written).translate(_READ_AS)


def _check(number: int, content: bytes) -> int:
    hashed = blake2b(bytes([number]) + content, digest_size=4, person=_PERSON).digest()
    return int.from_bytes(hashed) >> 12
