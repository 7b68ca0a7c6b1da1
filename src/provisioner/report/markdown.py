"""A report for a merge request."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.deploy.model import Outcome, Report, Result
from provisioner.journal.command import without_passwords
from provisioner.plan.diff import reverse as reversed_files
from provisioner.plan.groups import grouped
from provisioner.plan.impact import impact_of
from provisioner.plan.model import DeviceDiff, FileDiff, Plan
from provisioner.report import diff, folding, wording
from provisioner.report.commonmark import code, fenced, text_only
from provisioner.report.wording import counted, visible
from provisioner.validate.model import Check


def to_markdown(report: Report, *, reverse: bool = False) -> str:
    """The report as Markdown: a summary, then a section per subject, its diffs folded in; with `reverse` the way back too."""
    commit = f" at inventory commit {code(report.inventory_commit)}" if report.inventory_commit else ""
    lines = [
        f"## {code(without_passwords(report.command))}",
        "",
        f"{counted(len(report.outcomes), 'subject')}{commit}.",
        "",
    ]
    told = folding.told(report.outcomes)
    if folding.is_folded(report.outcomes):
        lines += [f"{', '.join(words for _, words in folding.counts(report.outcomes))}.", ""]
    if told:
        lines += [*_summary(folding.by_result(told)), ""]
    if len(report.outcomes) > 1 and (report.dry_run or folding.is_folded(report.outcomes)):
        lines += _together(report.outcomes, reverse=reverse)
        told = [folding.without_plan(outcome) for outcome in told if folding.needs_a_person(outcome)]
    for outcome in folding.by_result(told):
        lines += _outcome(outcome, reverse=reverse)
        command = folding.look_further(outcome, report)
        if command and not report.dry_run:
            lines += [f"Look further with {code(command)}.", ""]
        for what, instead in folding.instead(outcome, report):
            lines += [f"What was changed by hand: {what}, {code(instead)}.", ""]
    if report.left:
        lines.append(f"**{len(report.left)} not begun**: {text_only(report.stopped)}.")
        lines += ["", f"Go on with {code(report.resume)}."] if report.resume else []
    return "\n".join(lines).rstrip("\n")


def _summary(outcomes: Sequence[Outcome]) -> list[str]:
    rows = ["| subject | title | result | lines | time |", "| --- | --- | --- | --: | --: |"]
    for outcome in outcomes:
        files = wording.files_of(outcome.plan.diffs) if outcome.plan else []
        cells = (
            text_only(outcome.subject),
            text_only(outcome.title),
            wording.RESULTS[outcome.result],
            _counts(wording.totals(files)) if files else "",
            wording.seconds(outcome.seconds),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def _together(outcomes: Sequence[Outcome], *, reverse: bool) -> list[str]:
    """What many subjects change: what is the same is written once, with the routers that it is for."""
    plans = [outcome.plan for outcome in outcomes if outcome.plan is not None]
    # Trouble before anything was changed: this is not pushed, and is told by itself.
    left_out = {outcome.subject for outcome in outcomes if outcome.error and outcome.result is Result.FAILED}
    changing = [plan for plan in plans if not plan.is_empty and plan.subject not in left_out]
    impacts = {plan.subject: impact_of(plan) for plan in changing}
    lines: list[str] = []
    if impacts:
        heaviest = max(impacts, key=lambda subject: impacts[subject].score)
        said = (
            f"{impacts[heaviest].score} of 100, {text_only(heaviest)}: {text_only(wording.reasons(impacts[heaviest]))}"
        )
        lines += ["### Changes", "", f"Highest impact {said}.", ""]
    for group in grouped(changing):
        routers = counted(len(group.devices), f"{group.role.value} router")
        highest = max(impacts[subject].score for subject in group.subjects)
        lines += [
            f"**{routers}**, impact {highest}: {text_only(wording.folded(group.devices))}",
            "",
            *_file(group.file),
        ]
        if reverse:
            lines += ["To take this back:", ""]
            lines += [line for file in reversed_files((group.file,)) for line in _file(file)]
    for plan in changing:
        lines += [line for device in plan.diffs for line in _drift(device)]
    parts, unknown = folding.beside(plans, (outcome.subject for outcome in outcomes))
    others = wording.parts_beside(parts, unknown)
    return [*lines, *(f"- {text_only(line)}" for line in others), ""] if others else lines


def _outcome(outcome: Outcome, *, reverse: bool) -> list[str]:
    lines = [
        f"### {text_only(outcome.subject)} {text_only(outcome.title)}",
        "",
        f"**{wording.RESULTS[outcome.result]}**; {wording.sentence(outcome)}.",
        "",
    ]
    if outcome.error:
        lines += [f"> {text_only(wording.trouble(outcome))}", ""]
    for device in outcome.devices:
        error = f": {text_only(device.error)}" if device.error else ""
        lines.append(f"- {code(device.device)} {wording.STATES[device.state]}{error}")
    if outcome.devices:
        lines.append("")
    lines += _checks(outcome.checks)
    if outcome.plan is not None:
        lines += _plan(outcome.plan, reverse=reverse)
    return lines


def _plan(plan: Plan, *, reverse: bool) -> list[str]:
    lines: list[str] = []
    if not plan.is_empty:
        impact = impact_of(plan)
        lines += [f"Impact {impact.score} of 100: {text_only(wording.reasons(impact))}.", ""]
    for changed in plan.diffs:
        if not changed.is_empty:
            lines += _device(changed)
        if reverse and not changed.is_empty:
            lines += ["To take this back:", ""]
            lines += [line for file in reversed_files(changed.files) for line in _file(file)]
        lines += _drift(changed)
    others = wording.others(plan)
    return [*lines, *(f"- {text_only(line)}" for line in others), ""] if others else lines


def _drift(device: DeviceDiff) -> list[str]:
    """What somebody changed by hand, so that nobody takes it for the change itself."""
    if not device.drift or device.is_empty:
        return []
    said = f"Changed by hand on {code(device.target.device)} since the last confirm; this push takes it back:"
    return [said, "", *(line for file in device.drift for line in _file(file))]


def _checks(checks: Sequence[Check]) -> list[str]:
    failed = [check for check in checks if not check.passed]
    stopping = sum(check.stops for check in checks)
    if not checks:
        return []
    if not failed:
        return [f"Validation: {counted(len(checks), 'check')} passed.", ""]
    tolerated = f", {len(failed) - stopping} so before the change" if stopping < len(failed) else ""
    lines = [
        f"Validation: {stopping} of {counted(len(checks), 'check')} failed{tolerated}.",
        "",
        "| device | check | expected | found |",
        "| --- | --- | --- | --- |",
    ]
    for check in failed:
        cells = (check.device, check.name, check.expected, check.found or "nothing")
        lines.append(f"| {' | '.join(map(text_only, cells))} |")
    return [*lines, ""]


def _device(device: DeviceDiff) -> list[str]:
    target = device.target
    what = f"{wording.role(target)}, {text_only(wording.part(target))}, {_counts(wording.totals(device.files))}"
    lines = [f"#### {code(target.device)} {what}", ""]
    return [*lines, *(line for file in device.files for line in _file(file))]


def _file(file: FileDiff) -> list[str]:
    return fenced([visible(line) for line in diff.lines_of(file.text)])


def _counts(totals: tuple[int, int]) -> str:
    return f"+{totals[0]} \N{MINUS SIGN}{totals[1]}"
