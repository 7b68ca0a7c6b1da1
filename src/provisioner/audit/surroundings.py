"""Whose is what on one router: its uplinks, their interfaces and neighbors. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.audit.catalogue import CATALOGUE
from provisioner.audit.model import Finding, Severity
from provisioner.intent.model import Fleet, Location, Uplink
from provisioner.intent.types import LocationStatus


@dataclass(frozen=True, slots=True)
class Line:
    """One uplink as it is seen from a router."""

    location: Location
    uplink: Uplink
    interface: str
    peers: tuple[str, str]
    """Of IPv4 and of IPv6."""

    @property
    def port(self) -> str:
        """What the interface is on."""
        return self.interface.partition(".")[0]


class Surroundings:
    """Whose what is on one router."""

    def __init__(self, fleet: Fleet, device: str, again: str) -> None:
        self.device = device
        self.again = again
        self.is_edge = device not in fleet.aggregation_routers
        if self.is_edge:
            location = fleet.location_of(device)
            self.owner = location.code
            uplinks = [(location, uplink) for uplink in location.uplinks]
        else:
            self.owner = ""
            uplinks = [(part.location, part.uplink) for part in fleet.slices(device)]
        self.lines = tuple(self._line(location, uplink) for location, uplink in uplinks)
        self.by_interface = {line.interface: line for line in self.lines}
        self.by_peer = {peer: line for line in self.lines for peer in line.peers}
        self.known_peers = self.by_peer.keys() | (set() if self.is_edge else self._peers_of_others(fleet))

    def _line(self, location: Location, uplink: Uplink) -> Line:
        if self.is_edge:
            peers = (str(uplink.aggregation_ipv4.ip), str(uplink.aggregation_ipv6.ip))
            return Line(location, uplink, uplink.edge_interface, peers)
        return Line(
            location, uplink, uplink.aggregation_interface, (str(uplink.edge_ipv4.ip), str(uplink.edge_ipv6.ip))
        )

    def _peers_of_others(self, fleet: Fleet) -> set[str]:
        """Of locations that are planned or decommissioned: what is left of them here is pending, and told as such."""
        return {
            str(end.ip)
            for location in fleet.locations.values()
            if location.status is not LocationStatus.ACTIVE
            for uplink in location.uplinks
            if uplink.aggregation_router == self.device
            for end in (uplink.edge_ipv4, uplink.edge_ipv6)
        }

    def owner_of(self, about: str) -> str:
        """The location that an interface or a neighbor belongs to; an edge router is its location's as a whole."""
        line = self.by_interface.get(about) or self.by_peer.get(about)
        return line.location.code if line is not None else self.owner

    def finding(self, rule: str, about: str, what: str, remedy: str, severity: Severity | None = None) -> Finding:
        """A finding about an interface or a neighbor, as bad as its kind mostly is."""
        bad = CATALOGUE[rule].severity if severity is None else severity
        return Finding(rule, bad, self.device, self.owner_of(about), about, what, remedy)

    def put_back(self, about: str) -> str:
        """The command that brings back what was last confirmed."""
        owner = self.owner_of(about)
        program, *words = self.again.split(" ")
        return " ".join((program, "restore", *words, *(("--school", owner) if owner else ("--base", self.device))))

    def there(self, command: str) -> str:
        """A command for the router's own shell."""
        return f"ssh {self.device} '{command}'"

    def ask_for(self, line: Line) -> str:
        """Who mends a line."""
        access = line.uplink.access_line
        return f"ask {access.provider} about {access.technology.value} line {access.circuit_id} of {line.location.code}"
