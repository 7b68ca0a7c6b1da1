"""What one device told, held against what the inventory says and what was last confirmed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provisioner.audit import config
from provisioner.audit.classify import difference, part_audits, running_parts
from provisioner.audit.config import Startup
from provisioner.audit.fetching import Reading
from provisioner.audit.model import DeviceAudit, Finding, PartAudit, Status, Tier
from provisioner.audit.observation import Observation
from provisioner.audit.scope import Scope
from provisioner.audit.service import service_findings
from provisioner.audit.system import daemons_down, expected_system, system_findings
from provisioner.errors import DeviceError, PlatformError
from provisioner.intent.model import Fleet
from provisioner.plan.model import DeviceDiff, DeviceRole, FileDiff, Plan, Target
from provisioner.plan.parts import BASE, Parts
from provisioner.platforms import platform_for
from provisioner.validate.model import Check
from provisioner.validate.touch import is_touched, words_touched

_RANK = {status: number for number, status in enumerate(Status)}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a device before it is judged.

    Attributes:
        intended: What the inventory says of each part that is looked at; secrets are tokens.
        deployed: What was last confirmed of each part, as far as that is known; secrets are tokens.
        tokens: What stands for a secret, by its value.
        observation: What the last audit saw of it beside its config.
        is_signature_known: Whether its signature is the one that it had when it was last found as confirmed.
        was_provisioned: Whether a push has changed it since the last audit.
        is_being_pushed: Whether the journal says that a push is at work on it.
    """

    intended: Parts
    deployed: Parts
    tokens: Mapping[str, str]
    observation: Observation | None = None
    is_signature_known: bool = False
    was_provisioned: bool = False
    is_being_pushed: bool = False


def judge(fleet: Fleet, scope: Scope, reading: Reading, known: Known, again: str) -> DeviceAudit:
    """How a device stands, and what is the matter with it.

    Args:
        fleet: The inventory, or as much of it as is needed.
        scope: The device.
        reading: What it told.
        known: What is known of it.
        again: How a command begins that works on the same routers from the same sources.
    """
    try:
        parts, startup = _parts(scope, reading, known)
    except PlatformError as error:
        trouble = DeviceError(error.what, where=scope.device, remedy=error.remedy, number=error.number)
        return _audit(scope, reading, (), [config.unreadable(scope, trouble)[1]], Status.FAILED)
    differs = any(part.status in {Status.DRIFTED, Status.UNKNOWN} for part in parts)
    if reading.is_pending or (differs and known.is_being_pushed):
        return _audit(scope, reading, (), [config.under_way(scope)], Status.UNDER_WAY)
    findings = [
        *config.config_findings(scope, parts, startup, again),
        *_state_findings(fleet, scope, reading, known, parts, again),
    ]
    status = max((part.status for part in parts), key=_RANK.__getitem__, default=Status.IN_SYNC)
    return _audit(scope, reading, parts, findings, status)


def unreadable(scope: Scope, error: DeviceError) -> DeviceAudit:
    """A device that could not be audited."""
    status, finding = config.unreadable(scope, error)
    return DeviceAudit(
        scope.device,
        scope.role,
        scope.platform.value,
        scope.location,
        scope.aggregation_points,
        status,
        findings=(finding,),
    )


def under_way(scope: Scope) -> DeviceAudit:
    """A device on which a push is at work."""
    return DeviceAudit(
        scope.device,
        scope.role,
        scope.platform.value,
        scope.location,
        scope.aggregation_points,
        Status.UNDER_WAY,
        findings=(config.under_way(scope),),
    )


def is_as_confirmed(parts: Sequence[PartAudit], deployed: Parts, scope: Scope) -> bool:
    """Whether all of a device runs what was confirmed there: then its signature stands for that."""
    known = {scope.owner(owner) for owner in deployed}
    return scope.is_whole and all(
        part.owner in known and part.status in {Status.IN_SYNC, Status.PENDING} and not part.drift for part in parts
    )


def _parts(scope: Scope, reading: Reading, known: Known) -> tuple[tuple[PartAudit, ...], Startup]:
    if reading.is_known:
        owners = known.deployed if scope.is_whole else known.intended
        running: Parts = {owner: known.deployed.get(owner) for owner in owners}
        return part_audits(scope, known.intended, known.deployed, running), Startup()
    runs = running_parts(scope, reading.running, known.deployed)
    concealed = _concealed(scope, runs, known)
    parts = part_audits(scope, known.intended, known.deployed, concealed, is_as_confirmed=known.is_signature_known)
    return parts, _startup(scope, reading, known, runs, {part.owner: part.status for part in parts})


def _concealed(scope: Scope, parts: Parts, known: Known) -> Parts:
    platform = platform_for(scope.platform)
    return {owner: None if text is None else platform.conceal(text, known.tokens) for owner, text in parts.items()}


def _startup(scope: Scope, reading: Reading, known: Known, runs: Parts, statuses: Mapping[str, Status]) -> Startup:
    platform, names = platform_for(scope.platform), ("running", "startup")
    try:
        if not difference(platform, reading.running, reading.startup, names):
            return Startup()
        boots = running_parts(scope, reading.startup, known.deployed)
    except PlatformError as error:
        # Somebody has spoiled a file: whose part that was cannot be said.
        return Startup({scope.owner(BASE): (FileDiff("startup files", str(error)),)})
    confirmed = _concealed(scope, boots, known)
    differs: dict[str, tuple[FileDiff, ...]] = {}
    unsaved = set()
    for owner in sorted({*runs, *boots}):
        name = scope.owner(owner)
        files = difference(platform, runs.get(owner), boots.get(owner), names)
        # Startup files that another hand wrote say in other words what runs; there is nothing to hold them against.
        if not files or statuses.get(name) is Status.UNKNOWN:
            continue
        if statuses.get(name) is Status.DRIFTED and not difference(
            platform, known.deployed[owner], confirmed.get(owner), names
        ):
            unsaved.add(name)
        else:
            differs[name] = files
    return Startup(differs, frozenset(unsaved))


def _state_findings(
    fleet: Fleet, scope: Scope, reading: Reading, known: Known, parts: Sequence[PartAudit], again: str
) -> list[Finding]:
    expected = expected_system(fleet, scope.device)
    down = frozenset() if reading.observation is None else daemons_down(expected, reading.observation)
    checks = _beyond_pending(scope, parts, reading.checks)
    absent = {part.owner for part in parts if part.status is Status.PENDING and not _runs(known, part.owner, scope)}
    # Of an aggregation router of which one slice is audited nothing is said that concerns no location.
    looked_at = {part.owner for part in parts}
    found = [
        finding
        for finding in service_findings(fleet, scope.device, checks, again, down)
        if finding.owner in looked_at and finding.owner not in absent
    ]
    if reading.observation is not None and scope.is_whole:
        found += system_findings(
            scope.device,
            scope.role,
            expected,
            reading.observation,
            known.observation,
            provisioned_since=known.was_provisioned,
            filter_drifted=any(part.drift for part in parts),
            again=again,
        )
    return found


def _runs(known: Known, name: str, scope: Scope) -> bool:
    """Whether something of an owner was ever confirmed there."""
    owner = BASE if name == scope.location else name
    return known.deployed.get(owner) is not None


def _beyond_pending(scope: Scope, parts: Sequence[PartAudit], checks: Sequence[Check]) -> tuple[Check, ...]:
    """The checks that failed, without those of what is intended and was not provisioned yet."""
    files = tuple(file for part in parts for file in part.pending)
    failed = tuple(check for check in checks if not check.passed)
    if not files:
        return failed
    target = Target(scope.device, scope.role, scope.platform, includes_base=scope.role is DeviceRole.EDGE)
    words = words_touched(Plan("", "", (DeviceDiff(target, files),)))
    return tuple(check for check in failed if not is_touched(check.about, words))


def _audit(
    scope: Scope, reading: Reading, parts: tuple[PartAudit, ...], findings: Sequence[Finding], status: Status
) -> DeviceAudit:
    return DeviceAudit(
        device=scope.device,
        role=scope.role,
        platform=scope.platform.value,
        location=scope.location,
        aggregation_points=scope.aggregation_points,
        status=status,
        tier=Tier.SIGNATURE if reading.is_known else Tier.FULL,
        parts=parts,
        findings=tuple(sorted(findings, key=lambda finding: (-finding.severity, *finding.key))),
        seconds=reading.seconds,
    )
