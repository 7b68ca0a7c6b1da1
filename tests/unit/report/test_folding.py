"""A report of many subjects: what needs a person is told in full, what is alike once, the rest as a number."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from provisioner.deploy.model import Outcome, Report, Result
from provisioner.intent.types import PlatformName
from provisioner.plan.model import DeviceDiff, DeviceRole, FileDiff, OtherPart, PartStatus, Plan, Target
from provisioner.report import folding
from provisioner.report.markdown import to_markdown
from provisioner.report.text import print_report
from provisioner.validate.model import Check

ROUTER = "zwl1-ar1"
CHECK = Check(ROUTER, "BGP session", passed=False, expected="established", found="idle")
TOLERATED = Check(ROUTER, "guest segment", passed=False, expected="an answer", found="none", tolerated=True)


def code(number: int) -> str:
    return f"{number // 100:02}PK{number % 100:02}"


def plan(subject: str, *, change: str = "+ bfd", drift: str = "", others: tuple[OtherPart, ...] = ()) -> Plan:
    target = Target(f"er-{subject.lower()}", DeviceRole.EDGE, PlatformName.FRR, (), includes_base=True)
    header = "--- /etc/frr/frr.conf (running)\n+++ /etc/frr/frr.conf (candidate)\n"
    files = (FileDiff("/etc/frr/frr.conf", f"{header}@@ router bgp 65001 @@\n{change}"),)
    by_hand = (FileDiff("/etc/frr/frr.conf", f"{header}@@ global @@\n{drift}"),) if drift else ()
    return Plan(subject, "a school", (DeviceDiff(target, files, by_hand),), others=others)


def outcome(subject: str, result: Result, checks: tuple[Check, ...] = (), drift: str = "") -> Outcome:
    error = "cut off" if result.is_trouble else ""
    return Outcome(
        subject, "a school", result, plan(subject, drift=drift), (), checks, 1.0, error, "PV5100" if error else ""
    )


def fleet(size: int, result: Result, *special: Outcome) -> tuple[Outcome, ...]:
    taken = {one.subject for one in special}
    return (*(outcome(code(number), result) for number in range(size) if code(number) not in taken), *special)


def text(outcomes: tuple[Outcome, ...], *, dry_run: bool = False, restore: str = "", adopt: str = "") -> str:
    stream = io.StringIO()
    report = Report("provision --all", "", outcomes, dry_run, restore=restore, adopt=adopt)
    print_report(Console(file=stream, highlight=False, soft_wrap=True), report, plans_shown=not dry_run)
    return stream.getvalue()


def markdown(outcomes: tuple[Outcome, ...], *, dry_run: bool = False, restore: str = "", adopt: str = "") -> str:
    return to_markdown(Report("provision --all", "", outcomes, dry_run, restore=restore, adopt=adopt))


SPECIAL = (
    outcome("90AA00", Result.CONFIRMED, (TOLERATED,)),
    outcome("91AA00", Result.FAILED),
    outcome("92AA00", Result.ROLLED_BACK, (CHECK,)),
    outcome("93AA00", Result.UNKNOWN),
)


@pytest.mark.parametrize("shown", [text, markdown])
def test_of_ten_thousand_those_that_need_a_person_are_told(shown: Callable[[tuple[Outcome, ...]], str]) -> None:
    report = shown(fleet(10_000, Result.CONFIRMED, *SPECIAL))
    for special in SPECIAL:
        assert special.subject in report
    assert "10PK00" not in report.replace("er-10pk00", "")
    assert "1 rolled back, 1 failed, 1 unknown" in report
    assert len(report.splitlines()) < 100


@pytest.mark.parametrize("shown", [text, markdown])
def test_of_a_few_each_is_told(shown: Callable[[tuple[Outcome, ...]], str]) -> None:
    report = shown(fleet(folding.MOST_SUBJECTS, Result.CONFIRMED))
    assert all(code(number) in report for number in range(folding.MOST_SUBJECTS))
    assert "00PK07" not in shown(fleet(folding.MOST_SUBJECTS + 1, Result.CONFIRMED))


@pytest.mark.parametrize("shown", [text, markdown])
def test_trouble_says_what_to_type_next(shown: Callable[[tuple[Outcome, ...]], str]) -> None:
    report = shown((*SPECIAL, outcome(ROUTER, Result.FAILED)))
    assert "provision --school 91AA00 --dry-run" in report
    assert "provision history --school 92AA00 --limit 1 --diff" in report
    assert "provision --school 93AA00 --dry-run" in report
    assert f"provision --aggregation {ROUTER} --dry-run" in report
    assert "90AA00 --" not in report


def test_what_is_worst_stands_last_above_the_prompt() -> None:
    results = [one.result for one in folding.by_result(reversed(fleet(3, Result.IN_SYNC, *SPECIAL)))]
    assert results[-3:] == [Result.ROLLED_BACK, Result.FAILED, Result.UNKNOWN]
    assert results[0] is Result.IN_SYNC


def test_a_dry_run_of_several_writes_a_change_once_in_markdown() -> None:
    report = markdown(fleet(12, Result.DIFFERENCES, outcome("91AA00", Result.FAILED)), dry_run=True)
    assert report.count("+ bfd") == 1
    assert "**12 edge routers**, impact " in report
    assert "er-00pk07 and 4 more" in report
    assert "cut off" in report


def test_one_subject_is_told_as_ever_in_markdown() -> None:
    report = markdown((outcome("16PK00", Result.DIFFERENCES),), dry_run=True)
    assert "#### `er-16pk00` edge router" in report
    assert "### Changes" not in report


@pytest.mark.parametrize("shown", [text, markdown])
def test_a_change_by_hand_is_not_taken_for_the_change(shown: Callable[..., str]) -> None:
    report = shown(
        fleet(30, Result.DIFFERENCES, outcome("91AA00", Result.DIFFERENCES, drift="- by hand")), dry_run=True
    )
    before, label, after = report.partition("since the last confirm; this push takes it back:")
    assert label
    assert "- by hand" not in before
    assert "- by hand" in after


@pytest.mark.parametrize("shown", [text, markdown])
def test_what_the_run_itself_changes_is_not_said_to_be_left_alone(shown: Callable[..., str]) -> None:
    others = tuple(OtherPart(ROUTER, owner, PartStatus.PENDING) for owner in ("00PK00", "00PK01", "77ZZ00", ""))
    outcomes = tuple(
        Outcome(code(number), "a school", Result.DIFFERENCES, plan(code(number), others=others)) for number in range(30)
    )
    with_base = (*outcomes, Outcome(ROUTER, "base", Result.IN_SYNC))
    assert "base pending" not in shown(with_base, dry_run=True)
    report = shown(outcomes, dry_run=True)
    assert report.count("77ZZ00 pending, not touched") == 1
    assert report.count("base pending, not touched") == 1
    assert "00PK01 pending" not in report


@given(st.lists(st.tuples(st.sampled_from(Result), st.booleans()), max_size=60))
def test_nothing_that_needs_a_person_is_folded_away(kinds: list[tuple[Result, bool]]) -> None:
    outcomes = [
        Outcome(code(number), "", result, checks=(TOLERATED,) if tolerated else ())
        for number, (result, tolerated) in enumerate(kinds)
    ]
    told = folding.told(outcomes)
    assert [one for one in outcomes if folding.needs_a_person(one)] == [
        one for one in told if folding.needs_a_person(one)
    ]
    assert sum(int(words.split()[0]) for _, words in folding.counts(outcomes)) == len(outcomes)


@pytest.mark.parametrize("written", [text, markdown])
def test_a_change_by_hand_comes_with_the_ways_that_push_nothing_over_it(written: Callable[..., str]) -> None:
    drifted = (outcome("16PK00", Result.FAILED, drift="+ by hand"),)
    ways = {"restore": "provision restore --lab demo", "adopt": "provision adopt --lab demo"}
    told = written(drifted, **ways)
    assert "provision restore --lab demo --school 16PK00" in told
    assert "provision adopt --lab demo --school 16PK00" in told
    router = written((outcome(ROUTER, Result.FAILED, drift="+ by hand"),), **ways)
    assert f"provision restore --lab demo --base {ROUTER}" in router
    assert "provision adopt" not in router
    assert "provision restore" not in written(drifted)
    assert "provision restore" not in written((outcome("16PK00", Result.FAILED),), **ways)
    assert "provision restore" not in written((outcome("16PK00", Result.CONFIRMED, drift="+ by hand"),), **ways)
