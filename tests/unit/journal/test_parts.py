"""What is deployed, and the last change of a subject, are known from what was recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, event, func, select
from sqlalchemy.orm import Session

from provisioner.deploy.model import Outcome, Result
from provisioner.journal import entry
from provisioner.journal.store import Journal, Query, RunId
from provisioner.journal.tables import Config, Part
from provisioner.plan.model import PartChange

Begin = Callable[[Journal], RunId]
Push = Callable[..., Outcome]

EDGE = "er-16pk00"
BEGAN = datetime(2026, 9, 1, 10, tzinfo=UTC)


@pytest.fixture
def journal(url: str) -> Iterator[Journal]:
    """Its clock goes on by a minute each time somebody looks at it."""
    minutes = count()
    with Journal.open(url, clock=lambda: BEGAN + timedelta(minutes=next(minutes))) as opened:
        yield opened


def rows(url: str, table: type[Config | Part]) -> int:
    engine = create_engine(url)
    with Session(engine) as session:
        number = session.scalar(select(func.count()).select_from(table))
    engine.dispose()
    return int(number or 0)


def edge(before: str | None, after: str | None) -> tuple[PartChange, ...]:
    return (PartChange(EDGE, "", before, after),)


def test_results_are_those_of_a_deployment() -> None:
    assert (entry.CONFIRMED, entry.IN_SYNC) == (Result.CONFIRMED, Result.IN_SYNC)
    assert (entry.DIFFERENCES, entry.DECLINED) == (Result.DIFFERENCES, Result.DECLINED)


def test_nothing_is_deployed_where_nothing_was_confirmed(journal: Journal, begin: Begin, make_push: Push) -> None:
    assert journal.deployed(EDGE) == {}
    for result in set(Result) - {Result.CONFIRMED, Result.IN_SYNC, Result.UNKNOWN}:
        journal.record_outcome(begin(journal), make_push("16PK00", result))
    assert journal.deployed(EDGE) == {}


def test_what_answered_its_confirm_is_deployed_though_another_router_could_not_be_read_back(
    journal: Journal, begin: Begin, make_push: Push
) -> None:
    outcome = make_push("16PK00", Result.UNKNOWN)
    read = tuple(change for change in outcome.changes if change.device == EDGE)
    journal.record_outcome(begin(journal), replace(outcome, changes=read))
    assert list(journal.deployed(EDGE)) == [""]
    assert journal.deployed("ar1-utr") == {}


def test_what_was_confirmed_last_is_deployed(journal: Journal, begin: Begin, make_push: Push) -> None:
    journal.record_outcome(begin(journal), make_push("16PK00"))
    run = begin(journal)
    journal.record_outcome(run, make_push("16PK01"))
    found = journal.deployed("ar1-utr")
    assert list(found) == ["16PK00", "16PK01"]
    state = found["16PK01"]
    assert (state.owner, state.text, state.run_id, state.actor) == ("16PK01", "neighbor new\n", run, "anna@noc")
    assert BEGAN < state.at < BEGAN + timedelta(hours=1)
    assert state.at.tzinfo is UTC
    assert journal.deployed("er-16pk01")[""].text == "hostname new\npassword <secret:BGP>\n"


def test_a_slice_that_was_taken_away_is_known_to_be_gone(journal: Journal, begin: Begin, make_push: Push) -> None:
    journal.record_outcome(begin(journal), make_push())
    journal.record_outcome(begin(journal), make_push(changes=(PartChange("ar1-utr", "16PK00", "x", None),)))
    assert journal.deployed("ar1-utr")["16PK00"].text is None


def test_a_nightly_run_that_finds_all_in_sync_makes_the_journal_know_and_then_not_grow(
    journal: Journal, url: str, begin: Begin, make_push: Push
) -> None:
    def night() -> None:
        same = (PartChange("ar1-utr", "16PK00", "a", "a"), PartChange("ar1-utr", "16PK01", None, None), *edge("b", "b"))
        journal.record_outcome(begin(journal), make_push("16PK00", Result.IN_SYNC, same))

    night()
    assert rows(url, Part) == 3
    first = journal.deployed("ar1-utr")
    night()
    assert (rows(url, Part), rows(url, Config)) == (3, 2)
    assert journal.deployed("ar1-utr") == first
    journal.record_outcome(begin(journal), make_push("16PK00", Result.CONFIRMED, edge("b", "c")))
    night()
    assert rows(url, Part) == 5
    assert journal.deployed(EDGE)[""].text == "b"


def test_a_text_is_kept_once(journal: Journal, url: str, begin: Begin, make_push: Push) -> None:
    for before, after in (("a", "b"), ("b", "a"), ("a", "b")):
        journal.record_outcome(begin(journal), make_push(changes=edge(before, after)))
    assert (rows(url, Config), rows(url, Part)) == (2, 3)


def test_an_outcome_that_is_recorded_again_takes_the_place_of_the_first(
    journal: Journal, url: str, begin: Begin, make_push: Push
) -> None:
    run = begin(journal)
    journal.record_outcome(run, make_push(changes=edge("a", "b")))
    journal.record_outcome(run, make_push(changes=edge("a", "c")))
    assert (journal.deployed(EDGE)[""].text, rows(url, Part)) == ("c", 1)
    journal.record_outcome(run, make_push("16PK00", Result.UNKNOWN, ()))
    assert journal.deployed(EDGE) == {}


def test_an_outcome_and_its_parts_are_recorded_together_or_not_at_all(
    journal: Journal, begin: Begin, make_push: Push, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin(journal)

    def broken(*_: object) -> None:
        raise RuntimeError("killed here")

    monkeypatch.setattr("provisioner.journal.parts._ids", broken)
    with pytest.raises(RuntimeError):
        journal.record_outcome(run, make_push())
    assert journal.history(Query(subjects=("16PK00",))) == ()


def test_the_last_change_is_the_newest_that_changed_something(journal: Journal, begin: Begin, make_push: Push) -> None:
    assert journal.last_change("16PK00") is None
    run = begin(journal)
    kept = PartChange("ar1-utr", "16PK00", "same", "same")
    journal.record_outcome(run, make_push(changes=(kept, *edge("a", "b"))))
    journal.record_outcome(begin(journal), make_push(changes=edge("b", "b")))
    journal.record_outcome(begin(journal), make_push("16PK00", Result.ROLLED_BACK, edge("b", "c")))
    journal.record_outcome(begin(journal), make_push("16PK00", Result.IN_SYNC, edge("x", "y")))
    journal.record_outcome(begin(journal), make_push("16PK01"))
    change = journal.last_change("16PK00")
    assert change is not None
    assert (change.run_id, change.changes, change.title) == (run, edge("a", "b"), "De Regenboog, Utrecht")
    assert (change.actor, change.commit, change.command) == ("anna@noc", "0123456789ab", "provision --school 16PK00")
    assert change.at > BEGAN
    assert change.at.tzinfo is UTC


@pytest.mark.parametrize(("before", "after"), [(None, "a"), ("a", None)])
def test_a_part_that_came_or_went_is_a_change(
    journal: Journal, begin: Begin, make_push: Push, before: str | None, after: str | None
) -> None:
    journal.record_outcome(begin(journal), make_push(changes=edge(before, after)))
    change = journal.last_change("16PK00")
    assert change is not None
    assert change.changes == edge(before, after)


TEXTS = st.none() | st.sampled_from(["a", "b", ""]) | st.text(st.characters(codec="utf-8", exclude_characters="\0"))
PUSHES = st.lists(
    st.tuples(st.sampled_from([Result.CONFIRMED, Result.IN_SYNC, Result.FAILED]), st.sampled_from("XYZ"), TEXTS, TEXTS)
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pushes=PUSHES)
def test_whatever_was_pushed_the_newest_confirmed_text_is_deployed(
    sqlite_url: str, begin: Begin, make_push: Push, pushes: list[tuple[Result, str, str | None, str | None]]
) -> None:
    expected: dict[str, str | None] = {}
    with Journal.open(sqlite_url) as journal:
        # One file for every example: what went before is still there.
        device = f"d{next(DEVICES)}"
        for result, owner, before, after in pushes:
            changes = (PartChange(device, owner, before, after),)
            journal.record_outcome(begin(journal), make_push("16PK00", result, changes))
            if result is not Result.FAILED:
                expected[owner] = after
        assert {owner: state.text for owner, state in journal.deployed(device).items()} == expected


DEVICES = count()


def test_the_state_of_a_device_with_500_slices_is_one_query_by_an_index(
    journal: Journal, begin: Begin, make_push: Push
) -> None:
    slices = tuple(PartChange("ar1-utr", f"{number:04}00", None, f"slice {number}") for number in range(500))
    journal.record_outcome(begin(journal), make_push(changes=slices))
    statements: list[str] = []
    event.listen(journal._engine, "before_cursor_execute", lambda _c, _cu, statement, *_: statements.append(statement))
    assert len(journal.deployed("ar1-utr")) == 500
    assert sum(statement.lstrip().startswith("SELECT") for statement in statements) == 1
    if journal._engine.dialect.name == "sqlite":
        with journal._engine.connect() as connection:
            steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statements[-1]}", ("ar1-utr",)).all()
        assert not [step for step in steps if "SCAN" in step[3]]
