"""What ran on the devices of one transaction, before and after, and how that compares with what was deployed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from provisioner.errors import ProvisionerError
from provisioner.plan.model import DeviceDiff, DeviceRole, OtherPart, PartChange, Plan, Target
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
        ran = {diff.target: self._parts(diff.target, self._before[diff.target]) for diff in plan.diffs}
        diffs: list[DeviceDiff] = []
        found: list[OtherPart] = []
        unknown = ""
        for diff in plan.diffs:
            target = diff.target
            deployed = self._deployed(target.device)
            drift = changed_by_hand(platform_for(target.platform), deployed, ran[target])
            diffs.append(replace(diff, drift=drift))
            try:
                found += self._others(target, deployed)
            except ProvisionerError as error:
                # The file of another school is no reason not to provision this one.
                unknown = f"other parts of {target.device} were not compared: {error}"
        return replace(plan, diffs=tuple(diffs), others=tuple(found), unknown_others=unknown, basis=_basis(ran))

    def changes(self) -> tuple[PartChange, ...]:
        """Each part of each device, before the change and as it was read last."""
        tokens = self._tokens()

        def concealed(target: Target, text: str | None) -> str | None:
            return None if text is None else platform_for(target.platform).conceal(text, tokens)

        found = []
        for target, running in self._last.items():
            before = self._parts(target, self._before[target])
            for owner, after in self._parts(target, running).items():
                change = PartChange(target.device, owner, concealed(target, before[owner]), concealed(target, after))
                found.append(change)
        return tuple(found)

    @staticmethod
    def _parts(target: Target, config: str) -> Parts:
        return parts_of(platform_for(target.platform), target, config)

    def _others(self, target: Target, deployed: Parts) -> tuple[OtherPart, ...]:
        if self._intended is None or target.role is DeviceRole.EDGE:
            return ()
        platform = platform_for(target.platform)
        return others(platform, target, self._intended(target.device), deployed, self._before[target])


def _basis(ran: Mapping[Target, Parts]) -> str:
    named = {f"{target.device} {owner}": text for target, parts in ran.items() for owner, text in parts.items()}
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()
