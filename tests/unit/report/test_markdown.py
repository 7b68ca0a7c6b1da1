"""Markdown for a merge request: what comes from elsewhere stays text."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from provisioner.deploy.model import DeviceOutcome, DeviceState, Outcome, Report, Result
from provisioner.intent.types import PlatformName
from provisioner.plan.model import DeviceDiff, DeviceRole, FileDiff, Plan, Target
from provisioner.report.markdown import to_markdown
from provisioner.validate.model import Check

EDGE = Target("er-16pk00", DeviceRole.EDGE, PlatformName.FRR, (), includes_base=True)
STRUCTURE = {"link_open", "image", "em_open", "html_block", "code_block", "hr", "ordered_list_open"}


def tokens(text: str) -> list[tuple[str, str]]:
    """Type and content of every token, inline ones too."""
    found = []
    for token in MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(text):
        found += [(inner.type, inner.content) for inner in token.children or [token]]
    return found


def test_a_diff_with_backticks_stays_inside_its_fence() -> None:
    diff = "@@ @@\n ```\n+```\n+````html\n <script>"
    plan = Plan("16PK00", "t", (DeviceDiff(EDGE, (FileDiff("/a", diff),)),))
    report = Report("provision", "", (Outcome("16PK00", "t", Result.DIFFERENCES, plan),), dry_run=True)
    assert ("fence", f"{diff}\n") in tokens(to_markdown(report))


HOSTILE = st.text(alphabet=st.sampled_from("`*_[]()<>|~#@!&\\\n\t\x1b-+=ab1.:/ "), min_size=1)


@example("1.")
@example("- a")
@given(HOSTILE)
def test_no_text_from_elsewhere_becomes_markup(text: str) -> None:
    plan = Plan(text, text, (DeviceDiff(EDGE, (FileDiff(text, f"+{text}"),)),))
    device = DeviceOutcome("er-16pk00", DeviceState.UNKNOWN, text)
    check = Check(text, text, passed=False, expected=text, found=text)
    outcome = Outcome(text, text, Result.UNKNOWN, plan, (device,), (check,), 1.0, text, "PV5000")
    found = tokens(to_markdown(Report("provision", "", (outcome,), dry_run=False)))
    kinds = [kind for kind, _ in found]
    assert not STRUCTURE & set(kinds)
    assert {content for kind, content in found if kind == "html_inline"} <= {"<!-- -->"}
    assert kinds.count("table_open") == 2
    assert kinds.count("fence") == 1
    assert kinds.count("heading_open") == 3


def test_nobody_is_mentioned_and_nothing_is_linked(
    make_report: Callable[..., Report], make_outcome: Callable[..., Outcome]
) -> None:
    text = to_markdown(make_report(make_outcome(Result.FAILED, error="@admin see #12, !3 at https://example.org")))
    for reference in ("@admin", "#12", "!3", "https://"):
        assert reference not in text


def test_a_report_tells_result_devices_checks_and_diffs(
    make_report: Callable[..., Report], make_outcome: Callable[..., Outcome]
) -> None:
    check = Check("er-16pk00", "BGP session", passed=False, expected="established", found="")
    text = to_markdown(make_report(make_outcome(Result.ROLLED_BACK, checks=(check,))))
    assert "**rolled back**; every device is as it was before." in text
    assert "| er-16pk00 | BGP session | established | nothing |" in text
    assert "+ neighbor 192.0.2.1 timers 3 9\n```\n" in text + "\n"
