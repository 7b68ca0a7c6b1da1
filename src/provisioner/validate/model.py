"""The nouns of validation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at on one device.

    Attributes:
        device: Where it was looked at.
        name: What was looked at, in words: `BGP session to 100.64.0.0`.
        passed: Whether what was found is what was expected.
        expected: What the intent says, in words.
        found: What the device says, in words.
        about: What of the config the check is about: interface names, peer addresses, prefixes.
        tolerated: Whether it did not pass before the change either, and the change does not touch what it is about.
    """

    device: str
    name: str
    passed: bool
    expected: str
    found: str
    about: tuple[str, ...] = ()
    tolerated: bool = False

    @property
    def stops(self) -> bool:
        """Whether a push must be taken back for it."""
        return not self.passed and not self.tolerated


def failed(device: str, name: str, expected: str, found: str, about: tuple[str, ...] = ()) -> Check:
    """A check that did not pass."""
    return Check(device, name, passed=False, expected=expected, found=found, about=about)
