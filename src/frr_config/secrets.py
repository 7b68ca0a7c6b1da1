"""Secrets in FRR lines: where they stand, and lines that can be shown."""

from __future__ import annotations

import re

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
    match = _SECRETS.match(line)
    return line if match is None else f"{match['before']}{PLACEHOLDER}{match['after']}"


def redact_text(text: str) -> str:
    """A text, line by line."""
    return "".join(
        redact(line.rstrip("\n")) + ("\n" if line.endswith("\n") else "") for line in text.splitlines(keepends=True)
    )


def holds_secret(line: str) -> bool:
    """Whether a line holds a secret."""
    return _SECRETS.match(line) is not None
