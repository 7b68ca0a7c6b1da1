"""Secrets in lines of IOS's config: where they stand, what type 7 hides, and lines that can be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from provisioner.secrets import PLACEHOLDER

_TYPE = r"(?:(?P<type>[0-9]) )?"
_VALUE = r"(?P<secret>\S+)"
_PATTERNS: Final = tuple(
    re.compile(rf"^\s*(?:[+-]\s*)?(?:no )?{pattern}")
    for pattern in (
        rf"neighbor \S+ password {_TYPE}{_VALUE}",
        rf"(?:username \S+ .*?)?(?:password|secret) {_TYPE}{_VALUE}",
        rf"enable (?:password|secret)(?: level \d+)? {_TYPE}{_VALUE}",
        rf"snmp-server community {_VALUE}",
        rf"snmp-server host \S+ (?:(?:traps|informs|vrf \S+|version (?:1|2c|3 \S+)) )*{_VALUE}",
        r"snmp-server user \S+ \S+ .*?auth (?:md5|sha(?:-2 \d+)?) (?P<secret>\S+)(?: priv (?:des|3des|aes \d+) (?P<private>\S+))?",
        rf"(?:tacacs|radius)(?:-server)? .*?key {_TYPE}{_VALUE}",
        rf"(?:key|key-string|pre-shared-key(?: (?:local|remote))?) {_TYPE}{_VALUE}",
        rf"crypto isakmp key {_TYPE}{_VALUE}",
        rf"ip(?:v6)? ospf (?:authentication-key|message-digest-key \d+ md5) {_TYPE}{_VALUE}",
        rf"(?:ntp authentication-key \d+ \S+) {_VALUE}",
        rf"ppp (?:chap password|pap sent-username \S+ password) {_TYPE}{_VALUE}",
        rf"(?:wpa-psk ascii|standby \d+ authentication(?: md5 key-string)?) {_TYPE}{_VALUE}",
    )
)
_MASK: Final = b"dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87"
"""The key of type 7, known since 1995: it hides a password from a glance and from nobody else."""
_TYPE_7: Final = re.compile(r"(?:0[0-9]|1[0-5])(?:[0-9A-Fa-f]{2})+")


def plain(hidden: str) -> str | None:
    """What a type 7 text hides; None where it is none.

    >>> plain("0822455D0A16")
    'cisco'
    """
    if not _TYPE_7.fullmatch(hidden):
        return None
    seed, data = int(hidden[:2]), bytes.fromhex(hidden[2:])
    text = bytes(byte ^ _MASK[(seed + place) % len(_MASK)] for place, byte in enumerate(data))
    shown = text.decode("ascii", errors="replace")
    return shown if shown.isprintable() and shown.isascii() and " " not in shown else None


def revealed(line: str) -> str:
    """A line with what type 7 hides in the open: a device hides it anew, in other words, whenever it is told. Not to be shown."""
    for pattern in _PATTERNS:
        match = pattern.match(line)
        if match is None:
            continue
        value = plain(match["secret"]) if match.groupdict().get("type") == "7" else None
        return line if value is None else line[: match.start("type")] + value + line[match.end("secret") :]
    return line


def substitute(text: str, names: Mapping[str, str]) -> str:
    """A text in which every secret is replaced by what stands for it; by the placeholder where nothing does.

    Args:
        text: Lines of config.
        names: What stands for a value, by the value.
    """
    return "".join(
        _substituted(line.rstrip("\r\n"), names) + ("\n" if line.endswith("\n") else "")
        for line in re.split(r"(?<=\n)", text)
    )


def _substituted(line: str, names: Mapping[str, str]) -> str:
    for pattern in _PATTERNS:
        match = pattern.match(line)
        if match is not None:
            return _without(line, match, names)
    return line


def _without(line: str, match: re.Match[str], names: Mapping[str, str]) -> str:
    groups = match.groupdict()
    kind = groups.get("type")
    if groups.get("private"):
        start, end = match.span("private")
        line = line[:start] + names.get(groups["private"] or "", PLACEHOLDER) + line[end:]
    value = match["secret"]
    start, end = match.span("secret")
    known = plain(value) if kind == "7" else value
    shown = names.get(known or "", PLACEHOLDER)
    if kind == "7" and shown != PLACEHOLDER:
        # What stands for it is what was rendered, and that says no type.
        start = match.span("type")[0]
    return line[:start] + shown + line[end:]
