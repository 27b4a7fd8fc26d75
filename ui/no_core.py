"""Keeps the memory of this process out of dumps, and what it let go of out of its memory: it holds keys in the clear."""

import ctypes
import sys

_SET_DUMPABLE = 4  # linux/prctl.h
_PERTURB, _OTHER_THAN_ZERO = -6, 0xA5  # malloc.h M_PERTURB
_NO_FAULT_BOX = 0x0001 | 0x0002  # SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX


def keep_memory_off_the_disk() -> None:
    """Let no dump of this process be written, nor another process of its user read its memory.

    Linux: neither a file nor a pipe to a collector gets one (prctl(2) PR_SET_DUMPABLE); a program it starts is dumpable
    again, and may leave no file either (setrlimit(2) RLIMIT_CORE). Windows: the fault box that offers one stays away; dumps
    an administrator asked for do not.
    """
    if sys.platform == "win32":
        ctypes.windll.kernel32.SetErrorMode(_NO_FAULT_BOX)
    elif sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        ctypes.CDLL(None, use_errno=True).prctl(_SET_DUMPABLE, 0, 0, 0, 0)


def overwrite_what_is_freed() -> None:
    """Let the C library overwrite each block as it is freed (glibc, mallopt(3) M_PERTURB; elsewhere nothing changes).

    Copies of a key that SQLite, Qt and OpenSSL made and do not clear go by it. Small objects of Python lie elsewhere:
    ``offline/store/freed.py``.
    """
    if sys.platform == "linux":
        change = getattr(ctypes.CDLL(None), "mallopt", None)
        if change is not None:
            change(_PERTURB, _OTHER_THAN_ZERO)
