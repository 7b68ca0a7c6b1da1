"""What templates are given."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.intent.model import Bfd, Fleet
from provisioner.intent.types import UplinkRole
from provisioner.render import addresses, context
from provisioner.render.ordering import element_key


def test_guests_reach_the_internet_and_no_segment(fleet: Fleet) -> None:
    for location in fleet.locations.values():
        built = context.edge(fleet, location)
        uplinks = {uplink.edge_interface for uplink in location.uplinks}
        for segment in built.segments:
            if segment.name == "guest":
                assert set(segment.reaches) == uplinks


def test_a_segment_reaches_what_the_catalogue_says_and_never_itself(fleet: Fleet) -> None:
    built = context.edge(fleet, fleet.locations["16PK00"])
    reach = {segment.name: set(segment.reaches) for segment in built.segments}
    assert reach["administration"] == {"wan0.102", "lan0.50"}
    assert reach["devices"] == set()
    assert reach["management"] == {"wan0.102", "lan0.40", "lan0.50"}


def test_what_is_translated_is_what_the_inventory_says(fleet: Fleet) -> None:
    for location in fleet.locations.values():
        translated = context.edge(fleet, location).translated_networks
        assert set(translated) == {str(segment.ipv4) for segment in location.translated_segments}


def test_the_backup_is_the_longer_way(fleet: Fleet) -> None:
    location = next(each for each in fleet.locations.values() if each.is_dual_homed)
    by_role = {uplink.role: uplink for uplink in context.edge(fleet, location).uplinks}
    assert by_role[UplinkRole.PRIMARY].local_preference > by_role[UplinkRole.BACKUP].local_preference
    assert by_role[UplinkRole.PRIMARY].prepend == ""
    assert by_role[UplinkRole.BACKUP].prepend == str(location.asn)


def test_hosts_are_told_the_lowest_mtu_of_all_uplinks(fleet: Fleet) -> None:
    for location in fleet.locations.values():
        lowest = min(uplink.access_line.mtu for uplink in location.uplinks)
        built = context.edge(fleet, location)
        assert built.ra_mtu == (lowest if lowest < 1500 else 0)
        assert {uplink.interface for uplink in built.clamped_uplinks} == {
            uplink.edge_interface for uplink in location.uplinks if uplink.access_line.mtu < 1500
        }


def test_a_port_carries_what_its_sub_interfaces_do(fleet: Fleet) -> None:
    for location in fleet.locations.values():
        interfaces = {interface.name: interface for interface in context.edge(fleet, location).interfaces}
        for interface in interfaces.values():
            if interface.parent:
                assert interface.mtu <= interfaces[interface.parent].mtu


@pytest.mark.parametrize(
    ("bfd", "lines"),
    [
        (Bfd(interval_ms=300, multiplier=3), ()),
        (Bfd(interval_ms=300, multiplier=5), ("detect-multiplier 5",)),
        (Bfd(interval_ms=100, multiplier=3), ("transmit-interval 100", "receive-interval 100")),
    ],
)
def test_what_frr_takes_for_granted_is_not_written(bfd: Bfd, lines: tuple[str, ...]) -> None:
    assert context.bfd_lines(bfd) == lines


def test_elements_are_in_the_order_in_which_nft_1_1_3_listed_them() -> None:
    listed = ['"eth1.2" : x', '"eth10.4" : x', '"eth2.55" : x', '"eth1.101" : x', '"eth1.1011" : x']
    assert sorted(set(listed), key=element_key) == listed


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_ipv4_text_is_that_of_the_standard_library(address: object, length: int) -> None:
    network = IPv4Network((str(address), length), strict=False)
    assert addresses.prefix(network) == str(network)


@given(st.ip_addresses(v=6).filter(lambda address: int(address) >> 48), st.integers(0, 128))
def test_ipv6_text_is_that_of_the_standard_library(address: object, length: int) -> None:
    network = IPv6Network((str(address), length), strict=False)
    if int(network.network_address) >> 48:  # below that, inet_ntop writes embedded IPv4 in dots, as FRR does
        assert addresses.prefix(network) == str(network)


@given(st.lists(st.ip_addresses(v=4), min_size=1, max_size=4), st.lists(st.integers(0, 32), min_size=5, max_size=5))
def test_containment_is_that_of_the_standard_library(found: list[object], lengths: list[int]) -> None:
    networks = [ip_network((str(each), length), strict=False) for each, length in zip(found, lengths, strict=False)]
    inner = ip_network((str(found[0]), lengths[4]), strict=False)
    assert isinstance(inner, IPv4Network)
    ours = [network for network in networks if isinstance(network, IPv4Network)]
    assert addresses.contains(ours, inner) == any(inner.subnet_of(network) for network in ours)


@given(st.lists(st.ip_addresses(), max_size=8))
def test_neighbors_are_in_the_order_of_their_values(found: list[object]) -> None:
    texts = [str(each) for each in found]
    assert sorted(texts, key=addresses.neighbor_key) == sorted(
        texts, key=lambda text: (ip_address(text).version, int(ip_address(text)))
    )
