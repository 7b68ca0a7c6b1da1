"""The plans that would bring back what was last confirmed, for what somebody changed by hand. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from provisioner.audit.model import AuditReport, DeviceAudit, PartAudit, Status
from provisioner.intent.types import PlatformName
from provisioner.plan.diff import reverse
from provisioner.plan.model import DeviceDiff, DeviceRole, Plan, Target


@dataclass(frozen=True, slots=True)
class Remedy:
    """A plan that restores what was confirmed.

    Attributes:
        plan: From what runs to what was confirmed, over all drifted devices of one subject.
        command: What makes and pushes it; it looks at the routers anew, and asks.
    """

    plan: Plan
    command: str


def remedies(report: AuditReport) -> tuple[Remedy, ...]:
    """One per location, and one per base, that drifted."""
    drifted: dict[str, list[DeviceDiff]] = {}
    for device in report.devices:
        for part in device.parts:
            if part.status is Status.DRIFTED:
                diff = DeviceDiff(_target(device, part), reverse(part.drift))
                drifted.setdefault(part.owner or device.device, []).append(diff)
    return tuple(_remedy(report, subject, diffs) for subject, diffs in sorted(drifted.items()))


def _remedy(report: AuditReport, subject: str, diffs: Sequence[DeviceDiff]) -> Remedy:
    owner = report.owners.get(subject)
    option = "--base" if any(diff.target.includes_base for diff in diffs if not _is_edge(diff)) else "--school"
    program, *words = report.again.split(" ", 1)
    title = f"{owner.name}, {owner.municipality}" if owner else f"base of aggregation router {subject}"
    # Aggregation routers first, as in every push.
    ordered = tuple(sorted(diffs, key=_is_edge))
    return Remedy(Plan(subject, title, ordered), " ".join((program, "restore", *words, option, subject)))


def _is_edge(diff: DeviceDiff) -> bool:
    return diff.target.role is DeviceRole.EDGE


def _target(device: DeviceAudit, part: PartAudit) -> Target:
    is_slice = device.role is DeviceRole.AGGREGATION and bool(part.owner)
    return Target(
        device.device,
        device.role,
        PlatformName(device.platform),
        slices=(part.owner,) if is_slice else (),
        includes_base=not is_slice,
    )
