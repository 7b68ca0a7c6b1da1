"""Batches and thresholds: every subject once, and a limit that means the same from the canary to the last batch."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.deploy.batches import CANARY, GROWTH, FailureLimit, batches
from provisioner.deploy.schedule import Schedule
from provisioner.errors import UsageError
from provisioner.intent.types import PlatformName
from provisioner.plan.model import DeviceRole, Target
from provisioner.plan.subject import Subject

counts = st.integers(0, 20_000)


@given(counts)
def test_every_subject_is_in_one_batch_in_its_order(count: int) -> None:
    assert [one for batch in batches(range(count)) for one in batch] == list(range(count))


@given(st.integers(1, 20_000))
def test_the_canary_is_alone_and_each_batch_but_the_last_grows(count: int) -> None:
    sizes = [len(batch) for batch in batches(range(count))]
    assert sizes[0] == CANARY
    assert all(later == earlier * GROWTH for earlier, later in itertools.pairwise(sizes[:-1]))
    assert all(sizes)
    assert len(sizes) == 1 or sizes[-1] <= sizes[-2] * GROWTH


def test_no_subjects_are_no_batches() -> None:
    assert list(batches(())) == []


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_a_number_is_how_many_failures_are_borne(limit: int, failures: int) -> None:
    assert FailureLimit(limit).is_exceeded(failures, 1000) == (failures > limit)


@given(st.integers(0, 100), counts, counts)
def test_a_percentage_is_of_the_whole_run_and_exact(percent: int, failures: int, total: int) -> None:
    share = Fraction(percent, 100) * total
    assert FailureLimit(percent, is_percentage=True).is_exceeded(failures, total) == (failures > share)


@given(st.integers(0, 100), st.booleans(), counts, counts)
def test_more_failures_never_make_a_run_go_on(number: int, is_percentage: bool, failures: int, total: int) -> None:
    limit = FailureLimit(number, is_percentage)
    assert limit.is_exceeded(failures + 1, total) or not limit.is_exceeded(failures, total)


@given(counts)
def test_nought_stops_at_the_first_failure_and_a_hundred_percent_never(total: int) -> None:
    for nought in ("0", "0%"):
        assert not FailureLimit.parse(nought).is_exceeded(0, total)
        assert FailureLimit.parse(nought).is_exceeded(1, max(total, 1))
    assert not FailureLimit.parse("100%").is_exceeded(total, total)


@given(st.integers(0, 100), st.booleans())
def test_a_limit_reads_as_it_is_written(number: int, is_percentage: bool) -> None:
    limit = FailureLimit(number, is_percentage)
    assert FailureLimit.parse(str(limit)) == limit


@pytest.mark.parametrize("text", ["", "-1", "5 %", "101%", "many", "1.5%", "٣", "1e3", "%"])
def test_anything_else_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError, match="max-failures"):
        FailureLimit.parse(text)


def subject(name: str, *devices: str) -> Subject:
    targets = tuple(Target(device, DeviceRole.AGGREGATION, PlatformName.FRR) for device in devices)
    return Subject(name, name, targets)


devices = st.lists(st.sampled_from(["ar1", "ar2", "ar3", "er1", "er2"]), min_size=1, max_size=3, unique=True)


@given(st.lists(devices, max_size=12), st.data())
def test_no_router_is_worked_on_twice_at_once_and_all_come_through_in_their_order_per_router(
    wanted: list[list[str]], data: st.DataObject
) -> None:
    subjects = [subject(str(number), *names) for number, names in enumerate(wanted)]
    schedule = Schedule(subjects)
    under_way: list[Subject] = []
    begun: list[Subject] = []
    while schedule.waiting or under_way:
        following = schedule.next()
        if following is not None:
            taken = {target.device for each in under_way for target in each.targets}
            assert not taken & {target.device for target in following.targets}
            under_way.append(following)
            begun.append(following)
            continue
        assert under_way, "nothing under way and nothing can begin"
        finished = data.draw(st.sampled_from(under_way))
        under_way.remove(finished)
        schedule.done(finished)
    assert sorted(each.name for each in begun) == sorted(each.name for each in subjects)
    for device in {target.device for each in subjects for target in each.targets}:
        on_it = [int(each.name) for each in begun if device in {target.device for target in each.targets}]
        assert on_it == sorted(on_it)
