"""The configs of Junos aggregation routers as they are reviewed, each through the schema of Junos 24.4."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests import junos_schema

from junos_config import paths, tree
from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet
from provisioner.render.engine import Renderer

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent / "junos"
Golden = Callable[[Path, str], None]
ROUTERS = ("utr1-ar1", "zwl1-ar1")
PARTS = [("utr1-ar1", "17RW00"), ("zwl1-ar1", "14NS00"), ("zwl1-ar1", "16PK00"), ("zwl1-ar1", "17RW00")]
"""Single-homed; an uplink that is left for work on it; a primary and a backup, with discarding on request."""


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return load_fleet(ROOT / "tests" / "inventories" / "junos")


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(ROOT / "templates")


@pytest.mark.parametrize("name", ROUTERS)
def test_bases_are_what_was_reviewed(golden: Golden, fleet: Fleet, renderer: Renderer, name: str) -> None:
    text = renderer.aggregation_base(fleet, name)
    assert junos_schema.problems(text) == []
    golden(HERE / f"{name}.base.conf", text)


@pytest.mark.parametrize(("name", "code"), PARTS)
def test_slices_are_what_was_reviewed(golden: Golden, fleet: Fleet, renderer: Renderer, name: str, code: str) -> None:
    text = renderer.aggregation_config(fleet, name).slices[code]
    assert junos_schema.problems(text) == []
    golden(HERE / f"{name}.{code}.conf", text)


def test_every_slice_of_the_inventory_is_among_them(fleet: Fleet) -> None:
    assert [(name, part.location.code) for name in ROUTERS for part in fleet.slices(name)] == PARTS


def test_no_golden_file_is_left_over() -> None:
    expected = {f"{name}.base.conf" for name in ROUTERS} | {f"{name}.{code}.conf" for name, code in PARTS}
    assert {path.name for path in HERE.iterdir()} == expected


@pytest.mark.parametrize("name", ROUTERS)
def test_other_software_reads_the_same_statements_in_them(fleet: Fleet, renderer: Renderer, name: str) -> None:
    text = renderer.aggregation(fleet, name)
    ours = {line.replace('"', "") for line in paths.text(tree.parse(text)).splitlines()}
    theirs = junos_schema.as_set(text)
    # Two that it takes apart where routers list one, and two that a router makes into keys.
    split = {line for line in ours if " teardown " in line or line.endswith(" <localised>")}
    assert {line for line in theirs - ours if " teardown " not in line and "password <secret:" not in line} == set()
    assert ours - theirs == split


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("type external;", "type outside;"),
        ("enforce-first-as;", "first-as-enforced;"),
        ("prefix-limit {", "prefix-maximum {"),
        ("rpf-check;", "rpf-checked;"),
        ("validation-database invalid;", "validation-database wrong;"),
        ("maximum 8;", "maximum-prefix 8;"),
        ("session-mode multihop;", "session-mode far;"),
        ("strip-as-path;", "strip-path;"),
        ("flexible-vlan-tagging;", "flexible-vlan-tags;"),
    ],
)
def test_what_the_schema_does_not_have_is_told(fleet: Fleet, renderer: Renderer, old: str, new: str) -> None:
    text = renderer.aggregation(fleet, "zwl1-ar1")
    assert old in text
    assert junos_schema.problems(text.replace(old, new, 1))


def test_junos_has_no_roles_of_its_own() -> None:
    assert junos_schema.knows("protocols bgp group neighbor authentication-key")
    for word in ("role", "local-role", "bgp-role", "otc"):
        assert not junos_schema.knows(f"protocols bgp group {word}")
        assert not junos_schema.knows(f"protocols bgp group neighbor {word}")
        assert not junos_schema.knows(f"protocols bgp {word}")


def test_an_edge_router_does_not_ask_for_a_role_where_the_other_end_has_none(fleet: Fleet, renderer: Renderer) -> None:
    # A role that is strict would keep the session down for ever (RFC 9234 section 4.2).
    text = renderer.edge(fleet, fleet.locations["16PK00"])
    assert " local-role customer\n" in text
    assert "strict-mode" not in text


def test_ipv6_filters_have_no_hop_limit() -> None:
    assert junos_schema.knows("firewall family inet filter term from ttl")
    assert not junos_schema.knows("firewall family inet6 filter term from hop-limit")
