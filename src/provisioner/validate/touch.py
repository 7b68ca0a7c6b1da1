"""Which parts of a config a change is about: the words of its changed lines, and of the stanzas that these stand in. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provisioner.plan.diff import is_changed
from provisioner.plan.model import Plan

_WORDS = re.compile(r"[^\s\"';,{}]+")
_HEADER = re.compile(r"\s*(?:auto|iface|interface|chain|set|map|route-map|router|profile)\s")


def words_touched(plan: Plan) -> frozenset[str]:
    """Every word of a line that the plan adds or removes, and of the header above it; a prefix also without its length.

    Both ends of an uplink count: a change of one is about the session of both.
    """
    words = frozenset(
        word
        for diff in plan.diffs
        for file in diff.files
        for line in _changed_with_headers(file.text)
        for word in _WORDS.findall(line)
    )
    return words | {_address(word) for word in words}


def is_touched(about: tuple[str, ...], words: frozenset[str]) -> bool:
    """Whether a check is about what a change touches; one that says nothing of what it is about is."""
    return not about or any(token in words or _address(token) in words for token in about)


def _address(word: str) -> str:
    return word.partition("/")[0]


def _changed_with_headers(text: str) -> Iterator[str]:
    header = ""
    for line in text.split("\n"):
        if line.startswith("@@"):
            header = line.rpartition("@@")[2] or line
        elif is_changed(line):
            yield header
            yield line[1:]
            if _HEADER.match(line[1:]):
                header = line[1:]
        elif _HEADER.match(line[1:]):
            header = line[1:]
