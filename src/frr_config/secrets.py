"""Secrets in FRR lines: where they stand, and lines that can be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping

PLACEHOLDER = "<secret>"

_SECRETS = re.compile(
    r"^(?P<before>\s*(?:no )?(?:"
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
    r") )(?P<secret>\S+)(?P<after>.*)$"
)


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
    match = _SECRETS.match(line)
    if match is None:
        return line
    return f"{match['before']}{names.get(match['secret'], PLACEHOLDER)}{match['after']}"


def holds_secret(line: str) -> bool:
    """Whether a line holds a secret."""
    return _SECRETS.match(line) is not None
