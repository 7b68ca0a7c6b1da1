"""Going easy on what routers share: never too many of one aggregation point, never too many logins, and nobody forgotten."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nornir.core import Nornir
from nornir.core.inventory import Defaults, Groups, Host, Hosts, Inventory
from nornir.core.task import Result, Task

from provisioner.network.pacing import Pace, PacedRunner


def nornir(names: list[str], runner: PacedRunner) -> Nornir:
    hosts = Hosts({name: Host(name=name) for name in names})
    return Nornir(inventory=Inventory(hosts, Groups(), Defaults()), runner=runner)


class Watch:
    """A task that notes how many hosts of each lane are at work at once."""

    def __init__(self, lanes: Mapping[str, tuple[str, ...]], seconds: float = 0.0) -> None:
        self._lanes = lanes
        self._seconds = seconds
        self._lock = threading.Lock()
        self._now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.begun: list[tuple[str, float]] = []

    def __call__(self, task: Task) -> Result:
        lanes = (*self._lanes.get(task.host.name, ()), "everything")
        with self._lock:
            self.begun.append((task.host.name, time.monotonic()))
            self._now.update(lanes)
            self.most |= self._now
        time.sleep(self._seconds)
        with self._lock:
            self._now.subtract(lanes)
        return Result(host=task.host, result=task.host.name)


@settings(max_examples=25, deadline=None)
@given(
    lanes=st.lists(st.lists(st.sampled_from("abc"), max_size=2, unique=True).map(tuple), min_size=1, max_size=30),
    workers=st.integers(1, 8),
    per_lane=st.one_of(st.none(), st.integers(1, 4)),
)
def test_every_host_is_done_once_and_no_limit_is_passed(
    lanes: list[tuple[str, ...]], workers: int, per_lane: int | None
) -> None:
    of = {f"host{number}": each for number, each in enumerate(lanes)}
    watch = Watch(of, 0.001)
    done = nornir(list(of), PacedRunner(Pace(workers, of, per_lane=per_lane))).run(task=watch, name="watch")
    assert sorted(done) == sorted(of)
    assert {name: done[name][0].result for name in done} == {name: name for name in of}
    assert watch.most["everything"] <= workers
    assert all(watch.most[lane] <= (per_lane or workers) for lane in "abc")


def test_a_slow_aggregation_point_holds_no_other_up() -> None:
    of: dict[str, tuple[str, ...]] = {
        **{f"slow{number}": ("a",) for number in range(6)},
        **{f"other{number}": ("b",) for number in range(6)},
    }
    watch = Watch(of, 0.01)
    nornir(list(of), PacedRunner(Pace(4, of, per_lane=2))).run(task=watch, name="watch")
    first = {name[:-1] for name, _ in watch.begun[:4]}
    assert first == {"slow", "other"}
    assert watch.most["a"] == watch.most["b"] == 2


def test_logins_are_spread_over_time() -> None:
    now, waits = [0.0], []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    names = [f"host{number}" for number in range(5)]
    runner = PacedRunner(Pace(5, {}, logins_a_second=2, clock=lambda: now[0], pause=pause))
    nornir(names, runner).run(task=Watch({}), name="watch")
    assert waits == pytest.approx([0.5] * 4)


def test_after_a_no_none_is_begun_any_more_and_those_at_work_end() -> None:
    watch = Watch({}, 0.01)
    runner = PacedRunner(Pace(2, {}, proceed=lambda: len(watch.begun) < 3))
    done = nornir([f"host{number}" for number in range(50)], runner).run(task=watch, name="watch")
    assert 3 <= len(done) < 10
    assert sorted(done) == sorted(name for name, _ in watch.begun)


def test_who_waits_for_the_next_login_hears_soon_that_there_is_none() -> None:
    watch = Watch({})
    began = time.monotonic()
    runner = PacedRunner(Pace(2, logins_a_second=0.01, proceed=lambda: not watch.begun))
    done = nornir(["host1", "host2"], runner).run(task=watch, name="watch")
    assert list(done) == ["host1"]
    assert time.monotonic() - began < 20
