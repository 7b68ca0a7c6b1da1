"""The effective policy is what the configs do, not what the inventory means: what a template opens shows."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path

import jsonschema
import pytest

from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet
from provisioner.intent.types import LocationStatus, PlatformName
from provisioner.plan.model import DeviceRole
from provisioner.policy.effective.compute import Policies
from provisioner.policy.effective.model import Basis, EffectivePolicy, Extent, Way
from provisioner.policy.effective.origins import Inventory
from provisioner.policy.packetfilter import Packet
from provisioner.policy.subject import Judged, joined, whole
from provisioner.render.engine import Renderer
from provisioner.render.parts import ByThisProgram
from provisioner.report import policy_wording as words
from provisioner.report.policy_json import to_json

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "docs/schema/policy.json").read_text(encoding="utf-8"))
TODAY = date(2026, 11, 28)
CODE = "05DJ00"


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return load_fleet(ROOT / "inventory")


def policies(fleet: Fleet, templates: Path = ROOT / "templates") -> Policies:
    return Policies(fleet, Inventory(ROOT / "inventory", Path("inventory")), templates, Path("templates"), TODAY)


def with_template(fleet: Fleet, tmp_path: Path, name: str, pattern: str, put: str) -> EffectivePolicy:
    templates = tmp_path / "templates"
    shutil.copytree(ROOT / "templates", templates)
    text, count = re.subn(pattern, put, (templates / name).read_text(encoding="utf-8"), count=1)
    assert count == 1, "the template no longer has this"
    (templates / name).write_text(text, encoding="utf-8")
    return policies(fleet, templates).of(fleet.locations[CODE])


def said(policy: EffectivePolicy, section: str) -> list[str]:
    found = next(each for each in words.sections(policy) if each.id == section)
    return [f"{entry.title} | {item.text}" for entry in found.entries for item in entry.items]


def bases(policy: EffectivePolicy) -> Iterator[Basis]:
    for rulings in (each.rulings for kind in (policy.flows, policy.borders, policy.routes) for each in kind):
        yield from (ruling.basis for ruling in rulings)
    for session in policy.sessions:
        yield from (basis for _, basis in session.facts)


def test_the_matrix_of_every_school_is_the_catalogue(fleet: Fleet) -> None:
    known = policies(fleet)
    asked = 0
    for location in fleet.locations.values():
        if location.edge_router.platform is not PlatformName.FRR:
            continue
        for flow in known.of(location).flows:
            if flow.wanted is not None:
                asked += 1
                assert (flow.extent is not Extent.NONE) == flow.wanted, (location.code, flow)
    assert asked > 1000


def test_decisions_say_what_the_packet_filter_says(fleet: Fleet) -> None:
    """Two ways through the same rules: what may be accepted at all, and every rule that decides."""
    location = fleet.locations[CODE]
    rendering = ByThisProgram(fleet, Renderer(ROOT / "templates"))
    edge = whole(rendering.edge(location))
    router = location.uplinks[0].aggregation_router
    own, base = whole(rendering.slice(location, router)), whole(rendering.base(router))
    asked = accepted = 0
    for device, role, part in (
        (location.edge_router_name, DeviceRole.EDGE, edge),
        (router, DeviceRole.AGGREGATION, joined((base, own))),
    ):
        judged = Judged(device, role, fleet, location, part, part)
        names = (None, *judged.interfaces)
        for hook, version, one, other in product(
            ("prerouting", "input", "forward", "postrouting"), (4, 6), names, names
        ):
            for protocol, port in ((None, None), ("tcp", 22), ("tcp", 179), ("udp", 3784)):
                packet = Packet(version, one, other, protocol=protocol, destination_port=port)
                chains = judged.packets.decisions(hook, packet)
                may = all(any(each.accepts for each in decisions) for decisions in chains)
                assert may == bool(judged.packets.accepts(hook, packet)), (device, hook, packet)
                asked, accepted = asked + 1, accepted + may
    assert 0 < accepted < asked


def test_a_template_that_lets_guests_into_the_administration_shows(fleet: Fleet, tmp_path: Path) -> None:
    policy = with_template(
        fleet,
        tmp_path,
        "frr/edge/nftables.j2",
        r"(chain forward \{\n.*\n)",
        r'\1\t\tiifname "lan0.30" oifname "lan0.10" accept\n',
    )
    matrix = words.matrix(policy)
    cell = dict(matrix.rows)["guest"][matrix.columns.index("administration")]
    assert cell is not None
    assert (cell.text, cell.differs) == ("yes", True)
    assert any("to administration: open in IPv4, which differs" in line for line in said(policy, "connections"))
    assert any(finding.rule == "POL012" for finding in policy.findings)
    assert any("policy finding" in warning for warning in words.warnings(policy))


def test_a_rule_for_one_family_and_one_switch_is_told_as_what_it_is(fleet: Fleet, tmp_path: Path) -> None:
    policy = with_template(
        fleet,
        tmp_path,
        "frr/edge/nftables.j2",
        r"(chain forward \{\n.*\n)",
        r'\1\t\tiifname "lan0.20" oifname "lan0.60" ip6 daddr 2001:db8:1003:60::9 tcp dport { 631, 9100 } accept\n',
    )
    matrix = words.matrix(policy)
    cell = dict(matrix.rows)["education"][matrix.columns.index("management")]
    assert cell is not None
    assert cell.text == "v4 -, v6 some"
    lines = said(policy, "connections")
    assert any("to management (IPv6): TCP port 631, 9100, to 2001:db8:1003:60::9" in line for line in lines), lines


def test_an_interface_that_the_inventory_does_not_name_has_a_row(fleet: Fleet, tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(ROOT / "templates", templates)
    path = templates / "frr/edge/interfaces.j2"
    path.write_text(
        path.read_text(encoding="utf-8") + "\n\nauto lan0.777\niface lan0.777\n    address 10.99.0.1/24\n",
        encoding="utf-8",
    )
    policy = policies(fleet, templates).of(fleet.locations[CODE])
    assert any(name == "lan0.777" for name, _ in words.matrix(policy).rows)
    assert any("not in the inventory" in line for line in said(policy, "connections"))


def test_a_slice_that_takes_more_is_told_with_its_template(fleet: Fleet, tmp_path: Path) -> None:
    policy = with_template(
        fleet,
        tmp_path,
        "frr/aggregation/slice/frr.j2",
        r"(ip prefix-list \{\{ code \}\}-in4 seq )\{\{ entry.seq \}\} permit \{\{ entry.network \}\}",
        r"\g<0>\n\g<1>900 permit 192.0.0.0/16 le 24",
    )
    found = [routes for routes in policy.routes if "192.0.0.0/16 of length 16 to 24" in routes.prefixes]
    assert found
    ruling = next(each for each in found[0].rulings if "192.0.0.0/16" in str(each.conditions))
    assert ruling.basis.template.startswith("templates/frr/aggregation/slice/frr.j2:")


def test_every_origin_is_a_line_that_is_there_and_says_it(fleet: Fleet) -> None:
    policy = policies(fleet).of(fleet.locations[CODE])
    found = list(bases(policy))
    assert len(found) > 100
    without = {basis.line for basis in found if not basis.template}
    assert without == set()
    for basis in found:
        path, _, line = basis.template.rpartition(":")
        text = (ROOT / path).read_text(encoding="utf-8").splitlines()[int(line) - 1]
        words_of_it = [word for word in re.findall(r"[a-z-]{4,}", text) if "{" not in word]
        assert any(word in basis.line for word in words_of_it) or basis.line.startswith("policy "), (basis, text)
        for place in basis.intent:
            file, _, rest = place.partition(":")
            number = int(rest.split()[0])
            assert 0 < number <= len((ROOT / file).read_text(encoding="utf-8").splitlines())


def test_where_packets_come_from_leads_to_the_segment_that_says_so(fleet: Fleet) -> None:
    policy = policies(fleet).of(fleet.locations[CODE])
    location = fleet.locations[CODE]
    border = next(
        each
        for each in policy.borders
        if each.interface == f"{location.edge_router.lan_port}.{location.segments[-1].vlan_id}" and each.way is Way.IN
    )
    (ruling,) = border.rulings
    assert ruling.conditions == (f"from {location.segments[-1].ipv4}",)
    assert ruling.basis.intent == (
        f"inventory/locations/{CODE}.yaml:{_line(CODE, str(location.segments[-1].ipv4))} segments[{len(location.segments) - 1}].ipv4",
    )


def _line(code: str, text: str) -> int:
    lines = (ROOT / f"inventory/locations/{code}.yaml").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip() == f"ipv4: {text}")


def test_a_router_that_nobody_can_read_is_said_and_not_passed_over(fleet: Fleet) -> None:
    location = fleet.locations[CODE]
    other = location.model_copy(
        update={"edge_router": location.edge_router.model_copy(update={"platform": PlatformName.JUNOS})}
    )
    policy = policies(fleet).of(other)
    assert policy.unread == ((location.edge_router_name, "configs of platform junos are not read here"),)
    assert any("nothing is known here of what it lets through" in warning for warning in words.warnings(policy))
    assert policy.zones == ()


def test_a_planned_location_has_the_policy_that_it_will_have(fleet: Fleet) -> None:
    location = fleet.locations[CODE].model_copy(update={"status": LocationStatus.PLANNED})
    assert policies(fleet).of(location).flows


def test_that_answers_come_back_is_read_and_not_taken_for_granted(fleet: Fleet, tmp_path: Path) -> None:
    assert "Answers to a connection come back." in words.explained(policies(fleet).of(fleet.locations[CODE]))
    forward = r"(chain forward \{\n.*\n\t\tct state vmap )\{[^}]*\}"
    changed = with_template(
        fleet, tmp_path / "one", "frr/edge/nftables.j2", forward, r"\1{ invalid : drop, related : accept }"
    )
    assert "Answers to a connection do not always come back." in words.explained(changed)
    changed = with_template(
        fleet, tmp_path / "two", "frr/edge/nftables.j2", forward, r"\1{ established : accept, related : accept }"
    )
    assert changed.astray is not Extent.NONE
    assert "packets that belong to no connection may pass as well" in words.explained(changed)


def test_what_is_logged_is_told_with_its_limit(fleet: Fleet, tmp_path: Path) -> None:
    lines = said(policies(fleet).of(fleet.locations[CODE]), "logs")
    limit = fleet.service.log_limit.per_minute
    assert f"er-05dj00 | spoofed source: at most {limit}/minute" in lines
    assert any("05DJ00 foreign destination" in line for line in lines)
    changed = with_template(
        fleet, tmp_path, "frr/edge/nftables.j2", r'\{\{ log_limit \}\} log prefix "spoofed', 'log prefix "spoofed'
    )
    assert "er-05dj00 | spoofed source: without a limit" in said(changed, "logs")


def test_no_secret_and_not_even_its_name_is_in_the_report(fleet: Fleet) -> None:
    policy = policies(fleet).of(fleet.locations[CODE])
    text = to_json([policy])
    assert "password" in text
    assert "<secret" not in text
    assert fleet.locations[CODE].uplinks[0].password not in text


def test_json_keeps_its_schema_for_every_location(fleet: Fleet) -> None:
    known = policies(fleet)
    document = json.loads(to_json([known.of(location) for location in fleet.locations.values()]))
    jsonschema.validate(document, SCHEMA)
    assert [each["code"] for each in document["locations"]] == list(fleet.locations)
    without = json.loads(to_json([known.of(fleet.locations[CODE])]))
    del without["locations"][0]["flows"][0]["extent"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(without, SCHEMA)


def test_the_schema_knows_every_member_that_is_written(fleet: Fleet) -> None:
    """A member without a description in the schema is one that a reader has to guess."""
    document = json.loads(to_json([policies(fleet).of(fleet.locations[CODE])]))
    definitions = SCHEMA["$defs"]
    location = document["locations"][0]
    assert set(location) == set(definitions["location"]["properties"])
    for name, kind in (("zones", "zone"), ("flows", "flow"), ("borders", "border"), ("routes", "routes")):
        assert set(location[name][0]) == set(definitions[kind]["properties"])
    assert set(location["flows"][0]["rulings"][0]) == set(definitions["ruling"]["properties"])


def test_rates_are_those_of_the_configs_with_what_the_inventory_says_of_them(fleet: Fleet, tmp_path: Path) -> None:
    lines = said(policies(fleet).of(fleet.locations[CODE]), "rates")
    assert "er-05dj00 wan0.101 (to utr1-ar2, primary uplink) | 30 Mbit/s at most" in lines
    assert (
        "er-05dj00 wan0.101 (to utr1-ar2, primary uplink) | guest: 20 Mbit/s at most, and 2 Mbit/s however full it is"
        in lines
    )
    assert "er-05dj00 lan0.30 (to guest) | 100 Mbit/s at most" in lines
    assert "utr1-ar2 acc1.101 (to 05DJ00, primary uplink) | 100 Mbit/s at most" in lines
    wrong = with_template(fleet, tmp_path, "frr/common/traffic.j2", r"rate \{\{ limit\.rate \}\}", "rate 999000kbit")
    assert "er-05dj00 wan0.101 (to utr1-ar2, primary uplink) | 999 Mbit/s at most" in said(wrong, "rates")


def test_a_rate_says_which_line_of_the_inventory_and_of_the_template_it_comes_from(fleet: Fleet) -> None:
    policy = policies(fleet).of(fleet.locations[CODE])
    by = {(rate.interface, rate.kind): rate.basis for rate in policy.rates}
    assert by["wan0.101", ""].intent[0].endswith("uplinks[0].access_line.up_mbps")
    assert by["acc1.101", ""].intent[0].endswith("uplinks[0].access_line.down_mbps")
    assert re.fullmatch(r"inventory/service\.yaml:\d+ segments\[2\]\.limit", by["wan0.101", "guest"].intent[0])
    assert all(re.match(r"templates/frr/common/traffic\.j2:\d+", basis.template) for basis in by.values())


def test_what_segments_are_given_and_told_is_what_the_file_of_the_service_says(fleet: Fleet, tmp_path: Path) -> None:
    lines = said(policies(fleet).of(fleet.locations[CODE]), "served")
    assert "for guest | gives addresses 10.3.64.11 to 10.3.64.254, for 60 minutes" in lines
    assert "for guest | tells hosts to ask 198.18.0.53 for names" in lines
    assert "for guest | advertises 2001:db8:2::53 for names" in lines
    assert "for administration | advertises the domain startblok.example" in lines
    assert "for all that it answers | asks 198.18.255.10 for names" in lines
    assert not any(line.startswith("for management") for line in lines)
    relayed = said(policies(fleet).of(fleet.locations["03BK00"]), "served")
    assert "for education | hands requests for an address on to 10.1.10.10" in relayed
    wrong = with_template(fleet, tmp_path, "frr/common/dnsmasq.j2", r"(option:dns-server).*", r"\1,192.0.2.77")
    assert "for guest | tells hosts to ask 192.0.2.77 for names" in said(wrong, "served")
