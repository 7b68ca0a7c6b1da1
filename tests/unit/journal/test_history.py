"""What is asked of the history comes back, and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provisioner.deploy.model import Outcome, Result
from provisioner.errors import JournalError
from provisioner.journal.store import Journal, Query, RunEntry

Make = Callable[..., Outcome]


@pytest.fixture
def runs(journal: Journal, make_outcome: Make) -> Journal:
    """#1 both schools, one of them begun; #2 a dry run of one; #3 the other."""
    first = journal.begin(command="c", commit="", actor="a", dry_run=False, subjects=("16PK01", "16PK02", "16PK00"))
    journal.record_outcome(first, make_outcome("16PK00"))
    dry = journal.begin(command="c", commit="", actor="a", dry_run=True, subjects=("16PK00",))
    journal.record_outcome(dry, make_outcome("16PK00"))
    journal.begin(command="c", commit="", actor="a", dry_run=False, subjects=("16PK01",))
    return journal


def asked(journal: Journal, **query: Any) -> list[tuple[int, list[str], tuple[str, ...]]]:
    def row(run: RunEntry) -> tuple[int, list[str], tuple[str, ...]]:
        return run.run_id, [entry.subject for entry in run.transactions], run.not_begun

    return [row(run) for run in journal.history(Query(**query))]


def test_a_run_tells_what_it_began_and_what_it_did_not(runs: Journal) -> None:
    assert asked(runs) == [(3, [], ("16PK01",)), (1, ["16PK00"], ("16PK01", "16PK02"))]


def test_dry_runs_show_when_they_are_asked_for(runs: Journal) -> None:
    assert [number for number, _, _ in asked(runs, dry_runs=True)] == [3, 2, 1]
    assert asked(runs, run=2) == [(2, ["16PK00"], ())]


def test_a_school_shows_its_own_part_of_each_run(runs: Journal) -> None:
    assert asked(runs, subjects=("16PK00",)) == [(1, ["16PK00"], ())]
    assert asked(runs, subjects=("16PK01",)) == [(3, [], ("16PK01",)), (1, [], ("16PK01",))]
    assert asked(runs, subjects=("16PK01",), limit=1) == [(3, [], ("16PK01",))]


def test_a_router_shows_what_touched_it(runs: Journal, make_outcome: Make) -> None:
    assert asked(runs, devices=("ar1-utr",)) == [(1, ["16PK00"], ())]
    assert asked(runs, devices=("er-16pk00",), dry_runs=True) == [(2, ["16PK00"], ()), (1, ["16PK00"], ())]
    assert asked(runs, devices=("ar9",)) == []
    base = runs.begin(command="c", commit="", actor="a", dry_run=False, subjects=("ar9",))
    assert asked(runs, subjects=("ar9",), devices=("ar9",)) == [(base, [], ("ar9",))]


def test_diffs_come_when_they_are_asked_for_and_their_size_always(runs: Journal) -> None:
    for diffs, text in ((False, None), (True, "-old <secret>\n+new\n+newer")):
        (run,) = runs.history(Query(run=1, diffs=diffs))
        (file,) = run.transactions[0].devices[1].files
        assert (file.file, file.added, file.removed, file.text) == ("/etc/frr/frr.conf", 2, 1, text)


def test_of_a_fleet_a_few_are_read_trouble_first_and_the_rest_is_counted(journal: Journal, make_outcome: Make) -> None:
    run = journal.begin(command="c", commit="", actor="a", dry_run=False)
    for subject in "ABCDEFGH":
        journal.record_outcome(run, make_outcome(subject, Result.FAILED if subject in "DG" else Result.CONFIRMED))
    journal.record_plan(run, make_outcome("I").plan or pytest.fail("no plan"))
    (read,) = journal.history(Query(most=3))
    assert [entry.subject for entry in read.transactions] == ["D", "G", "I"]
    assert list(read.results.items()) == [("confirmed", 6), ("failed", 2), ("", 1)]
    assert read.routers == 2
    (read,) = journal.history(Query(most=4, subjects=("A", "D")))
    assert [entry.subject for entry in read.transactions] == ["A", "D"]
    assert dict(read.results) == {"confirmed": 1, "failed": 1}


def test_a_name_is_known_once_it_was_selected_or_touched(runs: Journal) -> None:
    assert all(map(runs.knows, ("16PK00", "16PK01", "16PK02", "ar1-utr", "er-16pk00")))
    assert not any(map(runs.knows, ("16PK09", "", "utr")))


def test_a_number_of_no_run_is_refused(journal: Journal) -> None:
    with pytest.raises(JournalError) as caught:
        journal.history(Query(run=7))
    assert caught.value.number == "PV7010"
