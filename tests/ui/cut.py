"""Finds what a clerk cannot read: texts that are cut, squeezed, or outside the window."""

from collections.abc import Iterator

from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QScrollArea,
    QTableView,
    QWidget,
)

from ui.widgets.name_label import NameLabel

_SMALLEST = 0.5  # of its size, to which a long name may be shrunk; names are drawn large
_CHOICES = 12  # pixels of a drop-down's own edges that the style counts twice


def cut_texts(root: QWidget) -> list[str]:
    """Return what is cut below a widget, by name and text."""
    return [
        f"{type(one).__name__} {one.objectName()} {why}"
        for one in root.findChildren(QWidget)
        if one.isVisible() and not one.objectName().startswith("qt_") and not isinstance(one, QHeaderView)
        for why in _why(one)
    ]


def _why(one: QWidget) -> Iterator[str]:
    if isinstance(one, QLabel) and one.text():
        yield from _label(one)
    elif isinstance(one, QAbstractButton) and one.text() and one.width() < one.minimumSizeHint().width():
        yield f"{one.text()!r}: {one.width()} of {one.minimumSizeHint().width()}"
    elif isinstance(one, QLineEdit):
        text = one.text() or one.placeholderText()
        wanted = one.fontMetrics().horizontalAdvance(text)
        if (
            wanted > one.width() - 18 and not one.isClearButtonEnabled()
        ):  # what one types may be longer than its field
            yield f"{text!r}: {one.width()} of {wanted}"
    elif isinstance(one, QComboBox):
        wanted = one.fontMetrics().horizontalAdvance(one.currentText()) + 40 - _CHOICES
        if wanted > one.width():
            yield f"{one.currentText()!r}: {one.width()} of {wanted}"
    elif isinstance(one, NameLabel) and one.text:
        small = one.shown_share()
        if small < _SMALLEST:
            yield f"{one.text!r}: shrunk to {small:.0%}"
    elif isinstance(one, QTableView):
        yield from _table(one)
    if isinstance(one, QLabel | QAbstractButton | QLineEdit | QComboBox | NameLabel):
        yield from _outside(one)


def _label(one: QLabel) -> Iterator[str]:
    if one.wordWrap():
        if one.heightForWidth(one.width()) > one.height() + 1:
            yield f"{one.text()!r}: {one.height()} high of {one.heightForWidth(one.width())}"
    elif one.width() < one.sizeHint().width() - 1:
        yield f"{one.text()!r}: {one.width()} wide of {one.sizeHint().width()}"
    if one.height() < one.fontMetrics().height() - 1:
        yield f"{one.text()!r}: {one.height()} high of {one.fontMetrics().height()}"


def _table(one: QTableView) -> Iterator[str]:
    header = one.horizontalHeader()
    for column in range(one.model().columnCount()):
        if one.isColumnHidden(column) or header.sectionResizeMode(column) is QHeaderView.ResizeMode.Stretch:
            continue
        wanted = max(one.sizeHintForColumn(column), header.sectionSizeHint(column))
        if one.columnWidth(column) < wanted:
            yield f"column {column}: {one.columnWidth(column)} of {wanted}"


def _outside(one: QWidget) -> Iterator[str]:
    """Yield where a part is not in sight; what can be scrolled to may be above or below."""
    within, outer = one.rect(), one
    while (parent := outer.parentWidget()) is not None and not outer.isWindow():
        grand = parent.parentWidget()
        if isinstance(grand, QScrollArea) and grand.viewport() is parent:
            left = one.mapTo(parent, one.rect().topLeft()).x()
            if left < -1 or left + one.width() > parent.width() + 1:
                yield f"sticks out of its column: {left}…{left + one.width()} of {parent.width()}"
            return
        outer = parent
    top = one.mapTo(outer, within.topLeft())
    if not outer.rect().adjusted(-1, -1, 1, 1).contains(within.translated(top)):
        yield "sticks out of the window"
