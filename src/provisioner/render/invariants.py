"""What every rendered config must hold, whatever a template says. Judged on the parsed text, never on the context it came from.

A template that loses a guard still renders, loads and carries traffic: nothing else would notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from frr_config.tree import Node, paths
from provisioner.render import sections
from provisioner.render.sections import Part

_GUARDS: Final = (
    ("password", "authentication (RFC 2385)"),
    ("ttl-security hops 1", "TTL check (RFC 5082)"),
    ("local-role", "role (RFC 9234)"),
    ("bfd", "liveness detection (RFC 5880)"),
    ("description", "description"),
)
"""Lines that every external session has, each `neighbor ADDRESS <line>`."""

_FAMILY_GUARDS: Final = (
    (r"prefix-list \S+ in", "prefix filter inward (RFC 7454)"),
    (r"prefix-list \S+ out", "prefix filter outward (RFC 7454)"),
    (r"route-map \S+ in", "policy inward (RFC 8212)"),
    (r"route-map \S+ out", "policy outward (RFC 8212)"),
    (r"maximum-prefix \d+ (?:\d+ )?force", "maximum-prefix (RFC 7454)"),
)
_HOOKS: Final = ("prerouting", "input", "forward")
"""Hooks at which every router drops what no rule accepts."""
_REFERENCE: Final = re.compile(r"(prefix-list|route-map) (\S+)")
_DEFINITION: Final = re.compile(r"(?:ip |ipv6 )?(prefix-list|route-map) (\S+) ")


@dataclass(frozen=True, slots=True)
class Violation:
    """What is missing, and where: a neighbor, a chain, an interface."""

    where: str
    what: str


def violations(text: str) -> tuple[Violation, ...]:
    """What a full config document (an edge router's, or base and slices of an aggregation router) lacks; empty where all is there.

    Raises:
        frr_config.document.ConfigSyntaxError: the text is not a config document.
    """
    whole = sections.read(text)
    return (
        *_sessions(whole),
        *_references(whole),
        *_prefix_lists(whole),
        *_chains(whole),
        *_slices(whole),
        *_both_families(whole),
    )


def _sessions(whole: Part) -> Iterator[Violation]:
    for router in whole.nodes:
        if not router.line.startswith("router bgp "):
            continue
        own = router.line.split()[2]
        lines = [path[-1] for path in paths(router.children)]
        if "no bgp ebgp-requires-policy" in lines:
            yield Violation(router.line, "RFC 8212 is switched off")
        if "no bgp default ipv4-unicast" not in lines:
            yield Violation(router.line, "families are on unless switched off")
        for line in lines:
            if match := re.fullmatch(r"neighbor (\S+) remote-as (\S+)", line):
                yield from _session(match[1], lines, external=match[2] != own)


def _session(neighbor: str, lines: Iterable[str], *, external: bool) -> Iterator[Violation]:
    start = f"neighbor {neighbor} "
    about = [line.removeprefix(start) for line in lines if line.startswith(start)]
    for guard, what in _GUARDS if external else ():
        if not any(line.startswith(guard) for line in about):
            yield Violation(f"neighbor {neighbor}", f"no {what}")
    for pattern, what in _FAMILY_GUARDS:
        needed = external or pattern.startswith("route-map")
        if needed and not any(re.fullmatch(pattern, line) for line in about):
            yield Violation(f"neighbor {neighbor}", f"no {what}")
    if "activate" not in about:
        yield Violation(f"neighbor {neighbor}", "not activated in any family")


def _references(whole: Part) -> Iterator[Violation]:
    """FRR takes an undefined list or route-map without a word (`bgpd -C` too)."""
    defined = {(match[1], match[2]) for node in whole.nodes if (match := _DEFINITION.match(f"{node.line} "))}
    for path in paths(whole.nodes):
        if len(path) > 1:
            for kind, name in _REFERENCE.findall(path[-1]):
                if (kind, name) not in defined:
                    yield Violation(path[-1], f"{kind} {name} is not defined")


def _prefix_lists(whole: Part) -> Iterator[Violation]:
    """Explicit numbers (FRRouting/frr#12088); what comes from a location matches exactly, never `le`."""
    for node in whole.nodes:
        if " prefix-list " not in node.line:
            continue
        if " seq " not in node.line:
            yield Violation(node.line, "no sequence number")
        if re.search(r"prefix-list \d{2}[A-Z]{2}\d{2}-in", node.line) and re.search(r" (?:le|ge) \d+", node.line):
            yield Violation(node.line, "accepts more than the location's own prefixes")
    for node in whole.nodes:
        if node.line.startswith("route-map ") and " permit " in node.line and not _matches(node):
            yield Violation(node.line, "permits whatever comes")


def _matches(node: Node) -> bool:
    return any(child.line.startswith("match ") for child in node.children)


def _chains(whole: Part) -> Iterator[Violation]:
    rules = {(entry.name): entry.lines for table in whole.tables for entry in table.entries if entry.kind == "chain"}
    for hook in _HOOKS:
        heads = [line for lines in rules.values() for line in lines if f"hook {hook} " in line]
        if not any(line.endswith("policy drop;") for line in heads):
            yield Violation(f"hook {hook}", "no chain that drops by default")
    for name, lines in rules.items():
        for line in lines:
            if "dport 22 " in line and not re.match(r'iifname "mgmt0" ip saddr \S+ tcp dport 22 accept', line):
                yield Violation(f"chain {name}", f"SSH from elsewhere than the management networks: {line}")
            if re.search(r"port (?:179|\{ 3784, 4784 \}) ", line) and " saddr " not in line:
                yield Violation(f"chain {name}", f"a routing protocol from any source: {line}")
            if "log prefix" in line and "limit rate" not in line:
                yield Violation(f"chain {name}", f"log without limit: {line}")
        if re.match(r"from_(?!uplink$)", name) and not _refuses(lines):
            yield Violation(f"chain {name}", "sources are not checked")
        if name.startswith("to_") and not _refuses(lines):
            yield Violation(f"chain {name}", "what passes is not checked")


def _refuses(lines: tuple[str, ...]) -> bool:
    return bool(lines) and lines[-1] in {"drop", "goto spoofed"} and "accept" not in lines


def _slices(whole: Part) -> Iterator[Violation]:
    for code, part in sections.by_owner(whole).items():
        if code == sections.BASE:
            continue
        chains = {entry.name for table in part.tables for entry in table.entries if entry.kind == "chain"}
        for kind in ("control", "from", "to"):
            if f"{kind}_{code}" not in chains:
                yield Violation(code, f"no chain {kind}_{code}")
            for interface in part.stanzas:
                if ("inet", "filter", f"uplink_{kind}", f'"{interface}"') not in part.elements:
                    yield Violation(code, f"{interface} is not in map uplink_{kind}")
        if not part.neighbors:
            yield Violation(code, "no BGP session")


def _both_families(whole: Part) -> Iterator[Violation]:
    """IPv6 has what IPv4 has: addresses on the same interfaces, rules for the same sources, as many sessions."""
    for name, stanza in whole.stanzas.items():
        addresses = re.findall(r"address (\S+)", stanza)
        is_public_or_management = name in {"lo", "mgmt0"}
        if addresses and not is_public_or_management and len({":" in each for each in addresses}) == 1:
            yield Violation(f"interface {name}", "one address family alone")
    neighbors = {":" in neighbor for neighbor in whole.neighbors}
    if len(neighbors) == 1:
        yield Violation("router bgp", "sessions of one address family alone")
    for table in whole.tables:
        for entry in table.entries:
            families = {
                line.split(" saddr", 1)[0].rsplit(" ", 1)[-1] for line in entry.lines if " saddr " in f" {line}"
            }
            if entry.name.startswith(("from_", "to_", "control_")) and len(families) == 1:
                yield Violation(f"chain {entry.name}", f"rules for {families.pop()} alone")
