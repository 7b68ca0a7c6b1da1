"""What a lab consists of: nodes, networks between them, hosts. Pure: from the Fleet and a choice of locations.

Every cable ends in the `carrier`, a container with one bridge per network. A point-to-point cable is a network of two
ports. An access network is what a market party sells: all edge routers that land on one aggregation port, each isolated
from the others, each line with the MTU of its technology, tags passed as they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Interface, IPv6Network
from typing import Final

from pydantic import BaseModel, ConfigDict

from provisioner.errors import LabError
from provisioner.intent.model import AggregationRouter, Fleet, Location, Segment, Service
from provisioner.intent.types import LocationStatus, PlatformName
from provisioner.lab.caches import at_station

CARRIER: Final = "carrier"
CORE: Final = "core"
STATION: Final = "station"
INTERNET: Final = "internet"
"""The host beyond SURFnet's core: the rest of the world."""
MANAGEMENT_PORT: Final = "mgmt0"
TRUNK_PORT: Final = "trunk"
INTERNET_PORT: Final = "internet"
ECHO_PORT: Final = 7
"""The echo service of RFC 862, which the internet host runs over TCP."""
UNLIMITED_MTU: Final = 9216
NEW_HOST: Final = "-new"
"""Ends the name of the host that a segment gets in the VLAN to which it moves."""
_HOST_NUMBER: Final = 10
_INTERFACE_NAME_LENGTH: Final = 15
"""IFNAMSIZ less the terminating zero."""

_DOCUMENTATION_IPV4: Final = tuple(
    map(IPv4Network, ("198.51.100.0/24", "203.0.113.0/24", "192.0.2.0/24", "198.18.255.0/24"))
)
"""RFC 5737 and, where the inventory uses all of that, the end of RFC 2544's benchmarking space."""
_DOCUMENTATION_IPV6: Final = tuple(map(IPv6Network, ("2001:db8:ffff:ffff::/64", "3fff:fff:ffff:ffff::/64")))
"""RFC 3849 and RFC 9637."""


class Item(BaseModel):
    """Immutable, and written to the lab's `topology.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Role(StrEnum):
    """What a node does in the lab."""

    EDGE = "edge"
    AGGREGATION = "aggregation"
    CORE = "core"
    LAN = "lan"
    STATION = "station"
    CARRIER = "carrier"

    @property
    def is_router(self) -> bool:
        """Whether it boots from startup files."""
        return self in {Role.EDGE, Role.AGGREGATION, Role.CORE}


class Node(Item):
    """One container.

    Attributes:
        name: Its host name.
        role: What it does.
        location: The code of the location that it stands at, for an edge router and a LAN.
        management_address: With its prefix length, where it has one.
    """

    name: str
    role: Role
    location: str | None = None
    management_address: IPv4Interface | None = None


class Port(Item):
    """Where a node meets a network.

    Attributes:
        node: The node's name.
        name: The interface's name in the node.
        network: The network's name.
        mtu: The longest IP packet that the line carries, in bytes; longer ones are lost on it without a word.
        isolated: Reaches only the ports of its network that are not isolated.
    """

    node: str
    name: str
    network: str
    mtu: int = UNLIMITED_MTU
    isolated: bool = False

    @property
    def carrier_interface(self) -> str:
        """The name of its end in the carrier."""
        return "p" + _digest(f"{self.node}:{self.name}")


class Host(Item):
    """A computer: a network namespace in a node.

    Attributes:
        name: Its name in that node, which is the segment's role.
        node: The node that it lives in.
        vlan_id: The segment's VLAN; None for the internet host.
        ipv4: Its address; None where the prefix has no room for a host.
        gateway4: The router's address in the segment.
        ipv6: A fixed address; None where it configures itself from router advertisements.
        ipv6_prefix: Where its address lies.
    """

    name: str
    node: str
    vlan_id: int | None
    ipv4: IPv4Interface | None
    gateway4: IPv4Interface
    ipv6: IPv6Interface | None = None
    ipv6_prefix: IPv6Network
    gateway6: IPv6Interface | None = None


class Topology(Item):
    """A whole lab, in a stable order: equal choices give equal topologies."""

    locations: tuple[str, ...]
    nodes: tuple[Node, ...]
    ports: tuple[Port, ...]
    hosts: tuple[Host, ...]
    station_addresses: tuple[IPv4Interface, ...]
    user: str

    @property
    def routers(self) -> tuple[Node, ...]:
        """Every node that boots from startup files."""
        return tuple(node for node in self.nodes if node.role.is_router)

    @property
    def managed(self) -> tuple[Node, ...]:
        """The routers that the orchestrator logs in to."""
        return tuple(node for node in self.nodes if node.management_address is not None)

    def node(self, name: str) -> Node:
        """The node of that name. Raises LabError where there is none."""
        found = next((node for node in self.nodes if node.name == name), None)
        if found is None:
            names = ", ".join(node.name for node in self.nodes)
            raise LabError(f"no node {name!r} in this lab", remedy=f"it has {names}", number="PV8020")
        return found

    def ports_of(self, node: str) -> tuple[Port, ...]:
        """The ports of a node, by name."""
        return tuple(port for port in self.ports if port.node == node)

    def port(self, node: str, name: str) -> Port:
        """One port. Raises LabError where there is none."""
        found = next((port for port in self.ports_of(node) if port.name == name), None)
        if found is None:
            raise LabError(f"no port {name!r} on {node!r} in this lab", number="PV8020")
        return found

    def hosts_of(self, node: str) -> tuple[Host, ...]:
        """The hosts that live in a node."""
        return tuple(host for host in self.hosts if host.node == node)


def network_interface(network: str) -> str:
    """The name of a network's bridge in the carrier."""
    return "n" + _digest(network)


def core_port(router: str) -> str:
    """The core's port towards an aggregation router: the router's own name where an interface may have it."""
    return router if len(router) <= _INTERFACE_NAME_LENGTH else "c" + _digest(router)


def lan_name(code: str) -> str:
    """The node that is a location's switch and holds its hosts."""
    return f"lan-{code.lower()}"


def default_locations(fleet: Fleet) -> tuple[str, ...]:
    """A small sensible set: the first single-homed location and the first dual-homed one."""
    usable = [location for location in fleet.locations.values() if not any(obstacles(fleet, location))]
    single = next((location.code for location in usable if not location.is_dual_homed), None)
    double = next((location.code for location in usable if location.is_dual_homed), None)
    return tuple(sorted(code for code in (single, double) if code is not None))


def build(fleet: Fleet, codes: Iterable[str], aggregation_routers: Iterable[str] = ()) -> Topology:
    """The topology of some locations and everything between them.

    Args:
        fleet: The inventory.
        codes: The locations to bring up.
        aggregation_routers: Further aggregation routers, on which none of these locations lands.

    Raises:
        LabError: a location is not in the inventory, is not active, or needs a platform that the lab does not have.
    """
    locations = tuple(_location(fleet, code) for code in sorted(set(codes)))
    found = [obstacle for location in locations for obstacle in obstacles(fleet, location)]
    if found:
        raise LabError("; ".join(found), remedy="the lab has virtual routers of platform frr alone", number="PV8021")
    landed = {uplink.aggregation_router for location in locations for uplink in location.uplinks}
    routers = tuple(fleet.aggregation_router(name) for name in sorted(landed | set(aggregation_routers)))
    nodes = tuple(_nodes(locations, routers))
    ports = tuple(sorted(_ports(locations, routers), key=lambda port: (port.node, port.name)))
    _refuse_double_use(ports)
    return Topology(
        locations=tuple(location.code for location in locations),
        nodes=nodes,
        ports=ports,
        hosts=(*(host for location in locations for host in _hosts(location)), _internet(fleet.service)),
        station_addresses=_station_addresses(nodes, _served_by_the_station(fleet.service)),
        user=fleet.service.management.user,
    )


def both(before: Topology, after: Topology) -> Topology:
    """What it takes to go from one topology to another: all of the first, and what the second has beyond it.

    A port that leads elsewhere afterwards, and a host that gets another address, stay as they are before. A segment that
    gets another VLAN has a host in each: the second one's name ends in `-new`.
    """
    nodes = {node.name: node for node in (*after.nodes, *before.nodes)}
    ports = {(port.node, port.name): port for port in (*after.ports, *before.ports)}
    old = {(host.node, host.name): host for host in before.hosts}
    moved = [
        host.model_copy(update={"name": f"{host.name}{NEW_HOST}"})
        for host in after.hosts
        if (known := old.get((host.node, host.name))) is not None and known.vlan_id != host.vlan_id
    ]
    hosts = {(host.node, host.name): host for host in (*after.hosts, *before.hosts, *moved)}
    return before.model_copy(
        update={
            "locations": tuple(sorted({*before.locations, *after.locations})),
            "nodes": tuple(nodes.values()),
            "ports": tuple(ports[key] for key in sorted(ports)),
            "hosts": tuple(hosts.values()),
            "station_addresses": tuple(dict.fromkeys((*before.station_addresses, *after.station_addresses))),
        }
    )


def recabled(twin: Topology, after: Topology) -> Topology:
    """A topology with each of its cables where another one has it."""
    ports = {(port.node, port.name): port for port in (*twin.ports, *after.ports)}
    return twin.model_copy(update={"ports": tuple(ports[key] for key in sorted(ports))})


def _location(fleet: Fleet, code: str) -> Location:
    found = fleet.locations.get(code)
    if found is None:
        raise LabError(f"no location {code!r} in the inventory", number="PV8022")
    return found


def obstacles(fleet: Fleet, location: Location) -> Iterator[str]:
    """Why a location cannot be in a lab, each reason in words."""
    if location.status is not LocationStatus.ACTIVE:
        yield f"{location.code} is {location.status.value}"
    if location.edge_router.platform is not PlatformName.FRR:
        yield f"{location.edge_router_name} is of platform {location.edge_router.platform.value}"
    for uplink in location.uplinks:
        router = fleet.aggregation_router(uplink.aggregation_router)
        if router.platform is not PlatformName.FRR:
            yield f"{router.name} is of platform {router.platform.value}"


def _nodes(locations: Sequence[Location], routers: Sequence[AggregationRouter]) -> Iterator[Node]:
    yield Node(name=CARRIER, role=Role.CARRIER)
    yield Node(name=STATION, role=Role.STATION)
    yield Node(name=CORE, role=Role.CORE)
    for router in routers:
        yield Node(name=router.name, role=Role.AGGREGATION, management_address=router.management_address)
    for location in locations:
        yield Node(
            name=location.edge_router_name,
            role=Role.EDGE,
            location=location.code,
            management_address=location.edge_router.management_address,
        )
        yield Node(name=lan_name(location.code), role=Role.LAN, location=location.code)


def _ports(locations: Sequence[Location], routers: Sequence[AggregationRouter]) -> Iterator[Port]:
    yield Port(node=STATION, name=MANAGEMENT_PORT, network="management")
    for router in routers:
        yield Port(node=router.name, name=MANAGEMENT_PORT, network="management")
        link = f"core {router.name}"
        yield Port(node=router.name, name=router.core.port, network=link)
        yield Port(node=CORE, name=core_port(router.name), network=link)
        for port in router.ports:
            yield Port(node=router.name, name=port.name, network=f"access {router.name} {port.name}")
    for location in locations:
        edge = location.edge_router_name
        yield Port(node=edge, name=MANAGEMENT_PORT, network="management")
        yield Port(node=edge, name=location.edge_router.lan_port, network=f"lan {location.code}")
        yield Port(node=lan_name(location.code), name=TRUNK_PORT, network=f"lan {location.code}")
        for uplink in location.uplinks:
            yield Port(
                node=edge,
                name=uplink.edge_port,
                network=f"access {uplink.aggregation_router} {uplink.aggregation_port}",
                mtu=uplink.access_line.mtu,
                isolated=True,
            )


def _refuse_double_use(ports: Sequence[Port]) -> None:
    seen: dict[tuple[str, str], Port] = {}
    for port in ports:
        other = seen.setdefault((port.node, port.name), port)
        if other is not port:
            raise LabError(
                f"port {port.name} of {port.node} is in two networks: {other.network}; {port.network}", number="PV8023"
            )


def _hosts(location: Location) -> Iterator[Host]:
    for segment in location.segments:
        yield Host(
            name=segment.role.value,
            node=lan_name(location.code),
            vlan_id=segment.vlan_id,
            ipv4=_host_address(segment),
            gateway4=segment.router_ipv4,
            ipv6_prefix=segment.ipv6,
        )


def _host_address(segment: Segment) -> IPv4Interface | None:
    """The tenth address, or the last usable one of a small prefix; the router has the first."""
    network = segment.ipv4
    last_usable = network.num_addresses - 2
    number = min(_HOST_NUMBER, last_usable)
    if number <= 1:
        return None
    return IPv4Interface((network[number], network.prefixlen))


def _internet(service: Service) -> Host:
    """A host outside everything that the inventory gives out."""
    pools, managed = service.pools, service.management.networks_ipv4
    ipv4 = next(
        network
        for network in _DOCUMENTATION_IPV4
        if not _overlaps(network, (*pools.location_ipv4, *pools.segment_ipv4, *pools.link_ipv4, *managed))
    )
    ipv6 = next(
        network for network in _DOCUMENTATION_IPV6 if not _overlaps(network, (*pools.location_ipv6, *pools.link_ipv6))
    )
    return Host(
        name=INTERNET,
        node=CORE,
        vlan_id=None,
        ipv4=IPv4Interface((ipv4[_HOST_NUMBER], ipv4.prefixlen)),
        gateway4=IPv4Interface((ipv4[1], ipv4.prefixlen)),
        ipv6=IPv6Interface((ipv6[_HOST_NUMBER], ipv6.prefixlen)),
        ipv6_prefix=ipv6,
        gateway6=IPv6Interface((ipv6[1], ipv6.prefixlen)),
    )


def _overlaps(network: IPv4Network | IPv6Network, pools: Iterable[IPv4Network | IPv6Network]) -> bool:
    return any(network.overlaps(pool) for pool in pools)


def _served_by_the_station(service: Service) -> tuple[IPv4Address, ...]:
    """What lies in the management network and is neither a router nor the station: caches, time servers, log targets."""
    management = service.management
    found = [cache.address for cache in at_station(service)]
    found += [address for _, _, address, _ in management.targets() if management.is_inside(address)]
    return tuple(dict.fromkeys(found))


def _station_addresses(nodes: Sequence[Node], caches: Sequence[IPv4Address]) -> tuple[IPv4Interface, ...]:
    """The first usable address, nobody's own, of every network in which routers are managed; and those of the caches."""
    taken = {node.management_address.ip for node in nodes if node.management_address is not None} | set(caches)
    networks: Mapping[IPv4Network, None] = dict.fromkeys(
        node.management_address.network for node in nodes if node.management_address is not None
    )
    addresses = []
    for network in sorted(networks):
        address = next((host for host in network.hosts() if host not in taken), None)
        if address is None:
            raise LabError(f"no address is left for the management station in {network}", number="PV8024")
        addresses.append(IPv4Interface((address, network.prefixlen)))
        addresses += [IPv4Interface((cache, network.prefixlen)) for cache in caches if cache in network]
    return tuple(addresses)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
