"""Between locations: no administration is reached from another school, and what is accepted from one is accepted from no other."""

from __future__ import annotations

import re
import runpy
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from ipaddress import ip_network
from pathlib import Path

import pytest

from provisioner.intent.cache import Store
from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet, Location
from provisioner.intent.types import LocationStatus, SegmentRole
from provisioner.intent.warm import load_warm
from provisioner.policy.fleet import Judge, Judgement, fleet_findings
from provisioner.policy.fleet_rules import between
from provisioner.policy.model import Finding
from provisioner.policy.subject import whole
from provisioner.policy.ways import Walker, Ways
from provisioner.render.engine import Renderer
from provisioner.render.parts import ByThisProgram

ROOT = Path(__file__).parents[3]
TEMPLATES = ROOT / "templates"
GENERATOR = runpy.run_path(str(ROOT / "benchmarks" / "generate.py"))
LOCATIONS = 300

Change = Callable[[str, str], str]


class Changed(ByThisProgram):
    """Renders as this program does, and changes what comes of it: code and text go in, a text comes out."""

    def __init__(self, fleet: Fleet, edge: Change | None = None, part: Change | None = None) -> None:
        super().__init__(fleet, Renderer(TEMPLATES))
        self.__dict__.update(change_edge=edge, change_part=part)

    def edge(self, location: Location) -> str:
        text = super().edge(location)
        change: Change | None = self.__dict__["change_edge"]
        return change(location.code, text) if change else text

    def slice(self, location: Location, router: str) -> str:
        text = super().slice(location, router)
        change: Change | None = self.__dict__["change_part"]
        return change(location.code, text) if change else text


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("fleet")
    GENERATOR["generate"](made, locations=LOCATIONS, seed=11)
    return made


@pytest.fixture(scope="module")
def fleet(directory: Path) -> Fleet:
    return load_fleet(directory)


@pytest.fixture(scope="module")
def known(fleet: Fleet) -> dict[str, Judgement]:
    """Every location as the templates have it."""
    return Judge(fleet, ByThisProgram(fleet, Renderer(TEMPLATES))).locations(list(fleet.locations))


Judged = Callable[..., list[Finding]]


@pytest.fixture
def judged(fleet: Fleet, known: dict[str, Judgement]) -> Judged:
    """What there is between locations where some are rendered otherwise; the others are judged once for all tests."""

    def judge(*codes: str, edge: Change | None = None, part: Change | None = None, of: Fleet = fleet) -> list[Finding]:
        changed = Judge(of, Changed(of, edge, part)).locations(codes or list(of.locations))
        return list(between(of, [each.ways for each in {**known, **changed}.values()]))

    return judge


def put_in(after: str, rule: str, _: str, text: str) -> str:
    """A rule right after a line."""
    assert after in text
    return text.replace(after, after + rule)


def active(fleet: Fleet) -> list[Location]:
    return [location for location in fleet.locations.values() if location.status is LocationStatus.ACTIVE]


def opened(rule: str) -> Callable[[str], str]:
    """An edge router whose forward chain begins with a rule."""

    def change(text: str) -> str:
        found, count = re.subn(r"(chain forward \{\n.*\n)", lambda match: f"{match[1]}\t\t{rule}\n", text)
        assert count == 1
        return found

    return change


def test_a_fleet_of_hundreds_is_apart(fleet: Fleet, known: dict[str, Judgement]) -> None:
    assert len(active(fleet)) > 200
    assert [finding for each in known.values() for finding in each.findings] == []
    assert list(between(fleet, [each.ways for each in known.values()])) == []


def test_what_is_told_of_a_shape_is_what_each_location_has(fleet: Fleet) -> None:
    rendering = ByThisProgram(fleet, Renderer(TEMPLATES))
    judge = Judge(fleet, rendering)
    walker = Walker(fleet, lambda router: whole(rendering.base(router)))
    known = judge.locations(list(fleet.locations))
    for location in active(fleet):
        routers = dict.fromkeys(uplink.aggregation_router for uplink in location.uplinks)
        slices = {router: rendering.slice(location, router) for router in routers}
        walked = walker.ways(location, rendering.edge(location), slices)
        assert walked == known[location.code].ways
        own = {str(network) for network in (*location.prefixes.ipv4, *location.prefixes.ipv6)}
        assert {claim.network for claim in walked.claims if claim.kind == "route"} == own
        assert own <= {network for _, network in walked.leaves}
        assert Ways.from_dict(walked.as_dict()) == walked
    assert len(judge._alike._walked) < len(active(fleet)) / 3, "most are told by another of their shape"


def test_a_forward_rule_that_opens_every_school_to_every_other(fleet: Fleet, judged: Judged) -> None:
    change = opened('iifname "wan*" accept')
    found = judged(edge=lambda _, text: change(text))
    with_administration = [
        location
        for location in active(fleet)
        if any(each.role is SegmentRole.ADMINISTRATION for each in location.segments)
    ]
    assert {finding.location for finding in found} == {location.code for location in with_administration}
    assert {finding.rule for finding in found} == {"POL050"}
    assert f"and {len(active(fleet)) - 2} more may open connections" in found[0].what


def test_one_school_that_is_open_is_the_only_one_that_is_named(fleet: Fleet, judged: Judged) -> None:
    code = active(fleet)[7].code
    change = opened('iifname "wan*" oifname "lan0.10" accept')
    found = judged(code, edge=lambda _, text: change(text))
    assert {finding.location for finding in found} == {code}
    assert all("lan0.10" in finding.what for finding in found)


def test_a_school_that_is_open_to_one_other_names_that_one(fleet: Fleet, judged: Judged) -> None:
    target, other = active(fleet)[3], active(fleet)[40]
    rule = f'ip6 saddr {other.prefixes.ipv6[0]} oifname "lan0.10" accept'
    found = judged(target.code, edge=lambda _, text: opened(rule)(text))
    assert [(finding.location, finding.what.split()[0]) for finding in found] == [(target.code, other.code)]
    assert "more" not in found[0].what.partition(":")[0]


def test_a_school_that_is_open_to_its_own_addresses_is_reached_by_nobody(fleet: Fleet, judged: Judged) -> None:
    target = active(fleet)[3]
    rule = f'ip6 saddr {target.prefixes.ipv6[0]} oifname "lan0.10" accept'
    assert judged(target.code, edge=lambda _, text: opened(rule)(text)) == []


def test_private_space_is_not_delivered_by_the_aggregation_router(fleet: Fleet, judged: Judged) -> None:
    """Its edge router is open, in IPv4 alone: the packets do not come so far. (That it is open, POL012 says.)"""
    target = next(
        location
        for location in active(fleet)
        if any(
            each.role is SegmentRole.ADMINISTRATION and each.ipv4.is_private and not location.announces(each.ipv4)
            for each in location.segments
        )
    )
    rule = 'meta nfproto ipv4 oifname "lan0.10" accept'
    assert judged(target.code, edge=lambda _, text: opened(rule)(text)) == []


def test_the_management_network_is_a_way_as_well(fleet: Fleet, judged: Judged) -> None:
    here, there = active(fleet)[5], active(fleet)[6]

    def change(which: str, text: str) -> str:
        if which == here.code:
            return opened('oifname "mgmt0" accept')(text)
        if which == there.code:
            return opened('iifname "mgmt0" oifname "lan0.10" accept')(text)
        return text

    found = judged(here.code, there.code, edge=change)
    assert [(finding.location, finding.what.split()[0]) for finding in found] == [(there.code, here.code)]
    assert "by mgmt0" in found[0].what
    assert judged(there.code, edge=change) == []


def test_a_slice_that_accepts_the_prefix_of_another_school(fleet: Fleet, judged: Judged) -> None:
    taker, owner = active(fleet)[2], active(fleet)[50]
    foreign = owner.prefixes.ipv6[0]

    def change(which: str, text: str) -> str:
        entry = f"ipv6 prefix-list {which}-in6 seq 900 permit {foreign} le 64\n"
        return (
            text.replace(f"ipv6 prefix-list {which}-out6", f"{entry}ipv6 prefix-list {which}-out6", 1)
            if which == taker.code
            else text
        )

    found = judged(taker.code, part=change)
    assert len(found) == 1
    assert found[0].rule == "POL051"
    assert {taker.code, owner.code} <= set(re.findall(r"\d\d[A-Z]{2}\d\d", f"{found[0].location} {found[0].what}"))
    assert f"routes to {foreign}" in found[0].what


def test_a_slice_that_accepts_everything_lies_over_all_others(fleet: Fleet, judged: Judged) -> None:
    code = active(fleet)[2].code
    entry = f"ip prefix-list {code}-in4 seq 900 permit 0.0.0.0/0 le 32\n"
    put = partial(re.sub, r"(?m)^(?=ip prefix-list \S+-out4)", entry, count=1)
    found = judged(code, part=lambda _, text: put(string=text))
    assert len(found) == 1
    assert "0.0.0.0/0 of length 0 to 32" in found[0].what
    assert re.search(rf"and those of {len(active(fleet)) - 2} more locations", found[0].what)


def test_sources_and_destinations_of_another_school(fleet: Fleet, judged: Judged) -> None:
    taker, owner = active(fleet)[2], active(fleet)[50]
    for chain, word, said in (("from", "saddr", "packets from"), ("to", "daddr", "packets to")):
        rule = f"\t\tip {word} {owner.prefixes.ipv4[0]} accept\n"
        opening = f"chain {chain}_{taker.code} {{\n"
        found = judged(taker.code, part=partial(put_in, opening, rule))
        assert [finding.rule for finding in found] == ["POL051"]
        assert found[0].what.startswith(said)


def test_two_schools_with_overlapping_prefixes_in_the_inventory(fleet: Fleet, judged: Judged) -> None:
    """What the checks of the inventory refuse is found in the configs as well: one guard does not rest on the other."""
    one, other = active(fleet)[2], active(fleet)[50]
    inner = next(iter(one.prefixes.ipv6[0].subnets(new_prefix=56)))
    prefixes = other.prefixes.model_copy(update={"ipv6": (*other.prefixes.ipv6, inner)})
    locations = {**fleet.locations, other.code: other.model_copy(update={"prefixes": prefixes})}
    found = judged(other.code, of=replace(fleet, locations=locations))
    assert {finding.what.split()[0] for finding in found} == {"routes", "packets"}
    assert all(
        finding.rule == "POL051" and finding.location == one.code and other.code in finding.what for finding in found
    )


def test_a_template_that_opens_what_lies_between(directory: Path, tmp_path: Path) -> None:
    """Through the command's own way, twice: what the cache kept is told as it was."""
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    path = templates / "frr/edge/nftables.j2"
    text = path.read_text(encoding="utf-8")
    path.write_text(opened("ip6 daddr 2000::/3 accept")(text), encoding="utf-8")
    store = Store.open(tmp_path / "cache")
    assert store is not None
    told = []
    for _ in range(2):
        warm = load_warm(directory, store)
        told.append([finding for finding in fleet_findings(warm, templates, store) if finding.rule == "POL050"])
    assert len(told[0]) > 200
    assert told[0] == told[1]
    store.close()


def test_the_default_route_from_two_schools_is_nobodys(fleet: Fleet, judged: Judged) -> None:
    everything = ip_network("::/0")
    codes = {location.code for location in active(fleet)[:2]}

    def change(which: str, text: str) -> str:
        entry = f"ipv6 prefix-list {which}-in6 seq 900 permit {everything}\n"
        return re.sub(r"(?m)^(?=ipv6 prefix-list \S+-out6)", entry, text, count=1) if which in codes else text

    assert {finding.location for finding in judged(*codes, part=change)} == codes
