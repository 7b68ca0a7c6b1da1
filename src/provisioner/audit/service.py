"""What does not work of the service on one router: failed checks as findings, each cause told once. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from provisioner.audit.model import Finding
from provisioner.intent.model import Fleet
from provisioner.validate.expectations import DeviceExpectations
from provisioner.validate.model import Check


def audit_expectations(fleet: Fleet, device: str, present: Collection[str] | None = None) -> DeviceExpectations:
    """All that must be true on a router: of an edge router its location's, of an aggregation router its base's and its slices'.

    Args:
        fleet: The intent.
        device: The router's host name.
        present: The locations whose slices are on it, for nothing is to be expected of one that was not provisioned yet; all where None.

    Raises:
        KeyError: the fleet has no such router.
    """
    raise NotImplementedError


def service_findings(
    fleet: Fleet,
    device: str,
    checks: Sequence[Check],
    again: str = "provision",
    daemons_down: Collection[str] = (),
) -> tuple[Finding, ...]:
    """Failed checks as findings, each cause told once.

    Args:
        fleet: The intent that the checks were made from.
        device: The router's host name.
        checks: What `check_device` found.
        again: How a command begins that works on the same routers from the same sources.
        daemons_down: Daemons that do not run there: what follows from that is not told again.
    """
    del fleet, device, checks, again, daemons_down
    return ()
