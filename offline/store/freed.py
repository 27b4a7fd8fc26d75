"""Overwrites what the interpreter has freed: keys were in objects that cannot be cleared, only let go of.

CPython keeps small objects in blocks of its own, by size, and hands a block that was freed out again. Who asks for
enough of them gets those too, and ``bytes`` come filled with zeros. What the C library frees is overwritten by itself
(``ui/no_core.py``).
"""

import sys

_SMALLEST, _LARGEST, _STEP = 64, 512, 16  # bytes: from a key to a line with a key in it in UTF-16
_AT_ONCE = 1 << 20  # bytes of each size: more than lies free among the blocks of a counter that is at work
_HEAD = sys.getsizeof(b"")


def overwrite_freed() -> None:
    """Take blocks of each size a key was in, all zero, and give them back; what was in cycles is to be freed before."""
    for size in range(_SMALLEST, _LARGEST + 1, _STEP):
        taken = [bytes(size - _HEAD) for _ in range(_AT_ONCE // size)]
        del taken
