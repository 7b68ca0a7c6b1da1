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
_ALIKE: Final = 0.6
"""Lines that share less than this are shown as different ones: marks all over a line help nobody."""

_TAB_COLUMNS: Final = 4
"""nft indents with tabs; eight columns would push its rules off the screen."""

_MOST_LINES: Final = 60
"""A longer run of changed lines is a rewrite: looking for counterparts takes long and shows nothing."""

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

    A line that went and the line that came in its place are found by likeness; the words that differ are set off.
    """
    runs = [(sign, list(run)) for sign, run in groupby(lines, key=lambda line: line[:1])]
    for number, (sign, run) in enumerate(runs):
        texts = [_line(line) for line in run]
        if sign == "-" and number + 1 < len(runs) and runs[number + 1][0] == "+":
            for one, other in _counterparts(run, runs[number + 1][1]):
                _mark_differences(texts[one], _line(runs[number + 1][1][other]))
        elif sign == "+" and number and runs[number - 1][0] == "-":
            for one, other in _counterparts(runs[number - 1][1], run):
                _mark_differences(_line(runs[number - 1][1][one]), texts[other])
        for text in texts:
            # Here, and after the marks are set: a console forgets the tab size of a text.
            text.expand_tabs(_TAB_COLUMNS)
            yield text


def _counterparts(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Which removed line became which added line, by their positions; both in order, each used once."""
    if max(len(old), len(new)) > _MOST_LINES:
        return
    words = [_WORD.findall(line[1:]) for line in new]
    start = 0
    for position, line in enumerate(old):
        matcher = difflib.SequenceMatcher(None, autojunk=False)
        matcher.set_seq2(_WORD.findall(line[1:]))
        best, found = _ALIKE, None
        for candidate in range(start, len(new)):
            matcher.set_seq1(words[candidate])
            if matcher.quick_ratio() > best and matcher.ratio() > best:
                best, found = matcher.ratio(), candidate
        if found is not None:
            yield position, found
            start = found + 1


def _line(line: str) -> Text:
    line = visible(line)
    hunk = _HUNK.fullmatch(line)
    if hunk:
        return Text.assemble((hunk[1], STYLES["@"]), (hunk[2], "bold"))
    return Text(line, style=STYLES.get(line[:1], ""))


def _mark_differences(before: Text, after: Text) -> None:
    """Set off the words in which two lines differ."""
    words, others = _WORD.findall(before.plain[1:]), _WORD.findall(after.plain[1:])
    for what, start, end, other_start, other_end in difflib.SequenceMatcher(
        a=words, b=others, autojunk=False
    ).get_opcodes():
        if what != "equal":
            _mark(before, words, start, end)
            _mark(after, others, other_start, other_end)


def _mark(text: Text, words: Sequence[str], start: int, end: int) -> None:
    """Set words off in a line; one column further because of the sign."""
    begin = 1 + sum(map(len, words[:start]))
    text.stylize("bold reverse", begin, begin + sum(map(len, words[start:end])))
