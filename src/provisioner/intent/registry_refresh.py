"""A registry's data file made anew from IANA's CSV: refused where that is empty, much smaller, or would refuse half the internet. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from provisioner.intent.special_purpose import Registry, RegistryError, Snapshot, asns_of, prefixes_of, read

KEPT_PERCENT: Final = 80
"""A registry grows by a row or two a year and loses hardly any: one that has lost more than a fifth was cut off on the way."""
SHORTEST: Final = {4: 4, 6: 7}
"""Prefix lengths of the largest blocks that are special, 240.0.0.0/4 and fc00::/7: a shorter one is a mistake."""
_PREFIX_COLUMN: Final = "Address Block"
_ASN_COLUMN: Final = "AS Number"


@dataclass(frozen=True, slots=True)
class Renewed:
    """A registry's new data file.

    Attributes:
        registry: Which one.
        text: The file.
        added: Blocks or AS numbers that were not in it, as they are written.
        gone: Those that no longer are.
    """

    registry: Registry
    text: str
    added: tuple[str, ...]
    gone: tuple[str, ...]


def recognised(table: str) -> Registry:
    """Which registry a CSV of IANA's is. Raises RegistryError."""
    header, _, rest = table.lstrip("\ufeff").partition("\n")
    if header.startswith(_ASN_COLUMN):
        return Registry.ASNS
    if not header.startswith(_PREFIX_COLUMN):
        raise RegistryError(f"the first column is neither {_PREFIX_COLUMN!r} nor {_ASN_COLUMN!r}")
    return Registry.IPV6 if ":" in rest.partition(",")[0] else Registry.IPV4


def renewed(table: str, before: str, taken: date) -> Renewed:
    """The data file of the registry that a CSV is.

    Args:
        table: What IANA publishes.
        before: The data file as it is now.
        taken: The day on which it was published or fetched.

    Raises:
        RegistryError: it is none, or it must not take the place of what is there.
    """
    registry = recognised(table)
    old = read(registry, before)
    rows = table.lstrip("\ufeff").replace("\r\n", "\n").rstrip("\n") + "\n"
    if registry is Registry.ASNS:
        asns = asns_of(rows)
        _not_shrunk(len(old.asns), len(asns))
        was, now = _asns(old), tuple(f"{each.first}-{each.last}" for each in asns)
    else:
        version = 4 if registry is Registry.IPV4 else 6
        prefixes = prefixes_of(rows, version)
        _not_shrunk(len(old.prefixes), len(prefixes))
        for each in prefixes:
            if not each.reachable and each.network.prefixlen < SHORTEST[version]:
                raise RegistryError(f"{each.network} is larger than any block that is special")
        was, now = _blocks(old), tuple(f"{each.network}{_said(each.reachable)}" for each in prefixes)
    if taken < old.taken:
        raise RegistryError(f"it is of {taken}, and the one that is there of {old.taken}")
    return Renewed(
        registry,
        f"# {old.source}\n# {taken.isoformat()}\n{rows}",
        tuple(each for each in now if each not in was),
        tuple(each for each in was if each not in now),
    )


def _asns(snapshot: Snapshot) -> tuple[str, ...]:
    return tuple(f"{each.first}-{each.last}" for each in snapshot.asns)


def _blocks(snapshot: Snapshot) -> tuple[str, ...]:
    return tuple(f"{each.network}{_said(each.reachable)}" for each in snapshot.prefixes)


def _said(reachable: bool) -> str:
    return " (reachable)" if reachable else ""


def _not_shrunk(before: int, after: int) -> None:
    if after * 100 < before * KEPT_PERCENT:
        raise RegistryError(f"it has {after} rows, and the one that is there {before}: it looks cut off")
