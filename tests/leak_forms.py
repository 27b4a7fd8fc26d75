"""What a text looks like in bytes, and what bytes look like unwrapped: what a search for a leak must see through."""

import base64
import binascii
import bz2
import lzma
import re
import struct
import unicodedata
import zlib
from collections.abc import Callable, Iterator

import zstandard

SHORTEST = 8  # bytes; shorter ones come up by chance
MOST = 64 << 20  # bytes out of one stream
UNICODE = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
# All that EUC-JP and ISO-2022-JP can write is in these too.
JAPANESE = ("cp932", "shift_jis_2004", "euc_jis_2004", "iso2022_jp_ext", "iso2022_jp_2004")
Layer = Callable[[bytes], Iterator[bytes]]

_SELECTORS = dict.fromkeys([*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
_SPACES = dict.fromkeys(map(ord, " \u3000\t"))
_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_HIRAGANA = {katakana: hiragana for hiragana, katakana in _KATAKANA.items()}
_WIDE = {0x20: 0x3000} | {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_NARROW = {wide: narrow for narrow, wide in _WIDE.items()} | {
    ord(unicodedata.normalize("NFKC", chr(code))): code for code in range(0xFF61, 0xFF9E)
}  # the two last of the half-width kana are marks of voicing: what NFD leaves of them is put beside
_MARKS = {0x3099: 0xFF9E, 0x309A: 0xFF9F}
_SWITCHED = re.compile(rb"^\x1b[$(]\(?[@-Z]|\x1b\([@-Z]$")  # the switches about a run of ISO-2022


def spellings(text: str) -> set[str]:
    """Return a text with and without selectors and spaces, in full and half width, in both kana, in both cases."""
    found = {text, text.translate(_SELECTORS)}
    found |= {one.translate(_SPACES) for one in found}
    found |= {kana for one in found for kana in (one.translate(_KATAKANA), one.translate(_HIRAGANA))}
    found |= {one.translate(_WIDE) for one in found} | {narrow(one) for one in found}
    found |= {unicodedata.normalize("NFKC", one) for one in found}
    found |= {form for one in found for form in (one.upper(), one.lower())}
    return found | {unicodedata.normalize("NFD", one) for one in found}


def narrow(text: str) -> str:
    """Return a text in half width, as old machines keep kana: a voiced letter is two."""
    apart = "".join(
        unicodedata.normalize("NFD", letter) if "ァ" <= letter <= "ヶ" else letter for letter in text
    )
    return apart.translate(_NARROW | _MARKS)


def written(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield a text as bytes, each with the name of its encoding; letters an encoding lacks break it into runs."""
    for encoding in UNICODE:
        yield encoding, text.encode(encoding)
    for encoding in JAPANESE:
        for run in _runs(text, encoding):
            yield encoding, run


def _runs(text: str, encoding: str) -> Iterator[bytes]:
    run = ""
    for letter in [*text, ""]:
        if letter and _has(encoding, letter):
            run += letter
        elif run:
            coded = run.encode(encoding)
            if not encoding.startswith("iso2022"):
                yield coded
            else:  # what stands around it may have switched the set before; inside, it switches by itself
                yield _SWITCHED.sub(b"", coded)
            run = ""


def _has(encoding: str, letter: str) -> bool:
    try:
        letter.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _gzip(content: bytes) -> Iterator[bytes]:
    for found in re.finditer(rb"\x1f\x8b\x08", content):
        yield _inflated(memoryview(content)[found.start() :], 31)


def _zlib(content: bytes) -> Iterator[bytes]:
    for found in re.finditer(rb"[\x18\x28\x38\x48\x58\x68\x78].", content, re.DOTALL):
        if int.from_bytes(found.group()) % 31 == 0:
            yield _inflated(memoryview(content)[found.start() :], 15)


def _zip(content: bytes) -> Iterator[bytes]:
    for found in re.finditer(rb"PK\x03\x04", content):
        head = content[found.start() + 26 : found.start() + 30]
        if len(head) == struct.calcsize("<HH"):
            name, extra = struct.unpack("<HH", head)
            yield _inflated(memoryview(content)[found.start() + 30 + name + extra :], -15)


def _inflated(content: memoryview, window: int) -> bytes:
    """Return what can be had of a stream, torn ones too."""
    stream, out = zlib.decompressobj(window), bytearray()
    try:
        for at in range(0, len(content), 4096):
            out += stream.decompress(content[at : at + 4096], MOST)
            if stream.eof or len(out) > MOST:
                break
    except zlib.error:
        pass
    return bytes(out)


def _bz2(content: bytes) -> bytes:
    return bz2.BZ2Decompressor().decompress(content, MOST)


def _xz(content: bytes) -> bytes:
    return lzma.LZMADecompressor().decompress(content, MOST)


def _zstd(content: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(content)


def _other_packers(content: bytes) -> Iterator[bytes]:
    for magic, opened in ((b"BZh", _bz2), (b"\xfd7zXZ\0", _xz), (b"\x28\xb5\x2f\xfd", _zstd)):
        for found in re.finditer(re.escape(magic), content):
            try:
                yield opened(content[found.start() :])
            except (OSError, lzma.LZMAError, zstandard.ZstdError):
                continue


def _base64(content: bytes) -> Iterator[bytes]:
    for found in re.finditer(rb"(?:[A-Za-z0-9+/_-]\s{0,3}){11,}", content):
        run = re.sub(rb"\s", b"", found.group()).translate(bytes.maketrans(b"-_", b"+/"))
        for at in range(4):  # where it begins is not known: letters may stand before it
            whole = run[at : len(run) - (len(run) - at) % 4]
            rest = run[len(whole) + at :]
            yield base64.b64decode(whole + (rest + b"==")[:4] if len(rest) > 1 else whole)


def _hex(content: bytes) -> Iterator[bytes]:
    for found in re.finditer(rb"(?:[0-9A-Fa-f]\s{0,3}){16,}", content):
        run = re.sub(rb"\s", b"", found.group())
        for at in range(2):
            yield binascii.unhexlify(run[at : len(run) - (len(run) - at) % 2])


def _letter(number: int) -> bytes:
    return chr(number).encode("utf-8", "surrogatepass") if number <= 0x10FFFF else b"?"


def _joined(content: bytes) -> bytes:
    """Return UTF-8 whose halves of pairs have come together."""
    return re.sub(
        rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]",
        lambda pair: (
            pair.group()
            .decode("utf-8", "surrogatepass")
            .encode("utf-16", "surrogatepass")
            .decode("utf-16")
            .encode()
        ),
        content,
    )


# An escape up to its digits (a literal byte first, which is found quickly), its digits, what comes after them, their
# base, whether they are a letter (else a byte), and how many in a row are no chance.
_ESCAPES = (
    (rb"\\\\*u", rb"[0-9A-Fa-f]{4}", rb"", 16, True, 2),
    (rb"\\\\*U", rb"[0-9A-Fa-f]{8}", rb"", 16, True, 2),
    (rb"\\\\*u\{", rb"[0-9A-Fa-f]{1,6}", rb"\}", 16, True, 2),
    (rb"%u", rb"[0-9A-Fa-f]{4}", rb"", 16, True, 2),
    (rb"&#[xX]", rb"[0-9A-Fa-f]{1,6}", rb";", 16, True, 2),
    (rb"&#", rb"[0-9]{1,7}", rb";", 10, True, 2),
    (rb"\\\\*x", rb"[0-9A-Fa-f]{2}", rb"", 16, False, 3),
    (rb"\\\\*", rb"[0-3][0-7]{2}", rb"", 8, False, 3),
    (rb"%", rb"[0-9A-Fa-f]{2}", rb"", 16, False, 3),
    (rb"=", rb"[0-9A-Fa-f]{2}", rb"", 16, False, 3),
)


def _escapes(content: bytes) -> Iterator[bytes]:
    for before, digits, after, base, letters, row in _ESCAPES:
        if not re.search((before + digits + after) * row, content):
            continue

        def plain(found: re.Match[bytes], base: int = base, letters: bool = letters) -> bytes:
            number = int(found.group(1), base)
            return _letter(number) if letters else bytes([number])

        unfolded = re.sub(rb"=\r?\n", b"", content) if before == b"=" else content
        yield _joined(re.sub(before + b"(" + digits + b")" + after, plain, unfolded))


def _backslashes(content: bytes) -> Iterator[bytes]:
    """A PDF's string in the clear has its brackets and backslashes behind a backslash."""
    if re.search(rb"\\[()\\nrtbf]", content):
        named = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
        yield re.sub(rb"\\([()\\nrtbf])", lambda found: named.get(found.group(1), found.group(1)), content)


def _wide_ascii(content: bytes) -> Iterator[bytes]:
    """Escapes and base64 in a file of UTF-16."""
    if not re.search(rb"\0[\x20-\x7e]" * 4, content):
        return
    for pattern in (rb"(?:[\x20-\x7e\r\n\t]\x00){8,}", rb"(?:\x00[\x20-\x7e\r\n\t]){8,}"):
        for found in re.finditer(pattern, content):
            yield found.group().replace(b"\0", b"")


LAYERS: dict[str, Layer] = {
    "gzip": _gzip,
    "zlib": _zlib,
    "zip": _zip,
    "packed": _other_packers,
    "base64": _base64,
    "hex": _hex,
    "escaped": _escapes,
    "backslashes": _backslashes,
    "wide": _wide_ascii,
}
