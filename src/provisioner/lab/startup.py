"""The files that a node of the lab boots from on its first day. Pure: text from the topology and the inventory.

An edge router as it is delivered knows its management address and nothing else. An aggregation router in service has
its base config and no slice. The core is the rest of SURFnet and the internet: it gives default routes and takes what
it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Interface, IPv6Interface
from typing import Final

from frr_config import optional, plain
from provisioner.errors import LabError
from provisioner.intent.model import AggregationRouter, Fleet
from provisioner.intent.routing import RpkiCache
from provisioner.lab import caches
from provisioner.lab.topology import CORE, INTERNET, INTERNET_PORT, MANAGEMENT_PORT, Node, Role, Topology, core_port

INTERFACES: Final = "/etc/network/interfaces"
NFTABLES: Final = "/etc/nftables.conf"
FRR: Final = "/etc/frr/frr.conf"
_MARKER: Final = "#: file "

Files = Mapping[str, str]
BaseConfig = Callable[[str], str]
"""Gives the base config document of an aggregation router by its name, secrets already in it."""


def split_document(document: str) -> Files:
    """A config document (one section per file, each after a marker line) as files by path."""
    files: dict[str, list[str]] = {}
    path = ""
    for line in document.splitlines():
        if line.startswith(_MARKER):
            path = line.removeprefix(_MARKER).strip()
            files[path] = []
        elif path:
            files[path].append(line)
        elif line.strip():
            raise LabError("a config document starts with a line `#: file PATH`", number="PV8030")
    texts = {path: "\n".join(lines).strip("\n") + "\n" for path, lines in files.items()}
    return {path: optional.on_disk(path, text) if path in plain.BY_PATH else text for path, text in texts.items()}


def files_of(node: Node, topology: Topology, fleet: Fleet, base_config: BaseConfig | None) -> Files:
    """The startup files of a node; none for a node that is no router.

    Args:
        node: Whose files.
        topology: The lab.
        fleet: The inventory.
        base_config: How an aggregation router's base is made; a minimal one where None.
    """
    if node.role is Role.EDGE:
        return _bootstrap(node, fleet)
    if node.role is Role.AGGREGATION:
        if base_config is not None:
            return split_document(base_config(node.name))
        return _bootstrap(node, fleet, _core_link(fleet.aggregation_router(node.name)))
    if node.role is Role.STATION:
        return caches.files(fleet, caches.at_station(fleet.service))
    if node.role is Role.CORE:
        routers = [fleet.aggregation_router(other.name) for other in topology.nodes if other.role is Role.AGGREGATION]
        asked = caches.at_core(fleet.service)
        return {**_core(topology, fleet.service.asn, routers, asked), **caches.files(fleet, asked)}
    return {}


def _stanza(name: str, addresses: Iterable[IPv4Interface | IPv6Interface] = (), mtu: int | None = None) -> str:
    lines = [f"auto {name}", f"iface {name}" + (" inet loopback" if name == "lo" else "")]
    if mtu is not None:
        lines.append(f"    mtu {mtu}")
    lines += [f"    address {address}" for address in addresses]
    return "\n".join(lines) + "\n"


def _core_link(router: AggregationRouter) -> str:
    return _stanza(router.core.port, (router.core.router_ipv4, router.core.router_ipv6), router.core.mtu)


def _bootstrap(node: Node, fleet: Fleet, further_interfaces: str = "") -> Files:
    if node.management_address is None:
        raise LabError("a router without management address cannot be provisioned", where=node.name, number="PV8031")
    sources = ", ".join(map(str, fleet.service.management.networks_ipv4))
    interfaces = [_stanza("lo"), _stanza(MANAGEMENT_PORT, (node.management_address,), 1500)]
    if further_interfaces:
        interfaces.append(further_interfaces)
    ruleset = f"""flush ruleset
table inet bootstrap {{
	chain input {{
		type filter hook input priority filter; policy drop;
		iifname "lo" accept
		ct state established,related accept
		iifname "{MANAGEMENT_PORT}" ip saddr {{ {sources} }} tcp dport 22 accept
		iifname "{MANAGEMENT_PORT}" ip saddr {{ {sources} }} icmp type echo-request accept
	}}
	chain forward {{
		type filter hook forward priority filter; policy drop;
	}}
}}
"""
    return {INTERFACES: "\n".join(interfaces), NFTABLES: ruleset, FRR: _frr(node.name)}


def _frr(name: str, body: str = "") -> str:
    return f"hostname {name}\nservice integrated-vtysh-config\n!\n{body}"


def _core(topology: Topology, asn: int, routers: Iterable[AggregationRouter], asked: Iterable[RpkiCache]) -> Files:
    links = [(core_port(router.name), router) for router in routers]
    internet = next(host for host in topology.hosts if host.name == INTERNET)
    if internet.gateway6 is None:
        raise LabError("the internet host has a fixed IPv6 gateway", number="PV8032")
    own = [IPv4Interface((cache.address, 32)) for cache in asked]
    interfaces = [_stanza("lo", own), _stanza(INTERNET_PORT, (internet.gateway4, internet.gateway6))]
    for port, router in links:
        link = router.core
        addresses = (
            IPv4Interface((link.core_ipv4, link.ipv4.prefixlen)),
            IPv6Interface((link.core_ipv6, link.ipv6.prefixlen)),
        )
        interfaces.append(_stanza(port, addresses, link.mtu))
    neighbors4 = [(str(router.core.router_ipv4.ip), router.name) for _, router in links]
    neighbors6 = [(str(router.core.router_ipv6.ip), router.name) for _, router in links]
    lines = [f"router bgp {asn}", f" bgp router-id {internet.gateway4.ip}", " no bgp default ipv4-unicast"]
    for address, name in (*neighbors4, *neighbors6):
        lines += [f" neighbor {address} remote-as {asn}", f" neighbor {address} description {name}"]
        lines += [f" neighbor {address} timers connect 5"]
    for family, neighbors in (("ipv4", neighbors4), ("ipv6", neighbors6)):
        lines += [" !", f" address-family {family} unicast"]
        for address, _ in neighbors:
            lines += [
                f"  neighbor {address} activate",
                f"  neighbor {address} route-reflector-client",
                # Its clients know their own link to the core alone, so it is the next hop of all that it passes on.
                f"  neighbor {address} next-hop-self force",
                f"  neighbor {address} default-originate",
            ]
        lines.append(" exit-address-family")
    lines.append("exit\n")
    return {
        INTERFACES: "\n".join(interfaces),
        NFTABLES: "flush ruleset\n",
        FRR: _frr(CORE, "\n".join(lines)),
    }
