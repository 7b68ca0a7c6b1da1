"""Work on many items in several processes, results in order. Threads would not do: parsing and rendering are Python all the way."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_WORTH_IT: Final = 1000
"""Items from which starting processes takes less time than it saves."""
_MOST_PROCESSES: Final = 8
_AHEAD: Final = 4
"""Chunks per process that may be under way or wait for their turn: memory does not grow with the number of items."""


def available_processes() -> int:
    """Processors that this process may use, within reason."""
    return min(len(os.sched_getaffinity(0)), _MOST_PROCESSES)


def in_order(
    work: Callable[[Sequence[Item]], Result], items: Sequence[Item], *, chunk: int, processes: int, weight: int = 0
) -> Generator[Result, None, None]:
    """The results of `work` on each chunk of the items, in their order.

    Args:
        work: Called in a forked process, which has everything that this one has: it may hold what cannot be sent. Its results and
            exceptions are sent.
        items: What to work on.
        chunk: Items per call.
        weight: How much work this is, where items are not all alike; their number otherwise.
        processes: At most so many; 1, few items, or other threads in this process (which a fork would cut short) mean none beside this one.
    """
    chunks = [items[first : first + chunk] for first in range(0, len(items), chunk)]
    if processes < 2 or (weight or len(items)) < _WORTH_IT or threading.active_count() > 1:  # noqa: PLR2004
        yield from map(work, chunks)
        return
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(work,)) as pool:
        waiting: deque[Future[Any]] = deque()
        try:
            for some in chunks:
                waiting.append(pool.submit(_call, some))
                if len(waiting) >= _AHEAD * processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_work: Callable[[Any], Any]


def _begin(work: Callable[[Any], Any]) -> None:
    global _work  # noqa: PLW0603 - a forked process has one job, given to it once
    _work = work
    # What was inherited is not looked through for garbage, and so stays shared with the parent.
    gc.freeze()


def _call(some: Sequence[Any]) -> Any:  # noqa: ANN401
    return _work(some)
