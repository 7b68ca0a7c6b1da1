"""What the intent says of a router itself: its login, daemons, versions and ports. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from provisioner.audit.catalogue import CATALOGUE
from provisioner.audit.model import Finding, Severity
from provisioner.audit.observation import Observation
from provisioner.intent.model import Fleet, Service
from provisioner.intent.types import PlatformName
from provisioner.intent.versions import ANY_VERSION, VersionPolicy

FRR_DAEMONS: Final = frozenset({"watchfrr", "zebra", "staticd", "bgpd", "bfdd"})
"""Without one of these an FRR router does not do what it is there for. mgmtd came with FRR 9 and is asked for from then on."""
_MGMTD_SINCE: Final = 9


@dataclass(frozen=True, slots=True)
class ExpectedSpeed:
    """How fast a port must be.

    Attributes:
        port: Its name.
        mbps: Mbit/s, at least.
        why: What needs that, in words.
    """

    port: str
    mbps: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the intent says of a router itself.

    Attributes:
        owner: The location of an edge router; empty for an aggregation router.
        management_user: The login of the orchestrator; root may log in beside it, nobody else.
        console_user: The login of whoever gets in at the console by password; empty where nobody does.
        versions: Versions of the routing software that are allowed.
        daemons: What must run.
        speeds: How fast its ports must be.
        cut_off: The locations that have no service without this router.
        owners: The locations of an aggregation router's neighbors, by address.
    """

    owner: str = ""
    management_user: str = "provision"
    console_user: str = ""
    versions: VersionPolicy = ANY_VERSION
    daemons: frozenset[str] = frozenset()
    speeds: tuple[ExpectedSpeed, ...] = ()
    cut_off: tuple[str, ...] = ()
    owners: Mapping[str, str] = field(default_factory=dict)


def expected_system(fleet: Fleet, device: str) -> Expected:
    """What the intent says of a router itself. Raises KeyError where the fleet has no such router."""
    service = fleet.service
    if device in fleet.aggregation_routers:
        router = fleet.aggregation_router(device)
        return Expected(
            management_user=service.management.user,
            console_user=_console_user(service),
            versions=service.version_policy(router.platform),
            daemons=_daemons(router.platform),
            speeds=tuple(ExpectedSpeed(port.name, port.speed_mbps, "the port's speed") for port in router.ports),
            cut_off=tuple(
                dict.fromkeys(part.location.code for part in fleet.slices(device) if not part.location.is_dual_homed)
            ),
            owners={
                str(end.ip): part.location.code
                for part in fleet.slices(device)
                for end in (part.uplink.edge_ipv4, part.uplink.edge_ipv6)
            },
        )
    location = fleet.location_of(device)
    lines = [(uplink.edge_port, uplink.access_line) for uplink in location.uplinks]
    return Expected(
        owner=location.code,
        management_user=service.management.user,
        console_user=_console_user(service),
        versions=service.version_policy(location.edge_router.platform),
        daemons=_daemons(location.edge_router.platform),
        speeds=tuple(
            ExpectedSpeed(port, max(line.down_mbps, line.up_mbps), f"access line {line.circuit_id}")
            for port, line in lines
        ),
        cut_off=(location.code,),
    )


def _daemons(platform: PlatformName) -> frozenset[str]:
    return FRR_DAEMONS if platform is PlatformName.FRR else frozenset()


def daemons_down(expected: Expected, now: Observation) -> frozenset[str]:
    """The daemons that should run and do not, or do not answer; for `service_findings`."""
    if now.daemons is None:
        return frozenset()
    wanted = expected.daemons
    major = now.version.partition(".")[0]
    if wanted and major.isdigit() and int(major) >= _MGMTD_SINCE:
        wanted = wanted | {"mgmtd"}
    return (wanted - {daemon.name for daemon in now.daemons}) | (wanted & set(now.hung))


@dataclass(frozen=True, slots=True)
class Router:
    """A router and what is said of it: here its findings are put into words.

    Attributes:
        device: Its host name.
        expected: What the intent says of it.
        again: How a command begins that works on the same routers from the same sources.
    """

    device: str
    expected: Expected
    again: str = "provision"

    def finding(self, rule: str, about: str, what: str, remedy: str, severity: Severity | None = None) -> Finding:
        """As bad as its kind mostly is, unless said otherwise."""
        bad = CATALOGUE[rule].severity if severity is None else severity
        owner = self.expected.owners.get(about, self.expected.owner)
        return Finding(rule, bad, self.device, owner, about, what, remedy)

    def there(self, command: str) -> str:
        """A command for the router's own shell."""
        return f"ssh {self.device} '{command}'"


def some(values: Iterable[str], most: int = 8) -> str:
    """A list in one line, cut where it grows long."""
    every = list(values)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return (", ".join(every[:most]) or "none") + more


def _console_user(service: Service) -> str:
    return "" if service.management.break_glass is None else service.management.break_glass.user
