"""Findings about config, and about routers that cannot be audited. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from provisioner.audit.catalogue import CATALOGUE
from provisioner.audit.model import Finding, PartAudit, Severity, Status
from provisioner.audit.scope import Scope
from provisioner.audit.severity import severity_of
from provisioner.errors import AuthenticationError, DeviceError, UnreachableError
from provisioner.plan.impact import impact_of
from provisioner.plan.model import DeviceDiff, DeviceRole, FileDiff, Plan, Target
from provisioner.platforms import platform_for

HOST_KEY_NUMBER = "PV5101"
"""Of the error that says that a router has another host key than it should."""
CONFIG_RULES = frozenset({"AUD001", "AUD002", "AUD003", "AUD004", "AUD005"})
"""What is told from a device's config; nothing of it is gone because the config could not be read."""


@dataclass(frozen=True, slots=True)
class Startup:
    """What a device would boot with.

    Attributes:
        differs: From what runs to what it would boot with, by owner; where that is not what was confirmed either.
        unsaved: Owners of whose part something else runs than was confirmed, and of which a reboot brings back what was.
    """

    differs: Mapping[str, tuple[FileDiff, ...]] = field(default_factory=dict)
    unsaved: frozenset[str] = frozenset()


def config_findings(scope: Scope, parts: Sequence[PartAudit], startup: Startup, again: str) -> Iterator[Finding]:
    """What is not as it should be in a device's config.

    Args:
        scope: The device.
        parts: How each part of it stands.
        startup: What it would boot with.
        again: How a command begins that works on the same routers from the same sources.
    """
    for part in parts:
        if part.status is Status.DRIFTED:
            yield _drifted(scope, part, again, is_saved=part.owner not in startup.unsaved)
        if part.status is Status.PENDING or (part.status is Status.DRIFTED and part.pending):
            yield _pending(scope, part, again)
        if part.status is Status.UNKNOWN:
            yield _unknown(scope, part, again)
    for owner, files in startup.differs.items():
        yield _of(
            scope,
            "AUD005",
            owner,
            what=f"what it would boot with is not what runs: {_summary(scope, owner, files)}",
            remedy=command(scope, owner, again, verb="restore"),
            files=files,
        )


def under_way(scope: Scope) -> Finding:
    """The finding of a device on which a push is at work."""
    return _of(
        scope,
        "AUD004",
        scope.location,
        what="a push is at work on it, or waits for its confirm: its config was not judged",
        remedy="wait for its end, then audit again; provision history tells whose it is",
    )


def unreadable(scope: Scope, error: DeviceError) -> tuple[Status, Finding]:
    """How a device stands that could not be audited, and the finding of it."""
    rule, status = "AUD013", Status.FAILED
    if error.number == HOST_KEY_NUMBER:
        rule = "AUD012"
    elif isinstance(error, AuthenticationError):
        rule = "AUD011"
    elif isinstance(error, UnreachableError):
        rule, status = "AUD010", Status.UNREACHABLE
    number = f" [{error.number}]" if error.number else ""
    remedy = error.remedy or "look at the router; then audit again"
    return status, _of(scope, rule, scope.location, what=f"{error.what}{number}", remedy=remedy)


def command(scope: Scope, owner: str, again: str, *, verb: str = "") -> str:
    """How to call what brings an owner's part of a device in order."""
    words = again.split(" ", 1)
    begin = " ".join((words[0], verb, *words[1:])) if verb else again
    if owner:
        return f"{begin} --school {owner}"
    return f"{begin} --base {scope.device}" if verb else f"{begin} --aggregation {scope.device}"


def _drifted(scope: Scope, part: PartAudit, again: str, *, is_saved: bool) -> Finding:
    platform = platform_for(scope.platform)
    is_base = scope.role is DeviceRole.AGGREGATION and not part.owner
    remedy = command(scope, part.owner, again, verb="restore" if part.pending else "")
    return _of(
        scope,
        "AUD001",
        part.owner,
        what=_summary(scope, part.owner, part.drift) + ("; in the startup files too" if is_saved else ""),
        remedy=remedy,
        files=part.drift,
        severity=severity_of(platform, part.drift, carries_others=is_base),
    )


def _pending(scope: Scope, part: PartAudit, again: str) -> Finding:
    what = f"the inventory says more than was provisioned: {_summary(scope, part.owner, part.pending)}"
    return _of(scope, "AUD002", part.owner, what=what, remedy=command(scope, part.owner, again), files=part.pending)


def _unknown(scope: Scope, part: PartAudit, again: str) -> Finding:
    return _of(
        scope,
        "AUD003",
        part.owner,
        what=f"never provisioned from this journal, and not as intended: {_summary(scope, part.owner, part.drift)}",
        remedy=f"{command(scope, part.owner, again)} --dry-run; adopt what is right, then provision",
        files=part.drift,
    )


def _of(
    scope: Scope,
    rule: str,
    owner: str,
    *,
    what: str,
    remedy: str,
    files: tuple[FileDiff, ...] = (),
    severity: Severity | None = None,
) -> Finding:
    usual = CATALOGUE[rule].severity
    return Finding(rule, usual if severity is None else severity, scope.device, owner, "", what, remedy, files)


def _summary(scope: Scope, owner: str, files: Sequence[FileDiff]) -> str:
    """What a difference does, in words: the gravest things first."""
    is_base = scope.role is DeviceRole.AGGREGATION and not owner
    slices = (owner,) if scope.role is DeviceRole.AGGREGATION and owner else ()
    target = Target(scope.device, scope.role, scope.platform, slices, includes_base=is_base or not slices)
    reasons = impact_of(Plan("", "", (DeviceDiff(target, tuple(files)),))).reasons
    added, removed = sum(file.added for file in files), sum(file.removed for file in files)
    told = "; ".join(reason.removesuffix(f" on {scope.device}") for reason in reasons[:3])
    more = "; …" if len(reasons) > 3 else ""  # noqa: PLR2004 - as above
    return f"+{added} -{removed} lines" + (f": {told}{more}" if told else "")
