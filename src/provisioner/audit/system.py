"""What is wrong with a router itself: its software, clock, logins, kernel, files. Pure: observations in, findings out."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.audit.model import Finding
from provisioner.audit.observation import Observation
from provisioner.intent.model import Fleet
from provisioner.plan.model import DeviceRole


@dataclass(frozen=True, slots=True)
class ExpectedSpeed:
    """How fast a port must be.

    Attributes:
        port: Its name.
        mbps: Mbit/s, at least.
        owner: The location that it concerns; empty for the base.
    """

    port: str
    mbps: int
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the intent says of a router itself.

    Attributes:
        location: The location of an edge router; empty for an aggregation router.
        management_user: The login of the orchestrator; root may log in beside it, nobody else.
        versions: Versions of the routing software that are allowed; any where empty.
        daemons: What must run.
        speeds: How fast its ports must be.
        is_cut_off_alone: Whether a location loses its service with this router.
    """

    location: str = ""
    management_user: str = "provision"
    versions: tuple[str, ...] = ()
    daemons: frozenset[str] = frozenset()
    speeds: tuple[ExpectedSpeed, ...] = ()
    is_cut_off_alone: bool = False


def expected_system(fleet: Fleet, device: str) -> Expected:
    """What the intent says of a router itself. Raises KeyError where the fleet has no such router."""
    del fleet, device
    return Expected()


def daemons_down(expected: Expected, now: Observation) -> frozenset[str]:
    """The daemons that should run and do not, or do not answer; for `service_findings`."""
    del expected, now
    return frozenset()


def system_findings(
    device: str,
    role: DeviceRole,
    expected: Expected,
    now: Observation,
    before: Observation | None,
    *,
    provisioned_since: bool = False,
    filter_drifted: bool = False,
    again: str = "provision",
) -> tuple[Finding, ...]:
    """What is wrong with a router itself.

    Args:
        device: Its host name.
        role: Edge or aggregation.
        expected: What the intent says of it.
        now: What this audit saw.
        before: What `baseline` gave after the last audit; None at the first, which compares nothing with before.
        provisioned_since: Whether a push was confirmed, rolled back or is under way there since then.
        filter_drifted: Whether its packet filter differs from what was deployed now, which is told already.
        again: How a command begins that works on the same routers from the same sources.
    """
    del device, role, expected, now, before, provisioned_since, filter_drifted, again
    return ()


def baseline(now: Observation, before: Observation | None, *, accept: bool = False) -> Observation:
    """What the next audit compares with.

    Things that happened (a flap, a restart, a rule put back) are told once. Things that are otherwise than before (a file, a key,
    a service, a kernel setting) stay findings until they are as before or somebody accepts them.

    Args:
        now: What this audit saw.
        before: What this audit compared with.
        accept: Whether what was seen now is right from now on.
    """
    del before, accept
    return now
