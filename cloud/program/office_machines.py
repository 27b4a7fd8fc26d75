"""``office``: orders to terminals, what was put aside, attachments, and where journals do not hold together."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloud.office.desk import Desk
    from cloud.office.log import By

Rows = Sequence[Mapping[str, object]]
Act = Callable[[str, str, "Callable[[argparse.Namespace, Desk, By], Rows]"], argparse.ArgumentParser]


def add_to(act: Act) -> None:
    """Describe the acts about terminals and what they sent."""
    act("terminals", "list terminals: how old, how far behind, what waits", _terminals)
    act("token", "print a one-time token that enrols a terminal", _token)
    order = act("order", "order a terminal to lock, unlock, enrol anew or wipe", _order)
    order.add_argument("order", choices=("lock", "unlock", "reenrol", "wipe"))
    order.add_argument("terminal_no")
    orders = act(
        "orders",
        "list what a terminal was ordered",
        lambda chosen, desk, _: desk.terminals.orders(chosen.terminal_no),
    )
    orders.add_argument("terminal_no")
    act("revoke", "revoke a terminal for good", _revoke).add_argument("terminal_no")
    kept = act(
        "quarantine", "list what was put aside", lambda chosen, desk, _: desk.quarantine.items(chosen.state)
    )
    kept.add_argument("--state", choices=("kept", "released", "dismissed"))
    act("open", "print what is inside an item that was put aside", _open).add_argument("item_id")
    act("release", "let an item that was put aside take effect", _release).add_argument("item_id")
    dismiss = act("dismiss", "put an item away for good; it is kept all the same", _dismiss)
    dismiss.add_argument("item_id")
    dismiss.add_argument("--reason", required=True)
    listed = act(
        "attachments", "list attachments", lambda chosen, desk, _: desk.attachments.listed(chosen.key)
    )
    listed.add_argument("key", nargs="?", help="of one intake only")
    attachment = act("attachment", "write an attachment into a file", _attachment)
    attachment.add_argument("attachment")
    attachment.add_argument("--out", type=Path, required=True, metavar="FILE")
    act(
        "journals",
        "list where journals of terminals do not hold together",
        lambda _, desk, __: desk.journal_trouble(),
    )


def _terminals(_chosen: argparse.Namespace, desk: "Desk", _by: "By") -> Rows:
    from dataclasses import asdict

    return [
        {name: value for name, value in asdict(one.line).items() if name != "told"}
        | (asdict(one.line.told) if one.line.told else {})
        | {
            "register_behind": one.register_behind,
            "blocks_behind": one.blocks_behind,
            "signs": " ".join(one.signs),
        }
        for one in desk.terminals.health()
    ]


def _token(_chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    return [{"token": desk.terminals.token(by)}]


def _order(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    order_id = desk.terminals.order(by, chosen.terminal_no, chosen.order)
    return [{"terminal_no": chosen.terminal_no, "order": chosen.order, "order_id": order_id}]


def _orders(chosen: argparse.Namespace, desk: "Desk", _by: "By") -> Rows:
    return desk.terminals.orders(chosen.terminal_no)


def _revoke(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    version = desk.terminals.revoke(by, chosen.terminal_no)
    return [{"terminal_no": chosen.terminal_no, "blocks_version": version}]


def _open(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    return [desk.quarantine.open(chosen.item_id, by.who)]


def _release(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    return [desk.quarantine.release(chosen.item_id, by.who)]


def _dismiss(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    return [desk.quarantine.dismiss(chosen.item_id, by.who, chosen.reason)]


def _attachment(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    from cloud.keys import write_private

    write_private(chosen.out, desk.attachments.opened(chosen.attachment, by.who))
    return [{"attachment": chosen.attachment, "file": str(chosen.out)}]
