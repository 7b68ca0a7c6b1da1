"""What a person reads: whole, harmless, and plain where it is piped."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from provisioner.deploy.model import Outcome, Report, Result
from provisioner.intent.types import PlatformName
from provisioner.plan.model import DeviceDiff, DeviceRole, FileDiff, Plan, Target
from provisioner.report.text import print_plan, print_report
from provisioner.report.wording import RESULTS, part, visible
from provisioner.validate.model import Check

LONG = "x" * 400
SGR = re.compile(r"\x1b\[[0-9;]*m")


def piped(show: Callable[[Console], None]) -> str:
    stream = io.StringIO()
    show(Console(file=stream, highlight=False))
    return stream.getvalue()


def on_terminal(show: Callable[[Console], None]) -> str:
    stream = io.StringIO()
    show(Console(file=stream, force_terminal=True, color_system="standard", width=80, legacy_windows=False))
    return stream.getvalue()


def test_a_piped_plan_holds_each_diff_byte_for_byte(make_plan: Callable[..., Plan]) -> None:
    text = f"--- /a (running)\n+++ /a (candidate)\n@@ -1 +1 @@\n-\t\told {LONG}\n+\t\tnew [bold]{LONG}[/bold]"
    assert text in piped(lambda console: print_plan(console, make_plan(text)))


def test_a_piped_report_has_no_escape_sequences(
    make_report: Callable[..., Report], make_outcome: Callable[..., Outcome]
) -> None:
    report = make_report(make_outcome(), make_outcome(Result.ROLLED_BACK, error="cut off"))
    assert "\x1b" not in piped(lambda console: print_report(console, report, plans_shown=False))


def test_a_long_line_is_not_wrapped_on_a_terminal(make_plan: Callable[..., Plan]) -> None:
    shown = on_terminal(lambda console: print_plan(console, make_plan(f"--- /a\n+++ /a\n@@ -1 +1 @@\n+{LONG}")))
    assert f"+{LONG}" in SGR.sub("", shown)


def test_markup_in_a_config_line_shows_as_it_is(make_plan: Callable[..., Plan]) -> None:
    shown = on_terminal(lambda console: print_plan(console, make_plan("@@ @@\n+[red]description[/red] :smile:")))
    assert "+[red]description[/red] :smile:" in SGR.sub("", shown)


@given(st.text())
def test_no_text_from_elsewhere_reaches_the_terminal_as_a_control(text: str) -> None:
    assert all(character.isprintable() or character == "\t" for character in visible(text))


@given(st.text(min_size=1))
def test_only_our_own_colours_are_escape_sequences_on_a_terminal(text: str) -> None:
    target = Target("er-16pk00", DeviceRole.EDGE, PlatformName.FRR, (), includes_base=True)
    plan = Plan(text, text, (DeviceDiff(target, (FileDiff(text, f"-{text}\n+{text}x"),)),))
    check = Check(text, text, passed=False, expected=text, found=text)
    outcome = Outcome(text, text, Result.ROLLED_BACK, plan, (), (check,), 1.0, text, "PV5000")
    report = Report(text, text, (outcome, outcome), dry_run=False)
    left = SGR.sub("", on_terminal(lambda console: print_report(console, report, plans_shown=False)))
    assert all(character.isprintable() or character == "\n" for character in left)


def test_changed_words_are_set_off_also_where_a_line_came_between() -> None:
    diff = (
        "@@ @@\n-ip saddr 10.0.0.0/24 accept\n-tcp dport 22 log accept\n"
        "+iifname eth0 jump in\n+ip saddr 10.0.0.0/23 accept\n+tcp dport 23 log accept"
    )
    target = Target("er", DeviceRole.EDGE, PlatformName.FRR, (), includes_base=True)
    plan = Plan("16PK00", "t", (DeviceDiff(target, (FileDiff("/a", diff),)),))
    shown = on_terminal(lambda console: print_plan(console, plan))
    assert re.findall(r"\x1b\[1;7;3[12]m(.*?)\x1b", shown) == ["24", "22", "23", "23"]


def test_passed_checks_are_counted_and_failed_ones_are_told_in_full(
    make_report: Callable[..., Report], make_outcome: Callable[..., Outcome]
) -> None:
    passed = tuple(Check("er-16pk00", f"check {number}", passed=True, expected="a", found="a") for number in range(22))
    failed = Check("ar1-utr", "accepted prefixes", passed=False, expected="192.0.2.0/24", found="")
    good = piped(lambda console: print_report(console, make_report(make_outcome(checks=passed)), plans_shown=True))
    assert "22 checks passed" in good
    assert "check 1" not in good
    report = make_report(make_outcome(Result.ROLLED_BACK, checks=(*passed, failed)))
    bad = piped(lambda console: print_report(console, report, plans_shown=True))
    assert "1 of 23 checks failed" in bad
    assert "ar1-utr: accepted prefixes\n      expected  192.0.2.0/24\n      found     nothing" in bad


def test_a_plan_that_was_shown_is_not_shown_again(
    make_report: Callable[..., Report], make_outcome: Callable[..., Outcome]
) -> None:
    report = make_report(make_outcome())
    assert "timers 3 9" not in piped(lambda console: print_report(console, report, plans_shown=True))
    assert "timers 3 9" in piped(lambda console: print_report(console, report, plans_shown=False))


def test_several_subjects_end_in_a_summary(
    make_report: Callable[..., Report], make_outcome: Callable[..., Outcome]
) -> None:
    report = make_report(make_outcome(), make_outcome(Result.FAILED, error="cut off"), make_outcome())
    assert piped(lambda console: print_report(console, report, plans_shown=True)).endswith(
        "3 in all: 2 confirmed, 1 failed\n"
    )


@pytest.mark.parametrize("error", ["cut off", "er-16pk00: cut off [PV5100]"])
def test_an_error_carries_its_number_once(error: str) -> None:
    outcome = Outcome("16PK00", "t", Result.FAILED, error=error, error_number="PV5100")
    report = Report("provision", "", (outcome,), dry_run=False)
    assert piped(lambda console: print_report(console, report, plans_shown=True)).count("[PV5100]") == 1


@pytest.mark.parametrize("result", list(Result))
def test_every_result_has_its_words(
    result: Result, make_report: Callable[..., Report], make_outcome: Callable[..., Outcome]
) -> None:
    shown = piped(lambda console: print_report(console, make_report(make_outcome(result)), plans_shown=True))
    assert shown.startswith(f"16PK00  De Regenboog, Utrecht: {RESULTS[result]}; ")


def test_a_target_says_which_part_of_the_router_it_is() -> None:
    assert part(Target("er", DeviceRole.EDGE, PlatformName.FRR, (), includes_base=True)) == "whole router"
    assert part(Target("ar", DeviceRole.AGGREGATION, PlatformName.FRR, (), includes_base=True)) == "base"
    assert part(Target("ar", DeviceRole.AGGREGATION, PlatformName.FRR, ("16PK00",))) == "slice 16PK00"
