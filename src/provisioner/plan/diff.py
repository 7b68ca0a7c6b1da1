"""What a driver's `compare_config` says, as data: one FileDiff per section."""

from __future__ import annotations

import re

from provisioner.plan.model import FileDiff

_HUNK = re.compile(r"@@ -(\S+) \+(\S+) @@")


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


def reverse(files: tuple[FileDiff, ...]) -> tuple[FileDiff, ...]:
    """The diffs that take a change back: both sides swapped, removed lines before added ones as diff(1) writes them."""
    return tuple(FileDiff(file.file, _reversed_text(file.text)) for file in files)


def _reversed_text(text: str) -> str:
    lines = text.split("\n")
    result: list[str] = []
    taken: list[str] = []
    given: list[str] = []

    def flush() -> None:
        result.extend([*taken, *given])
        taken.clear()
        given.clear()

    for number, line in enumerate(lines):
        follows = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith("--- ") and follows.startswith("+++ "):
            flush()
            result += ["--- " + follows[4:], "+++ " + line[4:]]
        elif line.startswith("+++ ") and result and result[-1] == "+++ " + lines[number - 1][4:]:
            continue
        elif line.startswith("@@"):
            flush()
            result.append(_HUNK.sub(r"@@ -\2 +\1 @@", line))
        elif line[:1] == "+":
            taken.append("-" + line[1:])
        elif line[:1] == "-":
            given.append("+" + line[1:])
        else:
            flush()
            result.append(line)
    flush()
    return "\n".join(result)
