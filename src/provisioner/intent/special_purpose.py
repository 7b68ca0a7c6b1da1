"""What must not be in the internet's routing: prefixes and AS numbers, from IANA's registries as data files with source and date.

The files in `registries/` are IANA's own CSV below two lines that say where from and when; `registry_refresh` renews them. What a
registry calls globally reachable is none: AS112's space, for one. Python's `is_global` is wrong about some of it (3.11 takes
ff00::/8, 3fff::/20, 5f00::/16 and 192.88.99.0/24 for global).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

Network = IPv4Network | IPv6Network

DIRECTORY: Final = "registries"
_FOOTNOTE: Final = re.compile(r"\s*\[\d+\]")
_REACHABLE: Final = "True"
_AS112: Final = 112
"""An anycast service in use (RFC 7534): in the registry, and in the internet's routing."""

BESIDE_PREFIXES: Final[tuple[Network, ...]] = tuple(
    map(
        ip_network,
        (
            "224.0.0.0/4",  # multicast, RFC 5771: has a registry of its own
            "3ffe::/16",  # 6bone, given back, RFC 3701
            "fec0::/10",  # site-local, deprecated, RFC 3879
            "ff00::/8",  # multicast, RFC 4291
        ),
    )
)
"""What is in no special-purpose registry and is no unicast prefix of anybody (NLNOG's BGP filter guide)."""
BESIDE_ASNS: Final = ((65552, 131071),)
"""Reserved by IANA, in its registry of AS numbers (NLNOG's BGP filter guide)."""


class Registry(StrEnum):
    """IANA's registries by the names of our files."""

    IPV4 = "ipv4-special.csv"
    IPV6 = "ipv6-special.csv"
    ASNS = "special-asns.csv"


class RegistryError(ValueError):
    """A text that is no registry; it says why."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """One address block; `reachable` is what the registry says of it (RFC 8190)."""

    network: Network
    name: str
    reachable: bool


@dataclass(frozen=True, slots=True)
class AsnRange:
    """One row of the registry of AS numbers, both ends included."""

    first: int
    last: int
    name: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A registry as it was on a day.

    Attributes:
        source: Where it is published.
        taken: The day.
        prefixes: Its rows, for the registries of addresses.
        asns: Its rows, for the registry of AS numbers.
    """

    source: str
    taken: date
    prefixes: tuple[Prefix, ...] = ()
    asns: tuple[AsnRange, ...] = ()


@cache
def snapshot(registry: Registry) -> Snapshot:
    """What this program has of a registry."""
    return read(registry, files(__package__).joinpath(DIRECTORY, registry.value).read_text(encoding="utf-8"))


def read(registry: Registry, text: str) -> Snapshot:
    """A data file. Raises RegistryError."""
    first, second, table = (*text.split("\n", 2), "", "")[:3]
    if not (first.startswith("# ") and second.startswith("# ")):
        raise RegistryError("the first two lines are to say where from and when, each after `# `")
    try:
        taken = date.fromisoformat(second.removeprefix("# ").strip())
    except ValueError as error:
        raise RegistryError(f"{second!r} is no date") from error
    source = first.removeprefix("# ").strip()
    if registry is Registry.ASNS:
        return Snapshot(source, taken, asns=asns_of(table))
    return Snapshot(source, taken, prefixes=prefixes_of(table, 4 if registry is Registry.IPV4 else 6))


def prefixes_of(table: str, version: int) -> tuple[Prefix, ...]:
    """The rows of a registry of addresses, as IANA writes them. Raises RegistryError."""
    found = []
    for row in _rows(table, ("Address Block", "Name", "Globally Reachable")):
        for block in _FOOTNOTE.sub("", row["Address Block"]).split(","):
            try:
                network = ip_network(block.strip())
            except ValueError as error:
                raise RegistryError(f"{block.strip()!r} is no prefix") from error
            if network.version != version:
                raise RegistryError(f"{network} is no prefix of IPv{version}")
            reachable = _FOOTNOTE.sub("", row["Globally Reachable"] or "").strip() == _REACHABLE
            found.append(Prefix(network, row["Name"], reachable))
    return tuple(found)


def asns_of(table: str) -> tuple[AsnRange, ...]:
    """The rows of the registry of AS numbers, as IANA writes them. Raises RegistryError."""
    found = []
    for row in _rows(table, ("AS Number", "Reason for Reservation")):
        first, _, last = row["AS Number"].partition("-")
        if not (first.isdecimal() and (not last or last.isdecimal())):
            raise RegistryError(f"{row['AS Number']!r} is no AS number and no range of them")
        found.append(AsnRange(int(first), int(last or first), row["Reason for Reservation"]))
    return tuple(found)


def _rows(table: str, columns: Iterable[str]) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(table), strict=True)
    missing = [name for name in columns if name not in (reader.fieldnames or ())]
    if missing:
        raise RegistryError(f"no column {missing[0]!r}")
    try:
        rows = list(reader)
    except csv.Error as error:
        raise RegistryError(f"not CSV: {error}") from error
    for number, row in enumerate(rows, 1):
        if None in row or any(row[name] is None for name in columns):
            raise RegistryError(f"row {number} has not as many columns as the first line")
    if not rows:
        raise RegistryError("it has no rows")
    return rows


# --- what is refused --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Refused:
    """Prefixes that are refused with all that is inside, but for what is let through of it; both by address."""

    prefixes: tuple[Network, ...]
    let_through: tuple[Network, ...]

    def holds(self, network: Network) -> bool:
        """Whether a prefix is refused."""
        return _is_inside(network, self.prefixes) and not _is_inside(network, self.let_through)


@cache
def refused(version: int) -> Refused:
    """The prefixes of a family that are nobody's on the internet."""
    rows = snapshot(Registry.IPV4 if version == 4 else Registry.IPV6).prefixes  # noqa: PLR2004 - of IP
    beside = [network for network in BESIDE_PREFIXES if network.version == version]
    special = [row.network for row in rows if not row.reachable]
    reachable = [row.network for row in rows if row.reachable]
    outermost = [
        network
        for network in {*special, *beside}
        if not any(network != other and _is_inside(network, (other,)) for other in (*special, *beside))
    ]
    return Refused(
        tuple(sorted(outermost, key=_by_value)),
        tuple(sorted((network for network in reachable if _is_inside(network, outermost)), key=_by_value)),
    )


@cache
def refused_asns() -> tuple[tuple[int, int], ...]:
    """Ranges of AS numbers, both ends included, that are in no path on the internet; those that touch are one."""
    ranges = [(row.first, row.last) for row in snapshot(Registry.ASNS).asns if row.first != _AS112]
    merged: list[tuple[int, int]] = []
    for first, last in sorted((*ranges, *BESIDE_ASNS)):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def is_special_asn(asn: int) -> bool:
    """Whether an AS number is in no path on the internet."""
    return any(first <= asn <= last for first, last in refused_asns())


def _is_inside(network: Network, others: Iterable[Network]) -> bool:
    return any(
        network.version == other.version
        and network.prefixlen >= other.prefixlen
        and int(network.network_address) >> (network.max_prefixlen - other.prefixlen)
        == int(other.network_address) >> (other.max_prefixlen - other.prefixlen)
        for other in others
    )


def _by_value(network: Network) -> tuple[int, int]:
    return int(network.network_address), network.prefixlen


def overlaps_special(network: Network) -> Network | None:
    """What a prefix has in common with what is nobody's: the first such block; None where there is none."""
    special = refused(network.version)
    if _is_inside(network, special.let_through):
        return None
    return next((other for other in special.prefixes if network.overlaps(other)), None)
