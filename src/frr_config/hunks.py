"""Hunks of a line by line diff, cut where a person would cut: a chain that comes is shown from its first line to its closing brace."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_PLACE = re.compile(r"\s*(?:(?:chain|set|map|flowtable|counter) (?P<entry>\S+) \{|(?:iface|interface) (?P<iface>\S+))")
_EQUAL = "equal"


class Span(NamedTuple):
    """Lines of both texts that are the same, or in the place of each other.

    Attributes:
        tag: `equal`, `insert`, `delete` or `replace`, as difflib names them.
        old_first: The first of the old text's lines, from 0.
        old_end: Behind the last of them.
        new_first: Likewise of the new text.
        new_end: Likewise.
    """

    tag: str
    old_first: int
    old_end: int
    new_first: int
    new_end: int


def aligned(old: Sequence[str], new: Sequence[str]) -> list[Span]:
    """How one text becomes the other.

    Where lines that come or go are like those around them, there is a choice of what is called changed: the same edit may be a
    whole chain, or the end of one and the beginning of the next. The whole is taken.
    """
    spans = [Span(*code) for code in difflib.SequenceMatcher(None, old, new).get_opcodes()]
    # With nothing at both ends, every change has lines around it that it can take from.
    spans = [Span(_EQUAL, 0, 0, 0, 0), *spans, Span(_EQUAL, len(old), len(old), len(new), len(new))]
    for number, span in enumerate(spans):
        if span.tag not in {"insert", "delete"}:
            continue
        before, after = spans[number - 1], spans[number + 1]
        is_new = span.tag == "insert"
        lines, first, end = (new, *span[3:5]) if is_new else (old, *span[1:3])
        shift = _shift(lines, first, end, _size(before), _size(after))
        spans[number] = Span(span.tag, *(place + shift for place in span[1:]))
        spans[number - 1] = before._replace(old_end=before.old_end + shift, new_end=before.new_end + shift)
        spans[number + 1] = after._replace(old_first=after.old_first + shift, new_first=after.new_first + shift)
    return [span for span in spans if span.tag != _EQUAL or _size(span)]


def grouped(spans: Sequence[Span], context: int) -> Iterator[list[Span]]:
    """The spans of each hunk: changes with so many lines around them; two that share these lines are one hunk."""
    group: list[Span] = []
    for number, span in enumerate(spans):
        if span.tag != _EQUAL:
            group.append(span)
            continue
        size = _size(span)
        is_last = number + 1 == len(spans)
        if group and (is_last or size > 2 * context):
            yield [*group, _head(span, context)]
            group = []
        elif group:
            group.append(span)
        if not group and not is_last:
            group = [_tail(span, context)]
    if any(span.tag != _EQUAL for span in group):
        yield group


def hunk(group: Sequence[Span], old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """The lines of one hunk as diff(1) -u writes them, with the chain, set or interface that it begins in."""
    first, last = group[0], group[-1]
    ranges = (_range(first.old_first, last.old_end), _range(first.new_first, last.new_end))
    yield f"@@ -{ranges[0]} +{ranges[1]} @@ {_place(group, old, new)}".rstrip()
    for span in group:
        if span.tag == _EQUAL:
            yield from (f" {line}" for line in old[span.old_first : span.old_end])
            continue
        yield from (f"-{line}" for line in old[span.old_first : span.old_end])
        yield from (f"+{line}" for line in new[span.new_first : span.new_end])


def _shift(lines: Sequence[str], first: int, end: int, before: int, after: int) -> int:
    """By how many lines a run of lines that come, or go, is better told further down (or, negative, further up)."""
    up = 0
    while up < before and lines[first - 1 - up] == lines[end - 1 - up]:
        up += 1
    down = 0
    while down < after and lines[first + down] == lines[end + down]:
        down += 1
    # Of equally good ones the first: difflib's own choice, then the nearest.
    return min(sorted(range(-up, down + 1), key=abs), key=lambda shift: _awkward(lines, first + shift))


def _awkward(lines: Sequence[str], first: int) -> tuple[int, int]:
    """How little a run of lines looks like a whole: one that begins behind a blank line does, then one with the blank line before it."""
    line = lines[first]
    is_blank = not line.strip()
    begins = not is_blank and (first == 0 or not lines[first - 1].strip())
    return (0 if begins else 1 if is_blank else 2), len(line) - len(line.lstrip())


def _place(group: Sequence[Span], old: Sequence[str], new: Sequence[str]) -> str:
    """The chain, set or interface that the first change begins, or is in."""
    span = next(span for span in group if span.tag != _EQUAL)
    lines = new[span.new_first : span.new_end] or old[span.old_first : span.old_end]
    said = [line for line in lines if line.strip() and not line.startswith("auto ")]
    for line in (*said[:1], *reversed(old[: span.old_first])):
        if _PLACE.match(line):
            return line.strip().rstrip(" {")
    return ""


def _size(span: Span) -> int:
    return span.old_end - span.old_first if span.tag == _EQUAL else 0


def _head(span: Span, context: int) -> Span:
    size = min(_size(span), context)
    return span._replace(old_end=span.old_first + size, new_end=span.new_first + size)


def _tail(span: Span, context: int) -> Span:
    size = min(_size(span), context)
    return span._replace(old_first=span.old_end - size, new_first=span.new_end - size)


def _range(first: int, end: int) -> str:
    """As diff(1) -u counts: from 1; a length of 1 is left out, and of nothing the line before is told."""
    length = end - first
    if length == 1:
        return str(first + 1)
    return f"{first + 1 if length else first},{length}"
