"""The contract's test vectors, for both its readers."""

import json
from base64 import b64decode
from typing import Any

from resources import read_text


def vector(name: str) -> dict[str, Any]:
    """Return a file of resources/contract/vectors."""
    return dict(json.loads(read_text("contract", "vectors", f"{name}.json")))


def octets(text: str) -> bytes:
    """Read octets as the vectors write them."""
    return b64decode(text, validate=True)


def row_of(told: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the vectors with its blobs as octets."""
    return {name: octets(value) if name in told["blobs"] else value for name, value in told["row"].items()}
