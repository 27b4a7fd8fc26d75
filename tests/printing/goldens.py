"""Approved pages as pictures: compare, and where they differ say where."""

import os
from pathlib import Path

from PIL import Image, ImageChops

from client.jobs.ports import Picture
from printing.layout.page import Page

DPI = 100
GREY_TOLERANCE = 32  # of 255: a paler edge is no difference
DOTS_TOLERANCE = 12  # dots of a page that may differ more than that
APPROVE = os.environ.get("MADOGUCHI_APPROVE") == "1"
_ROOT = Path(__file__).parents[2]
APPROVED = _ROOT / "tests" / "golden"
LEFT = _ROOT / "out" / "golden"
_MM_PER_DOT = 25.4 / DPI


def image_of(picture: Picture) -> Image.Image:
    """Return a picture as greys."""
    size = (picture.width, picture.height)
    return Image.frombuffer("RGBX", size, picture.pixels, "raw", "RGBX", picture.stride, 1).convert("L")


def difference(name: str, actual: Image.Image, page: Page | None = None) -> str:
    """Compare with the approved picture; "" when equal, else what differs and where it first does.

    A difference leaves actual, approved and difference under out/golden/; with MADOGUCHI_APPROVE=1 the
    picture becomes the approved one instead.
    """
    approved_file = APPROVED / f"{name}.png"
    if APPROVE:
        actual.quantize(16).save(approved_file, optimize=True)
        return ""
    if not approved_file.exists():
        _leave(name, actual=actual)
        return f"{name}: no approved picture; look at out/golden/{name}.actual.png, then ./dev approve"
    approved = Image.open(approved_file).convert("L")
    if approved.size != actual.size:
        _leave(name, actual=actual, approved=approved)
        return f"{name}: {actual.size} dots instead of {approved.size}"
    apart = ImageChops.difference(actual, approved).point([255 * (n > GREY_TOLERANCE) for n in range(256)])
    dots = apart.histogram()[255]
    if dots <= DOTS_TOLERANCE:
        return ""
    _leave(name, actual=actual, approved=approved, difference=ImageChops.invert(apart))
    return f"{name}: {dots} dots differ, first {_first(apart, page)}"


def _first(apart: Image.Image, page: Page | None) -> str:
    at = apart.tobytes().index(255)
    x, y = at % apart.width * _MM_PER_DOT, at // apart.width * _MM_PER_DOT
    fields = page.fields if page else ()
    named = [f.name for f in fields if f.box.x <= x <= f.box.right and f.box.y <= y <= f.box.bottom]
    return (
        f"at {x:.1f} mm from the left, {y:.1f} mm from the top ({', '.join(named) or 'outside every field'})"
    )


def _leave(name: str, **pictures: Image.Image) -> None:
    LEFT.mkdir(parents=True, exist_ok=True)
    for kind, picture in pictures.items():
        picture.save(LEFT / f"{name}.{kind}.png")
