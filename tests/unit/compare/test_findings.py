"""Policy rules on both sides: what the change breaks, what was broken before, and what it mends."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date

import jsonschema
import pytest

from provisioner.compare.model import Comparison
from provisioner.report.comparison_html import to_html
from provisioner.report.comparison_json import to_json
from provisioner.report.comparison_markdown import to_markdown

from .conftest import Checkout, without_commits
from .kinds import KINDS, SCHOOL
from .page import as_read
from .test_kinds import SCHEMA, text_of

Golden = Callable[[str, str], None]

SLICE = "templates/frr/aggregation/slice/frr.j2"
MAXIMUM = "maximum-prefix"
SENTENCE = "agreed with the board until the new cameras are in"


def without_guard(checkout: Checkout, template: str, guard: str) -> None:
    """A template loses its lines with a guard."""
    path = checkout.file(template)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if guard not in line]
    assert len(kept) < len(lines)
    path.write_text("".join(kept), encoding="utf-8")


def accept(checkout: Checkout, rule: str, until: str = "") -> None:
    path = checkout.file(checkout.location(SCHOOL))
    last = f"    until: {until}\n" if until else ""
    text = path.read_text(encoding="utf-8").rstrip()
    path.write_text(f"{text}\naccepted_findings:\n  - rule: {rule}\n    reason: {SENTENCE}\n{last}", encoding="utf-8")


def as_the_main_branch_has_it(checkout: Checkout) -> None:
    """What the working tree is now becomes what changes are compared with."""
    checkout.git("switch", "--quiet", "main")
    checkout.commit()
    checkout.git("switch", "--quiet", "-C", "change")


def said(comparison: Comparison) -> tuple[str, ...]:
    jsonschema.validate(json.loads(to_json(comparison)), SCHEMA)
    return text_of(comparison), to_markdown(comparison), to_html(comparison)


def test_what_the_change_breaks_is_new_and_stops_it(checkout: Checkout, golden: Golden) -> None:
    without_guard(checkout, SLICE, MAXIMUM)
    comparison = checkout.compare(schools=(SCHOOL,))
    assert {finding.rule for finding in comparison.findings} == {"POL002"}
    assert (comparison.standing, comparison.mended, comparison.exit_code) == ((), (), 2)
    assert all("2 new policy findings to mend or to accept" in each.replace("**", "") for each in said(comparison))
    golden("comparison/guard-lost.txt", without_commits(text_of(comparison)))
    golden("comparison/guard-lost.md", without_commits(to_markdown(comparison)) + "\n")
    golden("comparison/guard-lost.html.txt", without_commits(as_read(to_html(comparison))))
    golden("comparison/guard-lost.json", without_commits(to_json(comparison)) + "\n")


def test_what_was_broken_before_is_counted_in_a_line_and_stops_nothing(checkout: Checkout, golden: Golden) -> None:
    without_guard(checkout, SLICE, MAXIMUM)
    as_the_main_branch_has_it(checkout)
    KINDS["vlan-added"](checkout)
    comparison = checkout.compare()
    assert comparison.changes
    assert comparison.findings == ()
    assert {finding.rule for finding in comparison.standing} == {"POL002"}
    assert comparison.exit_code == 1
    line = "2 policy findings in what changes were there before; provision check --policy tells them"
    assert all(line in each for each in said(comparison))
    assert [finding["new"] for finding in json.loads(to_json(comparison))["findings"]] == [False, False]
    golden("comparison/guard-lost-before.txt", without_commits(text_of(comparison)))


def test_what_the_change_mends_is_said(checkout: Checkout, golden: Golden) -> None:
    sound = checkout.file(SLICE).read_text(encoding="utf-8")
    without_guard(checkout, SLICE, MAXIMUM)
    as_the_main_branch_has_it(checkout)
    checkout.file(SLICE).write_text(sound, encoding="utf-8")
    comparison = checkout.compare(schools=(SCHOOL,))
    assert (comparison.findings, comparison.standing, comparison.exit_code) == ((), (), 1)
    assert {finding.rule for finding in comparison.mended} == {"POL002"}
    assert all("the change mends 2 policy findings" in each for each in said(comparison))
    assert len(json.loads(to_json(comparison))["mended"]) == 2
    golden("comparison/guard-mended.html.txt", without_commits(as_read(to_html(comparison))))
    golden("comparison/guard-mended.txt", without_commits(text_of(comparison)))
    golden("comparison/guard-mended.md", without_commits(to_markdown(comparison)) + "\n")


def test_beside_what_stands_the_new_one_alone_is_on_top(checkout: Checkout) -> None:
    without_guard(checkout, SLICE, MAXIMUM)
    as_the_main_branch_has_it(checkout)
    without_guard(checkout, SLICE, "local-role")
    comparison = checkout.compare(schools=(SCHOOL,))
    assert {finding.rule for finding in comparison.findings} == {"POL003"}
    assert {finding.rule for finding in comparison.standing} == {"POL002"}
    assert comparison.exit_code == 2
    assert "POL002" not in text_of(comparison)


def test_what_was_accepted_and_no_longer_is_counts_as_new(checkout: Checkout) -> None:
    text = checkout.file(checkout.location(SCHOOL)).read_text(encoding="utf-8")
    without_guard(checkout, SLICE, MAXIMUM)
    accept(checkout, "POL002")
    as_the_main_branch_has_it(checkout)
    checkout.file(checkout.location(SCHOOL)).write_text(text, encoding="utf-8")
    KINDS["vlan-added"](checkout)
    comparison = checkout.compare()
    assert len(comparison.findings) == 2
    assert comparison.exit_code == 2


@pytest.mark.parametrize(("until", "stops"), [("2026-11-23", False), ("2026-11-22", True)])
def test_an_acceptance_counts_until_its_last_day_and_one_that_is_over_stops_no_comparison(
    checkout: Checkout, until: str, stops: bool
) -> None:
    accept(checkout, "POL002", until)
    without_guard(checkout, SLICE, MAXIMUM)
    comparison = checkout.compare(schools=(SCHOOL,), today=date(2026, 11, 23))
    assert [finding.stops for finding in comparison.findings] == [stops, stops]
    assert all(("which is over" in finding.what) is stops for finding in comparison.findings)
    other = checkout.compare(schools=("04CR00",), today=date(2026, 11, 23))
    assert len(other.changes) == 1


def test_a_location_that_comes_breaks_what_it_breaks_anew(checkout: Checkout) -> None:
    without_guard(checkout, SLICE, MAXIMUM)
    as_the_main_branch_has_it(checkout)
    KINDS["school-added"](checkout)
    comparison = checkout.compare()
    assert {finding.location for finding in comparison.findings} == {"03BK01"}
    assert comparison.standing == ()


def test_a_base_is_judged_on_both_sides_too(checkout: Checkout) -> None:
    template = next(
        path
        for path in checkout.file("templates/frr/aggregation").rglob("nft*.j2")
        if "policy drop" in path.read_text(encoding="utf-8")
    )
    name = str(template.relative_to(checkout.root))
    checkout.edit(name, "policy drop", "policy accept")
    comparison = checkout.compare()
    bases = {finding.device for finding in comparison.findings if not finding.location}
    assert bases
    as_the_main_branch_has_it(checkout)
    checkout.edit(name, "policy accept", "policy drop")
    comparison = checkout.compare()
    assert comparison.findings == ()
    assert bases == {finding.device for finding in comparison.mended if not finding.location}


def test_several_processes_find_what_one_finds(checkout: Checkout) -> None:
    without_guard(checkout, SLICE, MAXIMUM)
    assert checkout.compare(processes=2).findings == checkout.compare().findings
