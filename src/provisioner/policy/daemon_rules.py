"""What the services of the management plane must do: be asked by nobody but the management networks, and nothing in clear. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from frr_config import plain
from provisioner.policy.ssh_rules import is_asked
from provisioner.policy.subject import Judged, Said

_OPEN: Final = re.compile(
    r"\s*(r[ow]community6?|com2sec6?|com2secunix|group|access|authcommunity|trapcommunity|trap2?sink|informsink|rwuser|proxy|pass\S*|extend\S*|exec|sh"
    r"|master|agentXSocket|include\S*|smuxpeer|perl\S*|dlmod)\b"
)
"""Words of snmpd.conf(5) for versions 1 and 2c, for writing, for programs, and for what stands elsewhere."""

_MEANT: Final = frozenset({"agentaddress", "engineID", "sysName", "sysServices", "view", "createUser", "rouser"})
_CLIENT: Final = ("port 0", "cmdport 0")
"""chrony.conf(5): it answers nobody, and is commanded by its own socket alone."""


def readable_by_few(judged: Judged) -> Iterator[Said]:
    """SNMP: version 3 alone, signed and encrypted, reading alone, on the management address alone."""
    if not is_asked(judged):
        return
    text, snmp = judged.part.files.get(plain.SNMPD, ""), judged.fleet.service.management.snmp
    if snmp is None:
        if text:
            yield plain.SNMPD, "the inventory has nobody who reads it"
        return
    if not text:
        yield plain.SNMPD, "there is none, though the inventory has somebody who reads it"
        return
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    own = f"agentaddress udp:{_address(judged)}:161"
    if own not in lines:
        yield "agentaddress", f"is not {own.partition(' ')[2]} alone"
    for line in lines:
        yield from _line(line, own, snmp.user)
    for word in ("createUser", "rouser", "engineID"):
        if not any(line.startswith(f"{word} ") for line in lines):
            yield word, "is not there"


def _line(line: str, own: str, user: str) -> Iterator[Said]:
    word = line.split(maxsplit=1)[0]
    if word == "agentaddress" and line != own:
        yield "agentaddress", f"it listens elsewhere: {line}"
    elif word == "rouser" and not re.fullmatch(rf"rouser {user} priv -V \S+", line):
        yield "rouser", f"somebody else reads, or without encryption: {line}"
    elif word == "createUser" and not re.fullmatch(rf"createUser {user} SHA-256 \S+ AES \S+", line):
        yield "createUser", "a user of another name, or without authentication and encryption that are not weak"
    elif _OPEN.match(line) or word not in _MEANT:
        yield word, "a line that opens more, or that this check does not understand"


def _address(judged: Judged) -> str:
    if judged.location is not None:
        return str(judged.location.edge_router.management_address.ip)
    return str(judged.fleet.aggregation_router(judged.device).management_address.ip)


def told_the_time(judged: Judged) -> Iterator[Said]:
    """NTP and syslog: exactly the servers and targets of the inventory; the clock is nobody's server, and logs are limited."""
    if not is_asked(judged):
        return
    management = judged.fleet.service.management
    clock = judged.part.files.get(plain.CHRONY, "").splitlines()
    servers = [line.split()[1] for line in clock if line.startswith(("server ", "pool ", "peer "))]
    if servers != [str(each.address) for each in management.ntp]:
        yield plain.CHRONY, f"time comes from {', '.join(servers) or 'nobody'}"
    if clock:
        for line in _CLIENT:
            if line not in clock:
                yield plain.CHRONY, f"{line!r} is not there, so that it may be asked over the network"
    if any(line.startswith(("allow", "cmdallow", "bindcmdaddress")) for line in clock):
        yield plain.CHRONY, "it may be asked over the network"
    text = judged.part.files.get(plain.RSYSLOG, "")
    found = re.findall(r'target="([^"]*)" port="(\d+)" protocol="(\w+)"', text)
    if found != [(str(each.address), str(each.port), each.protocol) for each in management.syslog]:
        yield plain.RSYSLOG, f"logs go to {', '.join(each[0] for each in found) or 'nobody'}"
    actions = text.count("action(")
    for word in ("ratelimit.interval=", "ratelimit.burst=", 'queue.timeoutEnqueue="0"'):
        if text.count(word) != actions:
            yield plain.RSYSLOG, f"{word.partition('=')[0]} is not there for every target"
    if re.search(r"\b(?:imudp|imtcp|imrelp|imptcp)\b", text):
        yield plain.RSYSLOG, "it takes logs of others"
