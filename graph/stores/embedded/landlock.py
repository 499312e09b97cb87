"""Landlock: a process gives up the right to change files, and to read others than those of one folder.

The kernel keeps it (Linux 5.13 and later). Where it cannot, the other fences stand alone.
"""

import ctypes
import os
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""Numbers of system calls, the same on all architectures since 2021."""
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_ALL = (1 << 13) - 1
"""The rights of the first version: execute, write, read, remove, and make files of every kind."""
_NO_NEW_PRIVILEGES = 38


class _Rule(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def read_only(folder: Path) -> bool:
    """Leave this process, for good, no right on files but to read those in `folder`. False: the kernel cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    handled = ctypes.c_uint64(_ALL)
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(handled), ctypes.sizeof(handled), 0)
    if ruleset < 0:
        return False
    parent = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    rule = _Rule(_READ_FILE | _READ_FOLDER, parent)
    done = libc.syscall(_ADD_RULE, ruleset, 1, ctypes.byref(rule), 0) == 0
    done = done and libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
    done = done and libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0
    os.close(parent)
    os.close(ruleset)
    return done
