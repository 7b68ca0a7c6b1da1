"""What ran on the devices of one transaction, before and after, and how that compares with what was deployed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from provisioner.errors import ProvisionerError
from provisioner.plan.model import DeviceRole, FileDiff, OtherPart, PartChange, Plan, Target
from provisioner.plan.parts import Parts, changed_by_hand, others, parts_of
from provisioner.platforms import platform_for


class PartReader:
    """Keeps the running configs of one transaction's devices; they hold secrets, and nothing but tokens leaves this object.

    Args:
        deployed: What was last confirmed on a device, by owner; secrets are tokens.
        intended: What the inventory says of every part of an aggregation router; None where nobody asks for other parts.
        tokens: What stands for a secret, by its value.
    """

    def __init__(
        self,
        deployed: Callable[[str], Parts],
        intended: Callable[[str], Parts] | None,
        tokens: Callable[[], Mapping[str, str]],
    ) -> None:
        self._deployed = deployed
        self._intended = intended
        self._tokens = tokens
        self._before: dict[Target, str] = {}
        self._last: dict[Target, str] = {}

    def note(self, target: Target, running: str) -> None:
        """Remember what a device runs; the first time counts as before the change."""
        self._before.setdefault(target, running)
        self._last[target] = running

    def before(self, target: Target) -> str:
        """What the device ran before the change."""
        return self._before[target]

    def annotated(self, plan: Plan) -> Plan:
        """The plan with what somebody changed by hand, and with the other parts that are not as they should be."""
        diffs = tuple(replace(diff, drift=self._drift(diff.target)) for diff in plan.diffs)
        found: list[OtherPart] = []
        unknown = ""
        for diff in diffs:
            try:
                found += self._others(diff.target)
            except ProvisionerError as error:
                # The file of another school is no reason not to provision this one.
                unknown = f"other parts of {diff.target.device} were not compared: {error}"
        return replace(plan, diffs=diffs, others=tuple(found), unknown_others=unknown, basis=self._basis())

    def changes(self) -> tuple[PartChange, ...]:
        """Each part of each device, before the change and as it was read last."""
        tokens = self._tokens()

        def concealed(target: Target, text: str | None) -> str | None:
            return None if text is None else platform_for(target.platform).conceal(text, tokens)

        found = []
        for target, running in self._last.items():
            platform = platform_for(target.platform)
            before = parts_of(platform, target, self._before[target])
            for owner, after in parts_of(platform, target, running).items():
                change = PartChange(target.device, owner, concealed(target, before[owner]), concealed(target, after))
                found.append(change)
        return tuple(found)

    def _basis(self) -> str:
        ran = {
            f"{target.device} {owner}": text
            for target, running in self._before.items()
            for owner, text in parts_of(platform_for(target.platform), target, running).items()
        }
        return hashlib.sha256(json.dumps(ran, sort_keys=True).encode()).hexdigest()

    def _drift(self, target: Target) -> tuple[FileDiff, ...]:
        platform = platform_for(target.platform)
        running = parts_of(platform, target, self._before[target])
        return changed_by_hand(platform, self._deployed(target.device), running)

    def _others(self, target: Target) -> tuple[OtherPart, ...]:
        if self._intended is None or target.role is DeviceRole.EDGE:
            return ()
        platform = platform_for(target.platform)
        deployed = self._deployed(target.device)
        return others(platform, target, self._intended(target.device), deployed, self._before[target])
