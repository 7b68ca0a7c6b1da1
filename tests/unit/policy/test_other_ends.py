"""What a router may ask of the other end of an uplink depends on what that one has."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.intent.load import load_fleet
from provisioner.intent.model import Slice
from provisioner.policy.evaluation import edge_findings, slice_findings
from provisioner.render.engine import Renderer

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("", "", set()),
        (
            " local-role customer\n",
            " local-role customer strict-mode\n",
            {"its role is strict, and the other end has none"},
        ),
        (" local-role customer\n", " local-role provider\n", {"its role is not customer"}),
    ],
)
def test_a_role_is_not_strict_where_the_other_end_has_none(old: str, new: str, found: set[str]) -> None:
    fleet = load_fleet(ROOT / "tests" / "inventories" / "junos")
    location = fleet.locations["16PK00"]
    rendered = Renderer(ROOT / "templates").edge(fleet, location)
    text = rendered.replace(old, new) if old else rendered
    findings = [finding for finding in edge_findings(fleet, location, text) if finding.rule == "POL003"]
    assert {said for said in found if any(said in str(finding) for finding in findings)} == found
    assert len(findings) == (2 if found else 0)


def test_a_role_is_strict_where_the_other_end_has_one_too() -> None:
    fleet = load_fleet(ROOT / "inventory", only=("03BK00",))
    location = fleet.locations["03BK00"]
    text = Renderer(ROOT / "templates").edge(fleet, location).replace(" strict-mode", "")
    assert [finding for finding in edge_findings(fleet, location, text) if finding.rule == "POL003"]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("", "", 0),
        (" local-role provider\n", " local-role provider strict-mode\n", 2),
        (" local-role provider\n", " local-role peer\n", 2),
    ],
)
def test_an_aggregation_router_asks_an_ios_router_for_no_role(old: str, new: str, found: int) -> None:
    fleet = load_fleet(ROOT / "tests" / "golden" / "render" / "ios" / "inventory")
    location, renderer = fleet.locations["03BK00"], Renderer(ROOT / "templates")
    router = location.uplinks[0].aggregation_router
    rendered = renderer.aggregation_slice(fleet, Slice(location, location.uplinks[0]))
    text = rendered.replace(old, new) if old else rendered
    assert rendered.count(" local-role provider\n") == 2
    findings = slice_findings(fleet, location, router, text, renderer.aggregation_base(fleet, router))
    assert len([finding for finding in findings if finding.rule == "POL003"]) == found
