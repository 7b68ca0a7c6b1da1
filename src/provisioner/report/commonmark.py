"""Foreign text in Markdown: nothing that comes from elsewhere can become markup, a link or a mention."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Final

from provisioner.report.wording import visible

_MARKUP: Final = re.compile(r"([\\`*_\[\]<>|~&$])")
"""ASCII punctuation that Markdown (CommonMark 0.31, section 2.4) or a forge's dialect gives a meaning to in running text."""

_BLOCK: Final = re.compile(r"^( *(?:\d{1,9}(?=[.)](?: |$)))?)([-+=.)])")
"""What would begin a list or underline a heading where the text begins a line (CommonMark 0.31, sections 4.3 and 5.2)."""

_REFERENCE: Final = re.compile(r"([@#!]|:(?=//)|www(?=\.))")
"""What forges make a mention, a reference or a link of, by looking at the text between the markup; a comment parts it."""


def fenced(lines: Sequence[str]) -> list[str]:
    """A diff in a fence that is longer than any run of backticks in it (CommonMark 0.31, section 4.5)."""
    fence = "`" * max(3, 1 + _longest_run("\n".join(lines)))
    return [f"{fence}diff", *lines, fence, ""]


def code(text: str) -> str:
    """A code span whose delimiter is longer than any run of backticks in it (CommonMark 0.31, section 6.1)."""
    shown = _one_line(text)
    if not shown.strip():
        return ""
    tick = "`" * (1 + _longest_run(shown))
    pad = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) else ""
    return f"{tick}{pad}{shown}{pad}{tick}"


def text_only(text: str) -> str:
    """Running text that means only itself."""
    return _REFERENCE.sub(r"\1<!-- -->", _BLOCK.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", _one_line(text))))


def html_only(text: str) -> str:
    """As `text_only`, for the inside of an HTML element: there Markdown's own escapes show as they are (CommonMark 0.31, section 4.6)."""
    return _REFERENCE.sub(r"\1<!-- -->", html.escape(_one_line(text), quote=False))


def _one_line(text: str) -> str:
    return visible(text).replace("\t", " ")


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
