"""Text in curly braces as statements, and back: the form in which Junos lists and loads its configuration."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"(?P<blank>\s+)"
    r"|(?P<comment>/\*.*?\*/|\#[^\n]*)"
    r'|(?P<word>(?:"(?:\\.|[^"\\])*"|[^\s{};"\[\]#])(?:"(?:\\.|[^"\\])*"|[^\s{};"\[\]])*)'
    r"|(?P<sign>[{};\[\]])",
    re.DOTALL,
)
_FLAGS = ("inactive:", "protect:")
"""What Junos writes before a statement that is switched off, or must not be changed."""
_INDENT = "    "


class ConfigSyntaxError(ValueError):
    """A text that is no configuration; it says in which line."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    Attributes:
        words: As written, quotes included; a list in brackets is one word. A flag is part of the first word.
        children: What stands in its braces.
        block: Whether it has braces.
    """

    words: tuple[str, ...]
    children: tuple[Statement, ...] = ()
    block: bool = False

    @property
    def text(self) -> str:
        """Its words on one line."""
        return " ".join(self.words)

    @property
    def keyword(self) -> str:
        """Its first word without a flag."""
        return keyword(self.words[0])


def keyword(word: str) -> str:
    """A first word without the flags before it."""
    return word.rpartition(" ")[2]


def parse(text: str) -> tuple[Statement, ...]:
    """The statements of a text; comments say nothing and are left out.

    Raises:
        ConfigSyntaxError: braces or brackets do not match, a statement has no end, or there is an end without a statement.
    """
    return tuple(_block(_tokens(text), 1, inside=False))


def render(statements: Iterable[Statement]) -> str:
    """Statements as text, one a line."""
    return "".join(f"{line}\n" for line in _lines(statements, ""))


def elements(word: str) -> tuple[str, ...]:
    """The words of a list in brackets; the word itself where it is none."""
    return tuple(word[2:-2].split(" ")) if word.startswith("[ ") else (word,)


def listed(words: Iterable[str]) -> str:
    """Words as Junos lists them: in brackets where there are several."""
    several = tuple(words)
    return several[0] if len(several) == 1 else f"[ {' '.join(several)} ]"


def _lines(statements: Iterable[Statement], indent: str) -> Iterator[str]:
    for statement in statements:
        if not statement.block:
            yield f"{indent}{statement.text};"
            continue
        yield f"{indent}{statement.text} {{"
        yield from _lines(statement.children, indent + _INDENT)
        yield f"{indent}}}"


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    """Words and signs, each with its line."""
    place, line = 0, 1
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ConfigSyntaxError(f"line {line}: {text[place : place + 20].splitlines()[0]!r} cannot be read")
        if match.lastgroup in {"word", "sign"}:
            yield line, match[0]
        line += match[0].count("\n")
        place = match.end()


def _block(tokens: Iterator[tuple[int, str]], begun: int, *, inside: bool) -> Iterator[Statement]:
    words: list[str] = []
    line = begun
    for line, word in tokens:
        if word == "{" and words:
            yield Statement(_flagged(words), tuple(_block(tokens, line, inside=True)), block=True)
            words = []
        elif word == ";" and words:
            yield Statement(_flagged(words))
            words = []
        elif word == "}" and inside and not words:
            return
        elif word == "[" and words:
            words.append(_list(tokens, line))
        elif word in "{};[]":
            raise ConfigSyntaxError(f"line {line}: {word!r} where there is nothing that it ends or begins")
        else:
            words.append(word)
    if words or inside:
        raise ConfigSyntaxError(f"line {line}: the text ends within {' '.join(words) or 'a block'!r}")


def _list(tokens: Iterator[tuple[int, str]], line: int) -> str:
    found: list[str] = []
    for at, word in tokens:
        if word == "]":
            return listed(found) if found else "[ ]"
        if word in "{};[":
            raise ConfigSyntaxError(f"line {at}: {word!r} within a list")
        found.append(word)
    raise ConfigSyntaxError(f"line {line}: a list without an end")


def _flagged(words: list[str]) -> tuple[str, ...]:
    flags = 0
    while flags < len(words) - 1 and words[flags] in _FLAGS:
        flags += 1
    return (" ".join(words[: flags + 1]), *words[flags + 1 :])
