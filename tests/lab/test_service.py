"""The service as a school has it: what gets through, what does not, what survives a cut.

Each "does not get through" has its control beside it: the same packet with an honest source, or the same route on the
wire, is seen to arrive first. Without that, a broken lab would pass for a safe one.
"""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv6Address

import pytest

from provisioner.intent.model import Fleet, Location
from provisioner.lab.handle import HostHandle, Lab, eventually

from .conftest import Provision, Schools

pytestmark = pytest.mark.alone

FOREIGN_IPV4 = "198.18.77.0/24"
FOREIGN_IPV6 = "2001:db8:beef::/48"
FAILOVER_SECONDS = 8
"""Three BFD intervals of 300 ms, then BGP's best path and the kernel's route; the rest is this machine's mood."""


@pytest.mark.parametrize("segment", ["administration", "education", "guest"])
def test_a_host_reaches_the_internet_over_both_families(provisioned: Lab, schools: Schools, segment: str) -> None:
    host = provisioned.host(schools.fibre.code, segment)
    host.ipv6()
    assert host.ping(provisioned.internet.ipv4, count=3)
    assert host.ping(provisioned.internet.ipv6(), count=3)
    assert host.tcp_echo(provisioned.internet.ipv4)
    assert host.tcp_echo(provisioned.internet.ipv6())


def test_every_school_reaches_the_internet_at_the_full_mtu_of_its_line(provisioned: Lab, schools: Schools) -> None:
    for school in schools.all:
        host = provisioned.host(school.code, "administration")
        host.ipv6()
        mtu = school.uplinks[0].access_line.mtu
        assert host.ping(provisioned.internet.ipv4, size=mtu - 28, dont_fragment=True, count=3), school.code
        assert host.ping(provisioned.internet.ipv6(), size=mtu - 48, count=3), school.code


def test_guests_do_not_reach_the_administration(provisioned: Lab, schools: Schools) -> None:
    code = schools.fibre.code
    guest, office = provisioned.host(code, "guest"), provisioned.host(code, "administration")
    router = next(segment for segment in schools.fibre.segments if segment.role == "administration")
    assert office.ping(router.router_ipv4.ip), "control: the administration host answers its own router"
    guest.ipv6()
    assert not guest.ping(office.ipv4, count=2)
    assert not guest.ping(office.ipv6(), count=2)
    assert not office.ping(guest.ipv4, count=2)


def test_answers_come_back_where_connections_may_not_be_opened(provisioned: Lab, schools: Schools) -> None:
    location = next(place for place in schools.all if any(segment.role == "devices" for segment in place.segments))
    office, camera = (
        provisioned.host(location.code, "administration"),
        provisioned.host(location.code, "devices"),
    )
    assert office.ping(camera.ipv4, count=2), "the catalogue lets the administration reach devices"
    assert not camera.ping(office.ipv4, count=2), "and not the other way round"
    assert not camera.ping(provisioned.internet.ipv4, count=2), "devices reach nothing"


def test_nothing_opens_a_connection_into_a_school(provisioned: Lab, schools: Schools) -> None:
    office = provisioned.host(schools.fibre.code, "administration")
    inside = office.ipv6()
    assert office.ping(provisioned.internet.ipv6()), "control: there is a way, from inside"
    assert not provisioned.internet.ping(inside, count=2)


@pytest.mark.parametrize("family", [4, 6])
def test_a_spoofed_source_does_not_leave_the_school(provisioned: Lab, schools: Schools, family: int) -> None:
    school = schools.fibre
    host = provisioned.host(school.code, "education")
    target = provisioned.internet.ipv4 if family == 4 else provisioned.internet.ipv6()
    honest = host.ipv4 if family == 4 else host.ipv6()
    forged = IPv4Address("198.51.100.77") if family == 4 else IPv6Address("2001:db8:beef::77")
    wire = "icmp[icmptype] == icmp-echo" if family == 4 else "icmp6 and ip6[40] == 128"
    with provisioned.capture("core", "internet", wire) as seen:
        host.spoof(honest, target)
        host.spoof(forged, target)
        host.ping(target)
    assert any(str(target) in line for line in seen.lines), "control: honest packets arrive"
    assert not any(str(forged) in line for line in seen.lines)


@pytest.mark.parametrize("family", [4, 6])
def test_the_aggregation_router_drops_what_an_edge_router_lets_slip(
    provisioned: Lab, schools: Schools, family: int
) -> None:
    """A raw frame on the wire passes the edge router's own filters by: only the other end can stop it."""
    school = schools.fibre
    target = provisioned.internet.ipv4 if family == 4 else provisioned.internet.ipv6()
    if family == 4:
        honest, forged = str(school.prefixes.ipv4[0][1]), "198.51.100.77"
        wire = "icmp[icmptype] == icmp-echo"
    else:
        honest, forged = str(school.prefixes.ipv6[0][0x77]), "2001:db8:beef::77"
        wire = "icmp6 and ip6[40] == 128"
    with provisioned.capture("core", "internet", wire) as seen:
        _inject(provisioned, school, honest, str(target))
        _inject(provisioned, school, forged, str(target))
        eventually(
            lambda: provisioned.host(school.code, "administration").ping(target),
            deadline_seconds=5,
            what="an honest ping after the injected ones",
        )
    assert any(f"{honest} >" in line for line in seen.lines), "control: the honest frame arrives"
    assert not any(f"{forged} >" in line for line in seen.lines)


def _inject(lab: Lab, school: Location, source: str, target: str) -> None:
    uplink = school.uplinks[0]
    aggregation = lab.router(uplink.aggregation_router)
    link = json.loads(aggregation.exec("ip", "-j", "link", "show", uplink.aggregation_interface, check=True).stdout)
    layer = "IPv6(src=s,dst=t)/ICMPv6EchoRequest()" if ":" in target else "IP(src=s,dst=t)/ICMP()"
    script = (
        "import sys; from scapy.all import *; conf.verb=0; i,m,s,t=sys.argv[1:5];"
        f"sendp(Ether(dst=m)/{layer}, iface=i, count=3, inter=0.05)"
    )
    lab.router(school.edge_router_name).exec(
        "python3", "-Wignore", "-c", script, uplink.edge_interface, link[0]["address"], source, target, check=True
    )


def test_a_prefix_of_somebody_else_is_not_accepted(provisioned: Lab, schools: Schools, provision: Provision) -> None:
    """The school's own filter is taken away by hand, so that the route is really announced."""
    school = schools.fibre
    uplink = school.uplinks[0]
    edge, aggregation = provisioned.router(school.edge_router_name), provisioned.router(uplink.aggregation_router)
    peers = (str(uplink.aggregation_ipv4.ip), str(uplink.aggregation_ipv6.ip))
    own = [*map(str, school.prefixes.ipv4), *map(str, school.prefixes.ipv6)]
    try:
        _announce_everything(provisioned, school)
        for family, peer, foreign in (("ipv4", peers[0], FOREIGN_IPV4), ("ipv6", peers[1], FOREIGN_IPV6)):
            eventually(
                lambda f=family, p=peer, r=foreign: (
                    r  # type: ignore[misc]
                    in edge.vtysh(f"show bgp {f} unicast neighbors {p} advertised-routes json")
                ),
                deadline_seconds=20,
                what=f"{foreign} announced by the edge router",
            )
        for family, peer in (("ipv4", str(uplink.edge_ipv4.ip)), ("ipv6", str(uplink.edge_ipv6.ip))):
            shown = json.loads(aggregation.vtysh(f"show bgp {family} unicast neighbors {peer} routes json"))
            assert set(shown["routes"]) <= set(own)
            assert shown["routes"], "control: the school's own prefixes are accepted"
        dry = provision("--lab", provisioned.name, "--school", school.code, "--dry-run")
        assert dry.returncode == 1, "and the change by hand shows as a difference"
        assert "OPEN" in dry.stdout
    finally:
        mended = provision("--lab", provisioned.name, "--school", school.code, "--yes", "--accept-drift")
        assert mended.returncode == 0, mended.stdout + mended.stderr


def _announce_everything(lab: Lab, school: Location) -> None:
    uplink = school.uplinks[0]
    four, six = str(uplink.aggregation_ipv4.ip), str(uplink.aggregation_ipv6.ip)
    lines = [
        "route-map OPEN permit 10",
        "exit",
        f"ip route {FOREIGN_IPV4} blackhole",
        f"ipv6 route {FOREIGN_IPV6} blackhole",
        f"router bgp {school.asn}",
    ]
    for family, peer, foreign in (("ipv4", four, FOREIGN_IPV4), ("ipv6", six, FOREIGN_IPV6)):
        shown = json.loads(lab.router(school.edge_router_name).vtysh(f"show bgp neighbors {peer} json"))[peer]
        prefix_list = shown["addressFamilyInfo"][f"{family}Unicast"].get("outgoingUpdatePrefixFilterList")
        lines += [f"address-family {family} unicast", f"network {foreign}", f"neighbor {peer} route-map OPEN out"]
        lines += [f"no neighbor {peer} prefix-list {prefix_list} out"] if prefix_list else []
        lines += ["exit-address-family"]
    lab.router(school.edge_router_name).vtysh("configure terminal", *lines, "end")


def test_a_dual_homed_school_stays_connected_when_its_primary_uplink_is_cut(
    provisioned: Lab, schools: Schools, fleet: Fleet
) -> None:
    school = schools.dual
    primary, backup = sorted(school.uplinks, key=lambda uplink: uplink.role, reverse=True)
    host = provisioned.host(school.code, "administration")
    host.ipv6()
    assert _default_interface(provisioned, school) == primary.edge_interface
    provisioned.cut(school.edge_router_name, primary.edge_port)
    try:
        _wait_for_internet(provisioned, host)
        assert _default_interface(provisioned, school) == backup.edge_interface
    finally:
        provisioned.mend(school.edge_router_name, primary.edge_port)
    eventually(
        lambda: _default_interface(provisioned, school) == primary.edge_interface,
        deadline_seconds=60,
        what="the default route back on the primary uplink",
    )
    _wait_for_internet(provisioned, host)


def _default_interface(lab: Lab, school: Location) -> str:
    routes = json.loads(lab.router(school.edge_router_name).exec("ip", "-j", "route", "show", "default").stdout or "[]")
    return str(routes[0].get("dev", "")) if routes else ""


def _wait_for_internet(lab: Lab, host: HostHandle) -> None:
    eventually(
        lambda: host.ping(lab.internet.ipv4) and host.ping(lab.internet.ipv6()),
        deadline_seconds=FAILOVER_SECONDS,
        what="the internet over both families",
    )


def test_ssh_answers_from_the_management_network_alone(provisioned: Lab, schools: Schools) -> None:
    school = schools.fibre
    address = str(school.edge_router.management_address.ip)
    assert provisioned.router("station").exec("nc", "-z", "-w", "3", address, "22").ok, "control"
    inside = next(segment for segment in school.segments if segment.role == "administration").router_ipv4.ip
    host = provisioned.host(school.code, "administration")
    assert not host.exec("nc", "-z", "-w", "2", str(inside), "22").ok
    assert not host.exec("nc", "-z", "-w", "2", address, "22").ok
    announced = str(school.edge_router.nat_address)
    assert not provisioned.internet.exec("nc", "-z", "-w", "2", announced, "22").ok
