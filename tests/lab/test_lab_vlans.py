"""VLAN sub-interfaces are VLANs, whatever the kernel has: tags on the wire, and ends with different tags never meet."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterator

import pytest

from provisioner.lab import image, lifecycle, wiring
from provisioner.lab.engine import ContainerSpec, Engine
from provisioner.lab.handle import Lab, eventually
from provisioner.lab.state import LabState, container_name
from provisioner.lab.topology import CARRIER, Node, Port, Role, Topology

NAME = f"pytest-{os.getpid()}-vlans"

# `bfd` is the last line of each neighbour: beside GTSM and without an update-source, FRR 10.3 leaves a peer in Idle for ever
# when a password, role or ttl-security line resets its session after BFD was put on it.
_FRR = """hostname {me}
service integrated-vtysh-config
!
router bgp {my_as}
 no bgp ebgp-requires-policy
 neighbor {peer4} remote-as {peer_as}
 neighbor {peer4} password not-a-secret-01
 neighbor {peer4} ttl-security hops 1
 neighbor {peer4} timers connect 2
 neighbor {peer4} bfd
 neighbor {peer6} remote-as {peer_as}
 neighbor {peer6} password not-a-secret-01
 neighbor {peer6} ttl-security hops 1
 neighbor {peer6} timers connect 2
 neighbor {peer6} bfd
 !
 address-family ipv4 unicast
  network 192.0.2.{number}/32
  no neighbor {peer6} activate
 exit-address-family
 !
 address-family ipv6 unicast
  neighbor {peer6} activate
 exit-address-family
exit
"""

_INTERFACES = """auto lo
iface lo inet loopback
    address 192.0.2.{number}/32

auto eth1
iface eth1
    mtu 1600

auto eth1.300
iface eth1.300
    alias BGP over a VLAN
    mtu 1500
    vlan-raw-device eth1
    vlan-id 300
    address 10.3.0.{number}/31
    address fd00:3::{number}/127
"""


def _files(name: str, number: int) -> bytes:
    other = 1 - number
    texts = {
        "etc/network/interfaces": _INTERFACES.format(number=number),
        "etc/nftables.conf": "flush ruleset\n",
        "etc/frr/frr.conf": _FRR.format(
            me=name,
            number=number,
            my_as=4200000000 + number,
            peer_as=4200000000 + other,
            peer4=f"10.3.0.{other}",
            peer6=f"fd00:3::{other}" if other else "fd00:3::",
        ),
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, text in texts.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def pair() -> Iterator[Lab]:
    """Two routers on one trunk, booted from startup files with a VLAN 300 between them; tests add others."""
    topology = Topology(
        locations=(),
        nodes=(
            Node(name=CARRIER, role=Role.CARRIER),
            Node(name="left", role=Role.EDGE),
            Node(name="right", role=Role.EDGE),
        ),
        ports=(
            Port(node="left", name="eth1", network="trunk"),
            Port(node="right", name="eth1", network="trunk"),
        ),
        hosts=(),
        station_addresses=(),
        user="provision",
    )
    engine = Engine()
    try:
        LabState.of(NAME).save_topology(topology)
        image_name = image.ensure(engine, lambda _: None)
        for number, node in enumerate((CARRIER, "left", "right")):
            is_carrier = node == CARRIER
            spec = ContainerSpec(
                name=container_name(NAME, node),
                lab=NAME,
                node=node,
                image=image_name,
                environment={"ROLE": "router", "PORTS": "eth1"},
                command=("sleep", "infinity") if is_carrier else (),
                sees_host_processes=is_carrier,
            )
            engine.create(spec)
            if not is_carrier:
                engine.put_archive(spec.name, _files(node, number - 1))
            engine.start(spec.name)
        wiring.connect(engine, NAME, topology)
        for node in ("left", "right"):
            lifecycle.wait_ready(engine, NAME, node)
        with Lab.open(NAME) as lab:
            yield lab
    finally:
        engine.close()
        lifecycle.down(NAME, lambda _: None)


def _vlan(lab: Lab, node: str, vlan: int, *addresses: str, mtu: int = 1500) -> None:
    """A sub-interface as the driver makes one: a batch of `ip`, from nothing."""
    lines = [f"link add link eth1 name eth1.{vlan} type vlan id {vlan}", f"link set eth1.{vlan} mtu {mtu} up"]
    lines += [f"addr add {address} dev eth1.{vlan}" + (" nodad" if ":" in address else "") for address in addresses]
    router = lab.router(node)
    router.exec("ip", "link", "delete", f"eth1.{vlan}")
    text = "\n".join(lines)
    router.exec("sh", "-c", 'printf "%s\\n" "$1" | ip -batch -', "sh", text, check=True)


def _pings(lab: Lab, node: str, target: str, *options: str) -> bool:
    return lab.router(node).exec("ping", "-n", "-c", "2", "-i", "0.2", "-W", "1", *options, target).ok


def test_two_ends_of_one_vlan_reach_each_other_over_both_families(pair: Lab) -> None:
    _vlan(pair, "left", 100, "10.1.0.1/24", "fd00:1::1/64")
    _vlan(pair, "right", 100, "10.1.0.2/24", "fd00:1::2/64")
    assert _pings(pair, "left", "10.1.0.2")
    assert _pings(pair, "left", "fd00:1::2")


def test_two_ends_with_different_tags_do_not_talk(pair: Lab) -> None:
    _vlan(pair, "left", 200, "10.2.0.1/24", "fd00:2::1/64")
    _vlan(pair, "right", 201, "10.2.0.2/24", "fd00:2::2/64")
    with (
        pair.capture("right", "eth1.201", "arp or icmp or icmp6") as heard,
        pair.capture_line("right", "eth1", "vlan 200") as passed,
    ):
        assert not _pings(pair, "left", "10.2.0.2")
        assert not _pings(pair, "left", "fd00:2::2")
    assert passed.count > 0, "the frames must have been on the wire, or nothing is shown"
    from_left = [line for line in heard.lines if "10.2.0.1" in line or "fd00:2::1" in line]
    assert from_left == []


def test_an_untagged_frame_reaches_no_vlan_and_a_tagged_one_not_the_port_itself(pair: Lab) -> None:
    _vlan(pair, "left", 210, "10.21.0.1/24")
    _vlan(pair, "right", 210)
    for node, address in (("left", "10.22.0.1/24"), ("right", "10.21.0.2/24")):
        pair.router(node).exec("ip", "addr", "add", address, "dev", "eth1")
    assert not _pings(pair, "left", "10.21.0.2"), "VLAN 210 must not reach the untagged port"
    _vlan(pair, "right", 210, "10.22.0.2/24")
    assert not _pings(pair, "left", "10.22.0.2"), "the untagged port must not reach VLAN 210"
    for node in ("left", "right"):
        pair.router(node).exec("ip", "addr", "flush", "dev", "eth1", "scope", "global")


def test_the_tag_is_on_the_wire_and_not_on_the_sub_interface(pair: Lab) -> None:
    _vlan(pair, "left", 101, "10.11.0.1/24")
    _vlan(pair, "right", 101, "10.11.0.2/24")
    with (
        pair.capture("right", "eth1", "vlan 101 and icmp") as trunk,
        pair.capture_line("left", "eth1", "vlan 101 and icmp") as wire,
        pair.capture("right", "eth1.101", "icmp") as inside,
    ):
        assert _pings(pair, "left", "10.11.0.2")
    assert all("vlan 101" in line for line in (*trunk.lines, *wire.lines))
    assert trunk.count >= 4
    assert wire.count >= 4
    assert inside.count >= 4
    assert not any("vlan" in line for line in inside.lines if "echo request" in line)


def test_the_mtu_of_a_sub_interface_is_its_own(pair: Lab) -> None:
    _vlan(pair, "left", 102, "10.12.0.1/24", mtu=1400)
    _vlan(pair, "right", 102, "10.12.0.2/24", mtu=1400)
    assert _pings(pair, "left", "10.12.0.2", "-M", "do", "-s", str(1400 - 28))
    assert not _pings(pair, "left", "10.12.0.2", "-M", "do", "-s", str(1400 - 27))


def test_a_sub_interface_is_shown_as_the_vlan_that_it_is(pair: Lab) -> None:
    _vlan(pair, "left", 103)
    (link,) = json.loads(pair.router("left").exec("ip", "-j", "-d", "link", "show", "eth1.103", check=True).stdout)
    assert link["link"] == "eth1"
    assert link["linkinfo"]["info_kind"] == "vlan"
    assert link["linkinfo"]["info_data"]["id"] == 103
    assert "eth1.103@eth1" in pair.router("left").exec("ip", "-d", "link", "show", "type", "vlan").stdout


def test_a_vlan_that_is_deleted_and_made_again_works_again(pair: Lab) -> None:
    _vlan(pair, "left", 104, "10.14.0.1/24")
    for _ in range(3):
        _vlan(pair, "right", 104, "10.14.0.2/24")
        assert _pings(pair, "left", "10.14.0.2")
    pair.router("right").exec("ip", "link", "delete", "eth1.104", check=True)
    assert not _pings(pair, "left", "10.14.0.2")


def test_a_batch_stops_at_its_first_error_and_names_the_line(pair: Lab) -> None:
    text = "link set eth1 up\nlink add link absent name absent.5 type vlan id 5\nlink set eth1 alias never"
    done = pair.router("left").exec("sh", "-c", 'printf "%s\\n" "$1" | ip -batch -', "sh", text)
    assert done.status == 1
    assert "Command failed -:2" in done.stderr
    assert "never" not in pair.router("left").exec("ip", "link", "show", "eth1").stdout


def test_a_sub_interface_loses_its_carrier_with_the_cable(pair: Lab) -> None:
    _vlan(pair, "left", 105)

    def state() -> str:
        return pair.router("left").exec("ip", "-br", "link", "show", "eth1.105").stdout.split()[1]

    eventually(lambda: state() == "UP", deadline_seconds=5, what="eth1.105 up")
    pair.cut("left", "eth1")
    try:
        eventually(lambda: state() != "UP", deadline_seconds=5, what="eth1.105 down with its cable")
    finally:
        pair.mend("left", "eth1")
    eventually(lambda: state() == "UP", deadline_seconds=5, what="eth1.105 up again")


def _established(lab: Lab) -> bool:
    found = json.loads(lab.router("left").vtysh("show bgp summary json"))
    peers = [peer for family in found.values() for peer in family.get("peers", {}).values()]
    return len(peers) == 2 and all(peer["state"] == "Established" for peer in peers)


def _bfd_is_up(lab: Lab) -> bool:
    peers = json.loads(lab.router("left").vtysh("show bfd peers json"))
    return len(peers) == 2 and all(peer["status"] == "up" for peer in peers)


def test_bgp_with_md5_gtsm_and_bfd_comes_up_over_a_vlan_at_boot_and_again_after_a_reboot(pair: Lab) -> None:
    eventually(lambda: _established(pair), deadline_seconds=30, what="both sessions established")
    eventually(lambda: _bfd_is_up(pair), deadline_seconds=30, what="both BFD sessions up")
    pair.reboot("right")
    eventually(lambda: _established(pair), deadline_seconds=60, what="both sessions established after a reboot")
    assert _pings(pair, "left", "10.3.0.1")
