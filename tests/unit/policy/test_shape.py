"""Parts of the same shape are judged alike: never is one passed over that breaks a rule."""

from __future__ import annotations

import re
import runpy
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from provisioner.intent.load import load_fleet, location_codes
from provisioner.intent.model import Fleet, Location
from provisioner.policy.evaluation import edge_findings, slice_findings
from provisioner.policy.fleet import Judge
from provisioner.policy.shape import FIXED, Shape, Shapes
from provisioner.render.engine import Renderer
from provisioner.render.parts import ByThisProgram

from .test_holes import EDGE, SLICE

ROOT = Path(__file__).parents[3]
GENERATOR = runpy.run_path(str(ROOT / "benchmarks" / "generate.py"))
LOCATIONS = 200
FEW = 24


class Known:
    """A generated fleet, all of whose parts are in order, and their shapes."""

    def __init__(self, directory: Path) -> None:
        GENERATOR["generate"](directory, locations=LOCATIONS, seed=7)
        self.fleet: Fleet = load_fleet(directory, only=location_codes(directory))
        self.rendering = ByThisProgram(self.fleet, Renderer(ROOT / "templates"))
        self.shapes = Shapes(self.fleet.service)
        self.bases = {name: self.rendering.base(name) for name in self.fleet.aggregation_routers}
        self.edges = {code: self.rendering.edge(location) for code, location in self.fleet.locations.items()}
        self.slices = {
            (code, router): self.rendering.slice(location, router)
            for code, location in self.fleet.locations.items()
            for router in routers(location)
        }
        self.edge_shapes = {code: self.edge(code, text) for code, text in self.edges.items()}
        self.slice_shapes = {key: self.slice(*key, text) for key, text in self.slices.items()}
        self.in_order = {*self.edge_shapes.values(), *self.slice_shapes.values()}

    def edge(self, code: str, text: str) -> Shape | None:
        return self.shapes.edge(self.fleet.locations[code], text)

    def slice(self, code: str, router: str, text: str) -> Shape | None:
        location, onto = self.fleet.locations[code], self.fleet.aggregation_router(router)
        return self.shapes.slice(
            location, onto, text, self.bases[router], self.fleet.aggregation_point_of(router).number
        )

    def judged_edge(self, code: str, text: str) -> list[str]:
        return [finding.rule for finding in edge_findings(self.fleet, self.fleet.locations[code], text)]

    def judged_slice(self, code: str, router: str, text: str) -> list[str]:
        location = self.fleet.locations[code]
        return [finding.rule for finding in slice_findings(self.fleet, location, router, text, self.bases[router])]


def routers(location: Location) -> list[str]:
    return list(dict.fromkeys(uplink.aggregation_router for uplink in location.uplinks))


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    return Known(tmp_path_factory.mktemp("shapes") / "fleet")


def test_few_shapes_serve_many_locations(known: Known) -> None:
    assert len(set(known.edge_shapes.values())) < LOCATIONS / 3
    assert len(set(known.slice_shapes.values())) < len(known.slices) / 3
    assert None not in known.in_order


def test_a_fleet_of_which_every_part_is_judged_has_what_one_by_shapes_has(known: Known) -> None:
    """Each part by itself, without what others said."""
    assert not any(known.judged_edge(code, text) for code, text in known.edges.items())
    assert not any(known.judged_slice(*key, text) for key, text in known.slices.items())


def test_the_addresses_that_rules_ask_about_are_a_part_of_every_shape() -> None:
    asked = set()
    for path in (ROOT / "src/provisioner/policy").glob("*.py"):
        if path.stem != "shape":
            asked |= set(re.findall(r'ip_(?:address|network)\("([^"]+)"\)', path.read_text(encoding="utf-8")))
    assert asked
    assert asked == set(FIXED)


@pytest.mark.parametrize("hole", EDGE)
def test_a_hole_in_an_edge_router_is_no_shape_that_was_in_order(known: Known, hole: str) -> None:
    _, pattern, replacement = EDGE[hole]
    for code in list(known.edges)[:FEW]:
        changed, count = re.subn(pattern, replacement, known.edges[code])
        if count and known.judged_edge(code, changed):
            assert known.edge(code, changed) not in known.in_order


@pytest.mark.parametrize("hole", SLICE)
def test_a_hole_in_a_slice_is_no_shape_that_was_in_order(known: Known, hole: str) -> None:
    _, pattern, replacement = SLICE[hole]
    tried = 0
    for code, router in list(known.slices)[:FEW]:
        changed, count = re.subn(
            pattern.replace("05DJ00", code), replacement.replace("05DJ00", code), known.slices[code, router]
        )
        tried += count
        if count and known.judged_slice(code, router, changed):
            assert known.slice(code, router, changed) not in known.in_order
    assert tried


TOKEN = re.compile(r"(?<=[ \"])[0-9a-f:.]*\d[0-9a-f:.]*(?:/\d+)?|[a-z]+\d\.\d+|\b(?:accept|drop)\b")


def edited(text: str, data: st.DataObject, other: str) -> str:
    """A text with one thing otherwise: a value one more or less, or that of somebody else, or a line that is gone or comes twice."""
    lines = text.splitlines(keepends=True)
    number = data.draw(st.integers(0, len(lines) - 1), "line")
    how = data.draw(
        st.sampled_from(("gone", "twice", "value", "value", "other", "other", "neighbour's", "neighbour's")), "how"
    )
    if how in {"gone", "twice"}:
        lines[number] = "" if how == "gone" else lines[number] * 2
    elif how == "neighbour's":
        theirs = other.splitlines(keepends=True)
        assume(number < len(theirs))
        lines[number] = theirs[number]
    else:
        found = list(TOKEN.finditer(lines[number]))
        assume(found)
        match = data.draw(st.sampled_from(found), "value")
        if how == "other":
            values = sorted(set(TOKEN.findall(text)) - {match[0]})
            by_kind = [each for each in values if (":" in each, "/" in each) == (":" in match[0], "/" in match[0])]
            assume(by_kind)
            value = data.draw(st.sampled_from(by_kind), "other")
            lines[number] = lines[number][: match.start()] + value + lines[number][match.end() :]
            return "".join(lines)
        by = data.draw(st.sampled_from((-2, -1, 1, 2, 8, 256)), "by")
        lines[number] = lines[number][: match.start()] + moved(match[0], by) + lines[number][match.end() :]
    changed = "".join(lines)
    assume(changed != text)
    return changed


def moved(value: str, by: int) -> str:
    if value in {"accept", "drop"}:
        return "drop" if value == "accept" else "accept"
    address, slash, length = value.partition("/")
    try:
        number = ip_address(address) + by
    except ValueError:
        head, dot, tail = value.rpartition(".")
        return f"{head}{dot}{int(tail) + by}" if tail.isdecimal() else value
    if slash and by in {-1, 1}:
        return str(ip_network(f"{address}/{max(int(length) + by, 0)}", strict=False)) if by < 0 else value
    return f"{number}{slash}{length}"


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_whatever_becomes_of_an_edge_router_what_breaks_a_rule_is_no_shape_that_was_in_order(
    known: Known, data: st.DataObject
) -> None:
    code, other = data.draw(st.permutations(list(known.edges)[:FEW]), "locations")[:2]
    changed = edited(known.edges[code], data, known.edges[other])
    if known.edge(code, changed) in known.in_order:
        assert known.judged_edge(code, changed) == []


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_whatever_becomes_of_a_slice_what_breaks_a_rule_is_no_shape_that_was_in_order(
    known: Known, data: st.DataObject
) -> None:
    (code, router), other = data.draw(st.permutations(list(known.slices)[:FEW]), "locations")[:2]
    theirs = known.slices[other].replace(other[0], code) if data.draw(st.booleans()) else known.slices[other]
    changed = edited(known.slices[code, router], data, theirs)
    if known.slice(code, router, changed) in known.in_order:
        assert known.judged_slice(code, router, changed) == []


def test_a_base_that_names_a_location_or_a_pattern_gives_no_shape(known: Known) -> None:
    (code, router), text = next(iter(known.slices.items()))
    location, onto = known.fleet.locations[code], known.fleet.aggregation_router(router)
    uplink = next(uplink for uplink in location.uplinks if uplink.aggregation_router == router)
    base = known.bases[router]
    for more in (f"{uplink.aggregation_port}.{uplink.vlan_id}", code, str(location.asn), "acc0.1*"):
        assert known.shapes.slice(location, onto, text, f'{base}\n# "{more}"\n', None) is None
    assert known.shapes.edge(location, known.edges[code].replace('"lan0.10"', '"lan0.1*"')) is None


def test_segments_that_touch_are_another_shape(known: Known) -> None:
    """The source beside a segment is another one's where they touch: rules ask about it."""
    code = next(code for code, text in known.edges.items() if "lan0.20" in text)
    location, text = known.fleet.locations[code], known.edges[code]
    first, second = location.segments[0].ipv4, location.segments[1].ipv4
    shapes = set()
    for distance in (0, 1, 2):
        moved_to = ip_network((int(first.broadcast_address) + 1 + distance * 2**10, 24))
        segment = location.segments[1].model_copy(update={"ipv4": moved_to})
        segments = (location.segments[0], segment, *location.segments[2:])
        changed = text.replace(str(second), str(moved_to)).replace(
            f"{second[1]}/{second.prefixlen}", f"{moved_to[1]}/24"
        )
        shapes.add(known.shapes.edge(location.model_copy(update={"segments": segments}), changed))
    assert len(shapes) == 2


def test_what_is_wrong_is_found_at_each_location_of_a_shape(known: Known) -> None:
    """Only what is in order is remembered."""
    judge = Judge(known.fleet, Wrong(known.fleet, known.rendering.renderer))
    codes = list(known.fleet.locations)[:FEW]
    found = judge.locations(codes)
    assert all(any(finding.rule == "POL002" for finding in found[code].findings) for code in codes)


class Wrong(ByThisProgram):
    """Renders edge routers without a limit."""

    def edge(self, location: Location) -> str:
        return re.sub(r".* maximum-prefix .*\n", "", super().edge(location))
