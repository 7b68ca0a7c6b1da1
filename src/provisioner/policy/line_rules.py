"""What single lines must say, whatever they let through: things that only tell on a bad day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from provisioner.policy.subject import Judged, Said

_QUOTED: Final = re.compile(r'"[^"]*"')
_LOGS: Final = re.compile(r"\blog\b")
_LIMITED: Final = re.compile(r"\blimit rate (?!over\b)[^\n]*\blog\b")
"""In this order: a rule is carried out from left to right, and `over` turns the limit around (nft(8))."""

_COPIES: Final = re.compile(r"\blog\b.* (?:group|snaplen|queue-threshold|flags)\b")
"""nft(8), LOG STATEMENT: `group` sends packets to a listener (NFLOG), `snaplen` how much of each; `flags` adds hardware addresses."""

_LETS_PASS: Final = re.compile(r"\b(?:accept|goto|jump|return|vmap)\b")
_REFUSES: Final = re.compile(r"\b(?:drop|reject)\b")

_ENTRY: Final = re.compile(r"(?:ip|ipv6) prefix-list \S+ (?!seq \d+ |description )")


def logs_limited(judged: Judged) -> Iterator[Said]:
    """A log that whoever sends packets can fill keeps a router from writing anything else."""
    for table in judged.own.tables:
        for entry in table.entries:
            for line in entry.lines if entry.kind == "chain" else ():
                said = _QUOTED.sub('""', line)
                if _LOGS.search(said) and not _LIMITED.search(said):
                    yield f"chain {entry.name}", f"it logs without a limit: {line.strip()}"


def nothing_passing_logged(judged: Judged) -> Iterator[Said]:
    """A log of what is let through is a record of who talked with whom, and so personal data (AVG, article 4)."""
    for table in judged.own.tables:
        for entry in table.entries:
            lines = [_QUOTED.sub('""', line) for line in entry.lines] if entry.kind == "chain" else []
            for number, line in enumerate(lines):
                if _LOGS.search(line) and (why := _passes_log(line, lines, number)):
                    yield f"chain {entry.name}", f"{why}: {entry.lines[number].strip()}"


def _passes_log(line: str, lines: list[str], number: int) -> str:
    """What is wrong with a rule that logs; empty where it logs the heads of what is refused, and nothing else."""
    if _COPIES.search(line):
        return "it hands over copies of packets, or more of them than who refused what"
    if _LETS_PASS.search(line):
        return "what it logs is let through"
    if _REFUSES.search(line):
        return ""
    if any(_LETS_PASS.search(later) for later in lines[number + 1 :]):
        return "what it logs may be let through by a later rule"
    is_dropped = "policy drop;" in lines[0] or any(later.strip() in {"drop", "reject"} for later in lines[number + 1 :])
    return "" if is_dropped else "what it logs may be let through at the end of the chain"


def entries_numbered(judged: Judged) -> Iterator[Said]:
    """FRR deletes an entry without a number and adds it anew where one is changed: for a moment the filter is another one."""
    for node in judged.own.nodes:
        if _ENTRY.match(node.line):
            yield node.line, "an entry without a sequence number: a change of it opens or shuts the filter for a moment"
