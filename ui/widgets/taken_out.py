"""A number that no law lets stay here, typed into a field by mistake: once taken out of it, it is gone."""

from PySide6.QtWidgets import QLineEdit

from client.domain.forbidden_numbers import holds_forbidden_number


def gone_when_taken_out(field: QLineEdit) -> None:
    """Let a field's Ctrl+Z bring back no 個人番号 and no 住民票コード; while one stands there it can be corrected."""
    held = False

    def look(text: str) -> None:
        nonlocal held
        holds = holds_forbidden_number(text)
        if held and not holds:
            place = field.cursorPosition()
            field.setText(text)  # which begins the memory of the field anew
            field.setCursorPosition(place)
        held = holds

    field.textChanged.connect(look)
