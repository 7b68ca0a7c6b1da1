"""Whether the process that began a run is still there."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def host_name() -> str:
    """This machine, as it names itself."""
    return socket.gethostname()


def this_process() -> str:
    """Identifies this process among all that this machine has run since its boot."""
    return _identity(os.getpid())


def is_alive(identity: str) -> bool:
    """Whether a process of this machine still runs; another one that got the same number since is not it."""
    number, _, _began = identity.partition("@")
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    except PermissionError:
        # Another user's process: it is there.
        pass
    return _identity(int(number)) == identity


def _identity(number: int) -> str:
    return f"{number}@{_start(number)}"


def _start(number: int) -> str:
    """When a process began, in clock ticks since the boot (proc(5), stat field 22); empty where there is no /proc."""
    try:
        content = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The name in brackets may hold blanks and brackets itself: what follows its last bracket is field 3 and on.
    fields = content.rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 else ""  # noqa: PLR2004 - field 22
