"""A unified diff as coloured lines: what was taken away, what came in its place, and which words of it differ."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from rich.text import Text

from provisioner.report.wording import visible

STYLES: Final = {"+": "green", "-": "red", "@": "cyan", "\\": "dim"}
"""The style of a line by its first character; context lines keep the terminal's own."""

_WORD: Final = re.compile(r"\s+|[^\s.:/,;{}()\[\]\"]+|.")
_ALIKE: Final = 0.5
"""Lines that share less than this are shown as different ones: marks all over a line help nobody."""

_HUNK: Final = re.compile(r"(@@.*?@@)(.*)")


def lines_of(diff: str) -> list[str]:
    """The lines of a diff, cut at line feeds alone: a form feed in a description begins no line of its own."""
    return diff.removesuffix("\n").split("\n") if diff else []


def is_header(line: str, follows: str) -> bool:
    """Whether a line and the next are the header of a file's diff."""
    return line.startswith("--- ") and follows.startswith("+++ ")


def body(diff: str) -> list[str]:
    """The lines of one file's diff without its header."""
    lines = lines_of(diff)
    return lines[2:] if len(lines) > 1 and is_header(lines[0], lines[1]) else lines


def coloured(lines: Sequence[str]) -> Iterator[Text]:
    """Each line of a diff's body as styled text, harmless to a terminal; tabs become four columns.

    Where as many lines went as came, they are paired, and the words that differ are set off.
    """
    runs = [(sign, list(run)) for sign, run in groupby(lines, key=lambda line: line[:1])]
    position = 0
    while position < len(runs):
        sign, run = runs[position]
        follows, other = runs[position + 1] if position + 1 < len(runs) else ("", [])
        if (sign, follows) == ("-", "+") and len(run) == len(other):
            pairs = [_pair(old, new) for old, new in zip(run, other, strict=True)]
            yield from (old for old, _ in pairs)
            yield from (new for _, new in pairs)
            position += 2
            continue
        yield from map(_line, run)
        position += 1


def _line(line: str) -> Text:
    line = visible(line)
    hunk = _HUNK.fullmatch(line)
    if hunk:
        return Text.assemble((hunk[1], STYLES["@"]), (hunk[2], "bold"), tab_size=4)
    return Text(line, style=STYLES.get(line[:1], ""), tab_size=4)


def _pair(old: str, new: str) -> tuple[Text, Text]:
    before, after = _line(old), _line(new)
    words, others = _WORD.findall(before.plain[1:]), _WORD.findall(after.plain[1:])
    matcher = difflib.SequenceMatcher(None, words, others, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return before, after
    for what, start, end, other_start, other_end in matcher.get_opcodes():
        if what != "equal":
            _mark(before, words, start, end)
            _mark(after, others, other_start, other_end)
    return before, after


def _mark(text: Text, words: Sequence[str], start: int, end: int) -> None:
    """Set words off in a line; one column further because of the sign."""
    begin = 1 + sum(map(len, words[:start]))
    text.stylize("bold reverse", begin, begin + sum(map(len, words[start:end])))
