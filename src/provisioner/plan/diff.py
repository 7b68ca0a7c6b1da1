"""What a driver's `compare_config` says, as data: one FileDiff per section."""

from __future__ import annotations

from provisioner.plan.model import FileDiff


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
