"""NAPALM's own getter suite for third-party drivers, over recorded outputs of a real router; and what it does not ask."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from napalm.base import NetworkDriver, get_network_driver
from napalm.base.test.getters import BaseTestGetters

from napalm_frr import FRRDriver

from .conftest import PatchedFRRDriver

SKIPPED = {
    # a router without VRFs, switching, optics, NTP client, probes
    "test_get_arp_table_with_vrf",
    "test_get_bgp_config",
    "test_get_environment",
    "test_get_firewall_policies",
    "test_get_mac_address_table",
    "test_get_network_instances",
    "test_get_ntp_peers",
    "test_get_ntp_servers",
    "test_get_ntp_stats",
    "test_get_optics",
    "test_get_probes_config",
    "test_get_probes_results",
    "test_get_vlans",
}
"""Getters that the driver does not offer; exactly these."""


@pytest.mark.usefixtures("set_device_parameters")
class TestGetters(BaseTestGetters):  # type: ignore[misc]  # napalm is not typed
    """Every test of the suite; those without recorded data must be of SKIPPED."""

    driver = FRRDriver


def test_napalm_finds_the_driver_by_its_name() -> None:
    assert get_network_driver("frr") is FRRDriver


def test_the_suite_skips_exactly_what_is_not_offered() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", __file__, "-k", "TestGetters", "-p", "no:cacheprovider", "-v"],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
        cwd=Path(__file__).parents[2],
    )
    skipped = {line.split("::")[-1].split("[")[0].split()[0] for line in done.stdout.splitlines() if " SKIPPED" in line}
    assert done.returncode == 0, done.stdout[-2000:]
    assert skipped == SKIPPED


def test_what_is_not_offered_is_not_overridden() -> None:
    for name in SKIPPED - {"test_get_arp_table_with_vrf"}:
        method = name.removeprefix("test_")
        assert getattr(FRRDriver, method) is getattr(NetworkDriver, method)


@pytest.mark.parametrize("recorded", ["test_get_bgp_neighbors"], indirect=True)
def test_bgp_neighbors_are_there_with_their_counts(recorded: PatchedFRRDriver) -> None:
    peers = recorded.get_bgp_neighbors()["global"]["peers"]
    assert set(peers) == {"192.0.2.2", "2001:db8:12::2"}
    assert peers["192.0.2.2"]["is_up"]
    assert peers["192.0.2.2"]["remote_as"] == 65002
    assert peers["192.0.2.2"]["remote_id"] == "198.51.100.2"
    assert peers["192.0.2.2"]["address_family"] == {
        "ipv4": {"received_prefixes": 3, "accepted_prefixes": 3, "sent_prefixes": 4}
    }


@pytest.mark.parametrize("recorded", ["test_get_route_to"], indirect=True)
def test_a_bgp_route_tells_its_path(recorded: PatchedFRRDriver) -> None:
    (route,) = recorded.get_route_to("1.0.4.0/24", "bgp")["1.0.4.0/24"]
    assert route["next_hop"] == "192.0.2.2"
    assert route["protocol_attributes"]["as_path"] == "65002"
    assert route["protocol_attributes"]["local_as"] == 65001


@pytest.mark.parametrize("recorded", ["test_get_route_to"], indirect=True)
def test_a_protocol_that_brought_no_route_gives_none(recorded: PatchedFRRDriver) -> None:
    assert recorded.get_route_to("1.0.4.0/24", "static") == {}


@pytest.mark.parametrize("recorded", ["test_get_lldp_neighbors"], indirect=True)
def test_lldp_neighbors_are_on_both_ports(recorded: PatchedFRRDriver) -> None:
    assert {name: [one["hostname"] for one in found] for name, found in recorded.get_lldp_neighbors().items()} == {
        "eth1": ["r2"],
        "eth2": ["r2"],
    }


@pytest.mark.parametrize("recorded", ["test_get_users"], indirect=True)
def test_users_have_their_keys_and_no_password(recorded: PatchedFRRDriver) -> None:
    users = recorded.get_users()
    assert users["provision"]["level"] == 15
    assert users["provision"]["sshkeys"][0].startswith("ssh-ed25519 ")
    assert {user["password"] for user in users.values()} == {""}


@pytest.mark.parametrize("recorded", ["test_get_snmp_information"], indirect=True)
def test_an_snmp_community_is_a_secret(recorded: PatchedFRRDriver) -> None:
    assert recorded.get_snmp_information()["community"] == {"<secret>": {"acl": "192.0.2.0/24", "mode": "ro"}}


@pytest.mark.parametrize("recorded", ["test_ping"], indirect=True)
def test_ping_counts_what_it_sent_and_lost(recorded: PatchedFRRDriver) -> None:
    success = recorded.ping("8.8.8.8")["success"]
    assert (success["probes_sent"], success["packet_loss"], len(success["results"])) == (5, 0, 5)


@pytest.mark.parametrize("recorded", ["test_get_config_sanitized"], indirect=True)
def test_a_sanitized_config_holds_no_secret(recorded: PatchedFRRDriver) -> None:
    config = recorded.get_config(sanitized=True)
    assert "a-secret" not in str(config)
    assert "password <secret>" in config["running"]


def test_a_closed_session_is_not_alive() -> None:
    assert FRRDriver("r1", "", "").is_alive() == {"is_alive": False}
