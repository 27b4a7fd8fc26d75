"""停止中発行 要確認一覧: A4 pages of numbers and reasons, no name and no address, for the officer to sign."""

from collections.abc import Sequence

from client.domain.certificate import SheetState
from client.domain.doubtful import Doubt, DoubtfulList, DoubtfulPaper
from printing.layout.form import Form, read_form
from printing.layout.glyphs import FontChain, missing_error
from printing.layout.grid import HEAVY, MEDIUM, THIN, write_value
from printing.layout.measure import Align
from printing.layout.page import Box, Line, Page, Sheet
from printing.papers.margin import JAPAN, fields_in_words, mark_drill, moment, write_line

FORM = "doubtful_list"
_COLUMNS = (("serial", 36.0), ("issued", 24.0), ("subject", 20.0), ("why", 50.0), ("done", 40.0))
_HEAD = 8.0
_MOST_REASONS = 4
Row = tuple[str, ...]


def pages(listed: DoubtfulList, chain: FontChain) -> tuple[Page, ...]:
    """Lay the list out, at least one page. PaperError ``paper.glyph_missing`` (all letters), ``paper.overflow``."""
    form = read_form(FORM)
    rows = [_row(paper, form) for paper in listed.papers]
    head = _head(listed, form)
    missing = chain.missing("".join((*head, *(text for row in rows for text in row))))
    if missing:
        raise missing_error(missing)
    size = int(form.place["rows"])
    parts = [rows[start : start + size] for start in range(0, len(rows), size)] or [[]]
    with fields_in_words(form):
        return tuple(
            _page(head, part, form, chain, of=(n, len(parts)), drill=listed.drill)
            for n, part in enumerate(parts, start=1)
        )


def _head(listed: DoubtfulList, form: Form) -> Row:
    still = sum(paper.signed_off is None for paper in listed.papers)
    return (
        form.words["place"].format(town=listed.town, terminal=listed.terminal),
        form.words["made"].format(at=moment(listed.made_at), officer=listed.officer),
        form.words["counts"].format(papers=len(listed.papers), open=still),
    )


def _row(paper: DoubtfulPaper, form: Form) -> Row:
    issued = paper.issued_at.astimezone(JAPAN)
    return (
        paper.serial.brief + form.words["spoiled"] * (paper.state is SheetState.SPOILED),
        f"{form.words.get(f'kind_{paper.kind}', paper.kind)}　{issued:%m/%d %H:%M}",
        paper.subject,
        _why(paper, form),
        _done(paper, form),
    )


def _why(paper: DoubtfulPaper, form: Form) -> str:
    told = [_reason(doubt, form) for doubt in paper.doubts[:_MOST_REASONS]]
    if len(paper.doubts) > _MOST_REASONS:
        told.append(form.words["more"].format(n=len(paper.doubts) - _MOST_REASONS))
    if paper.withheld:
        told.append(form.words["withheld"])
    return "、".join(told)


def _reason(doubt: Doubt, form: Form) -> str:
    why = form.words[f"why_{doubt.why.value}"]
    return why if doubt.at is None else f"{why}（{doubt.at.astimezone(JAPAN):%m/%d %H:%M}）"


def _done(paper: DoubtfulPaper, form: Form) -> str:
    signed = paper.signed_off
    if signed is None:
        return ""
    done = form.words[f"done_{signed.done.value}"]
    return f"{done}　{signed.remark}（{signed.by} {signed.at.astimezone(JAPAN):%m/%d %H:%M}）"


def _page(
    head: Row, rows: Sequence[Row], form: Form, chain: FontChain, *, of: tuple[int, int], drill: bool
) -> Page:
    sheet = Sheet()
    left, width, small = form.place["left"], form.place["width"], form.type["body"]
    title = Box(left, form.place["title"], width, 11)
    write_line(sheet, chain, "title", form.words["title"], title, size=form.type["title"], align=Align.CENTRE)
    write_line(sheet, chain, "lead", form.words["lead"], Box(left, form.place["lead"], width, 9), size=small)
    place, made, counts = head
    top = form.place["made"]
    write_line(sheet, chain, "place", place, Box(left, top, width * 0.4, 5), size=small)
    beside = Box(left + width * 0.4, top, width * 0.6, 5)
    write_line(sheet, chain, "made", made, beside, size=small, align=Align.RIGHT)
    write_line(sheet, chain, "counts", counts, Box(left, top + 5, width * 0.5, 5), size=small)
    number = form.words["page"].format(page=of[0], pages=of[1])
    write_line(
        sheet,
        chain,
        "page",
        number,
        Box(left + width * 0.5, top + 5, width * 0.5, 5),
        size=small,
        align=Align.RIGHT,
    )
    _lay_table(sheet, chain, form, rows)
    _lay_signature(sheet, chain, form)
    if drill:
        mark_drill(sheet, chain, form.words["drill"], size=form.type["watermark"])
    return sheet.page()


def _lay_table(sheet: Sheet, chain: FontChain, form: Form, rows: Sequence[Row]) -> None:
    left, width, top, pitch = (form.place[name] for name in ("left", "width", "table", "row"))
    heads = tuple(form.words[f"head_{name}"] for name, _ in _COLUMNS)
    for n, (row, height, size) in enumerate(
        [(heads, _HEAD, form.type["label"]), *((row, pitch, form.type["body"]) for row in rows)]
    ):
        if n:
            sheet.lines.append(Line(left, top, left + width, top, THIN))
        x = left
        for (name, wide), text in zip(_COLUMNS, row, strict=True):
            write_value(sheet, chain, f"{name}{n}", text, Box(x, top, wide, height), size=size)
            x += wide
        top += height
    x = left
    for _, wide in _COLUMNS[:-1]:
        x += wide
        sheet.lines.append(Line(x, form.place["table"], x, top, THIN))
    sheet.frame(Box(left, form.place["table"], width, top - form.place["table"]), HEAVY)


def _lay_signature(sheet: Sheet, chain: FontChain, form: Form) -> None:
    left, width = form.place["left"], form.place["width"]
    box = Box(left + width - 110, form.place["sign"], 110, 20)
    sheet.frame(box, MEDIUM)
    label = Box(box.x + 2, box.y, 40, 8)
    write_line(sheet, chain, "signature", form.words["signature"], label, size=form.type["body"])
    signed = Box(box.x + 2, box.y + 10, box.width - 4, 8)
    write_line(sheet, chain, "signed_on", form.words["signed_on"], signed, size=form.type["value"])
