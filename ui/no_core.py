"""Keeps the memory of this process out of crash dumps: it holds keys and records in the clear."""

import ctypes
import sys

_SET_DUMPABLE = 4  # linux/prctl.h
_NO_FAULT_BOX = 0x0001 | 0x0002  # SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX


def keep_memory_off_the_disk() -> None:
    """Let no dump of this process be written, nor another process of its user read its memory.

    Linux: neither a file nor a pipe to a collector gets one (prctl(2) PR_SET_DUMPABLE; a program it starts is dumpable
    again). Windows: the fault box that offers one stays away; dumps an administrator asked for do not.
    """
    if sys.platform == "win32":
        ctypes.windll.kernel32.SetErrorMode(_NO_FAULT_BOX)
    elif sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
