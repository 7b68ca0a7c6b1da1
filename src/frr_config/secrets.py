"""Secrets in lines of config: where they stand, and lines that can be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping

PLACEHOLDER = "<secret>"

_FRR = re.compile(
    r"^(?:\s*(?:no )?(?:"
    r"neighbor \S+ password|"
    r"(?:enable )?password(?: 8)?|"
    r"key-string|"
    r"ip (?:ospf|rip) authentication-key|ip rip authentication string|"
    r"ip ospf message-digest-key \d+ md5|area \S+ virtual-link \S+ .*(?:authentication-key|md5)|"
    r"ipv6 ospf6 authentication .* key|"
    r"(?:isis|area-password|domain-password|isis password)(?: (?:clear|md5))|"
    r"snmp-server community|"
    r"ip nhrp authentication|"
    r"rpki cache ssh \S+ \d+ \S+"
    r") )(?P<secret>\S+)"
)
_WORD = r'(?:"(?P<{0}quoted>[^"]*)"|(?P<{0}>[^"\s]\S*))'
_SNMP_USER = re.compile(
    r"^\s*createUser(?: -e \S+)? \S+ \S+ " + _WORD.format("secret_") + r"(?: \S+ " + _WORD.format("private_") + ")?"
)
_SNMP_COMMUNITY = re.compile(
    r"^\s*(?:r[ow]community6? |trapcommunity |trap2?sink \S+ |informsink \S+ |com2sec6?(?: -Cn \S+)? \S+ \S+ )(?P<secret>\S+)"
)
_SNMP_TRAP = re.compile(r"(?<=\s)-(?:c|A|X|3[mMkK]) " + _WORD.format("secret_"))
_SHADOW = re.compile(r"^[a-z_][a-z0-9_-]*:(?P<secret>[^:*!<][^:]*)(?=(?::[0-9]*){6}:$)")
"""A line of shadow(5): nine fields."""


def redact(line: str) -> str:
    """A line with its secret, if it holds one, replaced by the placeholder."""
    return _substituted(line, {})


def redact_text(text: str) -> str:
    """A text, line by line."""
    return substitute(text, {})


def substitute(text: str, names: Mapping[str, str]) -> str:
    """A text in which every secret is replaced by what stands for it; by the placeholder where nothing does.

    Args:
        text: Lines of config.
        names: What stands for a value, by the value.
    """
    return "".join(
        _substituted(line.rstrip("\n"), names) + ("\n" if line.endswith("\n") else "")
        for line in text.splitlines(keepends=True)
    )


def _substituted(line: str, names: Mapping[str, str]) -> str:
    result, place = [], 0
    for start, end in _spans(line):
        result += [line[place:start], names.get(line[start:end], PLACEHOLDER)]
        place = end
    return "".join([*result, line[place:]])


def _spans(line: str) -> list[tuple[int, int]]:
    """Where in a line secrets stand, from left to right."""
    for pattern in (_FRR, _SNMP_USER, _SNMP_COMMUNITY, _SHADOW):
        match = pattern.match(line)
        if match is not None:
            return _groups(match)
    if line.lstrip().startswith("trapsess"):
        return [span for match in _SNMP_TRAP.finditer(line) for span in _groups(match)]
    return []


def _groups(match: re.Match[str]) -> list[tuple[int, int]]:
    return sorted(match.span(name) for name, value in match.groupdict().items() if value)


def holds_secret(line: str) -> bool:
    """Whether a line holds a secret."""
    return bool(_spans(line))
