"""What systemd-logind says over the system bus: sleep, which waits for us (a delay inhibitor), and the session's lock.

Source: org.freedesktop.login1(5). On a thread of its own with blocking calls: jeepney passes the file descriptor of an
inhibitor only there.
"""

import os
import socket
import struct
import threading
from collections import deque
from contextlib import ExitStack, suppress

from jeepney import (
    DBusAddress,
    DBusErrorResponse,
    HeaderFields,
    MatchRule,
    Message,
    new_method_call,
)
from jeepney.bus_messages import message_bus
from jeepney.fds import FileDescriptor
from jeepney.io.blocking import DBusConnection, open_dbus_connection
from jeepney.wrappers import unwrap_msg

from client import logs
from offline.seat.signs import Heard, Sign

NAME, PATH = "org.freedesktop.login1", "/org/freedesktop/login1"
MANAGER, SESSION = f"{NAME}.Manager", f"{NAME}.Session"
PROPERTIES, BUS = "org.freedesktop.DBus.Properties", "org.freedesktop.DBus"
# What a bus that is not there, breaks off or talks nonsense comes to.
_BROKEN = (
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    StopIteration,
    struct.error,
    DBusErrorResponse,
)
_ANSWER_S = 10.0  # seconds a call may take; logind answers in milliseconds
_LONGEST_DELAY_S = 30.0  # logind itself waits 5 s, unless the administrator set InhibitDelayMaxSec
_PAUSE_S = 30.0  # seconds between tries where there is no bus, or none any more


class Logind:
    """Listens until closed; where the bus or logind is gone it says so once in the log and tries again."""

    def __init__(self, bus: str = "SYSTEM", *, pause: float = _PAUSE_S) -> None:
        self._bus = bus  # SYSTEM, or the address of one
        self._pause = pause
        self.listens = threading.Event()  # nothing said from now on is missed
        self._ended = threading.Event()
        self._turn = threading.Lock()
        self._link: DBusConnection | None = None
        self._thread: threading.Thread | None = None

    def start(self, heard: Heard) -> None:
        """Begin to listen; ``heard`` is called on the thread of this door."""
        self._thread = threading.Thread(target=self._listen, args=(heard,), name="logind", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more; a sleep is not delayed any longer."""
        with self._turn:
            self._ended.set()
            if self._link is not None:
                with suppress(OSError):  # gone by itself
                    self._link.sock.shutdown(socket.SHUT_RDWR)

    def join(self, seconds: float) -> bool:
        """Wait until the thread has ended; tells whether it has."""
        if self._thread is not None:
            self._thread.join(seconds)
        return self._thread is None or not self._thread.is_alive()

    def _listen(self, heard: Heard) -> None:
        said = False
        while not self._ended.is_set():
            try:
                with ExitStack() as stack:
                    listening = self._open(stack, heard)
                    said = False
                    listening.go_on()
            except _BROKEN as error:  # without a bus the counter goes on
                if not said and not self._ended.is_set():
                    logs.logger().warning("sleep not watched", **logs.facts_of(error))
                said = True
            self._ended.wait(self._pause)

    def _open(self, stack: ExitStack, heard: Heard) -> "_Listening":
        link = open_dbus_connection(self._bus, enable_fds=True)
        stack.callback(self._leave, link)
        with self._turn:
            if self._ended.is_set():
                raise ConnectionAbortedError
            self._link = link
        listening = _Listening(link, stack, heard)
        listening.begin()
        self.listens.set()
        logs.logger().info("sleep watched", state="delayed" if listening.delays else "told")
        return listening

    def _leave(self, link: DBusConnection) -> None:
        self.listens.clear()
        with self._turn:
            self._link = None
        link.close()


class _Listening:
    """One connection at work, until it breaks or logind is another one."""

    def __init__(self, link: DBusConnection, stack: ExitStack, heard: Heard) -> None:
        self._link = link
        self._heard = heard
        self._stack = stack
        self._owner = ""
        self._session = ""
        self._inhibitor: int | None = None
        self._told: deque[Message] = deque()
        stack.callback(self._let_sleep)

    @property
    def delays(self) -> bool:
        """Tell whether a sleep waits for us."""
        return self._inhibitor is not None

    def begin(self) -> None:
        """Ask for signals first, then for what is so now: nothing falls in between."""
        self._stack.enter_context(self._link.filter(MatchRule(type="signal"), queue=self._told))
        rules = [
            MatchRule(type="signal", sender=NAME, interface=MANAGER, member="PrepareForSleep", path=PATH),
            MatchRule(type="signal", sender=BUS, interface=BUS, member="NameOwnerChanged"),
        ]
        rules[1].add_arg_condition(0, NAME)
        for rule in rules:
            self._ask(message_bus.AddMatch(rule))
        self._owner = str(self._ask(message_bus.GetNameOwner(NAME))[0])
        self._inhibitor = self._delay()
        with suppress(DBusErrorResponse):  # not of a session at a seat: nobody locks it
            self._session = str(self._call("GetSession", "s", "auto")[0])
            for interface, member in ((SESSION, "Lock"), (PROPERTIES, "PropertiesChanged")):
                rule = MatchRule(
                    type="signal", sender=NAME, interface=interface, member=member, path=self._session
                )
                self._ask(message_bus.AddMatch(rule))

    def go_on(self) -> None:
        """Hand on what is heard. ConnectionError where logind or the bus is gone."""
        while True:
            self._hear(self._link.recv_until_filtered(self._told))

    def _hear(self, message: Message) -> None:
        fields = message.header.fields
        sender, path = fields.get(HeaderFields.sender), fields.get(HeaderFields.path)
        member, interface = fields.get(HeaderFields.member), fields.get(HeaderFields.interface)
        if (sender, member) == (BUS, "NameOwnerChanged"):
            if message.body[0] == NAME:
                raise ConnectionResetError  # another logind knows nothing of our inhibitor
            return
        if sender != self._owner:  # any program may send a signal that looks like one
            return
        if (path, interface, member) == (PATH, MANAGER, "PrepareForSleep"):
            if message.body[0]:
                self._before_sleep()
            elif self._inhibitor is None:
                self._inhibitor = self._delay()
        elif path == self._session and (member == "Lock" or _left(message)):
            self._heard(Sign.LOCK, _nothing)

    def _before_sleep(self) -> None:
        done = threading.Event()
        self._heard(Sign.SLEEP, done.set)
        if not done.wait(_LONGEST_DELAY_S):
            logs.logger().warning("sleep not waited for")
        self._let_sleep()

    def _delay(self) -> int | None:
        """Ask that a sleep waits for us; None where logind does not allow it: then we hear of it all the same."""
        what = ("sleep", "madoguchi", "the counter locks and closes its files", "delay")
        try:
            handed = self._call("Inhibit", "ssss", *what)[0]
        except DBusErrorResponse as error:
            logs.logger().warning("sleep not delayed", **logs.facts_of(error))
            return None
        return int(handed.to_raw_fd()) if isinstance(handed, FileDescriptor) else None

    def _let_sleep(self) -> None:
        if self._inhibitor is not None:
            os.close(self._inhibitor)
            self._inhibitor = None

    def _call(self, member: str, signature: str, *what: str) -> tuple[object, ...]:
        address = DBusAddress(PATH, bus_name=NAME, interface=MANAGER)
        return self._ask(new_method_call(address, member, signature, what))

    def _ask(self, message: Message) -> tuple[object, ...]:
        return tuple(unwrap_msg(self._link.send_and_get_reply(message, timeout=_ANSWER_S)))


def _left(message: Message) -> bool:
    """Tell whether properties of the session say that it was locked, or that another one is in front."""
    if message.header.fields.get(HeaderFields.member) != "PropertiesChanged" or message.body[0] != SESSION:
        return False
    changed = {name: value for name, (_signature, value) in message.body[1].items()}
    return changed.get("LockedHint") is True or changed.get("Active") is False


def _nothing() -> None:
    """Nobody waits."""
