"""Forms for what no rule can write: 世帯変更, NHI memberships, new seals. An officer fills them in; rows come out.

They are filled in beforehand from the request and the present record. What is missing or odd is refused in words.
"""

from collections.abc import Callable, Mapping

from cloud.office.row_case import Given, RowCase, RowForm, Typed
from cloud.office.service_forms import nhi_forms, nhi_rows, seal_forms, seal_rows
from cloud.office.setai_form import setai_forms, setai_rows
from cloud.payloads.base import Request
from cloud.payloads.services import NhiAcquire, SealRegister
from cloud.payloads.todoke import SetaiHenko

_FORMS: Mapping[type[Request], Callable[[RowCase], list[RowForm]]] = {
    SetaiHenko: setai_forms,
    NhiAcquire: nhi_forms,
    SealRegister: seal_forms,
}
_ROWS: Mapping[type[Request], Callable[[RowCase, Typed], list[Given]]] = {
    SetaiHenko: setai_rows,
    NhiAcquire: nhi_rows,
    SealRegister: seal_rows,
}


def row_forms(case: RowCase) -> list[RowForm]:
    """Return the forms an officer fills in to register a request; none where a rule writes the rows."""
    made = _FORMS.get(type(case.request))
    return made(case) if made else []


def given_rows(case: RowCase, typed: Typed) -> list[Given]:
    """Return the rows that were typed, for the decision; a problem says in the officer's words what is missing."""
    read = _ROWS.get(type(case.request))
    return read(case, typed) if read else []
