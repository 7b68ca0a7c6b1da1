"""What a segment gets besides a way out, measured in the lab: how fast it may send and receive."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from provisioner.intent.model import Location, Uplink
from provisioner.lab.handle import HostHandle, Lab, NodeHandle

from .conftest import Schools

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
