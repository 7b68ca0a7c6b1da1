"""What templates are given about the management of a router: who may log in, who reads it, whom it asks and tells. `context` puts it in."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from provisioner.intent.model import Service
from provisioner.render.addresses import by_value, prefix
from provisioner.secrets import token


@dataclass(frozen=True, slots=True)
class TargetContext:
    """Whom a router talks to, and the interface by which answers come; `protocol` is `tcp` or `udp`."""

    address: str
    port: int
    protocol: str
    interface: str


@dataclass(frozen=True, slots=True)
class SnmpContext:
    """Who reads counters; secrets are tokens, never values."""

    user: str
    authentication: str
    privacy: str


@dataclass(frozen=True, slots=True)
class BreakGlassContext:
    """Who gets in at the console; `password` is the token of a hash, never a value. `user_id` is nobody else's in Debian."""

    user: str
    password: str
    user_id: int


BREAK_GLASS_ID: Final = 5900
"""Debian gives out 1000 to 59999 from the lowest on; libnss-extrausers takes what is above 499."""


@dataclass(frozen=True, slots=True)
class ManagementContext:
    """The management plane of one router.

    Attributes:
        address: The router's own, in the management network.
        networks: From where it is managed.
        banner: Lines that whoever logs in is shown first.
        ntp: Who tells it the time; none where nobody does.
        syslog: Where it sends its logs; none where it does not.
        snmp: Who reads its counters; None where nobody does.
        break_glass: Who gets in at its console; None where nobody does.
    """

    address: str
    networks: tuple[str, ...]
    banner: tuple[str, ...]
    ntp: tuple[TargetContext, ...]
    syslog: tuple[TargetContext, ...]
    snmp: SnmpContext | None
    break_glass: BreakGlassContext | None


NTP_PORT = 123
"""RFC 5905 section 7.2."""


def management(service: Service, address: IPv4Address, inside: str, outside: str) -> ManagementContext:
    """The management plane of a router.

    Args:
        service: What holds for all of them.
        address: The router's own, in the management network.
        inside: Its interface in the management network.
        outside: The interface by which answers come of what lies elsewhere.
    """
    intent = service.management

    def way(target: IPv4Address) -> str:
        return inside if intent.is_inside(target) else outside

    return ManagementContext(
        address=str(address),
        networks=tuple(prefix(network) for network in by_value(intent.networks_ipv4)),
        banner=intent.banner,
        ntp=tuple(TargetContext(str(each.address), NTP_PORT, "udp", way(each.address)) for each in intent.ntp),
        syslog=tuple(
            TargetContext(str(each.address), each.port, each.protocol, way(each.address)) for each in intent.syslog
        ),
        snmp=None
        if intent.snmp is None
        else SnmpContext(intent.snmp.user, token(intent.snmp.authentication), token(intent.snmp.privacy)),
        break_glass=None
        if intent.break_glass is None
        else BreakGlassContext(intent.break_glass.user, token(intent.break_glass.password), BREAK_GLASS_ID),
    )
