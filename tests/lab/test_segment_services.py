"""What a segment gets besides a way out, seen in the lab: how fast it may send and receive, addresses by DHCP, names by DNS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address

import pytest

from provisioner.intent.model import Fleet, Location, Uplink
from provisioner.lab.handle import HostHandle, Lab, NodeHandle

from .conftest import Provision, Schools

SECONDS = 3
PORT = 5009
TOO_MUCH, FAR_TOO_MUCH = 60, 250
"""Mbit/s that are sent where 30 and 100 may pass; a lab on a busy machine carries it."""
MEGABIT = 1_000_000
ABOVE, BELOW = 1.1, 0.6
"""What a queue of a tenth of a second still gives after the end of a measurement; and what a busy machine leaves of a rate."""

SEND = """
import socket, sys, time
target, port, mbps, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
family = socket.AF_INET6 if ":" in target else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as sender:
    if len(sys.argv) > 5:  # whoever asks is answered with all this
        sender.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", port))
        sender.settimeout(20)
        target, port = sender.recvfrom(100)[1][:2]
    sent, start = 0, time.monotonic()
    while (gone := time.monotonic() - start) < seconds:
        while sent < gone * mbps * 1e6 / 8 / 1228:
            sender.sendto(bytes(1200), (target, port))
            sent += 1
        time.sleep(0.001)
"""

RECEIVE = """
import socket, sys, time
target, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
with socket.socket(socket.AF_INET6 if ":" in target else socket.AF_INET, socket.SOCK_DGRAM) as receiver:
    receiver.settimeout(0.2)
    end, got = time.monotonic() + 20, 0
    while time.monotonic() < end:
        try:
            size = len(receiver.recv(2000)) + 28
        except TimeoutError:
            if not got:
                receiver.sendto(b"?", (target, port))
            continue
        if not got:
            end = time.monotonic() + seconds
        got += size
print(got)
"""


def received(host: HostHandle) -> int:
    """Bytes that have come to a host."""
    return int(
        json.loads(host.exec("ip", "-s", "-j", "link", "show", "dev", "eth0", check=True).stdout)[0]["stats64"]["rx"][
            "bytes"
        ]
    )


def sends_out(lab: Lab, *hosts: HostHandle, mbps: float = TOO_MUCH, version: int = 4) -> float:
    """What comes of it on the internet, Mbit/s, where hosts of a school send that much together."""
    target = str(lab.internet.ipv4 if version == 4 else lab.internet.ipv6())
    before = received(lab.internet)
    with ThreadPoolExecutor(len(hosts)) as pool:
        command = ("python3", "-c", SEND, target, "9", f"{mbps / len(hosts)}", f"{SECONDS}")
        for done in [pool.submit(host.exec, *command, check=True) for host in hosts]:
            done.result()
    return (received(lab.internet) - before) * 8 / SECONDS / MEGABIT


def gets(lab: Lab, host: HostHandle, mbps: float) -> float:
    """What comes to a host of a school, Mbit/s, where the internet sends it that much."""
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(
            lab.internet.exec,
            "python3",
            "-c",
            SEND,
            "0.0.0.0",
            f"{PORT}",
            f"{mbps}",
            f"{SECONDS}",
            "answer",
            check=True,
        )
        got = int(
            host.exec("python3", "-c", RECEIVE, str(lab.internet.ipv4), f"{PORT}", f"{SECONDS}", check=True).stdout
        )
        answer.result()
    return got * 8 / SECONDS / MEGABIT


@contextmanager
def without_limit(router: NodeHandle, interface: str) -> Iterator[None]:
    """A router that sends as fast as it can; and as before when the block ends."""
    router.exec("tc", "qdisc", "del", "dev", interface, "root", check=True)
    try:
        yield
    finally:
        # Status 1: the other interfaces have theirs already.
        router.exec("tc", "-force", "-batch", "/etc/network/traffic-control")
        assert "htb" in router.exec("tc", "qdisc", "show", "dev", interface).stdout


def is_about(measured: float, rate: float) -> bool:
    return BELOW * rate < measured < ABOVE * rate


def ends(lab: Lab, location: Location) -> tuple[Uplink, NodeHandle, NodeHandle]:
    """An uplink, and the routers at both ends."""
    uplink = location.uplinks[0]
    return uplink, lab.router(location.edge_router_name), lab.router(uplink.aggregation_router)


def test_guests_send_no_faster_than_their_limit(provisioned: Lab, schools: Schools) -> None:
    location = schools.slow
    uplink, edge, _ = ends(provisioned, location)
    guest = provisioned.host(location.code, "guest")
    with without_limit(edge, uplink.edge_interface):
        assert sends_out(provisioned, guest) > 2 * 20
    assert is_about(sends_out(provisioned, guest), 20)
    assert is_about(sends_out(provisioned, guest, version=6), 20)


def test_a_school_sends_no_faster_than_its_line_carries(provisioned: Lab, schools: Schools) -> None:
    location = schools.slow
    uplink, edge, _ = ends(provisioned, location)
    hosts = [provisioned.host(location.code, segment) for segment in ("education", "guest")]
    with without_limit(edge, uplink.edge_interface):
        assert sends_out(provisioned, *hosts) > 1.5 * uplink.access_line.up_mbps
    assert is_about(sends_out(provisioned, *hosts), uplink.access_line.up_mbps)
    assert is_about(sends_out(provisioned, hosts[0], version=6), uplink.access_line.up_mbps)


def test_a_school_is_sent_no_more_than_its_line_carries(provisioned: Lab, schools: Schools) -> None:
    location = schools.slow
    uplink, _, aggregation = ends(provisioned, location)
    pupil = provisioned.host(location.code, "education")
    with without_limit(aggregation, uplink.aggregation_interface):
        assert gets(provisioned, pupil, FAR_TOO_MUCH) > 1.5 * uplink.access_line.down_mbps
    assert is_about(gets(provisioned, pupil, FAR_TOO_MUCH), uplink.access_line.down_mbps)


def test_guests_get_no_more_than_their_limit_where_the_line_carries_more(provisioned: Lab, schools: Schools) -> None:
    location = schools.fibre
    _, edge, _ = ends(provisioned, location)
    guest = provisioned.host(location.code, "guest")
    interface = f"{location.edge_router.lan_port}.{guest.host.vlan_id}"
    with without_limit(edge, interface):
        assert gets(provisioned, guest, FAR_TOO_MUCH) > 1.5 * 100
    assert is_about(gets(provisioned, guest, FAR_TOO_MUCH), 100)


def downs(router: NodeHandle) -> tuple[object, ...]:
    """How often sessions of a router went down, and since when they are up."""
    peers = json.loads(router.vtysh("show bfd peers counters json"))
    neighbors = json.loads(router.vtysh("show bgp neighbors json"))
    return (
        sorted((peer["peer"], peer["session-down"]) for peer in peers),
        sorted((name, told["connectionsDropped"], told["bgpState"]) for name, told in neighbors.items()),
    )


def test_sessions_stay_up_while_the_line_is_full_both_ways(provisioned: Lab, schools: Schools) -> None:
    """BFD gives up after 0.9 s; the line is full for three."""
    location = schools.slow
    uplink, edge, aggregation = ends(provisioned, location)
    pupil, guest = (provisioned.host(location.code, segment) for segment in ("education", "guest"))
    before = downs(edge), downs(aggregation)
    assert "Established" in str(before[0])
    with ThreadPoolExecutor(2) as pool:
        out = pool.submit(sends_out, provisioned, pupil)
        come = pool.submit(gets, provisioned, guest, FAR_TOO_MUCH)
        assert is_about(out.result(), uplink.access_line.up_mbps)
        assert come.result() > BELOW * uplink.access_line.down_mbps
    assert (downs(edge), downs(aggregation)) == before
    for router, interface in ((edge, uplink.edge_interface), (aggregation, uplink.aggregation_interface)):
        classes = json.loads(router.exec("tc", "-s", "-j", "class", "show", "dev", interface, check=True).stdout)
        own = next(each for each in classes if each["handle"] == "1:c")
        assert own["stats"]["packets"] > 0
        assert own["stats"]["drops"] == 0


# --- DHCP and DNS -------------------------------------------------------------------------------------------------------------

NAME, ANSWER = "name.example", "8.0.0.8"
"""An address of the internet's: what is nobody's there would fall to the guard against rebinding."""

LEASE = """
import sys
from scapy.all import *
conf.verb, conf.checkIPaddr = 0, False
mac, seconds = RandMAC("02:*:*:*:*:*")._fix(), float(sys.argv[1])
raw, xid = bytes.fromhex(mac.replace(":", "")), random.getrandbits(32)
def ask(kind, *options):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        packet = (Ether(src=mac, dst="ff:ff:ff:ff:ff:ff") / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67)
            / BOOTP(chaddr=raw, xid=xid, flags=0x8000)
            / DHCP(options=[("message-type", kind), *options, ("param_req_list", [1, 3, 6, 15, 51]), "end"]))
        got = srp1(packet, iface="eth0", timeout=min(seconds, 5), filter="udp dst port 68", promisc=True)
        if got and DHCP in got:
            return got[BOOTP].yiaddr, {each[0]: list(each[1:]) for each in got[DHCP].options if isinstance(each, tuple)}
    sys.exit(0)
address, options = ask("discover")
address, options = ask("request", ("requested_addr", address), ("server_id", options["server_id"][0]))
def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)
told = {key: [text(value) for value in values] for key, values in options.items()}
print(json.dumps({"address": address, "told": told}))
"""

ASK = """
import socket, sys
server, name, protocol = sys.argv[1:4]
query = bytes.fromhex("123401000001000000000000")
query += b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + bytes.fromhex("0000010001")
family = socket.AF_INET6 if ":" in server else socket.AF_INET
with socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM) as asking:
    asking.settimeout(2)
    try:
        asking.connect((server, 53))
        asking.send((len(query).to_bytes(2, "big") if protocol == "tcp" else b"") + query)
        print(socket.inet_ntoa(asking.recv(4096)[-4:]))
    except OSError:
        pass
"""

ADVERTISED = """
import json, sys
from scapy.all import *
conf.verb = 0
seen = AsyncSniffer(iface="eth0", filter="icmp6 and ip6[40] == 134", count=1, timeout=15)
seen.start()
time.sleep(0.5)
send(IPv6(dst="ff02::2", hlim=255) / ICMPv6ND_RS(), iface="eth0")
seen.join()
found = seen.results[0]
print(json.dumps({
    "rdnss": found[ICMPv6NDOptRDNSS].dns if ICMPv6NDOptRDNSS in found else [],
    "dnssl": found[ICMPv6NDOptDNSSL].searchlist if ICMPv6NDOptDNSSL in found else [],
}))
"""


@dataclass(frozen=True)
class Lease:
    address: IPv4Address
    told: dict[str, list[str]]


def lease(host: HostHandle, seconds: float = 12) -> Lease | None:
    """An address by DHCP, for a computer with a hardware address of its own; None where nobody gives one."""
    said = host.exec("python3", "-Wignore", "-c", f"import json, time\n{LEASE}", str(seconds), check=True).stdout
    if not said.strip():
        return None
    found = json.loads(said)
    return Lease(IPv4Address(found["address"]), found["told"])


def looked_up(host: HostHandle, server: object, protocol: str = "udp") -> str:
    return host.exec("python3", "-c", ASK, str(server), NAME, protocol, check=True).stdout.strip()


@contextmanager
def running(host: HostHandle, *options: str) -> Iterator[None]:
    """A dnsmasq of a test's own, on a host."""
    pid = f"/run/test-{host.host.name}.pid"
    host.exec("dnsmasq", "--conf-file=/dev/null", f"--pid-file={pid}", "--user=root", *options, check=True)
    try:
        yield
    finally:
        host.exec("sh", "-c", f"kill $(cat {pid})", check=True)


@pytest.fixture
def resolver(provisioned: Lab, fleet: Fleet) -> Iterator[None]:
    """Who answers the service's routers, beyond the core."""
    address = str(provisioned.internet.ipv4)
    assert [str(each) for each in fleet.service.resolvers] == [address]
    with running(
        provisioned.internet,
        "--no-resolv",
        "--no-hosts",
        "--bind-interfaces",
        f"--listen-address={address}",
        f"--address=/{NAME}/{ANSWER}",
    ):
        yield


def test_hosts_get_an_address_of_their_segment_s_range(provisioned: Lab, schools: Schools) -> None:
    code = schools.slow.code
    pupil = provisioned.host(code, "education")
    found = lease(pupil)
    assert found is not None
    assert IPv4Address("10.3.32.100") <= found.address <= IPv4Address("10.3.32.250")
    assert found.told["router"] == ["10.3.32.1"]
    assert found.told["name_server"] == ["10.3.32.1"]
    assert found.told["lease_time"] == ["36000"]
    pupil.exec("ip", "addr", "add", f"{found.address}/24", "dev", "eth0", check=True)
    try:
        assert pupil.ping(provisioned.internet.ipv4, source=found.address, count=2)
    finally:
        pupil.exec("ip", "addr", "del", f"{found.address}/24", "dev", "eth0", check=True)
    staff = lease(provisioned.host(code, "administration"))
    assert staff is not None
    assert staff.address >= IPv4Address("10.3.10.51")
    assert staff.told["domain"] == ["startblok.example"]


def test_a_segment_that_has_no_dhcp_gets_none(provisioned: Lab, schools: Schools) -> None:
    """The same question that the other segments get an answer to."""
    assert lease(provisioned.host(schools.slow.code, "management"), seconds=6) is None


def test_hosts_look_up_names_by_way_of_the_router(provisioned: Lab, schools: Schools, resolver: None) -> None:
    segment = next(each for each in schools.slow.segments if each.role == "education")
    pupil = provisioned.host(schools.slow.code, "education")
    pupil.ipv6()
    for server in (segment.router_ipv4.ip, segment.router_ipv6.ip):
        for protocol in ("udp", "tcp"):
            assert looked_up(pupil, server, protocol) == ANSWER, (server, protocol)


def test_guests_have_no_names_of_the_administration_and_others_none_at_all(
    provisioned: Lab, schools: Schools, resolver: None
) -> None:
    by_role = {str(each.role): each for each in schools.slow.segments}
    staff = provisioned.host(schools.slow.code, "administration")
    assert looked_up(staff, by_role["administration"].router_ipv4.ip) == ANSWER
    for role in ("guest", "management"):
        host = provisioned.host(schools.slow.code, role)
        host.ipv6()
        for other in (role, "administration"):
            for address in (by_role[other].router_ipv4.ip, by_role[other].router_ipv6.ip):
                assert looked_up(host, address) == "", (role, address)


def test_advertisements_tell_whom_to_ask(provisioned: Lab, schools: Schools) -> None:
    by_role = {str(each.role): each for each in schools.slow.segments}

    def told(role: str) -> dict[str, list[str]]:
        host = provisioned.host(schools.slow.code, role)
        found: dict[str, list[str]] = json.loads(host.exec("python3", "-Wignore", "-c", ADVERTISED, check=True).stdout)
        return found

    own = str(by_role["administration"].router_ipv6.ip)
    assert told("administration") == {"rdnss": [own], "dnssl": ["startblok.example."]}
    assert told("guest") == {"rdnss": ["2001:db8:2::53"], "dnssl": []}
    assert told("management") == {"rdnss": [], "dnssl": []}


def test_requests_are_handed_on_to_the_school_s_own_server(provisioned: Lab, schools: Schools) -> None:
    code = schools.fibre.code
    pupil, staff = provisioned.host(code, "education"), provisioned.host(code, "administration")
    assert staff.ipv4 == IPv4Address("10.1.10.10")
    assert lease(pupil, seconds=6) is None
    with running(
        staff,
        "--port=0",
        "--interface=eth0",
        "--dhcp-range=10.1.32.50,10.1.32.60,255.255.254.0,1h",
        "--dhcp-leasefile=/run/test-leases",
    ):
        found = lease(pupil)
    assert found is not None
    assert IPv4Address("10.1.32.50") <= found.address <= IPv4Address("10.1.32.60")


def test_routers_log_nothing_of_who_asks_for_what(provisioned: Lab, schools: Schools, resolver: None) -> None:
    """The whole log of the router: who got an address and which name was looked up are nowhere in it."""
    segment = next(each for each in schools.slow.segments if each.role == "education")
    pupil = provisioned.host(schools.slow.code, "education")
    assert lease(pupil) is not None
    assert looked_up(pupil, segment.router_ipv4.ip) == ANSWER
    router = provisioned.router(schools.slow.edge_router_name)
    said = router.exec("sh", "-c", "cat /var/log/syslog /var/log/messages /var/log/daemon.log 2>/dev/null; true").stdout
    assert not re.search(rf"DHCP(?:DISCOVER|OFFER|REQUEST|ACK)|{NAME}", said + router.logs())


def test_a_second_push_has_nothing_to_do(provisioned: Lab, provision: Provision, schools: Schools) -> None:
    done = provision(
        "--lab", provisioned.name, "--school", schools.slow.code, "--school", schools.fibre.code, "--dry-run"
    )
    assert done.returncode == 0, done.stdout + done.stderr
