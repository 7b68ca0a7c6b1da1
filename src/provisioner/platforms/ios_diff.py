"""What changes between two IOS configs, as a unified-style diff that a person can approve; secrets never show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from provisioner.platforms.ios_secrets import substitute
from provisioner.platforms.ios_text import Line
from provisioner.secrets import PLACEHOLDER, redact_tokens

FILE = "configuration"


def compare(before: Sequence[Line], after: Sequence[Line], names: tuple[str, str]) -> str:
    """The diff of two canonical trees; empty where they are equal. Each changed line stands in its context."""
    hunks: list[str] = []
    loose: list[str] = []
    for old, new in _pairs(before, after):
        lines = list(_changed(old, new, 0))
        shown = new or old
        if shown is not None and shown.children:
            hunks += [f"@@ {_shown(shown.text)} @@", *lines] if lines else []
        else:
            loose += lines
    if loose:
        hunks = ["@@ global @@", *loose, *hunks]
    if not hunks:
        return ""
    return "\n".join([f"--- {FILE} ({names[0]})", f"+++ {FILE} ({names[1]})", *_marked(hunks)])


Pair = tuple[Line | None, Line | None]


def _pairs(before: Sequence[Line], after: Sequence[Line]) -> Iterator[Pair]:
    """Lines that are the same by their own text, in order; what is on one side alone beside nothing."""
    matcher = SequenceMatcher(None, [line.text for line in before], [line.text for line in after], autojunk=False)
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        if kind == "equal":
            yield from zip(before[start:end], after[other_start:other_end], strict=True)
            continue
        yield from ((line, None) for line in before[start:end])
        yield from ((None, line) for line in after[other_start:other_end])


def _changed(old: Line | None, new: Line | None, depth: int) -> Iterable[str]:
    pad = " " * depth
    if old is not None and new is not None:
        inside = [line for pair in _pairs(old.children, new.children) for line in _changed(*pair, depth + 1)]
        return [f" {pad}{_shown(new.text)}", *inside] if inside else []
    sign, line = ("-", old) if old is not None else ("+", new)
    return [f"{sign}{text}" for text in _all(line, depth)] if line is not None else []


def _all(line: Line, depth: int) -> Iterator[str]:
    yield " " * depth + _shown(line.text)
    for child in line.children:
        yield from _all(child, depth + 1)


def _shown(text: str) -> str:
    return substitute(redact_tokens(text), {})


def _marked(lines: Sequence[str]) -> list[str]:
    """An added line that differs from one that goes by its secret alone says that it changed."""
    gone = {line[1:] for line in lines if line.startswith("-") and PLACEHOLDER in line}
    return [f"{line} (changed)" if line.startswith("+") and line[1:] in gone else line for line in lines]
