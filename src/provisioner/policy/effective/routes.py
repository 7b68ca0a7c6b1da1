"""Which routes a location's sessions take and give, and how they are protected, read from FRR's config. Pure.

Clauses and facts that this module does not know are shown as they are written: a new guard appears by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from frr_config.document import FRR
from frr_config.tree import Node
from provisioner.plan.model import DeviceRole
from provisioner.policy.effective.model import Basis, Direction, Routes, Ruling, SessionFacts
from provisioner.policy.effective.origins import Origins
from provisioner.policy.routing import Family, Filters, Session
from provisioner.policy.subject import Judged

_FACTS: Final = (
    (re.compile(r"password "), "authenticated (MD5, RFC 2385)"),
    (
        re.compile(r"local-role (\S+) strict-mode$"),
        r"this end is the \1; a session without the other role is refused (RFC 9234)",
    ),
    (re.compile(r"local-role (\S+)$"), r"this end is the \1 (RFC 9234)"),
    (re.compile(r"ttl-security hops 1$"), "one hop away alone (RFC 5082)"),
    (re.compile(r"bfd$"), "watched by BFD (RFC 5880)"),
    (re.compile(r"remote-as (\S+)$"), r"AS \1 at the other end"),
)
_QUIET: Final = re.compile(r"(?:description|bfd profile|update-source|timers|activate|next-hop-self)\b")
"""What says nothing of what is accepted from whom."""

_LISTED: Final = re.compile(r"match (?:ip|ipv6) address prefix-list (\S+)$")
_ENTRY: Final = re.compile(r"(?:ip|ipv6) prefix-list \S+ (?:seq \d+ )?(permit|deny) (.+)$")
_LIST: Final = re.compile(r"(?:bgp )?(?:as-path|community|large-community|extcommunity)[a-z-]*(?: \w+)* (\S+)$")
_CLAUSE: Final = re.compile(r"route-map \S+ (permit|deny) \d+$")
_DIRECTIONS: Final = ((Direction.ACCEPTS, "in"), (Direction.ANNOUNCES, "out"))


@dataclass(frozen=True)
class RoutesOf:
    """Reads the sessions of one router.

    Attributes:
        judged: The router's config with its intent.
        origins: Where lines come from.
    """

    judged: Judged
    origins: Origins

    def routes(self) -> Iterator[Routes]:
        """What each session takes and gives."""
        for session in self._sessions:
            for family in session.families:
                for direction, word in _DIRECTIONS:
                    filters = family.inbound if word == "in" else family.outbound
                    yield Routes(
                        self.judged.device,
                        session.neighbor,
                        self._whose(session),
                        direction,
                        family.version,
                        tuple(str(each) for each in filters.passes),
                        family.maximum_prefix if word == "in" else 0,
                        tuple(self._rulings(session, family, filters, word)),
                    )

    def sessions(self) -> Iterator[SessionFacts]:
        """How each session is protected."""
        for session in self._sessions:
            facts = []
            for line in session.lines:
                said = next((match.expand(text) for form, text in _FACTS if (match := form.match(line))), "")
                if said or not _QUIET.match(line):
                    facts.append(
                        (said or line, self._basis(self._around(session), f"neighbor {session.neighbor} {line}"))
                    )
            yield SessionFacts(self.judged.device, session.neighbor, self._whose(session), tuple(facts))

    @property
    def _sessions(self) -> tuple[Session, ...]:
        """The location's own; of a base all that it has."""
        return self.judged.sessions

    def _whose(self, session: Session) -> str:
        """Who is at the other end, as the inventory knows the address."""
        judged = self.judged
        for uplink in judged.uplinks:
            if session.neighbor in {str(address) for address in judged.neighbors(uplink)}:
                there = uplink.aggregation_router if judged.role is DeviceRole.EDGE else judged.code
                return f"{there} ({uplink.role} uplink)"
        if judged.role is DeviceRole.AGGREGATION:
            core = judged.fleet.aggregation_router(judged.device).core
            if session.neighbor in {str(core.core_ipv4), str(core.core_ipv6)}:
                return "SURFnet's core"
        return f"AS {session.remote_as}, which the inventory does not name"

    def _around(self, session: Session, family: Family | None = None) -> str:
        if family is None:
            return f"router bgp {session.local_as}"
        return f"address-family ipv{family.version} unicast"

    def _basis(self, around: str, line: str) -> Basis:
        found = self.origins.basis(self.judged.device, FRR, around, line)
        if " password " in line:  # a token, never a value; and yet nobody needs it here
            return Basis(found.device, line.partition(" password ")[0] + " password …", found.template, found.intent)
        return found

    def _rulings(self, session: Session, family: Family, filters: Filters, word: str) -> Iterator[Ruling]:
        around = self._around(session, family)
        if not filters.bound:
            yield Ruling(
                accepts=True, conditions=(), basis=self._basis(around, f"neighbor {session.neighbor} activate")
            )
        for bound in filters.bound:
            kind, name = bound.split()
            if kind == "prefix-list":
                line = f"neighbor {session.neighbor} prefix-list {name} {word}"
                if bound in filters.undefined:
                    yield Ruling(
                        accepts=False, conditions=(f"{bound} is not defined",), basis=self._basis(around, line)
                    )
                for entry in self._prefix_lists.get((family.version, name), ()):
                    match = _ENTRY.match(entry)
                    said = (f"prefix {match[2]}",) if match else (entry,)
                    yield Ruling(match is None or match[1] == "permit", said, self._basis("", entry))
                continue
            for clause in self._route_maps.get(name, ()):
                matches = _CLAUSE.match(clause.line)
                conditions = tuple(self._condition(child.line) for child in clause.children)
                if not self._other_family(clause, family):
                    yield Ruling(matches is None or matches[1] == "permit", conditions, self._basis("", clause.line))

    @staticmethod
    def _other_family(clause: Node, family: Family) -> bool:
        """A clause about addresses of the other version of IP never fits."""
        other = "match ipv6 address " if family.version == 4 else "match ip address "  # noqa: PLR2004 - of IP
        return any(child.line.startswith(other) for child in clause.children)

    def _condition(self, line: str) -> str:
        """A line of a clause in words, with what the list that it names holds."""
        if match := _LISTED.match(line):
            return f"prefix in {match[1]}"
        if line.startswith("match "):
            named = _LIST.match(line.removeprefix("match "))
            entries = self._lists.get(named[1], ()) if named else ()
            held = f" ({'; '.join(entries)})" if entries else ""
            return f"{line.removeprefix('match ')}{held}"
        return line.replace("set ", "sets ", 1) if line.startswith("set ") else line

    @cached_property
    def _prefix_lists(self) -> Mapping[tuple[int, str], tuple[str, ...]]:
        found: dict[tuple[int, str], list[str]] = {}
        for node in self.judged.part.nodes:
            words = node.line.split(maxsplit=3)
            if len(words) > 3 and words[0] in {"ip", "ipv6"} and words[1] == "prefix-list":  # noqa: PLR2004 - ip prefix-list NAME …
                found.setdefault((4 if words[0] == "ip" else 6, words[2]), []).append(node.line)
        return {key: tuple(lines) for key, lines in found.items()}

    @cached_property
    def _lists(self) -> Mapping[str, tuple[str, ...]]:
        """Entries of community lists, AS-path lists and their like, by name."""
        found: dict[str, list[str]] = {}
        for node in self.judged.part.nodes:
            words = re.split(r" (?=permit |deny )", node.line, maxsplit=1)
            if len(words) == 2 and words[0].startswith("bgp "):  # noqa: PLR2004 - the list, and what it does
                name = re.sub(r" seq \d+$", "", words[0]).split()[-1]
                found.setdefault(name, []).append(words[1])
        return {name: tuple(lines) for name, lines in found.items()}

    @cached_property
    def _route_maps(self) -> Mapping[str, tuple[Node, ...]]:
        found: dict[str, list[Node]] = {}
        for node in self.judged.part.nodes:
            if node.line.startswith("route-map "):
                found.setdefault(node.line.split()[1], []).append(node)
        return {name: tuple(nodes) for name, nodes in found.items()}
