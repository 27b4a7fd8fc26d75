"""The columns of a table: as wide as their texts, one takes what is left, and the least needed go first."""

from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QApplication, QTableView


def fit_columns(table: QTableView, taker: int, taker_ems: float, first_to_go: tuple[int, ...]) -> None:
    """Fit every column but the one that takes the rest, which gets at least ``taker_ems`` letters of the screen."""
    header = table.horizontalHeader()
    for column in first_to_go:
        table.setColumnHidden(column, False)  # a hidden one tells no width
    columns = [column for column in range(table.model().columnCount()) if column != taker]
    widths = {one: max(table.sizeHintForColumn(one), header.sectionSizeHint(one)) for one in columns}
    em = QFontMetrics(QApplication.font()).horizontalAdvance("世")
    room = table.viewport().width() - int(taker_ems * em)
    for column in first_to_go:
        if sum(widths.values()) > room:
            table.setColumnHidden(column, True)
            del widths[column]
    for column, width in widths.items():
        table.setColumnWidth(column, width)
