"""The config document: one text that holds a section per file of the router, and nothing about what is in a section."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from frr_config import plain

INTERFACES = "/etc/network/interfaces"
NFTABLES = "/etc/nftables.conf"
FRR = "/etc/frr/frr.conf"

TRAFFIC = plain.TRAFFIC

ALWAYS: tuple[str, ...] = (INTERFACES, NFTABLES, FRR)
"""The sections that every whole document has."""

FILES: tuple[str, ...] = (*ALWAYS, *plain.BY_PATH)
"""The sections of a document, in their order. An optional one that is empty is the same as one that is not there."""

MARKER = "#: file "
"""What a section's first line starts with; the rest of that line is the file's path."""


class ConfigSyntaxError(ValueError):
    """Text that is not what its section should hold.

    Attributes:
        file: The section, or an empty string where the document itself is wrong.
        line: Line within the section (of the document where `file` is empty), from 1; 0 where it is no one line.
        reason: What is wrong, for a person.
    """

    def __init__(self, file: str, line: int, reason: str) -> None:
        self.file, self.line, self.reason = file, line, reason
        place = f"{file or 'document'}{f' line {line}' if line else ''}"
        super().__init__(f"{place}: {reason}")


@dataclass(frozen=True, slots=True)
class Document:
    """Section texts by file; each ends in exactly one newline, or is empty.

    Attributes:
        sections: Only files of FILES; a merge candidate may hold fewer than all.
    """

    sections: Mapping[str, str]

    @property
    def text(self) -> str:
        """The document as one text, sections in the order of FILES."""
        return "".join(f"{MARKER}{file}\n{self.sections[file]}" for file in FILES if file in self.sections)

    @property
    def missing(self) -> tuple[str, ...]:
        """Sections that every whole document has, and this one has not."""
        return tuple(file for file in ALWAYS if file not in self.sections)

    def __getitem__(self, file: str) -> str:
        return self.sections[file]


def build(sections: Mapping[str, str]) -> Document:
    """A Document of texts that may end as they like."""
    texts = {file: _ended(sections[file]) for file in FILES if file in sections}
    return Document({file: text for file, text in texts.items() if text or file in ALWAYS})


def parse(text: str) -> Document:
    """Cut a document at its marker lines.

    Raises:
        ConfigSyntaxError: text before the first marker, a file that is not of FILES, or one that appears twice.
    """
    sections: dict[str, list[str]] = {}
    current: list[str] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith(MARKER):
            file = line.removeprefix(MARKER).strip()
            if file not in FILES:
                raise ConfigSyntaxError("", number, f"unknown section {file!r}; known are {', '.join(FILES)}")
            if file in sections:
                raise ConfigSyntaxError("", number, f"section {file} appears twice")
            current = sections[file] = []
        elif current is not None:
            current.append(line)
        elif line.strip():
            raise ConfigSyntaxError("", number, f"text before the first section marker ({MARKER}…)")
    return build({file: "\n".join(lines) for file, lines in sections.items()})


def _ended(text: str) -> str:
    stripped = text.strip("\n")
    return f"{stripped}\n" if stripped.strip() else ""
