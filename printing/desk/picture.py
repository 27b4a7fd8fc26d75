"""PDF → pictures of its pages, for the preview and for tests; one thread at a time (PDFium's rule)."""

from typing import Any

from client.jobs.ports import Picture

_POINTS_PER_INCH = 72


def pictures(pdf: bytes, *, dpi: int) -> tuple[Picture, ...]:
    """Return every page as an image, BGRX rows."""
    import pypdfium2  # type: ignore[import-untyped]  # has no types; loaded late: only a preview needs it

    document = pypdfium2.PdfDocument(pdf)
    try:
        return tuple(_picture(page, dpi / _POINTS_PER_INCH) for page in document)
    finally:
        document.close()


def _picture(page: Any, scale: float) -> Picture:
    bitmap = page.render(scale=scale, prefer_bgrx=True, maybe_alpha=False)
    try:
        return Picture(bitmap.width, bitmap.height, bitmap.stride, bytes(bitmap.buffer))
    finally:
        bitmap.close()
