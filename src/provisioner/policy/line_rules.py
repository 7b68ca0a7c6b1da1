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

_ENTRY: Final = re.compile(r"(?:ip|ipv6) prefix-list \S+ (?!seq \d+ |description )")


def logs_limited(judged: Judged) -> Iterator[Said]:
    """A log that whoever sends packets can fill keeps a router from writing anything else."""
    for table in judged.own.tables:
        for entry in table.entries:
            for line in entry.lines if entry.kind == "chain" else ():
                said = _QUOTED.sub('""', line)
                if _LOGS.search(said) and not _LIMITED.search(said):
                    yield f"chain {entry.name}", f"it logs without a limit: {line.strip()}"


def entries_numbered(judged: Judged) -> Iterator[Said]:
    """FRR deletes an entry without a number and adds it anew where one is changed: for a moment the filter is another one."""
    for node in judged.own.nodes:
        if _ENTRY.match(node.line):
            yield node.line, "an entry without a sequence number: a change of it opens or shuts the filter for a moment"
