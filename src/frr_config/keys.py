"""Which FRR lines overwrite each other, and how a line is taken back; one table each, tried in order."""

from __future__ import annotations

import re

_LIST = (
    r"(?P<list>(?:ip|ipv6) prefix-list \S+|bgp as-path access-list \S+|(?:ip|ipv6|mac) access-list \S+|access-list \S+|"
    r"bgp (?:large-|ext)?community-list (?:standard|expanded) \S+)"
)

FILTER_ENTRY = re.compile(_LIST + r" seq (?P<seq>\d+) (?P<action>permit|deny)\b")
"""An entry of a numbered filter list."""
FILTER_DESCRIPTION = re.compile(r"(?P<list>(?:ip|ipv6) prefix-list \S+) description ")
ROUTE_MAP = re.compile(r"route-map (?P<name>\S+) (?P<action>permit|deny) (?P<seq>\d+)")
NEIGHBOR = re.compile(r"(?:no )?neighbor (?P<peer>\S+) (?P<rest>.+)")
NEIGHBOR_BIRTH = re.compile(
    r"neighbor (?P<peer>\S+) (?:remote-as \S+|peer-group(?: \S+)?|interface (?:remote-as|peer-group|v6only)\b.*)"
)
"""The line that makes a neighbor or peer group exist; all its other lines come after it and go with it."""

_KEYS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), key)
    for pattern, key in (
        (_LIST + r" seq (?P<seq>\d+) .*", r"\g<list> seq \g<seq>"),
        (r"((?:ip|ipv6) prefix-list \S+ description) .*", r"\1"),
        (r"route-map (\S+) (?:permit|deny) (\d+)", r"route-map \1 \2"),
        (r"(neighbor \S+ (?:prefix-list|route-map|filter-list|distribute-list)) \S+ (in|out|import|export)", r"\1 \2"),
        (r"(neighbor \S+ timers connect) .*", r"\1"),
        (r"(neighbor \S+ timers) \d.*", r"\1"),
        (r"(neighbor \S+ bfd profile) .*", r"\1"),
        (r"(neighbor \S+ bfd) \d.*", r"\1"),
        (r"(neighbor \S+ (?:bfd|capability|interface|send-community) .+)", r"\1"),
        (r"(neighbor \S+ (?!peer-group$)[\w-]+)(?: .*)?", r"\1"),
        (r"(network \S+)(?: .*)?", r"\1"),
        (r"(redistribute (?:table \S+|\S+))(?: .*)?", r"\1"),
        (r"(aggregate-address \S+)(?: .*)?", r"\1"),
        (r"(bgp (?:router-id|cluster-id|listen limit|default local-preference)) .*", r"\1"),
        (r"((?:timers|distance) bgp) .*", r"\1"),
        (r"(maximum-paths(?: ibgp)?) .*", r"\1"),
        (r"(match (?:ip|ipv6) (?:address|next-hop|route-source)(?: prefix-list| prefix-len| type)?) .*", r"\1"),
        (r"(match [\w-]+)(?: .*)?", r"\1"),
        (r"(set (?:as-path|ip|ipv6|extcommunity|vpn|l3vpn) [\w-]+)(?: .*)?", r"\1"),
        (r"set (comm-list|large-comm-list) .*", r"set \1"),
        (r"(set [\w-]+)(?: .*)?", r"\1"),
        (r"(call|on-match|continue|description|hostname|domainname)(?: .*)?", r"\1"),
        (r"(log (?:syslog|file|stdout|monitor|facility|timestamp))(?: .*)?", r"\1"),
        (r"(ipv6 nd (?:prefix|rdnss|dnssl) \S+)(?: .*)?", r"\1"),
        (r"(ipv6 nd [\w-]+)(?: .*)?", r"\1"),
        (r"(transmit-interval|receive-interval|detect-multiplier|echo transmit-interval|minimum-ttl)(?: .*)?", r"\1"),
    )
)

_UNDO: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), undo)
    for pattern, undo in (
        (r"no (.*)", r"\1"),
        (r"((?:ip|ipv6) prefix-list \S+) (description) .*", r"no \1 \2"),
        (_LIST + r" seq (?P<seq>\d+) .*", r"no \g<0>"),
        (r"(neighbor \S+ (?:description|password)) .*", r"no \1"),
        (r"(description|hostname|domainname) .*", r"no \1"),
        (r"(log (?:syslog|facility|timestamp|monitor|stdout)) .*", r"no \1"),
        (r"(.*)", r"no \1"),
    )
)


def key(line: str) -> str:
    """What a line sets. Of two lines with one key in one context, the one entered last stands."""
    bare = line.removeprefix("no ")
    for pattern, template in _KEYS:
        match = pattern.fullmatch(bare)
        if match:
            return match.expand(template)
    return bare


def undo(line: str) -> str:
    """The command that takes a line back; it repeats no secret."""
    for pattern, template in _UNDO:
        match = pattern.fullmatch(line)
        if match:
            return match.expand(template)
    raise AssertionError(line)  # pragma: no cover - the last row matches everything
