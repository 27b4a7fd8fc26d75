"""What the program reads but never writes: texts, forms, code tables, the contract."""

from pathlib import Path

_HERE = Path(__file__).parent  # beside the code, in a clone and in a built program alike


def read_text(*parts: str) -> str:
    """Return a resource as text, by its path inside this folder."""
    return _HERE.joinpath(*parts).read_text(encoding="utf-8")


def read_bytes(*parts: str) -> bytes:
    """Return a resource as bytes, by its path inside this folder."""
    return _HERE.joinpath(*parts).read_bytes()
