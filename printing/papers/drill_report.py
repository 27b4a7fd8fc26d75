"""訓練記録: one A4 page: timeline, time to recovery, what was accepted and what arrived, for a signature."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from client.domain.drill import DrillReport
from printing.layout.form import Form, read_form
from printing.layout.glyphs import FontChain, missing_error
from printing.layout.grid import HEAVY, MEDIUM, THIN, lay_rows
from printing.layout.measure import Align
from printing.layout.page import Box, Line, Page, Sheet
from printing.papers.margin import JAPAN, fields_in_words, mark_drill, moment, write_line

FORM = "drill_report"
_EVENT_COLUMNS = (28.0, 128.0, 14.0)
_COUNT_COLUMNS = (82.0, 30.0, 30.0, 28.0)
_HEADING = 7.0
_GAP = 5.0


def pages(report: DrillReport, chain: FontChain) -> tuple[Page, ...]:
    """Lay a report out on one page; events that do not fit are counted, first and last are kept."""
    form = read_form(FORM)
    values = _values(report, form)
    counts = [
        (count.what, f"受付 {count.accepted}", f"到達 {count.arrived}", _verdict(form, count.whole, "count"))
        for count in report.counts
    ]
    events = _events(report, form, _room(form, len(counts)))
    _refuse_missing_letters(chain, (*values.values(), *_flat(counts), *_flat(events)))
    with fields_in_words(form):
        return (_page(values, counts, events, form, chain),)


def _page(
    values: Mapping[str, str],
    counts: Sequence[Sequence[str]],
    events: Sequence[Sequence[str]],
    form: Form,
    chain: FontChain,
) -> Page:
    sheet = Sheet()
    left, width = form.place["left"], form.place["width"]
    title = Box(left, form.place["title"], width, 11)
    size = form.type["title"]
    write_line(sheet, chain, "title", form.words["title"], title, size=size, align=Align.CENTRE)
    at, sizes = (left, form.place["table"]), (form.type["label"], form.type["value"])
    lay_rows(sheet, chain, form.rows["table"], values, at=at, sizes=sizes)
    table = Box(left, form.place["table"], width, form.height("table"))
    sheet.frame(table, HEAVY)
    top = _list(sheet, chain, form, "counts", counts, top=table.bottom + _GAP, columns=_COUNT_COLUMNS)
    _list(sheet, chain, form, "timeline", events, top=top + _GAP, columns=_EVENT_COLUMNS)
    _lay_signature(sheet, chain, form)
    mark_drill(sheet, chain, form.words["drill"], size=form.type["watermark"])
    return sheet.page()


def _values(report: DrillReport, form: Form) -> dict[str, str]:
    rto = _span(report.rto) if report.rto is not None else form.words["no_rto"]
    return {
        "scenario": report.scenario,
        "town": report.town,
        "terminal": report.terminal,
        "started_at": moment(report.started_at),
        "ended_at": moment(report.ended_at),
        "line": report.line,
        "officer": report.officer,
        "rto": f"{rto}（目標 {_span(report.rto_target)}）",
        "verdict": form.words["passed" if report.passed else "failed"],
        "remarks": report.remarks or form.filler("remarks"),
    }


def _span(span: timedelta) -> str:
    seconds = span.total_seconds()
    if seconds < 60:
        return f"{seconds:.1f}秒"
    return f"{int(seconds // 60)}分{int(seconds % 60)}秒"


def _verdict(form: Form, good: bool, of: str) -> str:
    return form.words[f"{of}_ok" if good else f"{of}_bad"]


def _room(form: Form, counts: int) -> int:
    top = (
        form.place["table"]
        + form.height("table")
        + 2 * (_GAP + _HEADING)
        + counts * form.place["line_height"]
    )
    return int((form.place["bottom"] - top) // form.place["line_height"])


def _events(report: DrillReport, form: Form, room: int) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        (f"{event.at.astimezone(JAPAN):%H:%M:%S}", event.words, _verdict(form, event.ok, "event"))
        for event in report.events
    ]
    if len(rows) <= room:
        return rows
    first = room // 2
    last = room - first - 1
    dropped = form.words["dropped"].format(count=len(rows) - first - last)
    return [*rows[:first], ("", dropped, ""), *rows[len(rows) - last :]]


def _list(
    sheet: Sheet,
    chain: FontChain,
    form: Form,
    name: str,
    rows: Sequence[Sequence[str]],
    *,
    top: float,
    columns: tuple[float, ...],
) -> float:
    """Write a heading and its rows; returns where they end."""
    left, width, pitch = form.place["left"], form.place["width"], form.place["line_height"]
    write_line(sheet, chain, name, form.words[name], Box(left, top, width, _HEADING), size=form.type["value"])
    top += _HEADING
    sheet.lines.append(Line(left, top, left + width, top, MEDIUM))
    for n, row in enumerate(rows):
        x = left
        for column, (text, wide) in enumerate(zip(row, columns, strict=True)):
            cell = Box(x, top, wide, pitch).inset(1.0)
            write_line(sheet, chain, f"{name}{n + 1}.{column}", text, cell, size=form.type["body"])
            x += wide
        top += pitch
        sheet.lines.append(Line(left, top, left + width, top, THIN))
    return top


def _lay_signature(sheet: Sheet, chain: FontChain, form: Form) -> None:
    left, width = form.place["left"], form.place["width"]
    box = Box(left + width - 110, form.place["sign"], 110, 20)
    sheet.frame(box, MEDIUM)
    label = Box(box.x + 2, box.y, 40, 8)
    write_line(sheet, chain, "signature", form.words["signature"], label, size=form.type["body"])
    signed = Box(box.x + 2, box.y + 10, box.width - 4, 8)
    write_line(sheet, chain, "signed_on", form.words["signed_on"], signed, size=form.type["value"])


def _flat(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    return tuple(text for row in rows for text in row)


def _refuse_missing_letters(chain: FontChain, texts: Sequence[str]) -> None:
    missing = chain.missing("".join(texts))
    if missing:
        raise missing_error(missing)
