"""A Nornir runner that goes easy on what routers share: their aggregation point, and the server that checks logins."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from nornir.core.inventory import Host
from nornir.core.task import AggregatedResult, MultiResult, Task

Lanes = tuple[str, ...]


class PacedRunner:
    """Runs a task on many hosts at once, within limits. A Nornir runner plugin.

    Args:
        workers: Hosts at once.
        lanes: What each host shares with others, by its name: the names of its aggregation points.
        per_lane: Hosts of one lane at once; None for any number.
        logins_a_second: How many hosts may be begun in a second; None for any number.
        proceed: Asked before each host; after the first no, none is begun any more.
        clock: Seconds, monotonic.
        pause: Waits so many seconds.

    A host that was not begun is missing in the result.
    """

    def __init__(
        self,
        workers: int,
        lanes: Mapping[str, Lanes],
        *,
        per_lane: int | None = None,
        logins_a_second: float | None = None,
        proceed: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._workers = workers
        self._lanes = lanes
        self._per_lane = per_lane
        self._interval = 1 / logins_a_second if logins_a_second else 0.0
        self._proceed = proceed
        self._clock = clock
        self._pause = pause

    def run(self, task: Task, hosts: Sequence[Host]) -> AggregatedResult:
        """See Nornir's `RunnerPlugin`."""
        result = AggregatedResult(task.name)
        changed = threading.Condition()
        at_work: Counter[str] = Counter()
        slots = threading.Semaphore(self._workers)

        def work(host: Host) -> None:
            try:
                done: MultiResult = task.copy().start(host)
                result[host.name] = done
            finally:
                with changed:
                    at_work.subtract(self._lanes.get(host.name, ()))
                    changed.notify()
                slots.release()

        waiting = self._queues(hosts)
        next_at = self._clock()
        with ThreadPoolExecutor(self._workers, thread_name_prefix=task.name) as pool:
            while waiting:
                slots.acquire()
                with changed:
                    while (chosen := self._free(waiting, at_work)) is None:
                        changed.wait()
                    at_work.update(chosen)
                if (early := next_at - self._clock()) > 0:
                    self._pause(early)
                next_at = max(self._clock(), next_at) + self._interval
                if not self._proceed():
                    break
                queue = waiting[chosen]
                host = queue.popleft()
                if not queue:
                    del waiting[chosen]
                else:
                    # The next one is of another lane where there is one: a slow aggregation point holds nobody up.
                    waiting[chosen] = waiting.pop(chosen)
                pool.submit(work, host)
        return result

    def _queues(self, hosts: Sequence[Host]) -> dict[Lanes, deque[Host]]:
        queues: dict[Lanes, deque[Host]] = {}
        for host in hosts:
            queues.setdefault(self._lanes.get(host.name, ()), deque()).append(host)
        return queues

    def _free(self, waiting: Mapping[Lanes, deque[Host]], at_work: Counter[str]) -> Lanes | None:
        limit = self._per_lane
        return next((lanes for lanes in waiting if limit is None or all(at_work[lane] < limit for lane in lanes)), None)
