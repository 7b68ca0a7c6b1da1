"""Going easy on what routers share, their aggregation point and the server that checks logins; and a Nornir runner that does."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from nornir.core.inventory import Host
from nornir.core.task import AggregatedResult, MultiResult, Task

Lanes = tuple[str, ...]
_ANY_NUMBER: Final = 2**31
_LOOK_SECONDS: Final = 0.5
"""Who waits for the next login hears after so long that there is to be none."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a task goes over many hosts.

    Attributes:
        workers: Hosts at once.
        lanes: What each host shares with others, by its name: the names of its aggregation points.
        per_lane: Hosts of one lane at once; None for any number.
        logins_a_second: How many hosts may be begun in a second; None for any number.
        proceed: Asked before each host; after the first no, none is begun any more.
        clock: Seconds, monotonic.
        pause: Waits so many seconds.
    """

    workers: int = 20
    lanes: Mapping[str, Lanes] = field(default_factory=dict)
    per_lane: int | None = None
    logins_a_second: float | None = None
    proceed: Callable[[], bool] = lambda: True
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep


class Waiting:
    """The hosts that were not begun yet. For one thread at a time.

    Args:
        pace: Its limits.
        hosts: In the order in which they come, as far as the limits allow.
    """

    def __init__(self, pace: Pace, hosts: Sequence[Host]) -> None:
        self._pace = pace
        self._limit = _ANY_NUMBER if pace.per_lane is None else pace.per_lane
        self._interval = 1 / pace.logins_a_second if pace.logins_a_second else 0.0
        self._next_at = pace.clock()
        self._at_work: Counter[str] = Counter()
        self._queues: dict[Lanes, deque[Host]] = {}
        for host in hosts:
            self._queues.setdefault(self._lanes(host), deque()).append(host)

    def __bool__(self) -> bool:
        """Whether any host waits."""
        return bool(self._queues)

    def take(self) -> Host | None:
        """A host that may be begun, which counts as at work from now on; None where the lanes of all are full."""
        chosen = next(
            (lanes for lanes in self._queues if all(self._at_work[each] < self._limit for each in lanes)), None
        )
        if chosen is None:
            return None
        # The next one is of another lane where there is one: a slow aggregation point holds nobody up.
        queue = self._queues.pop(chosen)
        host = queue.popleft()
        if queue:
            self._queues[chosen] = queue
        self._at_work.update(chosen)
        return host

    def done(self, host: Host) -> None:
        """A host is at work no more."""
        self._at_work.subtract(self._lanes(host))

    def drop(self) -> list[Host]:
        """Nobody waits any more; gives who did."""
        left = [host for queue in self._queues.values() for host in queue]
        self._queues.clear()
        return left

    def may_begin(self) -> bool:
        """Wait until the next login may come; false where none is to be begun any more."""
        clock = self._pace.clock
        while (early := self._next_at - clock()) > 0:
            if not self._pace.proceed():
                return False
            self._pace.pause(min(early, _LOOK_SECONDS))
        self._next_at = max(clock(), self._next_at) + self._interval
        return self._pace.proceed()

    def _lanes(self, host: Host) -> Lanes:
        return self._pace.lanes.get(host.name, ())


class PacedRunner:
    """Runs a task on many hosts at once, on threads. A Nornir runner plugin.

    Args:
        pace: How fast. A host that was not begun is missing in the result.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def run(self, task: Task, hosts: Sequence[Host]) -> AggregatedResult:
        """See Nornir's `RunnerPlugin`."""
        result = AggregatedResult(task.name)
        changed = threading.Condition()
        slots = threading.Semaphore(self._pace.workers)
        waiting = Waiting(self._pace, hosts)

        def work(host: Host) -> None:
            try:
                done: MultiResult = task.copy().start(host)
                result[host.name] = done
            finally:
                with changed:
                    waiting.done(host)
                    changed.notify()
                slots.release()

        with ThreadPoolExecutor(self._pace.workers, thread_name_prefix=task.name) as pool:
            while waiting:
                slots.acquire()
                with changed:
                    while (host := waiting.take()) is None:
                        changed.wait()
                if not waiting.may_begin():
                    break
                pool.submit(work, host)
        return result
