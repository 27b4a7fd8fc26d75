"""Keys as the X server sends them: a connection of its own, beside Qt's, through the C library Qt itself needs."""

import ctypes
import ctypes.util
import struct
from types import TracebackType

KEYCODES = {  # of evdev, which every X server of today uses
    "Escape": 9,
    "1": 10,
    "0": 19,
    "Tab": 23,
    "Return": 36,
    "a": 38,
    "s": 39,
    "space": 65,
    "F2": 68,
    "F5": 71,
    "F6": 72,
    "F8": 74,
    "F12": 96,
    "Down": 116,
}
SHIFT, ALT = 1, 8  # bits of the state of a key event: Shift, Mod1
_PRESS, _RELEASE = 2, 3
_MASKS = {_PRESS: 1, _RELEASE: 2}


class XKeys:
    """Sends key events to a window through the server, as an input method or a remote desk does."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._xcb = ctypes.CDLL(ctypes.util.find_library("xcb") or "libxcb.so.1")
        self._xcb.xcb_connect.restype = ctypes.c_void_p
        self._xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
        for name in ("xcb_flush", "xcb_disconnect"):
            getattr(self._xcb, name).argtypes = [ctypes.c_void_p]
        self._xcb.xcb_send_event.argtypes = [
            ctypes.c_void_p,
            ctypes.c_uint8,
            ctypes.c_uint32,
            ctypes.c_uint32,
            ctypes.c_char_p,
        ]
        self._xcb.xcb_send_event.restype = ctypes.c_uint
        self._line = self._xcb.xcb_connect(None, None)

    def __enter__(self) -> "XKeys":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._xcb.xcb_disconnect(self._line)

    def press(self, name: str, state: int = 0) -> None:
        """Press a key and let it go."""
        for what in (_PRESS, _RELEASE):
            fields = (what, KEYCODES[name], 0, 0, 0, self._window, 0, 0, 0, 0, 0, state, 1, 0)
            event = struct.pack("=BBHIIIIhhhhHBB", *fields)
            self._xcb.xcb_send_event(self._line, 0, self._window, _MASKS[what], event)
        self._xcb.xcb_flush(self._line)
