"""抑止・支援措置: the lists, and the forms that raise, change, lift, begin, extend and end."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from fastapi import APIRouter, Response

from cloud.office import texts
from cloud.office.blocks import A_PAGE, LEVELS, PROCESSES, BlockForm
from cloud.office.log import By
from cloud.office.reading import SHIEN_RIGHT
from cloud.other_side import OtherSide
from cloud.problems import ProblemError
from cloud.routes.pages.frame import Form, FormDep, PageRoute, Visit, VisitDep
from cloud.staff import BLOCK_LIFT, BLOCK_SET

router = APIRouter(route_class=PageRoute)


@router.get("/restrictions")
def restrictions(visit: VisitDep, blocks_after: str = "", measures_after: str = "") -> Response:
    """Show blocks and measures, a page of each."""
    return _lists(visit, blocks_after, measures_after)


@router.post("/blocks")
def raise_block(visit: VisitDep, form: FormDep) -> Response:
    """Raise a block on a resident or a household."""
    visit.must_hold(BLOCK_SET)

    def act(by: By) -> object:
        on = {form.get("on") if form.get("on") == "household_no" else "atena_no": form.get("number")}
        return visit.desk.blocks.raise_block(by, _block(form), **on)

    return _done(visit, form, "block_raised", act)


@router.get("/blocks/{block_id}")
def block(visit: VisitDep, block_id: str) -> Response:
    """Show one block in fields."""
    return _block_form(visit, block_id)


@router.post("/blocks/{block_id}")
def change_block(visit: VisitDep, form: FormDep, block_id: str) -> Response:
    """Change or lift a block."""
    desk, lifts = visit.desk.blocks, form.get("act") == "lift"
    visit.must_hold(BLOCK_LIFT if lifts else BLOCK_SET)

    def act(by: By) -> object:
        if lifts:
            _must_be_sure(form)
            return desk.lift(by, block_id, form.get("mark"))
        return desk.change(by, block_id, _block(form), form.get("mark"))

    def again(error: ProblemError) -> Response:
        return _block_form(visit, block_id, texts.trouble(error), error.status, form.fields)

    said = "block_lifted" if lifts else "block_changed"
    return visit.done(form, act, said=said, then="/restrictions", again=again)


@router.post("/measures")
def begin(visit: VisitDep, form: FormDep) -> Response:
    """Begin a measure for one person or everybody of the household."""
    visit.must_hold(SHIEN_RIGHT)
    visit.must_hold(BLOCK_SET)

    def act(by: By) -> object:
        numbers = [form.get("number")]
        if form.get("whole") == "yes":
            numbers = [str(row["atena_no"]) for row in visit.desk.residents.record(numbers[0]).household]
        return visit.desk.measures.begin(
            by,
            numbers,
            provisional=form.get("measure") != "full",
            starts=form.day("starts", needed=True),
            ends=form.day("ends"),
        )

    return _done(visit, form, "measure_begun", act)


@router.get("/measures/{measure_id}")
def measure(visit: VisitDep, measure_id: str) -> Response:
    """Show one measure and what may be done with it."""
    return _measure_form(visit, measure_id)


@router.post("/measures/{measure_id}")
def change_measure(visit: VisitDep, form: FormDep, measure_id: str) -> Response:
    """Confirm, extend or end a measure."""
    visit.must_hold(SHIEN_RIGHT)
    visit.must_hold(BLOCK_LIFT if form.get("act") == "end" else BLOCK_SET)
    desk, mark = visit.desk.measures, form.get("mark")

    def confirm(by: By) -> object:
        return desk.confirm(by, measure_id, form.day("ends", needed=True), mark)

    def extend(by: By) -> object:
        return desk.extend(by, measure_id, form.day("ends", needed=True), mark)

    def end(by: By) -> object:
        _must_be_sure(form)
        return desk.end(by, measure_id, mark)

    def other_side(by: By) -> object:
        said = OtherSide(form.get("other_name"), form.get("other_reading"), form.day("other_birth"))
        return desk.tell_other_side(by, measure_id, said, mark)

    chosen: dict[str, tuple[Callable[[By], object], str]] = {
        "confirm": (confirm, "measure_confirmed"),
        "extend": (extend, "measure_extended"),
        "end": (end, "measure_ended"),
        "other_side": (other_side, "measure_other_side"),
    }
    act, said = chosen.get(form.get("act"), (extend, "measure_extended"))

    def again(error: ProblemError) -> Response:
        return _measure_form(visit, measure_id, texts.trouble(error), error.status, form.fields)

    return visit.done(form, act, said=said, then="/restrictions", again=again)


def _must_be_sure(form: Form) -> None:
    """Refuse to take a protection away by one press of a key: whoever ends it has ticked what follows."""
    if form.get("sure") != "yes":
        raise ProblemError(422, "form.not_sure")


def _block(form: Form) -> BlockForm:
    return BlockForm(
        process=form.get("process"),
        level=form.get("level"),
        reason=form.get("reason"),
        starts=form.day("starts", needed=True),
        ends=form.day("ends"),
    )


def _done(visit: Visit, form: Form, said: str, act: Callable[[By], object]) -> Response:
    try:
        visit.acting(form, act)
    except ProblemError as error:
        if error.code == "refused.not_found":
            error = ProblemError(422, "refused.input", "", field="atena_no")
        return _lists(
            visit, trouble=texts.trouble(error), typed=form.fields, said_of=said, status=error.status
        )
    return visit.to("/restrictions", said)


def _lists(
    visit: Visit,
    blocks_after: str = "",
    measures_after: str = "",
    *,
    said_of: str = "",
    status: int = 200,
    **more: object,
) -> Response:
    blocks, measures = visit.desk.blocks.listed(blocks_after), visit.desk.measures.listed(measures_after)
    return visit.page(
        "restrictions.html",
        status,
        blocks=blocks,
        measures=measures,
        more_blocks=blocks[-1]["block_id"] if len(blocks) == A_PAGE else "",
        more_measures=measures[-1]["measure_id"] if len(measures) == A_PAGE else "",
        today=visit.today,
        processes=PROCESSES,
        levels=LEVELS,
        wrong=said_of,
        may_protect=SHIEN_RIGHT in visit.officer.rights,
        **more,
    )


def _block_form(
    visit: Visit,
    block_id: str,
    trouble: str = "",
    status: int = 200,
    typed: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    row, mark = visit.desk.blocks.block(block_id)
    name = visit.desk.residents.names([str(row.get("atena_no", ""))]).get(str(row.get("atena_no")), "")
    return visit.page(
        "block.html",
        status,
        row=row,
        values={**row, **typed},
        mark=mark,
        name=name,
        processes=PROCESSES,
        levels=LEVELS,
        trouble=trouble,
    )


def _measure_form(
    visit: Visit,
    measure_id: str,
    trouble: str = "",
    status: int = 200,
    typed: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    row, mark = visit.desk.measures.measure(measure_id)
    name = visit.desk.residents.names([str(row.get("atena_no", ""))]).get(str(row.get("atena_no")), "")
    may = SHIEN_RIGHT in visit.officer.rights
    return visit.page(
        "measure.html",
        status,
        row=row,
        mark=mark,
        name=name,
        trouble=trouble,
        typed=typed,
        may_protect=may,
        other=visit.desk.measures.other_side(row) if may else None,
        today=visit.today,
    )
