"""What a configuration names and does not have, and what it has and nothing names. A schema knows neither.

A router refuses most of the former at commit; here they are found before anything is sent. Groups count as what they are inherited
as: a slice names policies, lists and communities of the base.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from junos_config.paths import Path, canonical
from junos_config.tree import Statement

_POLICY, _PREFIXES, _PATH, _PATHS, _COMMUNITY, _POLICER = (
    "policy-statement",
    "prefix-list",
    "as-path",
    "as-path-group",
    "community",
    "policer",
)
_FILTER4, _FILTER6, _CLASS, _GROUP = "filter of family inet", "filter of family inet6", "class", "group"

_DEFINITIONS: Final = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"policy-options policy-statement (\S+)", _POLICY),
        (r"policy-options prefix-list (\S+)", _PREFIXES),
        (r"policy-options as-path (\S+)", _PATH),
        (r"policy-options as-path-group (\S+)", _PATHS),
        (r"policy-options community (\S+)", _COMMUNITY),
        (r"firewall policer (\S+)", _POLICER),
        (r"firewall family inet filter (\S+)", _FILTER4),
        (r"firewall family inet6 filter (\S+)", _FILTER6),
        (r"system login class (\S+)", _CLASS),
        (r"snmp v3 vacm access group (\S+)", _GROUP),
    )
)
_USES: Final = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"protocols bgp .*(?:import|export) (\S+)$", _POLICY),
        (r"policy-options policy-statement .* from policy (\S+)$", _POLICY),
        (r"policy-options policy-statement .* from prefix-list (\S+)$", _PREFIXES),
        (r"policy-options policy-statement .* from as-path (\S+)$", _PATH),
        (r"policy-options policy-statement .* from as-path-group (\S+)$", _PATHS),
        (r"policy-options policy-statement .* from community (\S+)$", _COMMUNITY),
        (r"policy-options policy-statement .* then community (?:set|add|delete) (\S+)$", _COMMUNITY),
        (r"firewall .* from (?:source-|destination-)?prefix-list (\S+)$", _PREFIXES),
        (r"firewall .* then policer (\S+)$", _POLICER),
        (r"interfaces .* family inet6? policer (?:input|output) (\S+)$", _POLICER),
        (r"interfaces .* family inet (?:filter (?:input|output)|rpf-check fail-filter) (\S+)$", _FILTER4),
        (r"interfaces .* family inet6 (?:filter (?:input|output)|rpf-check fail-filter) (\S+)$", _FILTER6),
        (r"system login user \S+ class (\S+)$", _CLASS),
        (r"snmp v3 vacm security-to-group .* group (\S+)$", _GROUP),
    )
)
_BUILT_IN: Final = frozenset(
    (_CLASS, name) for name in ("operator", "read-only", "super-user", "superuser", "unauthorized")
)
"""Login classes that every router has ("Login Classes Overview")."""


@dataclass(frozen=True, slots=True, order=True)
class Named:
    """Something with a name: `prefix-list 16PK00-own4`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def undefined(statements: Iterable[Statement]) -> tuple[Named, ...]:
    """What is named and is not there."""
    lines = _lines(statements)
    missing = _found(lines, _USES) - _found(lines, _DEFINITIONS)
    return tuple(sorted(each for each in missing if (each.kind, each.name) not in _BUILT_IN))


def unused(statements: Iterable[Statement]) -> tuple[Named, ...]:
    """What is there and is not named: a filter that nothing applies."""
    lines = _lines(statements)
    return tuple(sorted(_found(lines, _DEFINITIONS) - _found(lines, _USES)))


def _lines(statements: Iterable[Statement]) -> tuple[str, ...]:
    return tuple(" ".join(_inherited(path)) for path in canonical(statements))


def _inherited(path: Path) -> Path:
    return path[2:] if path[0] == "groups" else path


def _found(lines: Iterable[str], patterns: Iterable[tuple[re.Pattern[str], str]]) -> set[Named]:
    return set(_matches(lines, tuple(patterns)))


def _matches(lines: Iterable[str], patterns: tuple[tuple[re.Pattern[str], str], ...]) -> Iterator[Named]:
    for line in lines:
        for pattern, kind in patterns:
            match = pattern.match(line)
            if match is not None:
                yield Named(kind, match[1])
