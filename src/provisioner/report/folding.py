"""What of a run of many subjects a person has to look at; the rest is counted. Pure: what it looks like is decided elsewhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from provisioner.deploy.model import Outcome, Report, Result
from provisioner.plan.model import OtherPart, Plan
from provisioner.report.wording import RESULTS

MOST_SUBJECTS: Final = 20
"""More subjects than this are not told one by one: what matters would be lost among what went well."""

_LOCATION: Final = re.compile(r"[0-9]{2}[A-Z]{2}[0-9]{2}", re.ASCII)


def needs_a_person(outcome: Outcome) -> bool:
    """Whether somebody has to look: trouble, or a check that did not pass though the push went through."""
    return outcome.result.is_trouble or any(check.tolerated for check in outcome.checks)


def is_folded(outcomes: Sequence[Outcome]) -> bool:
    """Whether there are too many subjects to tell each of them."""
    return len(outcomes) > MOST_SUBJECTS


def told(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes that are told one by one: all of a few, else those that need a person."""
    return [outcome for outcome in outcomes if needs_a_person(outcome)] if is_folded(outcomes) else list(outcomes)


def by_result(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Outcomes of one result side by side, what is worst last: at a terminal that is what stands above the prompt."""
    order = list(Result)
    return sorted(outcomes, key=lambda outcome: order.index(outcome.result))


def counts(outcomes: Iterable[Outcome]) -> list[tuple[Result, str]]:
    """How many subjects ended in each way: the result, and `3 confirmed`."""
    numbers = Counter(outcome.result for outcome in outcomes)
    return [(result, f"{numbers[result]} {RESULTS[result]}") for result in Result if numbers[result]]


def look_further(outcome: Outcome, report: Report) -> str:
    """What to type to see more of a subject in trouble; empty where nothing is wrong with it."""
    if not outcome.result.is_trouble:
        return ""
    option = "--school" if _LOCATION.fullmatch(outcome.subject) else "--aggregation"
    if outcome.result is Result.ROLLED_BACK:
        return f"{report.history} {option} {outcome.subject} --limit 1 --diff"
    return f"{report.again} {option} {outcome.subject} --dry-run"


def instead(outcome: Outcome, report: Report) -> list[tuple[str, str]]:
    """What else can be done about a change by hand than to push over it: what it does, and what to type."""
    if outcome.result is Result.CONFIRMED or outcome.plan is None or not outcome.plan.is_drifted or not report.restore:
        return []
    is_location = _LOCATION.fullmatch(outcome.subject) is not None
    option = "--school" if is_location else "--base"
    found = [("to put back what was last confirmed, and nothing else", f"{report.restore} {option} {outcome.subject}")]
    if is_location:
        found.append(("to see how the inventory would keep it", f"{report.adopt} {option} {outcome.subject}"))
    return found


def beside(plans: Iterable[Plan], subjects: Iterable[str]) -> tuple[list[OtherPart], list[str]]:
    """What is not as it should be beside many plans.

    Args:
        plans: The plans of one run.
        subjects: All subjects of the run: one plan leaves the others' parts alone, the run does not.

    Returns:
        The parts that none of the subjects owns, each once and in order; and why nothing is said about others.
    """
    own = frozenset(subjects)
    parts: dict[OtherPart, None] = {}
    unknown: dict[str, None] = {}
    for plan in plans:
        parts |= dict.fromkeys(other for other in plan.others if (other.owner or other.device) not in own)
        if plan.unknown_others:
            unknown[plan.unknown_others] = None
    return sorted(parts, key=lambda other: (other.device, other.owner)), list(unknown)


def without_plan(outcome: Outcome) -> Outcome:
    """An outcome whose change is told elsewhere, together with those of others."""
    return replace(outcome, plan=None)
