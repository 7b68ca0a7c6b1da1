"""Cables: interfaces between containers, made by the carrier, which sees the host's process ids.

Nothing is made on the host: an interface lives in its two containers and goes with either of them.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from provisioner.errors import LabError
from provisioner.lab.caches import LISTEN, SCRIPT
from provisioner.lab.engine import Engine
from provisioner.lab.state import container_name
from provisioner.lab.topology import (
    CARRIER,
    ECHO_PORT,
    INTERNET,
    INTERNET_PORT,
    MANAGEMENT_PORT,
    STATION,
    Host,
    Port,
    Role,
    Topology,
    network_interface,
)

_SCRIPTS: Final = "/usr/local/lib/provision-lab"
_LLDP_GROUP: Final = 0x4000
"""Bit 14: the bridge passes 01:80:c2:00:00:0e on, as a cable does (IEEE 802.1AB)."""
_LINES_A_BATCH: Final = 200


def connect(engine: Engine, lab: str, topology: Topology, restarted: Collection[str] = ()) -> tuple[Port, ...]:
    """Lay every cable that is missing, for the containers that run.

    Args:
        engine: The Docker daemon.
        lab: The lab's name.
        topology: What it consists of.
        restarted: Nodes that have just been started. The kernel takes the interfaces of a container that has ended away
            some time later, so that what is still there of theirs may be on its way out: it is replaced.

    Returns:
        The ports that were connected; a second call connects none.

    Raises:
        LabError: the carrier does not run, or the kernel refuses.
    """
    carrier = container_name(lab, CARRIER)
    processes = {state.node: state.pid for state in engine.containers(lab) if state.is_running}
    present = dict(carrier_interfaces(engine, lab))
    for port in topology.ports:
        if port.node in restarted and present.pop(port.carrier_interface, None) is not None:
            # It may go by itself in this very moment.
            engine.execute(carrier, ["/usr/bin/ip", "link", "delete", port.carrier_interface])
    missing = [port for port in topology.ports if port.carrier_interface not in present and port.node in processes]
    networks = sorted({port.network for port in topology.ports if network_interface(port.network) not in present})
    lines = [*_bridge_lines(networks), *(line for port in missing for line in _port_lines(port, processes[port.node]))]
    for start in range(0, len(lines), _LINES_A_BATCH):
        text = "\n".join(lines[start : start + _LINES_A_BATCH])
        done = engine.execute(carrier, ["sh", "-c", 'printf "%s\\n" "$1" | /usr/bin/ip -batch -', "sh", text])
        if not done.ok:
            raise LabError(f"a cable cannot be laid: {done.stderr.strip()}", where=carrier, number="PV8050")
    return tuple(missing)


def carrier_interfaces(engine: Engine, lab: str) -> Mapping[str, bool]:
    """The carrier's interfaces by name, and whether each is set up. Raises LabError where the carrier does not run."""
    carrier = container_name(lab, CARRIER)
    shown = engine.execute(carrier, ["/usr/bin/ip", "-j", "link", "show"])
    if not shown.ok:
        raise LabError(f"the carrier does not answer: {shown.stderr.strip()}", where=carrier, number="PV8051")
    return {link["ifname"]: "UP" in link["flags"] for link in json.loads(shown.stdout)}


def set_port(engine: Engine, lab: str, port: Port, *, up: bool) -> None:
    """Cut a cable at one port, or mend it: the node sees its carrier go or come, as with light in a fibre."""
    carrier = container_name(lab, CARRIER)
    state = "up" if up else "down"
    done = engine.execute(carrier, ["/usr/bin/ip", "link", "set", port.carrier_interface, state])
    if not done.ok:
        raise LabError(f"port {port.name} of {port.node}: {done.stderr.strip()}", where=carrier, number="PV8052")


def move_port(engine: Engine, lab: str, port: Port) -> None:
    """Lead the cable at a port elsewhere, or make it another line: the node's own end stays as it is."""
    carrier = container_name(lab, CARRIER)
    end, network = port.carrier_interface, network_interface(port.network)
    commands = [
        f"/usr/bin/ip link set {end} nomaster",
        f"/usr/bin/ip link set {end} mtu {port.mtu} master {network}",
        f"/usr/bin/ip link set {end} type bridge_slave isolated {'on' if port.isolated else 'off'}",
    ]
    _shell(engine, carrier, commands)


def settle_station(engine: Engine, lab: str, topology: Topology) -> None:
    """Give the management station its addresses, and start the caches that are there."""
    commands = [f"/usr/bin/ip addr replace {address} dev {MANAGEMENT_PORT}" for address in topology.station_addresses]
    caches = f"[ ! -e {LISTEN} ] || {SCRIPT} start"
    _shell(engine, container_name(lab, STATION), [*commands, f"/usr/bin/ip link set {MANAGEMENT_PORT} up", caches])


def settle_hosts(engine: Engine, lab: str, topology: Topology, node: str) -> None:
    """Make the hosts that live in a node; those that are there stay as they are."""
    commands = [_host_command(host) for host in topology.hosts_of(node)]
    if topology.node(node).role is Role.CORE:
        enter = f"nsenter --net=/run/netns/{INTERNET}"
        commands.append(
            f"{enter} nc -z -w 1 127.0.0.1 {ECHO_PORT} 2>/dev/null"
            f" || {enter} setsid {_SCRIPTS}/tcp_echo.py {ECHO_PORT} </dev/null >/dev/null 2>&1 &"
        )
    _shell(engine, container_name(lab, node), commands)


def _host_command(host: Host) -> str:
    address = str(host.ipv4 or "-")
    gateway = str(host.gateway4.ip)
    if host.vlan_id is not None:
        return shlex.join([f"{_SCRIPTS}/segment", host.name, str(host.vlan_id), address, gateway])
    address6, gateway6 = str(host.ipv6 or "-"), str(host.gateway6.ip if host.gateway6 else "-")
    return shlex.join([f"{_SCRIPTS}/host", host.name, INTERNET_PORT, address, gateway, address6, gateway6])


def _shell(engine: Engine, container: str, commands: Sequence[str]) -> None:
    done = engine.execute(container, ["sh", "-ec", "\n".join(commands)])
    if not done.ok:
        raise LabError(f"set-up failed: {done.stderr.strip()}", where=container, number="PV8053")


def _bridge_lines(networks: Iterable[str]) -> Iterator[str]:
    for network in networks:
        name = network_interface(network)
        yield f"link add {name} type bridge mcast_snooping 0 group_fwd_mask {_LLDP_GROUP}"
        yield f'link set {name} alias "{network}" up'


def _port_lines(port: Port, process: int) -> Iterator[str]:
    end = port.carrier_interface
    yield f"link add {end} mtu {port.mtu} type veth peer name {port.name} address {_hardware_address(port)} netns {process}"
    yield f'link set {end} alias "{port.node} {port.name}" master {network_interface(port.network)}'
    if port.isolated:
        yield f"link set {end} type bridge_slave isolated on"
    yield f"link set {end} up"


def _hardware_address(port: Port) -> str:
    """The address of a node's own end, the same after each boot, as a network card's is.

    Neighbours would else send to the old one for some 15 s after a reboot, until their caches have been proven wrong
    (RFC 4861, section 7.3.3).
    """
    digest = hashlib.sha256(f"{port.node}:{port.name}".encode()).digest()
    locally_administered = 0x02
    return bytes([locally_administered, *digest[:5]]).hex(":")
