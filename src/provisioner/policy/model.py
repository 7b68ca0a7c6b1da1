"""What a policy check finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that the intended config of a device breaks.

    Attributes:
        rule: The rule's id, `POL001` and so on; docs/policy.md has a section of that name.
        device: The router.
        location: Whose part of it: a location code, or empty for an aggregation router's base.
        about: What breaks the rule: a neighbor, a prefix, a pair of segments, a line of the config.
        what: What is wrong, in one line.
        remedy: What a person does about it, in one line.
        file: The section of the config in which it was seen, by the path of its file on the router.
        accepted: The reason for which the inventory accepts it; empty where it does not.
    """

    rule: str
    device: str
    location: str
    about: str
    what: str
    remedy: str
    file: str = ""
    accepted: str = ""

    @property
    def stops(self) -> bool:
        """Whether it fails the check: nobody has accepted it."""
        return not self.accepted
