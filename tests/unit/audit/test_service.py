"""Failed checks as findings: with the right kind, owner and severity, and each cause once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.audit.model import Finding, Severity
from provisioner.audit.service import audit_expectations, service_findings
from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet
from provisioner.intent.types import LocationStatus
from provisioner.validate.compliance import check_device
from provisioner.validate.expectations import DeviceExpectations, LinkState
from provisioner.validate.model import Check, failed

SINGLE, DUAL = "16PK00", "06EN00"
EDGE, DUAL_EDGE, AGGREGATION = "er-16pk00", "er-06en00", "zwl1-ar1"
PEER4, PEER6 = "100.64.0.30", "2001:db8:ffff:f::"
FAR4, FAR6 = "100.64.0.31", "2001:db8:ffff:f::1"
UPLINK = "wan0.102"


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return load_fleet(Path(__file__).parents[3] / "inventory")


class Router:
    """Answers as is expected of it; a test makes something wrong."""

    def __init__(self, expected: DeviceExpectations) -> None:
        self.expected = expected
        self.interfaces: Any = {
            one.name: {"is_up": True, "is_enabled": True, "mtu": one.mtu or 1500} for one in expected.interfaces
        }
        self.addresses: Any = {}
        for one in expected.interfaces:
            for text in one.addresses:
                address, _, length = text.partition("/")
                family = self.addresses.setdefault(one.name, {}).setdefault("ipv6" if ":" in address else "ipv4", {})
                family[address] = {"prefix_length": int(length)}
        self.peers: Any = {
            one.peer: {
                "local_as": one.local_as,
                "remote_as": one.remote_as,
                "is_up": True,
                "is_enabled": True,
                "address_family": {one.family.value: {"accepted_prefixes": len(one.accepted or ())}},
            }
            for one in expected.sessions
        }
        self.roles: Any = {
            one.peer: {
                "localRole": one.role.value if one.role else "undefined",
                "remoteRole": one.role.opposite.value if one.role else "undefined",
                "peerBfdInfo": {"status": "Up"},
            }
            for one in expected.sessions
        }
        self.accepted = {one.peer: list(one.accepted or ()) for one in expected.sessions}
        self.routes = {one.family.default_network: (one.exits[0].interface, "bgp") for one in expected.default_routes}
        self.unanswered: set[str] = set()
        self.is_silent = False

    def get_interfaces(self) -> Any:
        return self.interfaces

    def get_interfaces_ip(self) -> Any:
        return self.addresses

    def get_bgp_neighbors(self) -> Any:
        if self.is_silent:
            raise ValueError("bgpd is not running")
        return {"global": {"router_id": "192.0.2.1", "peers": self.peers}}

    def get_route_to(self, destination: str) -> Any:
        if destination not in self.routes:
            return {}
        interface, protocol = self.routes[destination]
        hop = {"outgoing_interface": interface, "protocol": protocol}
        return {destination: [{**hop, "current_active": True, "selected_next_hop": True}]}

    def ping(self, destination: str, **_: object) -> Any:
        return {"success": {"probes_sent": 2, "packet_loss": 2 if destination in self.unanswered else 0}}

    def cli(self, commands: list[str]) -> dict[str, str]:
        if self.is_silent:
            raise ValueError("bgpd is not running")
        return {command: json.dumps(self._shown(command)) for command in commands}

    def _shown(self, command: str) -> Any:
        if command == "show bgp neighbors json":
            return self.roles
        if command.endswith("unicast json"):
            prefixes = {prefix for accepted in self.accepted.values() for prefix in accepted}
            return {
                "routes": {
                    prefix: [{"peerId": peer} for peer, accepted in self.accepted.items() if prefix in accepted]
                    for prefix in prefixes
                }
            }
        peer = next(word for word in command.split() if word[0].isdigit())
        if command.endswith("routes json"):
            return {"routes": {prefix: [{}] for prefix in self.accepted[peer]}}
        return {peer: self.roles[peer]}

    # --- what can be wrong ------------------------------------------------------------------------------------------------

    def drop(self, *peers: str, answers: bool = False) -> None:
        for peer in peers:
            self.peers[peer]["is_up"] = False
            self.roles[peer] = {"localRole": "customer", "peerBfdInfo": {"status": "Down"}}
            self.accepted[peer] = []
            if not answers:
                self.unanswered.add(peer)

    def unplug(self, name: str) -> None:
        for interface, entry in self.interfaces.items():
            if interface == name or interface.startswith(f"{name}."):
                entry["is_up"] = False

    def disable(self, name: str) -> None:
        self.unplug(name)
        self.interfaces[name]["is_enabled"] = False


def router(fleet: Fleet, device: str, *present: str) -> Router:
    return Router(audit_expectations(fleet, device, present or None))


def checks_of(seen: Router) -> tuple[Check, ...]:
    driver: Any = seen
    return check_device(driver, seen.expected)


def findings(fleet: Fleet, seen: Router, *daemons_down: str) -> tuple[Finding, ...]:
    return service_findings(fleet, seen.expected.device, checks_of(seen), "provision --lab x", daemons_down)


def told(found: tuple[Finding, ...]) -> list[tuple[str, str, str, Severity]]:
    return [(one.rule, one.owner, one.about, one.severity) for one in found]


@pytest.mark.parametrize("device", [EDGE, DUAL_EDGE, AGGREGATION])
def test_a_router_that_is_as_expected_has_no_findings(fleet: Fleet, device: str) -> None:
    seen = router(fleet, device)
    assert findings(fleet, seen) == ()
    assert len(checks_of(seen)) > 10


# --- what is expected -----------------------------------------------------------------------------------------------------


def test_an_aggregation_router_has_its_base_and_the_slices_that_are_on_it(fleet: Fleet) -> None:
    whole = audit_expectations(fleet, AGGREGATION)
    one = audit_expectations(fleet, AGGREGATION, {SINGLE})
    assert {FAR4, FAR6} < {session.peer for session in one.sessions} < {session.peer for session in whole.sessions}
    assert len(one.sessions) == 2 + 2, "the core's, and the school's"
    assert [*one.pings, *one.reaches, *one.default_routes] == []


def test_a_port_needs_a_carrier_where_an_uplink_has_landed(fleet: Fleet) -> None:
    states = {one.name: one.state for one in audit_expectations(fleet, AGGREGATION, {SINGLE}).interfaces}
    assert (states["acc0"], states["acc1"]) == (LinkState.UP, LinkState.ENABLED)


def test_an_edge_router_pings_over_its_own_uplinks_alone(fleet: Fleet) -> None:
    expected = audit_expectations(fleet, DUAL_EDGE)
    assert len(expected.pings) == 2 * 2
    assert expected.reaches == ()
    assert {"wan0", "lan0"} <= {one.name for one in expected.interfaces}


def test_of_a_fleet_that_is_not_whole_no_session_is_a_stranger(fleet: Fleet) -> None:
    assert audit_expectations(fleet, AGGREGATION).sessions_are_all
    assert not audit_expectations(replace(fleet, complete=False), AGGREGATION).sessions_are_all


def test_a_router_that_nobody_knows_is_refused(fleet: Fleet) -> None:
    with pytest.raises(KeyError):
        audit_expectations(fleet, "er-99zz99")


# --- sessions -------------------------------------------------------------------------------------------------------------


def test_a_single_homed_school_without_a_session_is_cut_off(fleet: Fleet) -> None:
    seen = router(fleet, EDGE)
    seen.drop(PEER4, PEER6)
    found = findings(fleet, seen)
    assert told(found) == [
        ("AUD020", SINGLE, PEER4, Severity.CRITICAL),
        ("AUD020", SINGLE, PEER6, Severity.CRITICAL),
    ]
    assert "the other end does not answer a ping" in found[0].what
    assert found[0].remedy == "ask Polderglas about fibre line PG-FI-10150 of 16PK00"


def test_a_session_whose_other_end_answers_is_no_matter_for_the_provider(fleet: Fleet) -> None:
    seen = router(fleet, EDGE)
    seen.drop(PEER4, answers=True)
    (found,) = findings(fleet, seen)
    assert "answers a ping" in found.what
    assert found.remedy == "the line works: look at bgpd here and at zwl1-ar1"


def test_one_uplink_of_two_is_lost_redundancy_and_both_are_a_school_cut_off(fleet: Fleet) -> None:
    location = fleet.locations[DUAL]
    ends = [(str(one.aggregation_ipv4.ip), str(one.aggregation_ipv6.ip)) for one in location.uplinks]
    seen = router(fleet, DUAL_EDGE)
    seen.drop(*ends[1])
    assert {one.severity for one in findings(fleet, seen)} == {Severity.HIGH}
    seen.drop(*ends[0])
    assert {one.severity for one in findings(fleet, seen)} == {Severity.CRITICAL}


def test_on_an_aggregation_router_a_session_is_its_schools(fleet: Fleet) -> None:
    seen = router(fleet, AGGREGATION, SINGLE)
    seen.drop(FAR4)
    (found,) = findings(fleet, seen)
    assert told((found,)) == [("AUD020", SINGLE, FAR4, Severity.CRITICAL)]
    assert found.remedy.startswith("look at er-16pk00; where nothing is wrong there, ask Polderglas")


def test_the_core_is_every_schools(fleet: Fleet) -> None:
    seen = router(fleet, AGGREGATION)
    core = str(fleet.aggregation_router(AGGREGATION).core.core_ipv4)
    seen.drop(core)
    assert told(findings(fleet, seen)) == [("AUD020", "", core, Severity.CRITICAL)]


def test_a_session_that_somebody_shut_down_is_put_back(fleet: Fleet) -> None:
    seen = router(fleet, EDGE)
    seen.drop(PEER4)
    seen.peers[PEER4]["is_enabled"] = False
    (found,) = findings(fleet, seen)
    assert (found.rule, found.remedy) == ("AUD020", "provision restore --lab x --school 16PK00")


def test_a_wrong_as_and_a_wrong_role_are_told_as_such(fleet: Fleet) -> None:
    seen = router(fleet, EDGE)
    seen.drop(PEER4)
    seen.peers[PEER4]["remote_as"] = 64999
    seen.roles[PEER6]["remoteRole"] = "undefined"
    assert told(findings(fleet, seen)) == [
        ("AUD021", SINGLE, PEER4, Severity.CRITICAL),
        ("AUD021", SINGLE, PEER6, Severity.HIGH),
    ]


def test_bfd_that_is_down_under_a_session_that_is_up(fleet: Fleet) -> None:
    seen = router(fleet, EDGE)
    seen.roles[PEER6]["peerBfdInfo"] = {"status": "Down"}
    assert told(findings(fleet, seen)) == [("AUD024", SINGLE, PEER6, Severity.MEDIUM)]
    assert findings(fleet, seen, "bfdd") == (), "where bfdd does not run it is told by that"


def test_a_session_that_nobody_intends(fleet: Fleet) -> None:
    seen = router(fleet, AGGREGATION)
    seen.peers["192.0.2.66"] = seen.peers[FAR4]
    assert told(findings(fleet, seen)) == [("AUD023", "", "192.0.2.66", Severity.HIGH)]


def test_what_is_left_of_a_decommissioned_location_is_no_stranger(fleet: Fleet) -> None:
    gone = fleet.locations[SINGLE].model_copy(update={"status": LocationStatus.DECOMMISSIONED})
    without = replace(fleet, locations={**fleet.locations, SINGLE: gone})
    seen = router(without, AGGREGATION)
    seen.peers[FAR4] = next(iter(seen.peers.values()))
    assert findings(without, seen) == ()


def test_a_slice_that_was_not_provisioned_yet_is_not_missed(fleet: Fleet) -> None:
    seen = router(fleet, AGGREGATION, SINGLE)
    seen.disable("acc0")
    (found,) = findings(fleet, seen)
    assert "every session of 16PK00" in found.what
    assert "17RW00" not in found.what


# --- prefixes and routes --------------------------------------------------------------------------------------------------


def test_prefixes_of_others_are_critical(fleet: Fleet) -> None:
    seen = router(fleet, AGGREGATION)
    seen.accepted[FAR4].append("198.51.100.0/24")
    seen.peers[FAR4]["address_family"]["ipv4"]["accepted_prefixes"] += 1
    (found,) = findings(fleet, seen)
    assert told((found,)) == [("AUD022", SINGLE, FAR4, Severity.CRITICAL)]
    assert "accepted from 100.64.0.31: 198.51.100.0/24" in found.what


def test_a_school_that_announces_nothing_is_cut_off(fleet: Fleet) -> None:
    seen = router(fleet, AGGREGATION)
    seen.accepted[FAR4] = []
    seen.peers[FAR4]["address_family"]["ipv4"]["accepted_prefixes"] = 0
    (found,) = findings(fleet, seen)
    assert (found.rule, found.severity) == ("AUD022", Severity.CRITICAL)
    assert found.what.startswith("not accepted from 100.64.0.31: 203.0.113.")


def test_a_default_route_that_was_refused_is_told_once(fleet: Fleet) -> None:
    seen = router(fleet, EDGE)
    seen.accepted[PEER4] = []
    seen.peers[PEER4]["address_family"]["ipv4"]["accepted_prefixes"] = 0
    seen.routes.pop("0.0.0.0/0")
    assert [one.rule for one in findings(fleet, seen)] == ["AUD022"]


def test_a_default_route_by_another_way(fleet: Fleet) -> None:
    seen = router(fleet, EDGE)
    seen.routes["0.0.0.0/0"] = ("mgmt0", "static")
    seen.routes.pop("::/0")
    found = findings(fleet, seen)
    assert told(found) == [
        ("AUD026", SINGLE, "IPv4", Severity.HIGH),
        ("AUD026", SINGLE, "IPv6", Severity.CRITICAL),
    ]
    assert "found by mgmt0, from static" in found[0].what


# --- interfaces -----------------------------------------------------------------------------------------------------------


def test_a_dead_uplink_is_told_once_with_what_went_with_it(fleet: Fleet) -> None:
    seen = router(fleet, EDGE)
    seen.unplug(UPLINK)
    seen.drop(PEER4, PEER6)
    seen.routes.clear()
    (found,) = findings(fleet, seen)
    assert told((found,)) == [("AUD030", SINGLE, UPLINK, Severity.CRITICAL)]
    assert f"with it the session with {PEER4}, the session with {PEER6}" in found.what
    assert found.remedy.startswith("ask Polderglas")


def test_a_port_that_somebody_took_down_is_the_cause_of_what_is_on_it(fleet: Fleet) -> None:
    seen = router(fleet, EDGE)
    seen.disable("wan0")
    seen.drop(PEER4, PEER6)
    (found,) = findings(fleet, seen)
    assert told((found,)) == [("AUD030", SINGLE, "wan0", Severity.CRITICAL)]
    assert found.remedy == "ssh er-16pk00 'sudo ip link set wan0 up'"


def test_a_port_of_an_aggregation_router_names_all_schools_on_it(fleet: Fleet) -> None:
    seen = router(fleet, AGGREGATION)
    seen.unplug("acc0")
    seen.drop(FAR4, FAR6)
    (found,) = [one for one in findings(fleet, seen) if one.rule == "AUD030"]
    assert told((found,)) == [("AUD030", "", "acc0", Severity.CRITICAL)]
    assert "every session of 14NS00, 16PK00, 17RW00" in found.what
    assert found.remedy.startswith("look at the cable of acc0")


def test_the_backup_uplink_of_two_is_high(fleet: Fleet) -> None:
    backup = next(one for one in fleet.locations[DUAL].uplinks if one.role.value == "backup")
    seen = router(fleet, DUAL_EDGE)
    seen.unplug(backup.edge_interface)
    seen.drop(str(backup.aggregation_ipv4.ip), str(backup.aggregation_ipv6.ip))
    assert told(findings(fleet, seen)) == [("AUD030", DUAL, backup.edge_interface, Severity.HIGH)]


def test_a_segment_without_a_switch_behind_it_is_no_finding(fleet: Fleet) -> None:
    seen = router(fleet, EDGE)
    seen.unplug("lan0")
    assert findings(fleet, seen) == ()
    seen.disable("lan0.30")
    assert told(findings(fleet, seen)) == [("AUD030", SINGLE, "lan0.30", Severity.HIGH)]


def test_another_mtu_and_another_address(fleet: Fleet) -> None:
    seen = router(fleet, EDGE)
    seen.interfaces["lan0.10"]["mtu"] = 1400
    seen.addresses["lan0.20"]["ipv4"]["10.9.9.9"] = {"prefix_length": 24}
    found = findings(fleet, seen)
    assert told(found) == [
        ("AUD031", SINGLE, "lan0.10", Severity.HIGH),
        ("AUD031", SINGLE, "lan0.20", Severity.HIGH),
    ]
    assert "MTU 1400" in found[0].what
    assert "10.9.9.9/24" in found[1].what


def test_an_interface_that_is_not_there_is_told_once(fleet: Fleet) -> None:
    seen = router(fleet, EDGE)
    del seen.interfaces["lan0.20"], seen.addresses["lan0.20"]
    (found,) = findings(fleet, seen)
    assert told((found,)) == [("AUD030", SINGLE, "lan0.20", Severity.HIGH)]
    assert found.remedy == "provision restore --lab x --school 16PK00"


def test_an_uplink_that_carries_no_full_packet(fleet: Fleet) -> None:
    seen = router(fleet, EDGE)
    seen.unanswered.add(PEER4)
    (found,) = findings(fleet, seen)
    assert told((found,)) == [("AUD033", SINGLE, PEER4, Severity.HIGH)]
    assert "1500 bytes, unfragmented" in found.what


# --- what is not known ----------------------------------------------------------------------------------------------------


def test_without_bgpd_nothing_is_told_that_follows_from_it(fleet: Fleet) -> None:
    seen = router(fleet, EDGE)
    seen.is_silent = True
    seen.routes.clear()
    assert findings(fleet, seen, "bgpd") == ()


def test_without_zebra_bgpd_answers_and_its_sessions_are_no_news(fleet: Fleet) -> None:
    seen = router(fleet, EDGE)
    seen.drop(PEER4, PEER6, answers=True)
    assert findings(fleet, seen, "zebra") == ()


def test_a_router_that_does_not_answer_is_no_school_cut_off(fleet: Fleet) -> None:
    seen = router(fleet, EDGE)
    seen.is_silent = True
    (found,) = findings(fleet, seen)
    assert told((found,)) == [("AUD013", SINGLE, "", Severity.HIGH)]
    assert "no answer: bgpd is not running" in found.what


def test_what_a_platform_cannot_tell_is_no_finding(fleet: Fleet) -> None:
    check = failed(EDGE, f"BGP roles with {PEER4}", "x", "this platform's driver cannot tell")
    reader = replace(check, found="roles and accepted prefixes cannot be read on platform ios")
    assert service_findings(fleet, EDGE, [check, reader]) == ()


def test_every_kind_of_check_has_a_kind_of_finding(fleet: Fleet) -> None:
    """A new check of `validate.compliance` must be made known here."""
    seen = router(fleet, EDGE)
    failing = tuple(replace(check, passed=False, found="something else") for check in checks_of(seen))
    names = {check.name for check in failing}
    assert not names & {one.about for one in service_findings(fleet, EDGE, failing)}
    unknown = failed(EDGE, "phase of the moon", "full", "new")
    assert [one.about for one in service_findings(fleet, EDGE, [unknown])] == ["phase of the moon"]
