"""仮受付票: one A4 page, given to the one who handed a notification in; it never says 受理."""

from collections.abc import Mapping

from client.domain.calendar import wareki
from client.domain.slip import IntakeSlip
from printing.layout.form import Form, read_form
from printing.layout.glyphs import FontChain, missing_error
from printing.layout.grid import HEAVY, lay_rows
from printing.layout.measure import Align
from printing.layout.page import Box, Page, Sheet
from printing.papers.margin import fields_in_words, mark_drill, moment, write_line

FORM = "intake_slip"
_NOTE_PITCH = 8.0


def pages(slip: IntakeSlip, chain: FontChain) -> tuple[Page, ...]:
    """Lay a slip out. PaperError ``paper.glyph_missing`` (all letters), ``paper.overflow``."""
    form = read_form(FORM)
    values = _values(slip, form)
    missing = chain.missing("".join((_to(slip, form), *values.values())))
    if missing:
        raise missing_error(missing)
    with fields_in_words(form):
        return (_page(slip, values, form, chain),)


def _page(slip: IntakeSlip, values: Mapping[str, str], form: Form, chain: FontChain) -> Page:
    sheet = Sheet()
    left, width = form.place["left"], form.place["width"]
    _write_words(sheet, chain, slip, form)
    at, sizes = (left, form.place["table"]), (form.type["label"], form.type["value"])
    lay_rows(sheet, chain, form.rows["table"], values, at=at, sizes=sizes)
    table = Box(left, form.place["table"], width, form.height("table"))
    sheet.frame(table, HEAVY)
    for n, note in enumerate(form.words["notes"].strip().splitlines()):
        box = Box(left, table.bottom + 22 + n * _NOTE_PITCH, width, _NOTE_PITCH)
        write_line(sheet, chain, f"note{n + 1}", note, box, size=form.type["body"])
    if slip.drill:
        mark_drill(sheet, chain, form.words["drill"], size=form.type["watermark"])
    return sheet.page()


def _values(slip: IntakeSlip, form: Form) -> dict[str, str]:
    none = form.words["none"]
    return {
        "number": slip.number,
        "kind": form.words.get(slip.kind, slip.kind),
        "received_at": moment(slip.received_at),
        "todoke_date": wareki(slip.todoke_date),
        "ido_date": wareki(slip.ido_date) if slip.ido_date else none,
        "members": "、".join(slip.members),
        "address": slip.address or (form.words["withheld"] if slip.withheld else none),
        "terminal": slip.terminal,
        "clerk": slip.clerk,
    }


def _to(slip: IntakeSlip, form: Form) -> str:
    """Return whom the slip is made out to; who came for somebody else stands behind the name."""
    by = form.words.get(f"by_{slip.filed_by.value}", "")
    return form.words["to"].format(filer=f"{slip.filer}{by}")


def _write_words(sheet: Sheet, chain: FontChain, slip: IntakeSlip, form: Form) -> None:
    left, width, words = form.place["left"], form.place["width"], form.words
    title = Box(left, form.place["title"], width, 11)
    write_line(sheet, chain, "title", words["title"], title, size=form.type["title"], align=Align.CENTRE)
    to = Box(left, form.place["to"], width * 0.6, 9)
    write_line(sheet, chain, "filer", _to(slip, form), to, size=13)
    town = Box(left + width * 0.6, form.place["to"], width * 0.4, 9)
    write_line(sheet, chain, "town", slip.town, town, size=13, align=Align.RIGHT)
    lead = Box(left, form.place["lead"], width, 8)
    write_line(sheet, chain, "received", words["received"], lead, size=form.type["value"])
    below = Box(left, form.place["table"] + form.height("table") + 6, width, 12)
    how = words["offline" if slip.offline else "online"]
    write_line(sheet, chain, "how", how, below, size=form.type["value"])
