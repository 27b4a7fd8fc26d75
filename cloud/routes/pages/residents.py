"""住民: the search, a record with its past, and the forms that change it."""

from collections.abc import Mapping
from datetime import date

from fastapi import APIRouter, Response

from cloud.contract import tables
from cloud.items import FOREIGN_COLUMNS
from cloud.office import texts
from cloud.office.log import By
from cloud.office.people import PLACES
from cloud.office.residents import EDITABLE, KINDS, NEW_REASONS, REASONS, SEXES, STATUSES, Ido
from cloud.problems import ProblemError
from cloud.routes.pages.frame import Form, FormDep, PageRoute, Visit, VisitDep

router = APIRouter(route_class=PageRoute)
_GROUPS = {
    "who": (
        *("full_name", "furigana", "furigana_confirmed", "latin_name", "former_surname"),
        *("former_surname_furigana", "tsusho", "tsusho_furigana", "birth_text", "sex", "kind"),
    ),
    "home": ("household_no", "order_no", "relationship", "householder_name"),
    "place": (
        *("postcode", "address_code", "address_town", "address_banchi", "address_katagaki"),
        *("address_since_text", "resident_since_text", "resident_since_reason"),
    ),
    "origin": ("honseki", "hittosha", "tennyu_from"),
    "foreign": (
        *("nationality", "article_30_45", "residence_status", "residence_period"),
        *("residence_until", "residence_card_no"),
    ),
    "end": (*("status", "tenshutsu_to", "tenshutsu_planned", "removed_reason", "removed_date"),),
    "note": ("remarks",),
}
_CHOICES = {"status": STATUSES, "kind": KINDS, "sex": SEXES, "furigana_confirmed": ("yes", "no")}
_MOST_HITS = 50


@router.get("/residents")
def residents(visit: VisitDep) -> Response:
    """Show the field to search by."""
    return visit.page("residents.html", hits=None, most=_MOST_HITS)


@router.post("/residents")
def search(visit: VisitDep, form: FormDep) -> Response:
    """Show who was found; what was typed names people and stands in no address."""
    cards = "zairyu" in visit.officer.rights
    hits = visit.desk.residents.found(form.get("typed"), limit=_MOST_HITS, cards=cards)
    return visit.page("residents.html", hits=hits, most=_MOST_HITS, typed=form.fields)


@router.get("/residents/new")
def blank(visit: VisitDep) -> Response:
    """Show the form for a new resident."""
    return _new_form(visit, {"kind": "japanese", "furigana_confirmed": "yes"})


@router.post("/residents/new")
def enter(visit: VisitDep, form: FormDep) -> Response:
    """Write a new resident down."""
    entered: list[str] = []

    def act(by: By) -> None:
        entered.append(visit.desk.residents.enter(by, _typed(form), _ido(form))[0])

    try:
        visit.acting(form, act)
    except ProblemError as error:
        return _new_form(visit, form.fields, texts.trouble(error), error.status)
    return visit.to(f"/residents/{entered[0]}" if entered else "/residents", "resident_entered")


@router.get("/residents/{atena_no}")
def record(visit: VisitDep, atena_no: str) -> Response:
    """Show a record; that it was looked at is written down."""
    page = _record(visit, atena_no)
    visit.saw("resident.viewed", atena_no)
    return page


@router.post("/residents/{atena_no}/address")
def show_address(visit: VisitDep, form: FormDep, atena_no: str) -> Response:
    """Show the places of somebody sheltered; it is written down who asked."""
    page = _record(visit, atena_no, show_places=True)
    del form
    visit.saw("resident.address_shown", atena_no)
    return page


@router.get("/residents/{atena_no}/edit")
def edit(visit: VisitDep, atena_no: str) -> Response:
    """Show a record in fields; of somebody sheltered without the places, which then stay as they are."""
    page = _edit_form(visit, atena_no)
    visit.saw("resident.viewed", atena_no)
    return page


@router.post("/residents/{atena_no}/edit/address")
def edit_address(visit: VisitDep, form: FormDep, atena_no: str) -> Response:
    """Show the fields with the places of somebody sheltered; it is written down who asked."""
    del form
    page = _edit_form(visit, atena_no, show_places=True)
    visit.saw("resident.address_shown", atena_no)
    return page


@router.post("/residents/{atena_no}/edit")
def change(visit: VisitDep, form: FormDep, atena_no: str) -> Response:
    """Record a change, or set right what was written wrongly."""
    desk, is_correction = visit.desk.residents, form.get("manner") == "correct"

    def act(by: By) -> object:
        unseen = _unseen(visit)
        typed = {column: text for column, text in _typed(form).items() if column not in unseen}
        mark = form.get("mark")
        if is_correction:
            return desk.correct(by, atena_no, typed, mark)
        return desk.change(by, atena_no, typed, _ido(form), mark)

    def again(error: ProblemError) -> Response:
        shown = "address_town" in form.fields
        if shown and visit.desk.residents.record(atena_no).is_sheltered:
            visit.saw("resident.address_shown", atena_no)
        return _edit_form(
            visit, atena_no, show_places=shown, typed=form, trouble=texts.trouble(error), status=error.status
        )

    said = "resident_corrected" if is_correction else "resident_changed"
    return visit.done(form, act, said=said, then=f"/residents/{atena_no}", again=again)


def _typed(form: Form) -> dict[str, str]:
    return {column: form.fields[column] for column in EDITABLE if column in form.fields}


def _ido(form: Form) -> Ido:
    notified = form.day("ido_todoke_date")
    return Ido(
        form.get("ido_reason"),
        date.fromisoformat(form.day("ido_date", needed=True)),
        date.fromisoformat(notified) if notified else None,
    )


def _record(visit: Visit, atena_no: str, *, show_places: bool = False) -> Response:
    shown = visit.desk.residents.record(atena_no)
    found = visit.desk.blocks.on(str(shown.row["household_no"]), [atena_no])
    hide = shown.is_sheltered and not show_places
    columns = [column for column in tables()["resident"].columns if column in shown.row]
    unseen = _unseen(visit) if shown.row["kind"] == "foreign" else frozenset[str]()
    return visit.page(
        "resident.html",
        shown=shown,
        groups=_shown_groups(shown.row, hide=hide, unseen=unseen),
        columns=columns,
        hide=hide,
        found=found,
        today=visit.today,
        may_protect="shien_sochi" in visit.officer.rights,
    )


def _unseen(visit: Visit) -> frozenset[str]:
    """Return the columns that are not this officer's to see."""
    return frozenset() if "zairyu" in visit.officer.rights else FOREIGN_COLUMNS


def _shown_groups(
    row: Mapping[str, object], *, hide: bool, unseen: frozenset[str]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return a record by groups, with labels and words; places left out where they are not to be seen.

    A group the officer has no right to says so.
    """
    groups = []
    for group, columns in _GROUPS.items():
        lines = [
            (texts.word("field", column), _value_text(column, row[column]))
            for column in columns
            if column in row and column not in unseen and not (hide and column in PLACES)
        ]
        if unseen & set(columns):
            lines.append((texts.word("withheld", "label"), texts.word("withheld", "why")))
        if lines:
            groups.append((texts.word("group", group), lines))
    return groups


def _value_text(column: str, value: object) -> str:
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    if tables()["resident"].columns[column] == "date":
        return texts.wareki(value)
    return texts.word({"status": "status", "kind": "resident_kind"}.get(column, "field"), value)


def _edit_form(
    visit: Visit,
    atena_no: str,
    *,
    show_places: bool = False,
    typed: Form | None = None,
    trouble: str = "",
    status: int = 200,
) -> Response:
    shown = visit.desk.residents.record(atena_no)
    hide = shown.is_sheltered and not show_places
    unseen = _unseen(visit)
    values = {
        column: _field_text(shown.row[column])
        for column in EDITABLE
        if column in shown.row and column not in unseen
    }
    moved_on = typed is not None and typed.get("mark") != shown.mark
    if typed is not None:
        values |= typed.fields
    else:
        values["ido_todoke_date"] = values["ido_date"] = visit.today
    return visit.page(
        "edit.html",
        status,
        shown=shown,
        hide=hide,
        groups=_field_groups(hide=hide, left_out=() if "zairyu" in visit.officer.rights else ("foreign",)),
        values=values,
        current={column: _field_text(value) for column, value in shown.row.items() if column not in unseen}
        if moved_on
        else {},
        reasons=REASONS,
        trouble=trouble,
    )


def _new_form(visit: Visit, values: Mapping[str, str], trouble: str = "", status: int = 200) -> Response:
    today = {"ido_date": visit.today, "ido_todoke_date": visit.today}
    groups = [(title, fields) for title, fields in _field_groups(hide=False, left_out=("status", "end"))]
    return visit.page(
        "new.html", status, groups=groups, values=today | dict(values), reasons=NEW_REASONS, trouble=trouble
    )


def _field_groups(
    *, hide: bool, left_out: tuple[str, ...] = ()
) -> list[tuple[str, list[tuple[str, str, tuple[tuple[str, str], ...]]]]]:
    """Return the fields of a form by groups: column, label, and what may be chosen where it is a choice."""
    return [
        (
            texts.word("group", group),
            [
                (column, texts.word("field", column), _options(column))
                for column in columns
                if not (hide and column in PLACES)
            ],
        )
        for group, columns in _GROUPS.items()
        if group not in left_out
    ]


def _options(column: str) -> tuple[tuple[str, str], ...]:
    if column not in _CHOICES:
        return ()
    group = {"status": "status", "kind": "resident_kind", "furigana_confirmed": "yes_no"}.get(column)
    return tuple((one, texts.word(group, one) if group else one) for one in _CHOICES[column])


def _field_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
