"""Lines of prefix-lists, as templates are given them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PrefixEntry:
    """One line of a prefix-list. `longer` is ` le N`, ` ge N` or empty for exactly this prefix."""

    seq: int
    network: str
    longer: str = ""
    action: str = "permit"
