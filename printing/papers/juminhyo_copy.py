"""住民票の写し, 世帯連記式: a decided certificate → pages ([STD j1000 to j1070]).

Up to four people a sheet, in the stored order [STD j1010]; attestation, certifier and seal on the last sheet
only; the number on every sheet. What was not asked for is 「省略」 (住基法 第12条第5項). 個人番号 and 住民票コード
are never at this terminal, so they are always 「省略」.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from client.domain.calendar import wareki, western
from client.domain.certificate import Decided
from client.domain.errors import PaperError
from client.domain.resident import ReadName, Resident, ResidentKind, ResidentStatus
from printing.layout.form import Form, read_form
from printing.layout.glyphs import FontChain, missing_error
from printing.layout.grid import HEAVY, MEDIUM, THIN, lay_rows
from printing.layout.measure import Align
from printing.layout.page import Box, Image, Line, Page, Sheet
from printing.papers.margin import certifier_title, fields_in_words, mark_drill, moment, write_line
from printing.papers.name_cell import write_name

FORM = "juminhyo_copy"
_GREATEST_SEAL_MM = 25  # [STD j1050]
_NUMBER_WIDTH = 7.0
_PAGE_LINE = 287.0  # top of the line with the page's number


def pages(decided: Decided, chain: FontChain) -> tuple[Page, ...]:
    """Lay a certificate out. PaperError ``paper.glyph_missing`` (all letters), ``paper.overflow``, by field."""
    form = read_form(FORM)
    members = tuple(sorted(decided.members, key=lambda member: member.order_no))
    _check(decided, members)
    head = head_values(decided, form)
    people = tuple(person_values(member, decided, form) for member in members)
    _refuse_missing_letters(chain, decided, head, people)
    step = int(form.place["per_sheet"])
    count = -(-len(people) // step)
    with fields_in_words(form):
        return tuple(
            _page(
                form,
                chain,
                decided,
                head,
                people[step * n : step * (n + 1)],
                first=step * n,
                of=(n + 1, count),
            )
            for n in range(count)
        )


def head_values(decided: Decided, form: Form) -> dict[str, str]:
    """Return the household's values: address, and householder where asked for."""
    first = decided.members[0]
    householder = first.householder_name or form.filler("householder")
    shown = householder if decided.options.relationship else form.words["omitted"]
    return {"address": first.address.text, "householder": shown}


def person_values(member: Resident, decided: Decided, form: Form) -> dict[str, str]:
    """Return one person's values as printed, fillers and 「省略」 included."""
    options, words = decided.options, form.words
    held: dict[str, str | None] = {
        "kind": member.kind.value,
        "name": member.shown_name,
        "furigana": _reading(_certified(member), form) if options.furigana else "",
        "birth": member.birth.text,
        "sex": member.sex,
        "relationship": member.relationship if options.relationship else words["omitted"],
        "resident_since": "　".join(filter(None, (member.resident_since.text, member.resident_since_reason))),
        "address_since": member.address_since.text if member.address_since else None,
        "todoke_date": wareki(member.todoke_date) if member.todoke_date else None,
        "tennyu_from": member.tennyu_from,
        "before_move": member.before_move,
        "individual_number": words["omitted"],
        "juminhyo_code": words["omitted"],
        "remarks": member.remarks,
    }
    own = _foreign_values if member.kind is ResidentKind.FOREIGN else _japanese_values
    held.update(own(member, decided, form))
    filled = {name: text or form.filler(name) for name, text in held.items()}
    return filled | {"furigana": held["furigana"] or ""}


def _japanese_values(member: Resident, decided: Decided, form: Form) -> dict[str, str | None]:
    omitted = None if decided.options.honseki else form.words["omitted"]
    return {
        "former_surname": _with_reading(member.former_surname, decided, form),
        "honseki": omitted or member.honseki,
        "hittosha": omitted or member.hittosha,
    }


def _foreign_values(member: Resident, decided: Decided, form: Form) -> dict[str, str | None]:
    options, status = decided.options, member.foreign
    omitted = None if options.foreign_items else form.words["omitted"]
    values: dict[str, str | None] = {
        "nationality": status.nationality if status else None,
        "category": status.category if status else None,
        "residence_status": status.residence_status if status else None,
        "period": status.period if status else None,
        "until": western(status.until) if status and status.until else None,
        "card_no": status.card_no if status else None,
    }
    if omitted:
        values = {name: text if name == "nationality" else omitted for name, text in values.items()}
    if not options.honseki:
        values["nationality"] = form.words["omitted"]
    return values | {"tsusho": _with_reading(member.tsusho, decided, form)}


def _certified(member: Resident) -> ReadName:
    """Only a Japanese reading is certified from the 戸籍; a foreigner's is what the town was told."""
    return replace(member.name, confirmed=True) if member.kind is ResidentKind.FOREIGN else member.name


def _reading(name: ReadName, form: Form) -> str:
    if not name.furigana:
        return ""
    shown = name.furigana if name.confirmed else form.words["unconfirmed_furigana"] or name.furigana
    return f"（{shown}）"


def _with_reading(name: ReadName | None, decided: Decided, form: Form) -> str | None:
    if name is None:
        return None
    return name.text + ("　" + _reading(name, form) if decided.options.furigana and name.furigana else "")


def _check(decided: Decided, members: Sequence[Resident]) -> None:
    if decided.seal and not 0 < decided.seal.side_mm <= _GREATEST_SEAL_MM:
        raise PaperError("paper.bad_seal")
    if not members:
        raise PaperError("paper.no_page")
    if any(member.status is not ResidentStatus.RESIDENT for member in members):
        raise ValueError("this form shows open records only; a removed one has a form of its own")
    if len({member.address.text for member in members}) != 1:
        raise ValueError("members of one household have one address")


def _refuse_missing_letters(
    chain: FontChain, decided: Decided, head: Mapping[str, str], people: Sequence[Mapping[str, str]]
) -> None:
    certifier = decided.certifier
    texts = [*head.values(), *(text for person in people for text in person.values())]
    texts += [decided.attestation, certifier_title(certifier), certifier.name, _number(decided, 1, 1)]
    missing = chain.missing("".join(texts))
    if missing:
        raise missing_error(missing)


def _number(decided: Decided, page: int, count: int) -> str:
    if decided.serial is None:
        return f"{read_form(FORM).words['before_serial']} {page}/{count}"
    return decided.serial.text(page, count)


def _page(
    form: Form,
    chain: FontChain,
    decided: Decided,
    head: Mapping[str, str],
    people: Sequence[Mapping[str, str]],
    *,
    first: int,
    of: tuple[int, int],
) -> Page:
    sheet = Sheet()
    _lay_margin(sheet, form, chain, decided, of)
    _lay_head(sheet, form, chain, head)
    for place, (person, box) in enumerate(zip(people, _blocks(form), strict=False)):
        _lay_person(sheet, form, chain, person, box, order=first + place)
    _strike_rest(sheet, form, chain, len(people))
    if of[0] == of[1]:
        _lay_foot(sheet, form, chain, decided)
    else:
        goes_on = Box(form.place["left"], form.place["foot"] + 4, form.place["width"], 6)
        write_line(sheet, chain, "goes_on", form.words["goes_on"], goes_on, size=10, align=Align.CENTRE)
    if decided.drill:
        mark_drill(sheet, chain, form.words["drill"], size=form.type["watermark"])
    return sheet.page()


def _lay_margin(sheet: Sheet, form: Form, chain: FontChain, decided: Decided, of: tuple[int, int]) -> None:
    left, width, top = form.place["left"], form.place["width"], form.place["serial"]
    size = form.type["margin"]
    number = Box(left + 62, top, width - 62, 4)
    write_line(sheet, chain, "serial", _number(decided, *of), number, size=size, align=Align.RIGHT)
    if decided.show_as_of:
        words = form.words["as_of"].format(when=moment(decided.as_of.register_at))
        write_line(sheet, chain, "as_of", words, Box(left, top, 61, 4), size=size)
    title = Box(left + 40, form.place["title"], width - 80, 9)
    write_line(sheet, chain, "title", form.words["title"], title, size=form.type["title"], align=Align.CENTRE)
    if decided.official_use:
        mark = Box(left, form.place["title"] + 1, 16, 7)
        sheet.frame(mark, MEDIUM)
        write_line(
            sheet, chain, "official_use", form.words["official_use"], mark, size=11, align=Align.CENTRE
        )
    foot = Box(left, _PAGE_LINE, width, 4)
    write_line(sheet, chain, "page", f"{of[0]}／{of[1]}", foot, size=9, align=Align.CENTRE)


def _lay_head(sheet: Sheet, form: Form, chain: FontChain, head: Mapping[str, str]) -> None:
    left, top = form.place["left"], form.place["head"]
    sizes = (form.type["label"] + 1, form.type["value"] + 1.5)
    lay_rows(sheet, chain, form.rows["head"], head, at=(left, top), sizes=sizes)
    sheet.frame(Box(left, top, form.place["width"], form.height("head")), HEAVY)


def _blocks(form: Form) -> Iterator[Box]:
    height = form.place["block_height"]
    for n in range(int(form.place["per_sheet"])):
        top = form.place["blocks"] + n * height
        yield Box(form.place["left"], top, form.place["width"], height)


def _lay_person(
    sheet: Sheet, form: Form, chain: FontChain, person: Mapping[str, str], box: Box, *, order: int
) -> None:
    prefix = f"person{order + 1}."
    number = Box(box.x, box.y, _NUMBER_WIDTH, box.height)
    write_line(sheet, chain, prefix + "order", str(order + 1), number, size=10, align=Align.CENTRE)
    values = {name: text for name, text in person.items() if name not in {"name", "furigana", "kind"}}
    sizes = (form.type["label"], form.type["value"])
    at = (box.x + _NUMBER_WIDTH, box.y)
    rows = form.rows[person["kind"]]
    left_open = lay_rows(sheet, chain, rows, values, at=at, sizes=sizes, prefix=prefix)
    name_sizes = (form.type["name"], form.type["furigana"])
    write_name(
        sheet, chain, prefix, (person["name"], person["furigana"]), left_open["name"], sizes=name_sizes
    )
    sheet.frame(box, HEAVY)


def _strike_rest(sheet: Sheet, form: Form, chain: FontChain, used: int) -> None:
    unused = tuple(_blocks(form))[used:]
    if not unused:
        return
    rest = Box(unused[0].x, unused[0].y, unused[0].width, unused[-1].bottom - unused[0].y)
    sheet.frame(rest, HEAVY)
    sheet.lines.append(Line(rest.right, rest.y, rest.x, rest.bottom, THIN))
    words = Box(rest.x + 8, rest.y + 5, 40, 6)
    write_line(sheet, chain, "rest_blank", form.words["rest_blank"], words, size=10.5)


def _lay_foot(sheet: Sheet, form: Form, chain: FontChain, decided: Decided) -> None:
    left, width, top = form.place["left"], form.place["width"], form.place["foot"]
    attested = Box(left + 4, top, width - 8, 8)
    write_line(sheet, chain, "attestation", decided.attestation, attested, size=form.type["attestation"])
    day = Box(left + 12, top + 10, 70, 6)
    write_line(sheet, chain, "issued_on", wareki(decided.issued_on), day, size=form.type["attestation"])
    side = float(decided.seal.side_mm) if decided.seal and not decided.drill else float(_GREATEST_SEAL_MM)
    seal = Box(left + width - 2 - side, top + 10.5 + (_GREATEST_SEAL_MM - side) / 2, side, side)
    _lay_certifier(sheet, form, chain, decided, seal)
    if decided.drill:
        sheet.frame(seal, HEAVY)
        words = form.words["drill_seal"]
        write_line(sheet, chain, "drill_seal", words, seal.inset(2, 2), size=24, align=Align.CENTRE)
    elif decided.seal:
        sheet.images.append(Image(seal, decided.seal.image))


def _lay_certifier(sheet: Sheet, form: Form, chain: FontChain, decided: Decided, seal: Box) -> None:
    """Write title and name so that the name ends just before the seal and is never covered by it."""
    left = form.place["left"] + 42
    line = Box(left, seal.y + seal.height / 2 - 4, seal.x - 2.5 - left, 8)
    words = f"{certifier_title(decided.certifier)}　　{decided.certifier.name}"
    write_line(sheet, chain, "certifier", words, line, size=form.type["certifier"], align=Align.RIGHT)
