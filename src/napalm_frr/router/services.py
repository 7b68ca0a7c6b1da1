"""Daemons, and the process manager that the router has: systemd where it runs, else the scripts of /etc/init.d."""

from __future__ import annotations

import glob
import os
import signal
import time
from contextlib import suppress

from frr_config.plain import Manner, Service
from napalm_frr.router.shell import CommandFailed, run

PATIENCE_SECONDS = 15.0
"""How long a daemon may take to come up or to go."""
SETTLE_SECONDS = 0.3
"""A daemon that dislikes its file after all is gone by then."""
_LISTENING = "0A"  # include/net/tcp_states.h


def load(service: Service) -> str:
    """Make a service read its file anew; one that does not run is started.

    Returns:
        Its process, `pid/start`.

    Raises:
        CommandFailed: it does not run afterwards.
    """
    before = process(service)
    image = _image(before)
    manner = service.manner if before else Manner.RESTART
    if manner is Manner.RESTART and (service.remembers or not _has_systemd()):
        stop(service)  # some scripts begin nothing while the old one is still ending
        said = _manage(service, "start")
    else:
        said = _manage(service, manner.value)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        now = process(service)
        # After a SIGHUP the same process runs its program anew: what the kernel tells the program at its start is other than before.
        if now and (now != before if manner is Manner.RESTART else _image(now) not in (image, b"") and _listens(now)):
            time.sleep(SETTLE_SECONDS)
            if process(service) == now:
                return now
        time.sleep(0.05)
    raise CommandFailed(f"{service.process} does not run with its new file{f': {said}' if said else ''}")


def stop(service: Service) -> None:
    """End a service.

    Raises:
        CommandFailed: it goes on.
    """
    said = _manage(service, "stop") if process(service) else ""
    # A script finds its daemon by what it executes, which is hidden in a container; the signal that it means is sent then.
    for number, seconds in ((signal.SIGTERM, 1.0), (signal.SIGKILL, 5.0), (signal.SIGKILL, PATIENCE_SECONDS)):
        deadline = time.monotonic() + seconds
        while running := process(service):
            if time.monotonic() > deadline:
                with suppress(ProcessLookupError):
                    os.kill(int(running.partition("/")[0]), number)
                break
            time.sleep(0.05)
    if process(service):
        raise CommandFailed(f"{service.process} does not end{f': {said}' if said else ''}")
    _forget(service)


def _forget(service: Service) -> None:
    """Take out of a daemon's own memory what must not outlive its file; it does not run. The file stays the daemon's."""
    if service.remembers is None:
        return
    path, beginning = service.remembers
    with suppress(FileNotFoundError), open(path, "r+", encoding="utf-8", errors="surrogateescape") as file:
        lines = file.readlines()
        kept = [line for line in lines if not line.startswith(beginning)]
        if kept != lines:
            file.seek(0)
            file.writelines(kept)
            file.truncate()


def process(service: Service) -> str:
    """The daemon, as `pid/start`; empty where it does not run."""
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read()
        except OSError:
            continue
        name, fields = text[text.index("(") + 1 : text.rindex(")")], text.rpartition(")")[2].split()
        if name == service.process and fields[1] == "1" and fields[0] != "Z":
            return f"{path.split('/')[2]}/{fields[19]}"
    return ""


def is_installed(service: Service) -> bool:
    """Whether the router has it."""
    return run(("sh", "-c", 'command -v "$1" >/dev/null', "sh", service.process)).status == 0


def _manage(service: Service, verb: str) -> str:
    """Ask the process manager; what it complains of."""
    ran = run(("systemctl", verb, service.unit) if _has_systemd() else (f"/etc/init.d/{service.unit}", verb))
    return ran.said if ran.status else ""


def _has_systemd() -> bool:
    return os.path.isdir("/run/systemd/system")


def _image(identity: str) -> bytes:
    with suppress(OSError), open(f"/proc/{identity.partition('/')[0] or '-'}/auxv", "rb") as file:
        return file.read()
    return b""


def _listens(identity: str) -> bool:
    """Whether a process takes TCP connections."""
    sockets = set()
    for table in ("tcp", "tcp6"):
        with suppress(OSError), open(f"/proc/net/{table}", encoding="ascii") as file:
            rows = (line.split() for line in file.readlines()[1:])
            sockets |= {f"socket:[{row[9]}]" for row in rows if row[3] == _LISTENING}
    for link in glob.glob(f"/proc/{identity.partition('/')[0]}/fd/*"):
        with suppress(OSError):
            if os.readlink(link) in sockets:
                return True
    return False
