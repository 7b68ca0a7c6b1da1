"""State on the router: the lock, the pending commit, and the config from before. In /run what a reboot may forget."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Self

from frr_config import document
from napalm_frr.router.shell import write_private

VOLATILE = "/run/napalm-frr"
"""Lock and pending commit; both end with a reboot, since a reboot brings the startup files."""
KEPT = "/var/lib/napalm-frr"
"""The config before the last commit, for `rollback`; holds secrets, so root alone reads it."""

_MUTEX_PATIENCE_SECONDS = 180
"""A commit on a big router takes seconds; who holds the mutex longer hangs, and is ended by the revert timer."""


class Refused(Exception):
    """What was asked for is not done.

    Attributes:
        kind: `lock`, `commit`, `confirm`: which NAPALM exception the driver makes of it.
    """

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        super().__init__(message)


@dataclass(frozen=True)
class Lock:
    """Who may write.

    Attributes:
        token: Of the session that took it.
        owner: Person or job, as others should read it.
        host: Machine of the orchestrator.
        pid: Its process there.
        since: Wall clock, seconds since the epoch.
        until: When it no longer counts, unless a commit is pending.
        boot: Which boot of the router it belongs to.
    """

    token: str
    owner: str
    host: str
    pid: int
    since: float
    until: float
    boot: str


@dataclass(frozen=True)
class Pending:
    """A commit that waits for its confirm.

    Attributes:
        id: Of the commit.
        message: Commit message.
        owner: Who committed.
        since: Wall clock, for people.
        deadline: On the clock that counts since boot (suspend included), which nobody sets.
        boot: Which boot of the router it belongs to.
        timer: Process that will revert it.
        fault: Why the timer could not revert it; empty while it waits.
    """

    id: str
    message: str
    owner: str
    since: float
    deadline: float
    boot: str
    timer: int = 0
    fault: str = ""


def clock() -> float:
    """Seconds since boot."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def boot() -> str:
    """Which boot this is; in a container the start of its first process counts."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        boot_id = file.read().strip()
    with open("/proc/1/stat", encoding="utf-8") as file:
        started = file.read().rpartition(")")[2].split()[19]
    return f"{boot_id}/{started}"


class State:
    """What the files say. Use `State.held()` to change anything: it keeps other sessions and the timer out."""

    def __init__(self) -> None:
        self._boot = boot()

    @classmethod
    @contextmanager
    def held(cls, end_holder: bool = False) -> Iterator[Self]:
        """The state under the router's mutex.

        Args:
            end_holder: Kill who holds it too long (the revert timer does, and must not wait for a hung commit).

        Raises:
            Refused: another session works on this router and does not end.
        """
        for directory in (VOLATILE, KEPT):
            os.makedirs(directory, mode=0o700, exist_ok=True)
            os.chmod(directory, 0o700)
        handle = os.open(f"{VOLATILE}/mutex", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _take(handle, end_holder)
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
            yield cls()
        finally:
            os.close(handle)

    @property
    def lock(self) -> Lock | None:
        """The lock, where it counts."""
        found = _read(f"{VOLATILE}/lock")
        lock = Lock(**found) if found else None  # type: ignore[arg-type]  # we wrote it
        if lock is None or lock.boot != self._boot:
            return None
        return lock if lock.until > time.time() or self.pending else None

    @property
    def pending(self) -> Pending | None:
        """The commit that waits for its confirm."""
        found = _read(f"{VOLATILE}/pending")
        pending = Pending(**found) if found else None  # type: ignore[arg-type]  # we wrote it
        return pending if pending is not None and pending.boot == self._boot else None

    @property
    def reverted(self) -> str:
        """What the timer reverted last in this boot, for people; empty where nothing."""
        found = _read(f"{VOLATILE}/reverted") or {}
        return str(found.get("text", "")) if found.get("boot") == self._boot else ""

    def take_lock(self, token: str, owner: str, host: str, pid: int, lifetime: float) -> None:
        """Take the lock or make it last longer.

        Raises:
            Refused: somebody else holds it.
        """
        self.insist_on_lock(token, owner)
        now = time.time()
        current = self.lock
        since = current.since if current and current.token == token else now
        lock = Lock(token, owner, host, pid, since, now + lifetime, self._boot)
        write_private(f"{VOLATILE}/lock", json.dumps(asdict(lock)))

    def insist_on_lock(self, token: str, owner: str) -> None:
        """Nobody else holds the lock. The same owner may go on with a commit that a session of theirs left pending.

        Raises:
            Refused: somebody else holds it.
        """
        lock = self.lock
        if lock is None or lock.token == token or (self.pending and owner and lock.owner == owner):
            return
        pending = self.pending
        until = (
            f"until {_clock_text(lock.until)}"
            if pending is None
            else "until its pending commit is confirmed or reverted"
        )
        raise Refused(
            "lock", f"locked by {lock.owner} ({lock.host}, pid {lock.pid}) since {_clock_text(lock.since)}, {until}"
        )

    def release_lock(self, token: str = "") -> None:
        """Let the lock go; with a token, only if that session holds it."""
        lock = self.lock
        if lock is None or not token or lock.token == token:
            _remove(f"{VOLATILE}/lock")

    def set_pending(self, pending: Pending | None) -> None:
        """Say that a commit waits, or that none does."""
        if pending is None:
            _remove(f"{VOLATILE}/pending")
            for name in ("before", "committed"):  # they hold secrets
                _remove(f"{VOLATILE}/{name}.conf")
        else:
            write_private(f"{VOLATILE}/pending", json.dumps(asdict(pending)))

    def set_reverted(self, text: str) -> None:
        """Keep for people what the timer did."""
        write_private(f"{VOLATILE}/reverted", json.dumps({"text": text, "boot": self._boot}))

    def new_pending(self, identity: str, message: str, owner: str, seconds: float) -> Pending:
        """A pending commit that is to be reverted in so many seconds."""
        return Pending(identity, message, owner, time.time(), clock() + seconds, self._boot)


def keep(directory: str, name: str, sections: Mapping[str, str]) -> None:
    """Keep a config under a name."""
    write_private(f"{directory}/{name}.conf", document.build(sections).text)


def kept(directory: str, name: str) -> dict[str, str] | None:
    """A config kept before, or None."""
    try:
        with open(f"{directory}/{name}.conf", encoding="utf-8") as file:
            return dict(document.parse(file.read()).sections)
    except FileNotFoundError:
        return None


def _take(handle: int, end_holder: bool) -> None:
    deadline = clock() + _MUTEX_PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if clock() > deadline:
                if not end_holder:
                    raise Refused("lock", "another session is at work on this router and does not end") from None
                _end(os.pread(handle, 32, 0))
                deadline = clock() + 5
            time.sleep(0.05)
        else:
            return


def _end(pid: bytes) -> None:
    try:
        with open(f"/proc/{int(pid)}/cmdline", "rb") as file:
            if b"python3" in file.read():
                os.kill(int(pid), signal.SIGKILL)
    except (OSError, ValueError):
        return


def _read(path: str) -> dict[str, object] | None:
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def _clock_text(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
