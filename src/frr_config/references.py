"""FRR objects that are referred to but not defined: FRR takes them silently, and a filter that is not there filters nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable

from frr_config.document import FRR, ConfigSyntaxError
from frr_config.secrets import redact
from frr_config.tree import Node

_DEFINITIONS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("ip prefix-list", r"ip prefix-list (\S+) "),
        ("ipv6 prefix-list", r"ipv6 prefix-list (\S+) "),
        ("route-map", r"route-map (\S+) (?:permit|deny) \d+"),
        ("as-path access-list", r"bgp as-path access-list (\S+) "),
        ("community-list", r"bgp community-list (?:standard |expanded )?(\S+) "),
        ("large-community-list", r"bgp large-community-list (?:standard |expanded )?(\S+) "),
        ("extcommunity-list", r"bgp extcommunity-list (?:standard |expanded )?(\S+) "),
        ("access-list", r"(?:ip |ipv6 )?access-list (\S+) "),
        ("peer-group", r"neighbor (\S+) peer-group$"),
        ("bfd profile", r"profile (\S+)"),
        ("vrf", r"vrf (\S+)"),
    )
)

_USES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (
            "route-map",
            (
                r"(?:neighbor|network|redistribute|aggregate-address|table-map|default-information|import vrf|ip nht"
                r"|ip protocol|ipv6 protocol|neighbor \S+ default-originate).* route-map (\S+)"
            ),
        ),
        ("route-map", r"neighbor \S+ (?:unsuppress-map|advertise-map|exist-map|non-exist-map) (\S+)"),
        ("route-map", r"call (\S+)"),
        ("as-path access-list", r"neighbor \S+ filter-list (\S+) (?:in|out)"),
        ("as-path access-list", r"match as-path (\S+)"),
        ("access-list", r"neighbor \S+ distribute-list (\S+) (?:in|out)"),
        ("ip prefix-list", r"match ip (?:address|next-hop|route-source) prefix-list (\S+)"),
        ("ipv6 prefix-list", r"match ipv6 (?:address|next-hop) prefix-list (\S+)"),
        ("access-list", r"match (?:ip|ipv6) address (?!prefix-l)(\S+)"),
        ("community-list", r"match community (\S+)"),
        ("large-community-list", r"match large-community (\S+)"),
        ("extcommunity-list", r"match extcommunity (\S+)"),
        ("peer-group", r"neighbor \S+ peer-group (\S+)"),
        ("bfd profile", r"neighbor \S+ bfd profile (\S+)"),
    )
)

_NEIGHBOR_LIST = re.compile(r"neighbor \S+ prefix-list (\S+) (?:in|out)")


def undefined(nodes: Iterable[Node]) -> list[ConfigSyntaxError]:
    """One fault per line that refers to an object that the same config does not define."""
    nodes = tuple(nodes)
    defined = set(_defined(nodes))
    return [
        ConfigSyntaxError(FRR, node.first, f"{kind} {name} is not defined: {redact(node.line)}")
        for node, kind, name in _used(nodes, "")
        if (kind, name) not in defined
    ]


def shown(line: str) -> str:
    """A config line as it may appear in a message."""
    return redact(line)


def _defined(nodes: Iterable[Node]) -> Iterable[tuple[str, str]]:
    for node in nodes:
        for kind, pattern in _DEFINITIONS:
            match = pattern.match(node.line)
            if match:
                yield kind, match[1]
        yield from _defined(node.children)


def _used(nodes: Iterable[Node], family: str) -> Iterable[tuple[Node, str, str]]:
    for node in nodes:
        match = _NEIGHBOR_LIST.match(node.line)
        if match:
            yield node, f"{'ipv6' if 'ipv6' in family else 'ip'} prefix-list", match[1]
        for kind, pattern in _USES:
            match = pattern.match(node.line)
            if match:
                yield node, kind, match[1]
        yield from _used(node.children, node.line if node.line.startswith("address-family") else family)
