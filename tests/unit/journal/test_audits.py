"""Audits in the journal: since when, how often, gone and back again; in SQLite and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from provisioner.deploy.model import Outcome
from provisioner.errors import JournalError
from provisioner.journal.audits import Learnt, Past, PastFinding, ToNote
from provisioner.journal.store import Journal, RunId
from provisioner.plan.model import Plan

NIGHT = datetime(2026, 11, 20, 3, tzinfo=UTC)


@dataclass(frozen=True)
class Found:
    key: tuple[str, str, str, str]
    severity: int = 3
    what: str = "what"


DRIFT = Found(("AUD001", "er-1", "16PK00", ""))
DOWN = Found(("AUD020", "er-1", "16PK00", "100.64.0.2"), 4)


@pytest.fixture
def clock(url: str) -> Iterator[tuple[Journal, list[datetime]]]:
    now = [NIGHT]
    with Journal.open(url, clock=lambda: now[0]) as journal:
        yield journal, now


def note(
    journal: Journal,
    night: int,
    *findings: Found,
    closes: Callable[[str, str], bool] = lambda _rule, _owner: True,
    untold: datetime | None = None,
) -> tuple[list[Past], list[PastFinding]]:
    at = NIGHT + timedelta(days=night)
    return journal.note(at, [ToNote("er-1", findings, closes)], [], untold)[0]


def test_a_finding_keeps_the_night_in_which_it_was_seen_first(journal: Journal) -> None:
    for night in range(3):
        pasts, gone = note(journal, night, DRIFT)
    assert pasts == [Past(NIGHT, 3, 0)]
    assert gone == []


def test_what_is_not_found_any_more_is_gone_once(journal: Journal) -> None:
    note(journal, 0, DRIFT, DOWN)
    pasts, gone = note(journal, 1, DOWN)
    assert [each.nights for each in pasts] == [2]
    assert gone == [PastFinding(DRIFT.key, 3, "what", NIGHT, 1)]
    assert note(journal, 2, DOWN)[1] == []


def test_what_an_audit_that_was_cut_off_saw_go_is_told_by_the_next_one(journal: Journal) -> None:
    note(journal, 0, DRIFT, DOWN)
    cut_off = NIGHT + timedelta(days=1)
    note(journal, 1, DOWN)
    # What came back meanwhile is not gone.
    _, gone = note(journal, 2, DOWN, untold=cut_off)
    assert gone == [PastFinding(DRIFT.key, 3, "what", NIGHT, 1)]
    assert note(journal, 2, DOWN, DRIFT, untold=cut_off)[1] == []
    assert note(journal, 3, DOWN, DRIFT)[1] == []


def test_what_comes_back_begins_anew_and_remembers_how_often_it_came(journal: Journal) -> None:
    for night, findings in enumerate([(DRIFT,), (), (DRIFT,), (), (DRIFT,)]):
        pasts, _ = note(journal, night, *findings)
    assert pasts == [Past(NIGHT + timedelta(days=4), 1, 2)]


def test_what_nobody_could_look_at_is_not_gone(journal: Journal) -> None:
    note(journal, 0, DRIFT, DOWN)
    _, gone = note(journal, 1, closes=lambda rule, _owner: rule == "AUD020")
    assert [each.key[0] for each in gone] == ["AUD020"]
    pasts, _ = note(journal, 2, DRIFT)
    assert pasts == [Past(NIGHT, 2, 0)]


def test_what_was_learnt_of_a_device_takes_the_place_of_what_was_known(journal: Journal) -> None:
    journal.learn([Learnt("er-1", "s1", "7", "{}", NIGHT), Learnt("er-2", "s2")])
    journal.learn([Learnt("er-1", "", "8", "{}", NIGHT)])
    learnt = journal.learnt(["er-1", "er-2", "er-3"])
    assert learnt["er-1"] == Learnt("er-1", "", "8", "{}", NIGHT)
    assert set(learnt) == {"er-1", "er-2"}


def test_a_batch_is_written_whole_or_not_at_all(journal: Journal) -> None:
    spoiled = Found(("AUD001", "er-2", "", ""), severity="x")  # type: ignore[arg-type]  # on purpose
    to_note = [
        ToNote("er-1", [DRIFT], lambda _rule, _owner: True),
        ToNote("er-2", [spoiled], lambda _rule, _owner: True),
    ]
    with pytest.raises(JournalError, match="ValueError"):
        journal.note(NIGHT, to_note, [Learnt("er-1", "s1")])
    assert journal.learnt(["er-1"]) == {}
    assert note(journal, 1, DRIFT)[0] == [Past(NIGHT + timedelta(days=1), 1, 0)]


def begin(journal: Journal, selection: str = "--all") -> int:
    return journal.begin_audit(command="provision audit", commit="abc", actor="op@noc", selection=selection, devices=2)


def test_the_trend_has_the_complete_audits_of_the_same_selection_alone(clock: tuple[Journal, list[datetime]]) -> None:
    journal, now = clock
    for night, (selection, is_complete) in enumerate(
        [("--all", True), ("--all", False), ("--board 1", True), ("--all", True)]
    ):
        now[0] = NIGHT + timedelta(days=night)
        number = begin(journal, selection)
        journal.finish_audit(number, {"statuses": {"in-sync": night}, "severities": {}}, is_complete=is_complete)
    trend = journal.trend("--all", 90)
    assert [(entry.started_at, entry.counts["statuses"]["in-sync"]) for entry in trend] == [
        (NIGHT, 0),
        (NIGHT + timedelta(days=3), 3),
    ]
    assert [entry.started_at for entry in journal.trend("--all", 1)] == [NIGHT + timedelta(days=3)]


def test_an_audit_without_an_end_is_told_until_one_comes_to_its_end(journal: Journal) -> None:
    number = begin(journal)
    [entry] = journal.audits_without_end("--all")
    assert (entry.actor, entry.is_under_way) == ("op@noc", True)
    assert journal.audits_without_end("--board 1") == []
    journal.finish_audit(number, {}, is_complete=True)
    assert journal.audits_without_end("--all") == []


def test_a_push_that_has_begun_and_not_ended_is_under_way_on_its_routers(
    journal: Journal,
    begin: Callable[[Journal], RunId],
    make_plan: Callable[..., Plan],
    make_outcome: Callable[..., Outcome],
) -> None:
    run, plan = begin(journal), make_plan()
    device = plan.diffs[0].target.device
    assert not journal.standing(device).is_being_pushed
    journal.record_plan(run, plan)
    assert journal.standing(device).is_being_pushed
    assert not journal.standing("er-other").is_being_pushed
    journal.record_outcome(run, make_outcome())
    assert not journal.standing(device).is_being_pushed


def test_what_is_deployed_has_another_number_after_each_change(
    journal: Journal, begin: Callable[[Journal], RunId], make_push: Callable[..., Outcome]
) -> None:
    first = make_push()
    device = first.changes[0].device
    assert journal.newest_deployed([device]) == {}
    journal.record_outcome(begin(journal), first)
    before = journal.newest_deployed([device])
    assert set(before) == {device}
    assert journal.newest_deployed([device]) == before
    journal.record_outcome(begin(journal), first)
    assert journal.newest_deployed([device]) != before
