"""Secrets in Junos configuration: where they stand, and what the encoding that begins with $9$ hides.

That encoding protects from a glance over the shoulder and no more: its alphabet is in Juniper's own documentation of migrating keys and in
free libraries (Crypt::Juniper). The router salts it anew at every commit, so two of them are equal when what they hide is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

PLACEHOLDER: Final = "<secret>"

_FAMILIES: Final = ("QzF3n6/9CAtpu0O", "B1IREhcSyrleKvMW8LXx", "7N-dVbwsY2g4oaJZGUDj", "iHkq.mPf5T")
_ALPHABET: Final = "".join(_FAMILIES)
_VALUES: Final = {sign: value for value, sign in enumerate(_ALPHABET)}
_EXTRA: Final = {sign: 3 - number for number, family in enumerate(_FAMILIES) for sign in family}
_WEIGHTS: Final = ((1, 4, 32), (1, 16, 32), (1, 8, 32), (1, 64), (1, 32), (1, 4, 16, 128), (1, 32, 64))
_MAGIC: Final = "$9$"

_KEYWORDS: Final = (
    "authentication-key|authentication-password|privacy-password|privacy-key|encrypted-password|plain-text-password-value|"
    "simple-password|hello-authentication-key|secret|password|md5 \\d+ key|key \\d+ secret|ascii-text|hexadecimal"
)
_WORD: Final = r'(?:"(?P<{0}quoted>(?:\\.|[^"\\])*)"|(?P<{0}>[^\s;{{"]+))'
_AFTER_KEYWORD: Final = re.compile(rf"(?<![\w-])(?:{_KEYWORDS}) " + _WORD.format("word"))
_COMMUNITY: Final = re.compile(
    r"^(?:[-+ ]?\s*(?:inactive: )?community (?=\S+ \{)|[-+ ]?(?:set )?(?:groups \S+ )?snmp community )"
    + _WORD.format("word")
)
_ENCODED: Final = re.compile(r"\$(?:9|8|6|5|1|sha1)\$[^\s\";]+")
"""What is encoded or hashed shows what it is, wherever it stands."""
_NOT_A_SECRET: Final = frozenset({"{"})


def decoded(text: str) -> str | None:
    """What a text that begins with $9$ hides; None where it is none."""
    if not text.startswith(_MAGIC):
        return None
    signs = text.removeprefix(_MAGIC)
    if not signs or any(sign not in _VALUES for sign in signs):
        return None
    before, rest = signs[0], signs[1 + _EXTRA[signs[0]] :]
    found: list[str] = []
    while rest:
        weights = _WEIGHTS[len(found) % len(_WEIGHTS)]
        nibble, rest = rest[: len(weights)], rest[len(weights) :]
        if len(nibble) < len(weights):
            return None
        value = 0
        for sign, weight in zip(nibble, weights, strict=True):
            gap = (_VALUES[sign] - _VALUES[before]) % len(_ALPHABET) - 1
            before = sign
            value += gap * weight
        found.append(chr(value % 256))
    return "".join(found)


def encoded(text: str, salt: str = "Q") -> str:
    """A text as a router shows it: the encoding that begins with $9$.

    Args:
        text: What is to be hidden; one byte a character.
        salt: A character of the alphabet; a router takes any.
    """
    before = salt
    signs = [salt, salt * _EXTRA[salt]]
    for place, character in enumerate(text):
        weights = _WEIGHTS[place % len(_WEIGHTS)]
        value, gaps = ord(character), []
        for weight in reversed(weights):
            gaps.append(value // weight)
            value %= weight
        for gap in reversed(gaps):
            before = _ALPHABET[(_VALUES[before] + gap + 1) % len(_ALPHABET)]
            signs.append(before)
    return _MAGIC + "".join(signs)


def redact_text(text: str) -> str:
    """A text in which every secret shows as the placeholder."""
    return substitute(text, {})


def substitute(text: str, names: Mapping[str, str]) -> str:
    """A text in which every secret is replaced by what stands for it; by the placeholder where nothing does.

    Args:
        text: Lines of configuration, in curly braces or as `display set` lists them.
        names: What stands for a value, by the value as it is before the router encodes it.
    """
    return "".join(_substituted(line, names) for line in text.splitlines(keepends=True))


def _substituted(line: str, names: Mapping[str, str]) -> str:
    result, place = [], 0
    for start, end in _together(_spans(line)):
        value = line[start:end]
        plain = decoded(value)
        result += [line[place:start], names.get(value if plain is None else plain, PLACEHOLDER)]
        place = end
    return "".join([*result, line[place:]])


def _together(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans from left to right, those that overlap as one: what a keyword announces may hold what looks encoded."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _spans(line: str) -> list[tuple[int, int]]:
    found = []
    for pattern in (_AFTER_KEYWORD, _COMMUNITY):
        for match in pattern.finditer(line):
            name = "wordquoted" if match["wordquoted"] is not None else "word"
            if match[name] and match[name] not in _NOT_A_SECRET:
                found.append(match.span(name))
    found += [match.span() for match in _ENCODED.finditer(line)]
    return found
