"""How much a change could hurt, as one number with its reasons; a gate for `--max-impact`. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.plan.model import Plan


@dataclass(frozen=True, slots=True)
class Impact:
    """The impact of a change.

    Attributes:
        score: From 0 (nothing changes) to 100.
        reasons: What weighs most, the heaviest first, in words.
    """

    score: int
    reasons: tuple[str, ...] = ()


def impact_of(plan: Plan) -> Impact:
    """The impact of a plan."""
    lines = sum(file.added + file.removed for diff in plan.diffs for file in diff.files)
    return Impact(min(100, lines))
