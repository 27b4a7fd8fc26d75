"""States with attachments: beside those of the screens, while no form of an intake shows its list."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QVBoxLayout

from client.domain.attachment import Attached, Attachment, Limits, MediaType
from client.domain.change import ChangeKind, ChangeState, NewChange, change_key
from client.domain.errors import RefusedError
from tests.builders import NOW, TARO, a_tenkyo_payload
from tests.ui.drive import Counter
from ui.screens.change.attached import AttachedModel
from ui.widgets.attachment_list import AttachmentList

_SIZES = {"jpg": (MediaType.JPEG, 3_412_000), "pdf": (MediaType.PDF, 812_344), "png": (MediaType.PNG, 84_000)}


class Desk:
    """Takes files in by their names alone."""

    limits = Limits(count=3)

    def new_key(self) -> str:
        return change_key(NOW, os.urandom(10))

    async def __call__(self, source: Path, command_key: str, beside: object, on_bytes: object) -> Attachment:
        kind = _SIZES.get(source.suffix[1:])
        if kind is None:
            raise RefusedError("attachment.type")
        return Attachment(self.new_key(), command_key, *kind, "ab" * 32)

    async def drop(self, attachment: Attachment) -> None:
        return


def open_list(counter: Counter) -> AttachedModel:
    """Open a list in a window of its own."""
    model = AttachedModel(counter.words, Desk(), counter.tasks)
    window = QDialog(counter.shell)
    shown = AttachmentList(model, counter.words)
    QVBoxLayout(window).addWidget(shown)
    model.changed = shown.paint
    model.begin()
    window.setMinimumSize(counter.shell.width() - 200, counter.shell.height() - 120)
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    window.open()
    return model


async def listed(counter: Counter) -> None:
    await counter.sign_in()
    model = open_list(counter)
    for name in ("罹災写真_玄関側.jpg", "転出証明書.pdf", "IMG_0231.HEIC"):
        model.add(Path(name))
        await counter.quiet()


async def outbox(counter: Counter) -> None:
    await counter.sign_in()
    now, ledger = counter.world.clock(), counter.world.ledger
    for number, (state, attached) in enumerate(
        (
            (ChangeState.ACCEPTED, Attached(5, 3)),
            (ChangeState.QUEUED, Attached(2)),
            (ChangeState.LANDED, Attached(4, 4)),
            (ChangeState.QUEUED, Attached(2, 0, 1)),
        )
    ):
        change = await ledger.queue(
            replace(_new(a_tenkyo_payload(), number), made_at=now - timedelta(minutes=9 * number))
        )
        ledger.changes[change.key] = replace(change, state=state, attached=attached)
    await counter.hands.press(Qt.Key.Key_F5)
    await counter.quiet()


def _new(payload: dict[str, object], number: int) -> NewChange:
    return NewChange(
        key=change_key(NOW, bytes([number] * 10)),
        kind=ChangeKind.TENKYO,
        residents=(TARO,),
        base={},
        payload=payload,
        made_at=NOW,
        made_by="s001",
    )


ATTACHED_STATES = {"attached-list": listed, "outbox-attachments": outbox}
