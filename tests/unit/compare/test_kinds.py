"""Ten kinds of change in every format, as golden transcripts: what a reviewer reads."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from provisioner.compare.model import ChangeKind, Comparison
from provisioner.report.comparison_html import to_html
from provisioner.report.comparison_json import to_json
from provisioner.report.comparison_markdown import LIMIT, to_markdown
from provisioner.report.comparison_text import print_comparison

from .conftest import Checkout, without_commits
from .kinds import KINDS, SCHOOL, WITHOUT_EFFECT
from .page import as_read

Golden = Callable[[str, str], None]
SCHEMA = json.loads((Path(__file__).parents[3] / "docs/schema/comparison.json").read_text(encoding="utf-8"))


def text_of(comparison: Comparison) -> str:
    written = io.StringIO()
    print_comparison(Console(file=written, highlight=False, soft_wrap=True), comparison)
    return written.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_change_reads_as_it_was_reviewed(checkout: Checkout, golden: Golden, kind: str) -> None:
    KINDS[kind](checkout)
    comparison = checkout.compare(annotate=kind == "vlan-added")
    golden(f"comparison/{kind}.txt", without_commits(text_of(comparison)))
    golden(f"comparison/{kind}.md", without_commits(to_markdown(comparison)) + "\n")
    golden(f"comparison/{kind}.json", without_commits(to_json(comparison)) + "\n")
    golden(f"comparison/{kind}.html.txt", without_commits(as_read(to_html(comparison))))
    jsonschema.validate(json.loads(to_json(comparison)), SCHEMA)
    assert len(to_markdown(comparison).encode()) <= LIMIT
    assert bool(comparison.changes) != (kind in WITHOUT_EFFECT)
    assert comparison.exit_code == int(bool(comparison.changes))


def test_a_school_that_moves_changes_both_aggregation_routers(checkout: Checkout) -> None:
    KINDS["school-moved"](checkout)
    (change,) = checkout.compare().changes
    assert change.kind is ChangeKind.MOVED
    assert [diff.target.device for diff in change.plan.diffs] == ["utr1-ar2", "utr1-ar1", "er-03bk00"]
    there, here, _ = ("".join(file.text for file in diff.files) for diff in change.plan.diffs)
    assert "\n-" not in there.replace("\n--- ", "\n")
    assert "\n+" not in here.replace("\n+++ ", "\n")


def test_a_rotated_secret_shows_as_changed_and_never_by_name_or_value(checkout: Checkout) -> None:
    KINDS["secret-rotated"](checkout)
    comparison = checkout.compare()
    (change,) = comparison.changes
    for said in (text_of(comparison), to_markdown(comparison), to_json(comparison)):
        assert "password <secret> (changed)" in said
        assert "primary-2027" not in said
    assert len(change.plan.diffs) == 2, "both ends"


def test_a_template_line_that_all_schools_share_is_read_once_for_one_and_once_for_two_uplinks(
    checkout: Checkout,
) -> None:
    KINDS["template-edited"](checkout)
    comparison = checkout.compare()
    single, dual = comparison.groups
    assert {len(single.devices), len(dual.devices)} == {17, 8}
    assert single.same_but_for_values
    assert dual.same_but_for_values
    assert len(comparison.changes) == 25


def test_what_differs_in_somebody_elses_prefix_is_not_the_same_change(checkout: Checkout) -> None:
    """One of two schools gets a filter that lets in the other's prefix: never folded into the harmless one."""
    checkout.edit(
        "templates/frr/aggregation/slice/frr.j2",
        "ip prefix-list {{ code }}-out4",
        "ip prefix-list {{ code }}-in4 seq 990 permit {{ '203.0.113.0/29' if code < '04' else '203.0.113.8/29' }}\n"
        "ip prefix-list {{ code }}-out4",
    )
    groups = checkout.compare(schools=(SCHOOL, "04CR00", "05DJ00")).groups
    lines = {line for group in groups for line in group.diff.split("\n") if "seq 990" in line}
    assert len(groups) > 1
    assert len(lines) > 1


def test_a_file_that_is_simply_deleted_is_told_to_take_no_slice_away(checkout: Checkout) -> None:
    checkout.file(checkout.location(SCHOOL)).unlink()
    comparison = checkout.compare()
    assert [change.kind for change in comparison.changes] == [ChangeKind.REMOVED]
    assert any("set status: decommissioned first" in note for note in comparison.notes)


def test_what_is_said_of_a_line_is_where_it_comes_from(checkout: Checkout) -> None:
    KINDS["vlan-added"](checkout)
    comparison = checkout.compare(annotate=True)
    interfaces = next(group for group in comparison.groups if group.file.endswith("interfaces"))
    lines = interfaces.diff.split("\n")
    said = {lines[number]: origin for number, origin in interfaces.origins}
    origin = said["+    vlan-id 40"]
    place, field = origin.intent[0].split()
    path, line = place.rsplit(":", 1)
    assert field == "segments[5].vlan_id"
    assert checkout.file(path).read_text(encoding="utf-8").splitlines()[int(line) - 1].strip() == "vlan_id: 40"
    path, line = origin.template.rsplit(":", 1)
    assert "vlan-id {{" in checkout.file(path).read_text(encoding="utf-8").splitlines()[int(line) - 1]
