"""Which line of which template wrote a line of config. Slower than rendering, and asked for a few routers at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from frr_config.document import MARKER

_OPEN, _CLOSE = "\ue000", "\ue001"
"""Around a place, in the text that a traced template gives: characters of a private use area, which no config has."""
_MARK: Final = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")


class Tracing(Extension):
    """Writes before each piece of template text where it stands."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """See jinja2.ext.Extension."""
        for token in stream:
            if token.type != "data":
                yield token
                continue
            pieces = token.value.split("\n")
            marked = "\n".join(
                f"{_OPEN}{stream.name}:{token.lineno + number}{_CLOSE}{piece}" for number, piece in enumerate(pieces)
            )
            yield Token(token.lineno, "data", marked)


def section_lines(text: str) -> Iterator[tuple[str, str]]:
    """The lines of a config document that say anything, each with the section that it is in."""
    file = ""
    for line in text.split("\n"):
        if line.startswith(MARKER):
            file = line.removeprefix(MARKER).strip()
        elif line.strip():
            yield file, line


def untraced(line: str) -> tuple[str, str]:
    """A line of a text that a traced environment gave.

    Returns:
        The line as a plain rendering has it; template and line, `frr/edge/frr.j2:41`, or empty where no template text is in it.
    """
    return _MARK.sub("", line), _place(line)


def _place(line: str) -> str:
    """Of the marks before the first character the last one: those before it are of template lines that gave no text."""
    found = ""
    position = 0
    for mark in _MARK.finditer(line):
        if found and line[position : mark.start()]:
            break
        found, position = mark[1], mark.end()
    return found
