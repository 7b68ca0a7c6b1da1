"""The effective policy of a location as nouns. What a report says is here; how it looks is for `report`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from provisioner.policy.model import Finding


class Extent(StrEnum):
    """How much of what is asked about passes."""

    ALL = "all"
    SOME = "some"
    NONE = "none"


class ZoneKind(StrEnum):
    """What traffic comes from and goes to."""

    SEGMENT = "segment"
    INTERNET = "internet"
    ROUTER = "router"
    MANAGEMENT = "management"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Basis:
    """Where a rule comes from.

    Attributes:
        device: The router whose config has it.
        line: The line of config.
        template: The line of the template that wrote it, `templates/frr/edge/nftables.j2:84`; empty where it is not known.
        intent: The fields of the inventory that it says, `inventory/service.yaml:38 segments[0].reaches[1]`.
    """

    device: str
    line: str
    template: str = ""
    intent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ruling:
    """What one rule does.

    Attributes:
        accepts: Whether it lets pass what meets the conditions; else it refuses that.
        conditions: In words; empty where it is about everything that is left.
        basis: Where it comes from.
    """

    accepts: bool
    conditions: tuple[str, ...]
    basis: Basis


@dataclass(frozen=True, slots=True)
class Zone:
    """One side of a connection: a segment, the internet, the router itself, the management port.

    Attributes:
        name: Once per location.
        kind: What it is.
        description: For a person.
        interfaces: Of the edge router.
        networks: The addresses at home there; empty where there is no list of them.
        intent: Where the inventory names it.
    """

    name: str
    kind: ZoneKind
    description: str
    interfaces: tuple[str, ...]
    networks: tuple[str, ...] = ()
    intent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """New connections from one zone to another, in one version of IP.

    Attributes:
        source: Name of a zone.
        target: Name of a zone.
        version: Of IP.
        extent: How much of it passes.
        rulings: What decides, in order: the first that fits counts. Refusals of the rest are left out where something passes.
        interfaces: By which of the zones' interfaces; empty where it is the same by all.
        wanted: Whether the segment catalogue says that it may; None where the catalogue says nothing of it.
    """

    source: str
    target: str
    version: int
    extent: Extent
    rulings: tuple[Ruling, ...]
    interfaces: tuple[str, ...] = ()
    wanted: bool | None = None


class Way(StrEnum):
    """What is looked at where packets pass an interface."""

    IN = "sources accepted in"
    OUT = "sources let out"
    TO = "destinations delivered to"
    CONTROL = "for the router itself"


@dataclass(frozen=True, slots=True)
class Border:
    """What an interface lets pass.

    Attributes:
        device: The router.
        interface: Its interface.
        whose: What is at the other side: a zone, or a location.
        way: What is looked at.
        version: Of IP.
        extent: How much passes.
        rulings: What decides, in order.
    """

    device: str
    interface: str
    whose: str
    way: Way
    version: int
    extent: Extent
    rulings: tuple[Ruling, ...]


class Direction(StrEnum):
    """Of routes, seen from the router that has the session."""

    ACCEPTS = "accepts"
    ANNOUNCES = "announces"


@dataclass(frozen=True, slots=True)
class Routes:
    """The routes that one session takes or gives, in one version of IP.

    Attributes:
        device: The router.
        neighbor: The other end's address.
        whose: Who the other end is.
        direction: Taken or given.
        version: Of IP.
        prefixes: What may pass all filters.
        limit: How many prefixes end the session; 0 where nothing does, or where routes are given.
        rulings: The clauses of the filters, in order.
    """

    device: str
    neighbor: str
    whose: str
    direction: Direction
    version: int
    prefixes: tuple[str, ...]
    limit: int
    rulings: tuple[Ruling, ...]


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """How a BGP session is protected.

    Attributes:
        device: The router.
        neighbor: The other end's address.
        whose: Who the other end is.
        facts: In words, each with its basis.
    """

    device: str
    neighbor: str
    whose: str
    facts: tuple[tuple[str, Basis], ...]


@dataclass(frozen=True, slots=True)
class Log:
    """What a rule of a packet filter writes down.

    Attributes:
        device: The router.
        prefix: How its lines begin.
        limit: How many there are at most, `30/minute`; empty where nothing limits them.
        basis: Where it comes from.
    """

    device: str
    prefix: str
    limit: str
    basis: Basis


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast an interface sends, or one kind of packets on it.

    Attributes:
        device: The router.
        interface: Its interface.
        whose: What is at the other side: a segment, or an uplink's other end.
        kind: Which packets: a segment's, the router's own; empty for all that the interface sends.
        sure: What they get however much others send, bit/s; 0 where nothing is said of it.
        most: What they get at most, bit/s; 0 where what is there cannot be read.
        basis: Where it comes from.
    """

    device: str
    interface: str
    whose: str
    kind: str
    sure: int
    most: int
    basis: Basis


@dataclass(frozen=True, slots=True)
class Served:
    """What a router does for a segment beside letting it out.

    Attributes:
        device: The router.
        whose: The segment.
        said: In words.
        basis: Where it comes from.
    """

    device: str
    whose: str
    said: str
    basis: Basis


@dataclass(frozen=True, slots=True)
class Norm:
    """A norm for which the report is evidence.

    Attributes:
        norm: Its name.
        asks: What it asks, shortly.
        shown: By which part of the report.
    """

    norm: str
    asks: str
    shown: str


@dataclass(frozen=True, slots=True)
class EffectivePolicy:
    """All that is said of one location.

    Attributes:
        code: The location.
        title: Name and municipality.
        board: Number and name.
        status: Of the location.
        devices: The routers that were read.
        unread: Routers whose configs nobody here can read, and why: nothing is known of what they let through.
        zones: In the order of the matrix.
        flows: Each pair of zones, both versions of IP.
        borders: What interfaces let pass.
        routes: What sessions take and give.
        sessions: How they are protected.
        rates: How fast interfaces send.
        served: DHCP and DNS of segments.
        logs: What is written down of packets.
        answers: How much comes back to whoever opened a connection, of what belongs to it.
        astray: How much of what belongs to no connection is forwarded all the same.
        findings: What breaks a policy rule, accepted or not.
    """

    code: str
    title: str
    board: str
    status: str
    devices: tuple[str, ...]
    unread: tuple[tuple[str, str], ...]
    zones: tuple[Zone, ...]
    flows: tuple[Flow, ...]
    borders: tuple[Border, ...]
    routes: tuple[Routes, ...]
    sessions: tuple[SessionFacts, ...]
    rates: tuple[Rate, ...]
    served: tuple[Served, ...]
    logs: tuple[Log, ...]
    answers: Extent
    astray: Extent
    findings: tuple[Finding, ...]

    def flow(self, source: str, target: str, version: int) -> Flow | None:
        """What may go from one zone to another; None for a zone to itself."""
        return next(
            (flow for flow in self.flows if (flow.source, flow.target, flow.version) == (source, target, version)), None
        )
