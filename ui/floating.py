"""What floats over the main window: menus, lists of choices, tips, dialogs. Over a locked counter there is none."""

from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QDialog, QLineEdit, QMessageBox, QWidget

from ui.text import Words


def put_away(window: QWidget) -> None:
    """Close all that floats over a window, each as its Esc does: no choice is made, no question answered with yes."""
    here = QApplication.activeWindow() is not None
    while (popup := QApplication.activePopupWidget()) is not None:  # one may stand on another
        if not popup.close():
            popup.hide()
    for other in QApplication.topLevelWidgets():
        if other is window or not other.isVisible():
            continue
        if isinstance(other, QDialog):
            other.reject()
        else:
            other.close()
    if here:  # and not in another program, whose keyboard is not to be taken
        window.activateWindow()


def forget_typed(window: QWidget) -> None:
    """Empty every field of a window, for another person: Ctrl+Z brings nothing back either."""
    for field in window.findChildren(QLineEdit):
        if not isinstance(field.parent(), QAbstractSpinBox):  # that one shows a number of the model's
            field.setText("")  # which also ends the memory of an empty field


def show_help(window: QWidget, words: Words) -> None:
    """Show what each key does, over a window."""
    box = QMessageBox(window)
    box.setObjectName("help")
    box.setWindowTitle(words("help.title"))
    box.setText(words("help.text"))
    box.addButton(words("common.close"), QMessageBox.ButtonRole.AcceptRole)
    box.open()
