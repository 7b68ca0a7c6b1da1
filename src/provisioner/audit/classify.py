"""How each part of a device stands between what is intended, what was last confirmed and what runs. Pure."""

from __future__ import annotations

from provisioner.audit.model import PartAudit, Status
from provisioner.audit.scope import Scope
from provisioner.plan.diff import split_by_file
from provisioner.plan.model import DeviceRole, FileDiff
from provisioner.plan.parts import BASE, Parts, all_parts
from provisioner.platforms import platform_for
from provisioner.platforms.protocol import Platform


def running_parts(scope: Scope, config: str, deployed: Parts) -> Parts:
    """A device's config by owner, as far as the scope goes; what was confirmed of it tells whose a line is.

    Raises:
        PlatformError: one of them cannot be read.
    """
    if scope.role is DeviceRole.EDGE:
        return {BASE: config}
    every = all_parts(platform_for(scope.platform), config, deployed)
    if scope.is_whole:
        return every
    return {owner: every.get(owner) for owner in scope.codes}


def part_audits(
    scope: Scope, intended: Parts, deployed: Parts, running: Parts, *, is_as_confirmed: bool = False
) -> tuple[PartAudit, ...]:
    """How each part stands, by owner.

    Args:
        scope: The device.
        intended: What the inventory says of each part; secrets are tokens.
        deployed: What was last confirmed of each part, as far as it is known; secrets are tokens.
        running: What runs; secrets of which the value is known are tokens, others the placeholder.
        is_as_confirmed: Whether nobody can have changed the device since the last confirm, by its signature. A secret that is
            another one then has changed in the store.

    Raises:
        PlatformError: one of the texts cannot be read.
    """
    platform = platform_for(scope.platform)
    owners = {*intended, *running}
    if scope.is_whole:
        owners |= {owner for owner, text in deployed.items() if text is not None}
    return tuple(
        _part(platform, scope.owner(owner), owner, intended, deployed, running, is_as_confirmed=is_as_confirmed)
        for owner in sorted(owners)
    )


def _part(
    platform: Platform,
    name: str,
    owner: str,
    intended: Parts,
    deployed: Parts,
    running: Parts,
    *,
    is_as_confirmed: bool,
) -> PartAudit:
    wanted, runs = intended.get(owner), running.get(owner)
    if owner not in deployed:
        return _of_unknown_past(platform, name, wanted, runs)
    confirmed = deployed[owner]
    drift = difference(platform, confirmed, runs, ("confirmed", "running"))
    pending = difference(platform, confirmed, wanted, ("confirmed", "intended"))
    if drift and not difference(platform, wanted, runs, ("intended", "running")):
        return PartAudit(name, Status.IN_SYNC)
    if drift and is_as_confirmed:
        # The router is as it was confirmed, so the secret in the store is another one since.
        return PartAudit(name, Status.PENDING, pending=pending or drift)
    if drift:
        return PartAudit(name, Status.DRIFTED, drift, pending)
    return PartAudit(name, Status.PENDING if pending else Status.IN_SYNC, pending=pending)


def _of_unknown_past(platform: Platform, name: str, wanted: str | None, runs: str | None) -> PartAudit:
    differs = difference(platform, wanted, runs, ("intended", "running"))
    if not differs:
        return PartAudit(name, Status.IN_SYNC)
    if runs is None:
        # What is not there and was never confirmed is waiting to be provisioned, and nothing else.
        return PartAudit(name, Status.PENDING, pending=difference(platform, None, wanted, ("running", "intended")))
    return PartAudit(name, Status.UNKNOWN, drift=differs)


def difference(
    platform: Platform, before: str | None, after: str | None, names: tuple[str, str]
) -> tuple[FileDiff, ...]:
    """From one text to another, by file; None is a part that is not there. Raises PlatformError."""
    if before == after:
        return ()
    return split_by_file(platform.difference(before or "", after or "", names))
