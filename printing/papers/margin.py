"""What papers have in common outside their table: number, drill mark, certifier, moments in Japanese time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from math import cos, radians, sin

from client.domain.calendar import wareki
from client.domain.certificate import Certifier
from client.domain.errors import PaperError
from printing.layout.form import Form
from printing.layout.glyphs import FontChain
from printing.layout.measure import Align, Sizes, place
from printing.layout.page import A4, MM_PER_POINT, Box, Sheet, Text, Tone

JAPAN = timezone(timedelta(hours=9), "Asia/Tokyo")  # no summer time; needs no zone table on Windows
_LEANING = 54.7  # degrees: the diagonal of A4


@contextmanager
def fields_in_words(form: Form) -> Iterator[None]:
    """Let a text that does not fit be told of by its label, not by our name for its field."""
    try:
        yield
    except PaperError as error:
        if error.code != "paper.overflow":
            raise
        raise PaperError("paper.overflow", field=form.told(str(error.facts["field"]))) from error


def moment(at: datetime) -> str:
    """Write a moment as papers do: 令和8年11月20日14時5分, Japanese time."""
    local = at.astimezone(JAPAN)
    return f"{wareki(local.date())}{local.hour}時{local.minute}分"


def certifier_title(certifier: Certifier) -> str:
    """Write prefecture, town and title: みどり県あおぞら市長; 市 is not said twice."""
    town = certifier.town
    if town and certifier.title.startswith(town[-1]):
        town = town[:-1]
    return f"{certifier.prefecture}{town}{certifier.title}"


def write_line(
    sheet: Sheet,
    chain: FontChain,
    name: str,
    text: str,
    box: Box,
    *,
    size: float,
    align: Align = Align.LEFT,
) -> None:
    """Write one field outside a table; it may shrink by a third, or wrap, before it is refused."""
    sizes = Sizes(size, size * 0.66, size * 0.5)
    sheet.write(name, box, place(chain, text, box, sizes, name=name, align=align))


def mark_drill(sheet: Sheet, chain: FontChain, word: str, *, size: float) -> None:
    """Lay the drill's word across a whole sheet, in grey outline, from corner to corner."""
    letter = size * MM_PER_POINT
    width = chain.width(word) * letter
    lean = radians(_LEANING)
    centre_x, centre_y = A4[0] / 2, A4[1] / 2
    # start of the baseline so that the word's middle is the sheet's
    x = centre_x - width / 2 * cos(lean) + 0.38 * letter * sin(lean)
    y = centre_y + width / 2 * sin(lean) + 0.38 * letter * cos(lean)
    mark = Text(word, x, y, size, width, Tone.OUTLINE, _LEANING)
    sheet.texts.insert(0, mark)  # below everything else
