"""A counter without a printer refuses before a number is taken."""

import pytest

from client.domain.errors import PaperError
from printing.desk.press import NoPress
from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from tests.printing.paper_builders import decided, family


@pytest.mark.asyncio
async def test_without_a_printer_a_certificate_is_refused_before_it_has_a_number() -> None:
    press = NoPress(FontChain(find_fonts()), "")
    with pytest.raises(PaperError) as refused:
        await press.count_pages(decided(family(1)))
    assert refused.value.code == "paper.no_printer"
    with pytest.raises(PaperError):
        await press.print(decided(family(1)), job_name="x")
    press.close()
