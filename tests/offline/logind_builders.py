"""A logind that is played, on a real bus of our own: what it hands out and says goes over a real dbus-daemon."""

import os
import select
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jeepney import DBusAddress, HeaderFields, Message, MessageType, new_error, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

from installer.dev.services import BUS, running, wait_until
from offline.seat.logind import MANAGER, NAME, PATH, PROPERTIES, SESSION

OUR_SESSION = f"{PATH}/session/_37"


@contextmanager
def a_bus() -> Iterator[str]:
    """Run a bus of our own; yields its address. Its folder has a short name: a socket's path may have 107 letters."""
    with tempfile.TemporaryDirectory(prefix="bus") as name:
        folder = Path(name)
        socket, settings = folder / "bus", folder / "bus.conf"
        settings.write_text(BUS.format(socket=socket))
        with running(["dbus-daemon", f"--config-file={settings}", "--nofork", "--nopidfile"], folder / "log"):
            wait_until(socket.exists, seconds=30, what="dbus-daemon")
            yield f"unix:path={socket}"


def has_bus() -> bool:
    """Tell whether this machine has the program."""
    return shutil.which("dbus-daemon") is not None


class PlayedLogind:
    """Answers as logind does, keeps the other end of every inhibitor, and says what a test wants said."""

    def __init__(
        self, address: str, *, delays: bool = True, session: bool = True, named: bool = True
    ) -> None:
        self._link = open_dbus_connection(address, enable_fds=True)
        self._delays = delays
        self._session = session
        self.inhibitors: list[int] = []  # reading ends, oldest first: at its end each says that it was let go
        self.asked: list[tuple[str, ...]] = []
        if named:
            self._link.send_and_get_reply(message_bus.RequestName(NAME))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._open = True
        self._thread.start()

    def close(self) -> None:
        """Leave the bus."""
        self._open = False
        self._thread.join(5)
        self._link.close()
        for one in self.inhibitors:
            os.close(one)

    def prepare_for_sleep(self, begins: bool) -> None:
        """Say that the PC is about to sleep, or that it has woken."""
        self._say(PATH, MANAGER, "PrepareForSleep", "b", (begins,))

    def lock(self, to: str = "") -> None:
        """Say that the session is to be locked: to all who asked for it, or to one by name."""
        self._say(OUR_SESSION, SESSION, "Lock", to=to)

    def tell(self, name: str, value: bool) -> None:
        """Say that a property of the session is now another."""
        self._say(
            OUR_SESSION, PROPERTIES, "PropertiesChanged", "sa{sv}as", (SESSION, {name: ("b", value)}, [])
        )

    def let_go(self, seconds: float, which: int = -1) -> bool:
        """Tell whether an inhibitor is let go within a time."""
        readable, _, _ = select.select([self.inhibitors[which]], [], [], seconds)
        return bool(readable) and os.read(self.inhibitors[which], 1) == b""

    def _say(self, path: str, interface: str, member: str, *what: object, to: str = "") -> None:
        """Send a signal; ``what`` is its signature and its body, where it has any."""
        signal = new_signal(DBusAddress(path, interface=interface), member, *what)
        if to:
            signal.header.fields[HeaderFields.destination] = to
        self._link.send(signal)

    def _serve(self) -> None:
        while self._open:
            try:
                message = self._link.receive(timeout=0.02)
            except TimeoutError:
                continue
            if message.header.message_type is MessageType.method_call:
                self._answer(message)

    def _answer(self, message: Message) -> None:
        member = message.header.fields[HeaderFields.member]
        self.asked.append((member, *message.body))
        if member == "Inhibit" and self._delays:
            reading, writing = os.pipe()
            self.inhibitors.append(reading)
            self._link.send(new_method_return(message, "h", (writing,)))
            os.close(writing)
        elif member == "GetSession" and self._session:
            self._link.send(new_method_return(message, "o", (OUR_SESSION,)))
        else:
            self._link.send(new_error(message, "org.freedesktop.DBus.Error.AccessDenied"))
