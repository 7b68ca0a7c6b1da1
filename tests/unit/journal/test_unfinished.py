"""What a run left to do is known, however it ended, until it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.deploy.model import Outcome, Report, Result
from provisioner.errors import JournalError
from provisioner.journal import process
from provisioner.journal.entry import NotThrough, RunState
from provisioner.journal.store import Journal, RunId
from provisioner.plan.model import Plan

Push = Callable[..., Outcome]


def begin(journal: Journal, *subjects: str, dry_run: bool = False) -> RunId:
    return journal.begin(command="provision --all", commit="c0ffee", actor="a@b", dry_run=dry_run, subjects=subjects)


def run(journal: Journal, push: Push, subjects: Sequence[str], *results: Result, dry_run: bool = False) -> RunId:
    """A run that was stopped after as many subjects as it has results for."""
    number = begin(journal, *subjects, dry_run=dry_run)
    for subject, result in zip(subjects, results, strict=False):
        journal.record_outcome(number, push(subject, result))
    journal.finish(number, Report("provision --all", "", (), dry_run=dry_run))
    return number


def test_nothing_is_left_where_nothing_was_run(journal: Journal) -> None:
    assert journal.unfinished() is None


def test_each_subject_is_in_one_group_and_the_order_is_kept(
    journal: Journal, make_push: Push, make_plan: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = begin(journal, "F", "B", "D", "A", "E")
    journal.record_outcome(number, make_push("B", Result.IN_SYNC))
    journal.record_outcome(number, make_push("D", Result.ROLLED_BACK))
    journal.record_outcome(number, make_push("F"))
    journal.record_plan(number, make_plan("E"))
    monkeypatch.setattr(process, "is_alive", lambda _: False)
    found = journal.unfinished()
    assert found is not None
    assert (found.run_id, found.state, found.command) == (number, RunState.INTERRUPTED, "provision --all")
    assert (found.actor, found.commit) == ("a@b", "c0ffee")
    assert found.subjects == ("F", "B", "D", "A", "E")
    assert found.through == ("F", "B")
    assert found.failed == (NotThrough("D", "rolled-back", "oh"),)
    assert found.without_outcome == ("A", "E")
    assert found.remaining == ("D", "A", "E")


def test_a_run_under_way_says_so(journal: Journal) -> None:
    begin(journal, "A")
    found = journal.unfinished()
    assert found is not None
    assert found.state is RunState.UNDER_WAY


def test_a_run_that_came_through_and_a_dry_run_leave_nothing(journal: Journal, make_push: Push) -> None:
    run(journal, make_push, "AB", Result.CONFIRMED, Result.IN_SYNC)
    dry = run(journal, make_push, "AB", Result.DIFFERENCES, dry_run=True)
    assert journal.unfinished() is None
    assert journal.unfinished(dry) is None


def test_a_dry_run_brings_nothing_to_a_good_end(journal: Journal, make_push: Push) -> None:
    number = run(journal, make_push, "A", Result.FAILED)
    run(journal, make_push, "A", Result.IN_SYNC, dry_run=True)
    found = journal.unfinished()
    assert found is not None
    assert found.run_id == number


def test_a_run_that_was_resumed_to_its_end_leaves_nothing(journal: Journal, make_push: Push) -> None:
    first = run(journal, make_push, "ABC", Result.CONFIRMED, Result.FAILED)
    run(journal, make_push, "BC", Result.CONFIRMED, Result.CONFIRMED)
    assert journal.unfinished() is None
    assert journal.unfinished(first) is None


def test_of_a_resumed_run_that_was_stopped_again_the_later_one_shows(journal: Journal, make_push: Push) -> None:
    first = run(journal, make_push, "ABC", Result.CONFIRMED)
    second = run(journal, make_push, "BC", Result.CONFIRMED)
    found, asked = journal.unfinished(), journal.unfinished(first)
    assert found is not None
    assert asked is not None
    assert (found.run_id, found.remaining) == (second, ("C",))
    assert (asked.through, asked.remaining) == (("A", "B"), ("C",))


def test_a_run_of_something_else_in_between_hides_nothing(journal: Journal, make_push: Push) -> None:
    number = run(journal, make_push, "AB", Result.CONFIRMED)
    run(journal, make_push, "X", Result.CONFIRMED)
    found = journal.unfinished()
    assert found is not None
    assert found.run_id == number


def test_what_was_right_before_a_run_failed_is_left(journal: Journal, make_push: Push) -> None:
    run(journal, make_push, "A", Result.CONFIRMED)
    number = run(journal, make_push, "A", Result.FAILED)
    found = journal.unfinished()
    assert found is not None
    assert (found.run_id, found.remaining) == (number, ("A",))


def test_what_was_declined_shows_only_when_it_is_asked_for(journal: Journal, make_push: Push) -> None:
    number = run(journal, make_push, "A", Result.DECLINED)
    assert journal.unfinished() is None
    asked = journal.unfinished(number)
    assert asked is not None
    assert [left.result for left in asked.failed] == ["declined"]


def test_a_run_whose_selection_was_not_kept_shows_what_it_began(journal: Journal, make_push: Push) -> None:
    number = begin(journal)
    journal.record_outcome(number, make_push("A", Result.FAILED))
    found = journal.unfinished()
    assert found is not None
    assert found.subjects == ("A",)


def test_a_number_of_no_run_is_refused(journal: Journal) -> None:
    with pytest.raises(JournalError, match="has no run #7") as caught:
        journal.unfinished(7)
    assert caught.value.number == "PV7010"


RUNS = st.lists(
    st.tuples(
        st.lists(st.sampled_from("ABCD"), unique=True, min_size=1),
        st.lists(st.sampled_from(list(Result))),
        st.booleans(),
    ),
    max_size=5,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=RUNS)
def test_whatever_was_run_what_is_left_is_what_no_later_run_brought_to_a_good_end(
    tmp_path_factory: pytest.TempPathFactory, make_push: Push, runs: list[tuple[list[str], list[Result], bool]]
) -> None:
    good = {Result.CONFIRMED, Result.IN_SYNC}
    with Journal.open(f"sqlite:///{tmp_path_factory.mktemp('j')}/journal.sqlite") as journal:
        numbers = [run(journal, make_push, subjects, *results, dry_run=dry) for subjects, results, dry in runs]
        newest = None
        for at, (subjects, results, dry) in enumerate(runs):
            through = {
                subject
                for later, ended, is_dry in runs[at:]
                if not is_dry
                for subject, result in zip(later, ended, strict=False)
                if result in good
            }
            left = tuple(subject for subject in subjects if subject not in through and not dry)
            found = journal.unfinished(numbers[at])
            assert (found.remaining if found else ()) == left
            ended_as = dict(zip(subjects, results, strict=False))
            if any(ended_as.get(subject) is not Result.DECLINED for subject in left):
                newest = numbers[at]
        found = journal.unfinished()
        assert (found.run_id if found else None) == newest
