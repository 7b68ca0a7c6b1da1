"""The config that a push loads on a device: what runs there, with the target's parts put in. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioner.plan.model import DeviceRole, Target
from provisioner.platforms.protocol import Platform


@dataclass(frozen=True, slots=True)
class Intended:
    """What templates say for one target; secrets are tokens.

    Attributes:
        base: The whole config of an edge router, or the base of an aggregation router; None where it is not touched.
        slices: By location code; None takes the slice away.
    """

    base: str | None = None
    slices: Mapping[str, str | None] = field(default_factory=dict)


def candidate(platform: Platform, target: Target, intended: Intended, running: str) -> str:
    """The full candidate for a target.

    Args:
        platform: How this operating system's config is split and put together.
        target: The device and the part of it that may change.
        intended: What the templates say for that part.
        running: What the device runs.

    Returns:
        A full config in which everything outside the target's part is as it runs.

    Raises:
        PlatformError: where the running config cannot be understood.
    """
    if target.role is DeviceRole.EDGE:
        return platform.candidate(running, intended.base or "")
    text = running if intended.base is None else platform.replace_base(running, intended.base)
    for code in target.slices:
        text = platform.splice(text, code, intended.slices[code])
    return text
