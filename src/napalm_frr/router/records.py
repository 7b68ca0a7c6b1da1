"""What is written down on the router about locks and pending commits, and how people are told of it.

Everything that something depends on is counted on the clock since boot, which nobody sets; wall clock times are for people.
"""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Writer:
    """A session that may write.

    Attributes:
        token: Of the session.
        owner: Person or job, as others should read it; empty where the session takes no lock.
        host: Machine of the orchestrator.
        pid: Its process there.
        machine: Identifies that machine's boot and the namespace in which `pid` is a number; for the driver alone.
    """

    token: str
    owner: str
    host: str
    pid: int
    machine: str

    @property
    def shown(self) -> str:
        """Who it is, for people."""
        return f"{self.owner or 'somebody'} ({self.host}, pid {self.pid})"


@dataclass(frozen=True)
class Lock(Writer):
    """Who holds the lock.

    Attributes:
        since: Wall clock, seconds since the epoch; for people.
        expires: Seconds since boot at which it no longer counts, unless a commit is pending.
        boot: Which boot of the router it belongs to.
    """

    since: float
    expires: float
    boot: str

    def __str__(self) -> str:
        left = max(0.0, self.expires - clock())
        return (
            f"locked by {self.shown} since {moment(self.since)}, until {moment(time.time() + left)} ({left:.0f} s left)"
        )


@dataclass(frozen=True)
class Pending(Writer):
    """A commit that waits for its confirm; or several, each on top of the one before, which wait together.

    Its token is that of the one session that may put a further commit on top.

    Attributes:
        id: Of the first commit; its timers know it by this.
        message: Commit message of the last one.
        since: Wall clock of the first commit; for people.
        deadline: Seconds since boot (suspend included) at which it is reverted. A further commit moves it.
        boot: Which boot of the router it belongs to.
        commits: How many wait.
        fault: Why the timer could not revert it; empty while it waits.
    """

    id: str
    message: str
    since: float
    deadline: float
    boot: str
    commits: int = 1
    fault: str = ""

    @property
    def is_over(self) -> bool:
        """Whether the time to confirm is over."""
        return self.deadline <= clock()

    def __str__(self) -> str:
        left = self.deadline - clock()
        if self.fault:
            timer = f"its revert timer could not put the old config back: {self.fault}"
        elif left <= 0:
            timer = "the time to confirm is over, and its revert timer is at work"
        else:
            timer = f"its revert timer fires at {moment(time.time() + left)} (in {left:.0f} s)"
        return f"locked by {self.shown} since {moment(self.since)}: a commit waits for its confirm; {timer}"


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


def moment(seconds: float) -> str:
    """A wall clock time, for people."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
