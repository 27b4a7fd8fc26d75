"""P08 on the screen: every text of every widget is read, shown or hidden, while a protected household is served."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QAbstractItemModel, QCoreApplication, QEvent, QModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QApplication, QComboBox, QWidget

from client.domain.blocks import Restrictions, ShienSochi
from client.domain.certificate import IdentityCheck, Requester
from client.domain.record import resident_from_row
from client.domain.resident import AtenaNo, Household, HouseholdNo
from tests.promises.p08_town import CHILD, FORMER, GRANDMOTHER, HEAD, HOME, leaks, secrets_of, town_rows
from tests.ui.conftest import _nothing_of_qt_left, drive  # noqa: F401 - fixtures
from tests.ui.drive import Counter
from tests.ui.world import WATANABE, World

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # of the dialog with large letters
Drive = Callable[..., None]
_TEXTS = (
    "text",
    "placeholderText",
    "toPlainText",
    "title",
    "windowTitle",
    "toolTip",
    "statusTip",
    "whatsThis",
)
_SPOKEN = ("accessibleName", "accessibleDescription", "currentText", "selectedText")
NEW = {"Town": "みどり県あおぞら市曙町四丁目", "Banchi": "77番7号", "Katagaki": "かくれ荘七〇七"}
ROWS = town_rows()
SECRETS = secrets_of(ROWS)


def all_texts() -> list[str]:
    """Return every text in every widget and item model there is, seen or not."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    tops = QApplication.topLevelWidgets()
    widgets = [*tops, *(widget for top in tops for widget in top.findChildren(QWidget))]
    return [QApplication.clipboard().text(), *(text for widget in widgets for text in _of_widget(widget))]


def _of_widget(widget: QWidget) -> Iterator[str]:
    for name in (*_TEXTS, *_SPOKEN):
        said = getattr(widget, name, "")
        yield str(said() if callable(said) else said)
    yield from (action.text() for action in widget.actions())
    if isinstance(widget, QAbstractItemView | QComboBox):
        yield from _of_model(widget.model())


def _of_model(model: QAbstractItemModel) -> Iterator[str]:
    roles = (*range(20), *(int(Qt.ItemDataRole.UserRole) + more for more in range(4)))
    for row, column in itertools.product(range(model.rowCount(QModelIndex())), range(20)):
        if model.hasIndex(row, column):
            index = model.index(row, column)
            yield from (str(model.data(index, role)) for role in roles)


def a_world() -> World:
    """Return a world in which the story's protected family lives beside the others, on line and off."""
    world = World()
    people = {}
    for table, row in ROWS:
        if table == "resident" and row["atena_no"] in {*HOME, FORMER}:
            people[str(row["atena_no"])] = resident_from_row(row)  # the newest version comes last
    family = tuple(people[number] for number in (*HOME, FORMER))
    household = Household(HouseholdNo(family[0].household_no), family)
    measures = tuple(
        ShienSochi(f"s{number}", one, provisional=bool(number), starts=None, ends=None)
        for number, one in enumerate((HEAD, CHILD))
    )
    for register in (world.live, world.replica):
        register.households = [household, *register.households]
        register.restrictions = Restrictions(register.restrictions.blocks, measures)
    return world


async def opened(counter: Counter, atena_no: AtenaNo) -> None:
    model = counter.face.counter
    model.open(atena_no)
    await counter.quiet()
    assert model.subject == atena_no


def clean() -> None:
    found = leaks(all_texts(), {*SECRETS, *NEW.values()})
    assert found == []


@pytest.mark.parametrize("cut", [False, True])
def test_no_widget_says_where_they_live_until_the_visitor_is_checked(drive: Drive, cut: bool) -> None:  # noqa: F811 - the fixture
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        if cut:
            counter.world.cut()
        model = counter.face.counter
        for typed in ("ミヤザキ", "宮﨑", "フミ", "泉三丁目", "18番6号"):
            await counter.hands.type("search", typed)
            await counter.quiet()
            clean()
        for atena_no in (*HOME, FORMER):
            await opened(counter, atena_no)
            model.check_all()
            for member in HOME:
                model.highlight(member)
                clean()
        await counter.hands.push("residentZoom")
        await counter.hands.wait_for("zoom")
        clean()
        await counter.hands.push("zoomClose")
        model.set_basket(replace(model.basket, juminhyo=True, identity=IdentityCheck.PHOTO))
        await counter.quiet()
        assert leaks(all_texts(), SECRETS)  # now it is shown: the walk sees what is there
        model.set_basket(replace(model.basket, identity=IdentityCheck.NONE))
        clean()  # taken back, at once
        await counter.quiet()
        clean()
        model.set_basket(replace(model.basket, identity=IdentityCheck.PHOTO, requester=Requester.THIRD_PARTY))
        await counter.quiet()
        clean()  # who was checked is not the one it is hidden for
        model.set_basket(replace(model.basket, requester=Requester.SELF))
        await counter.quiet()
        await opened(counter, WATANABE)  # the next visitor; the last ones are under "recent"
        assert [line.atena_no for line in model.find.recent][:2] == [WATANABE, FORMER]
        clean()
        await opened(counter, HEAD)
        clean()

    drive(play, world=a_world())


def test_a_move_of_theirs_is_on_no_screen_once_it_is_taken_in(drive: Drive) -> None:  # noqa: F811 - the fixture
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        await opened(counter, GRANDMOTHER)
        await counter.hands.begin_form()
        await counter.hands.wait_for("tenkyoTown")
        clean()  # the form's 現住所
        for field, text in NEW.items():
            await counter.hands.type(f"tenkyo{field}", text)
        await counter.hands.type("tenkyoIdoDate", "R8.11.1")
        await counter.hands.push("tenkyoAccept")
        await counter.quiet()
        (change,) = [one for one in counter.world.ledger.changes.values() if not one.kind.is_fact]
        assert not change.readable, "nor has this PC the words"
        assert all(slip.address is None for slip in counter.world.press.slips)
        await counter.hands.push("tenkyoBack")
        await counter.quiet()
        clean()
        for outcome in ("conflict", "refused"):
            counter.world.book.outcomes[change.key] = outcome
        await counter.hands.press(Qt.Key.Key_F5)
        await counter.quiet()
        clean()
        await counter.hands.push("outboxSend")
        await counter.quiet()
        clean()
        await counter.hands.press(Qt.Key.Key_Escape)
        await opened(counter, HEAD)
        assert counter.face.counter.view is not None
        clean()
        assert not leaks(counter.world.ledger.journal, {*SECRETS, *NEW.values()})

    drive(play, world=a_world())
