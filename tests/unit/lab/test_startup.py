"""What the lab's nodes boot from on their first day."""

from __future__ import annotations

import pytest

from provisioner.errors import LabError
from provisioner.intent.model import Fleet
from provisioner.lab.startup import FRR, INTERFACES, NFTABLES, files_of, split_document
from provisioner.lab.topology import build


def test_an_edge_router_as_delivered_knows_its_management_address_and_nothing_else(small_fleet: Fleet) -> None:
    topology = build(small_fleet, ["16PK00"])
    files = files_of(topology.node("er-16pk00"), topology, small_fleet, None)
    assert files[INTERFACES] == (
        "auto lo\niface lo inet loopback\n\nauto mgmt0\niface mgmt0\n    mtu 1500\n    address 100.64.0.101/24\n"
    )
    assert "router bgp" not in files[FRR]
    assert files[NFTABLES].count("policy drop") == 2
    assert 'iifname "mgmt0" ip saddr { 100.64.0.0/16 } tcp dport 22 accept' in files[NFTABLES]


def test_an_aggregation_router_boots_from_its_rendered_base(small_fleet: Fleet) -> None:
    topology = build(small_fleet, ["16PK00"])
    document = f"#: file {INTERFACES}\nauto lo\n#: file {NFTABLES}\nflush ruleset\n#: file {FRR}\nrouter bgp 64500\n"
    files = files_of(topology.node("ar1-utrecht"), topology, small_fleet, lambda name: document)
    assert files == {INTERFACES: "auto lo\n", NFTABLES: "flush ruleset\n", FRR: "router bgp 64500\n"}


def test_text_before_the_first_marker_is_no_config_document() -> None:
    with pytest.raises(LabError, match="starts with a line"):
        split_document("router bgp 1\n#: file /etc/frr/frr.conf\n")


def test_the_core_has_one_neighbour_per_family_and_aggregation_router(small_fleet: Fleet) -> None:
    topology = build(small_fleet, ["20AB00"])
    frr = files_of(topology.node("core"), topology, small_fleet, None)[FRR]
    for address in ("100.65.254.3", "100.65.254.5", "2001:db8:c0fe::3", "2001:db8:c0fe::5"):
        assert f" neighbor {address} remote-as 64500\n" in frr
        assert f"  neighbor {address} default-originate\n" in frr


def test_a_node_that_is_no_router_boots_from_nothing(small_fleet: Fleet) -> None:
    topology = build(small_fleet, ["16PK00"])
    for name in ("carrier", "station", "lan-16pk00"):
        assert files_of(topology.node(name), topology, small_fleet, None) == {}
