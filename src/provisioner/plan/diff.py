"""What a driver's `compare_config` says, as data: one FileDiff per section."""

from __future__ import annotations

import re

from provisioner.plan.model import FileDiff

_HUNK = re.compile(r"@@ -(\S+) \+(\S+) @@")
CHANGED = " (changed)"
"""What `frr_config.diff` writes behind a line of which only the secret, which never shows, is another."""


def split_by_file(comparison: str) -> tuple[FileDiff, ...]:
    """A unified diff over several files, cut at its `---` headers.

    A comparison without headers (drivers of other platforms) is one FileDiff named `configuration`.
    """
    files: list[tuple[str, list[str]]] = []
    lines = comparison.split("\n")  # nothing else ends a line of config
    for number, line in enumerate(lines):
        follows = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith("--- ") and follows.startswith("+++ "):
            files.append((line.removeprefix("--- ").split(" (", 1)[0].split("\t", 1)[0].strip(), []))
        if not files:
            if not line.strip():
                continue
            files.append(("configuration", []))
        files[-1][1].append(line)
    return tuple(FileDiff(file, "\n".join(text).rstrip("\n")) for file, text in files)


def is_changed(line: str) -> bool:
    """Whether a line of a unified diff is one that is added or removed; headers are neither."""
    return line.startswith(("+", "-")) and not line.startswith(("+++ ", "--- "))


def reverse(files: tuple[FileDiff, ...]) -> tuple[FileDiff, ...]:
    """The diffs that take a change back: both sides swapped, removed lines before added ones as diff(1) writes them."""
    return tuple(FileDiff(file.file, _reversed_text(file.text)) for file in files)


def _reversed_text(text: str) -> str:
    lines = text.split("\n")
    result: list[str] = []
    # Only the first two lines can be a header: further down `--- ` is a removed line that begins with two dashes.
    if len(lines) > 1 and lines[0].startswith("--- ") and lines[1].startswith("+++ "):
        result = ["--- " + lines[1][4:], "+++ " + lines[0][4:]]
    taken: list[str] = []
    given: list[str] = []
    for line in lines[len(result) :]:
        if line[:1] == "+":
            taken.append(line[1:])
        elif line[:1] == "-":
            given.append(line[1:])
        else:
            result += _swapped(taken, given)
            taken, given = [], []
            result.append(_HUNK.sub(r"@@ -\2 +\1 @@", line) if line.startswith("@@") else line)
    return "\n".join([*result, *_swapped(taken, given)])


def _swapped(taken: list[str], given: list[str]) -> list[str]:
    """A run of changed lines the other way round; the mark of a changed secret stays on the line that comes."""
    for number, line in enumerate(taken):
        plain = line.removesuffix(CHANGED)
        if plain != line and plain in given:
            taken[number] = plain
            given[given.index(plain)] = line
    return [*(f"-{line}" for line in taken), *(f"+{line}" for line in given)]
