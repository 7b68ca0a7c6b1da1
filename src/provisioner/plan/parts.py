"""The parts of a device's config by owner, and how each stands between intended, deployed and running. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from provisioner.plan.diff import split_by_file
from provisioner.plan.model import DeviceRole, FileDiff, OtherPart, PartStatus, Target
from provisioner.platforms.protocol import Platform

BASE = ""
"""The owner of an aggregation router's base, and of the whole of an edge router."""

Parts = Mapping[str, str | None]
"""Config by owner; None where the owner has none on this device."""


def owners_of(target: Target) -> tuple[str, ...]:
    """Whose parts a target may change."""
    return ((BASE,) if target.includes_base else ()) + target.slices


def parts_of(platform: Platform, target: Target, config: str) -> Parts:
    """Each part of a device that a target may change, as it stands in a config. Raises PlatformError."""
    if target.role is DeviceRole.EDGE:
        return {BASE: config}
    every = all_parts(platform, config)
    return {owner: every.get(owner) for owner in owners_of(target)}


def all_parts(platform: Platform, config: str, confirmed: Parts = MappingProxyType({})) -> Parts:
    """Base and slices of an aggregation router.

    Args:
        platform: Of the router.
        config: What it runs.
        confirmed: What was last confirmed there, as far as that is known: what a slice had then is its own still.

    Raises:
        PlatformError: one of them cannot be read.
    """
    slices = {owner: text for owner, text in confirmed.items() if owner != BASE and text is not None}
    split = platform.split(config, slices)
    return {BASE: split.base, **split.slices}


def changed_by_hand(platform: Platform, deployed: Parts, running: Parts) -> tuple[FileDiff, ...]:
    """What differs between what was last confirmed and what runs, in the parts of which both are known.

    Secrets count for nothing here: one that was changed in the store and one that was changed on the router look alike.
    """
    names = ("confirmed", "running")
    return tuple(
        file
        for owner, text in running.items()
        if owner in deployed
        for file in split_by_file(platform.difference(_shown(platform, deployed[owner]), _shown(platform, text), names))
    )


def others(platform: Platform, target: Target, intended: Parts, deployed: Parts, running: str) -> tuple[OtherPart, ...]:
    """The parts of an aggregation router that a target leaves alone and that are not as they should be.

    Args:
        platform: Of the router.
        target: The router and the part of it that may change.
        intended: What the inventory says of every part.
        deployed: What was last confirmed, as far as it is known.
        running: The router's whole config.

    Raises:
        PlatformError: what runs cannot be read.
    """
    mine = set(owners_of(target))
    runs = all_parts(platform, running)
    found = []
    for owner in sorted({*intended, *runs} - mine):
        status = part_status(platform, intended.get(owner), runs.get(owner), deployed.get(owner), owner in deployed)
        if status is not PartStatus.IN_SYNC:
            found.append(OtherPart(target.device, owner, status))
    return tuple(found)


def part_status(
    platform: Platform, intended: str | None, running: str | None, deployed: str | None, is_known: bool
) -> PartStatus:
    """How one part stands; None is a part that is not there.

    Args:
        platform: Of its device.
        intended: What the inventory says.
        running: What the device has.
        deployed: What was last confirmed.
        is_known: Whether anything is known of an earlier confirm.

    Raises:
        PlatformError: one of the texts cannot be read.
    """
    if not is_known:
        if _same(platform, intended, running):
            return PartStatus.IN_SYNC
        # What is not there and was never confirmed is waiting to be provisioned, and nothing else.
        return PartStatus.PENDING if running is None else PartStatus.UNKNOWN
    pending, drifted = not _same(platform, intended, deployed), not _same(platform, running, deployed)
    if pending and drifted:
        return PartStatus.IN_SYNC if _same(platform, intended, running) else PartStatus.PENDING_AND_DRIFTED
    if pending:
        return PartStatus.PENDING
    return PartStatus.DRIFTED if drifted else PartStatus.IN_SYNC


def _same(platform: Platform, one: str | None, other: str | None) -> bool:
    """Whether two texts say the same, secrets aside. Most are the same to the letter, and that is quick to see."""
    if one is None or other is None:
        return one is other
    left, right = platform.redact(one), platform.redact(other)
    return left == right or platform.normalise(left) == platform.normalise(right)


def _shown(platform: Platform, text: str | None) -> str:
    return "" if text is None else platform.redact(text)
