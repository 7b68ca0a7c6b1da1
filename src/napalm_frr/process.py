"""Whether the process that took a router's lock is dead: to be known only on the machine on which it ran."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def this_machine() -> str:
    """This machine's boot, and the namespace in which process numbers count here (containers have their own)."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = os.stat("/proc/self/ns/pid").st_ino  # noqa: PTH116 - a link that leads nowhere on a file system
    except OSError:  # no Linux: then nobody can tell, and a lock ends by its lifetime
        return ""
    return f"{boot}/{namespace}"


def is_dead(holder: Mapping[str, object]) -> bool:
    """Whether a lock's holder ran on this machine and does not any more."""
    machine, pid = str(holder.get("machine") or ""), int(str(holder.get("pid") or 0))
    if not machine or machine != this_machine() or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # somebody else's process: it is there
        pass
    return False
