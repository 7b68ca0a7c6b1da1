"""State on the router: the lock, the pending commit, and the config from before. In /run what a reboot may forget."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, fields
from typing import Self, TypeVar

from frr_config import document
from napalm_frr.router.records import Lock, Pending, Writer, boot, clock
from napalm_frr.router.shell import write_private

R = TypeVar("R", bound=Writer)

VOLATILE = "/run/napalm-frr"
"""Lock and pending commit; both end with a reboot, since a reboot brings the startup files."""
BEFORE, COMMITTED = f"{VOLATILE}/before.conf", f"{VOLATILE}/committed.conf"
KEPT = "/var/lib/napalm-frr"
"""The config before the last commit, for `rollback`; holds secrets, so root alone reads it."""
LAST = f"{KEPT}/last.conf"

_PRIVATE = 0o700
_MUTEX_PATIENCE_SECONDS = 180
"""A commit on a big router takes seconds; who holds the mutex longer hangs, and is ended by the revert timer."""


class Refused(Exception):
    """What was asked for is not done.

    Attributes:
        kind: `lock`, `commit`, `confirm`: which NAPALM exception the driver makes of it.
        holder: Who holds the lock, where somebody does and no commit waits.
    """

    def __init__(self, kind: str, message: str, holder: Lock | None = None) -> None:
        self.kind = kind
        self.holder = holder
        super().__init__(message)


class State:
    """What the files say. Use `State.held()` to change anything: it keeps other sessions and the timer out."""

    def __init__(self) -> None:
        self._boot = boot()

    @classmethod
    @contextmanager
    def held(cls, timer_of: str = "") -> Iterator[Self]:
        """The state under the router's mutex.

        Args:
            timer_of: The commit whose revert timer asks: it must not wait for a hung session, and ends it.

        Raises:
            Refused: another session works on this router and does not end.
        """
        for directory in (VOLATILE, KEPT):
            os.makedirs(directory, mode=_PRIVATE, exist_ok=True)
            if stat.S_IMODE(os.stat(directory).st_mode) != _PRIVATE:
                os.chmod(directory, _PRIVATE)
        handle = os.open(f"{VOLATILE}/mutex", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _take(handle, timer_of)
            with suppress(OSError):  # a full disk: who hangs will not be known, and that is all
                os.pwrite(handle, f"{os.getpid():<10}".encode(), 0)
            yield cls()
        finally:
            os.close(handle)

    @property
    def lock(self) -> Lock | None:
        """The lock, where it counts."""
        lock = _read(Lock, "lock")
        if lock is None or lock.boot != self._boot:
            return None
        return lock if lock.expires > clock() or self.pending else None

    @property
    def pending(self) -> Pending | None:
        """The commit that waits for its confirm."""
        pending = _read(Pending, "pending")
        return pending if pending is not None and pending.boot == self._boot else None

    @property
    def reverted(self) -> str:
        """What the timer reverted last in this boot, for people; empty where nothing."""
        found = _json("reverted")
        return str(found.get("text", "")) if found.get("boot") == self._boot else ""

    def take_lock(self, writer: Writer, lifetime: float, abandoned: str = "") -> None:
        """Take the lock or make it last longer.

        Args:
            writer: Who takes it.
            lifetime: Seconds until it no longer counts.
            abandoned: Token of a session of which the writer knows that its process is dead.

        Raises:
            Refused: somebody else holds it.
        """
        current = self.lock
        if not (abandoned and current is not None and current.token == abandoned and self.pending is None):
            self.insist_on_lock(writer)
        since = current.since if current and current.token == writer.token else time.time()
        lock = Lock(**asdict(writer), since=since, expires=clock() + lifetime, boot=self._boot)
        write_private(f"{VOLATILE}/lock", json.dumps(asdict(lock)))

    def insist_on_lock(self, writer: Writer) -> None:
        """Nobody else holds the lock. The same owner may go on with a commit that a session of theirs left pending.

        Raises:
            Refused: somebody else holds it.
        """
        lock, pending = self.lock, self.pending
        if lock is None or lock.token == writer.token:
            return
        if pending is None:
            raise Refused("lock", str(lock), holder=lock)
        if not writer.owner or lock.owner != writer.owner:
            raise Refused("lock", str(pending))

    def release_lock(self, token: str = "") -> None:
        """Let the lock go; with a token, only if that session holds it."""
        lock = self.lock
        if lock is None or not token or lock.token == token:
            _remove(f"{VOLATILE}/lock")

    def set_pending(self, pending: Pending) -> None:
        """Say that a commit waits."""
        write_private(f"{VOLATILE}/pending", json.dumps(asdict(pending)))

    def clear_pending(self) -> None:
        """Say that none does; its timer ends by this."""
        _remove(f"{VOLATILE}/pending")
        for path in (BEFORE, COMMITTED):  # they hold secrets
            _remove(path)

    def set_reverted(self, text: str) -> None:
        """Keep for people what the timer did."""
        write_private(f"{VOLATILE}/reverted", json.dumps({"text": text, "boot": self._boot}))

    def new_pending(self, identity: str, writer: Writer, message: str, seconds: float) -> Pending:
        """A pending commit that is to be reverted in so many seconds."""
        return Pending(
            **asdict(writer),
            id=identity,
            message=message,
            since=time.time(),
            deadline=clock() + seconds,
            boot=self._boot,
        )


def keep(path: str, sections: Mapping[str, str]) -> None:
    """Keep a config in a file."""
    write_private(path, document.build(sections).text)


def kept(path: str) -> dict[str, str] | None:
    """A config kept before, or None."""
    try:
        with open(path, encoding="utf-8") as file:
            return dict(document.parse(file.read()).sections)
    except FileNotFoundError:
        return None


def _take(handle: int, timer_of: str) -> None:
    deadline = clock() + _MUTEX_PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if clock() > deadline:
                pending = State().pending
                # Who puts a further commit on top has more time than the timer knew of when it began to wait.
                if pending is None or pending.id != timer_of or not pending.is_over:
                    raise Refused("lock", "busy: another session is at work on it and does not end") from None
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


def _json(name: str) -> dict[str, object]:
    try:
        with open(f"{VOLATILE}/{name}", encoding="utf-8") as file:
            found = json.load(file)
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _read(kind: type[R], name: str) -> R | None:
    """A record as we wrote it; None where there is none, or where another version of this program wrote another one."""
    found, known = _json(name), {field.name for field in fields(kind)}
    try:
        return kind(**{key: value for key, value in found.items() if key in known})  # type: ignore[arg-type]
    except TypeError:
        return None


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
