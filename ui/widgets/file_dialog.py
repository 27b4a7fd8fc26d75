"""Asking for a file without stopping the loop."""

import os
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from ui.text import Words
from ui.widgets.parts import plain

_NOWHERE = os.devnull + "/nowhere"  # no folder can be made there
_TEXTS = {
    QFileDialog.DialogLabel.FileName: "carry.pick_name",
    QFileDialog.DialogLabel.LookIn: "carry.pick_in",
    QFileDialog.DialogLabel.FileType: "carry.pick_type",
    QFileDialog.DialogLabel.Accept: "carry.pick_take",
    QFileDialog.DialogLabel.Reject: "common.back",
}


def ask_where_to_save(
    parent: QWidget,
    words: Words,
    name: str,
    *,
    title: str,
    suggested: str,
    chosen: Callable[[Path], object],
) -> None:
    """Open a dialog that asks where a file is to be written, and go on at once; one that is there is asked about."""
    dialog = _dialog(parent, words, name, title, chosen)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setFileMode(QFileDialog.FileMode.AnyFile)
    dialog.setLabelText(QFileDialog.DialogLabel.Accept, plain(words("common.save")))
    dialog.selectFile(suggested)
    dialog.open()


def ask_for_file(
    parent: QWidget, words: Words, name: str, title: str, chosen: Callable[[Path], object]
) -> None:
    """Open a dialog that asks for a file that is there, and go on at once."""
    dialog = _dialog(parent, words, name, title, chosen)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.open()


def _dialog(
    parent: QWidget, words: Words, name: str, title: str, chosen: Callable[[Path], object]
) -> QFileDialog:
    """Make a dialog that is Qt's own: the system's would keep what was chosen among its recent files.

    And Qt would write the folders one went through into its settings in the clear, where a folder may bear somebody's name.
    """
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, _NOWHERE)
    dialog = QFileDialog(parent, title)
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    dialog.setObjectName(name)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setNameFilter(words("carry.pick_all"))
    for part, key in _TEXTS.items():
        dialog.setLabelText(part, plain(words(key)))
    dialog.fileSelected.connect(lambda path: chosen(Path(path)))
    dialog.finished.connect(lambda _result: dialog.setHistory([]))
    return dialog
