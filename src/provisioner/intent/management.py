"""What `service.yaml` says about the management of routers: the part `management`. What it leaves out is not there, or safe."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Annotated, Literal

from pydantic import Field

from provisioner.intent.foundation import Intent
from provisioner.intent.types import Address4, BannerLine, Integer, Name, Network4, SecretReference, UserName

DEFAULT_BANNER: tuple[str, ...] = (
    "Access is for people who manage this network, and for nobody else.",
    "What is done here is logged.",
)


_OUTSIDE = (
    "True where it lies outside the management networks and is meant to: it is then reached over uplinks and the core"
)


class TimeServer(Intent):
    """Who tells routers the time (NTP, RFC 5905)."""

    address: Address4 = Field(description="Where it is")
    outside: bool = Field(default=False, description=_OUTSIDE)


class LogTarget(Intent):
    """Where routers send their logs (syslog, RFC 5424)."""

    address: Address4 = Field(description="Where it is")
    port: Annotated[Integer, Field(ge=1, le=65535, description="Where it listens")] = 514
    protocol: Literal["tcp", "udp"] = Field(
        default="tcp", description="TCP waits while the target is away (RFC 6587), UDP does not (RFC 5426)"
    )
    outside: bool = Field(default=False, description=_OUTSIDE)


class Snmp(Intent):
    """Who may read routers' counters (SNMPv3, RFC 3414): authenticated and encrypted, from the management networks. Nobody writes."""

    user: Name = Field(description="Name of the user")
    authentication: SecretReference = Field(description="Name of the secret that authenticates (SHA-256, RFC 7860)")
    privacy: SecretReference = Field(description="Name of the secret that encrypts (AES-128, RFC 3826); another one")


class BreakGlass(Intent):
    """Who gets in at a router's console when keys or the management network are gone: by password, and never by SSH."""

    user: UserName = Field(description="Login name; of nobody else")
    password: SecretReference = Field(
        description="Name of the secret: a hash of the password, of yescrypt or bcrypt (crypt(5))"
    )


class Management(Intent):
    """Who may manage routers, from where, and what routers tell whom."""

    networks_ipv4: Annotated[tuple[Network4, ...], Field(min_length=1, description="The only sources that reach SSH")]
    user: Name = Field(default="provision", description="Login name of the orchestrator on the routers")
    banner: Annotated[
        tuple[BannerLine, ...],
        Field(max_length=20, description="Lines that whoever logs in is shown first; none are shown where it is empty"),
    ] = DEFAULT_BANNER
    ntp: tuple[TimeServer, ...] = Field(
        default=(), description="Who tells routers the time; what the system does where it is empty"
    )
    syslog: tuple[LogTarget, ...] = Field(
        default=(), description="Where routers send their logs; nowhere where it is empty"
    )
    snmp: Snmp | None = Field(default=None, description="Who may read counters; nobody where it is left out")

    break_glass: BreakGlass | None = Field(
        default=None, description="Who gets in at a router's console alone; nobody where it is left out"
    )

    def targets(self) -> Iterator[tuple[str, int, IPv4Address, bool]]:
        """Whom routers talk to: the field, the position in it, the address, and whether it may lie anywhere."""
        for number, server in enumerate(self.ntp):
            yield "ntp", number, server.address, server.outside
        for number, target in enumerate(self.syslog):
            yield "syslog", number, target.address, target.outside

    def secrets(self) -> tuple[str, ...]:
        """Names of the secrets that every router has."""
        return () if self.snmp is None else (self.snmp.authentication, self.snmp.privacy)

    def hashed_secrets(self) -> tuple[str, ...]:
        """Names of the secrets that every router has and that are hashes of passwords."""
        return () if self.break_glass is None else (self.break_glass.password,)

    def is_inside(self, address: IPv4Address) -> bool:
        """Whether an address lies in a management network."""
        return any(address in network for network in self.networks_ipv4)
