"""Keeps the memory of the cloud's process out of crash dumps: it holds keys, passwords on their way, a whole town."""

import ctypes
import sys

_SET_DUMPABLE = 4  # linux/prctl.h


def keep_memory_off_the_disk() -> None:
    """Let no dump of this process be written, nor another process of its user read its memory (prctl(2)); on Linux.

    What it starts leaves no file either (setrlimit(2)).
    """
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        ctypes.CDLL(None, use_errno=True).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
