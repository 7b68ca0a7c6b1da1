"""Two configs of FRR without what both have alike: what is to be compared is mostly a few lines of many. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

Block = tuple[str, ...]
"""A line with all that is indented below it, and the lines that close it."""


def without_common(old: str, new: str) -> tuple[str, str]:
    """Both texts without the lines and contexts that stand in both.

    A context of which something differs keeps its header, and at least one line where it had any: a context without lines is not the
    same as one with lines. What compares two texts finds the same differences in what is left.

    Args:
        old: A config as FRR indents it.
        new: Likewise.
    """
    before, after = _cut(_blocks(_lines(old)), _blocks(_lines(new)))
    return _text(before), _text(after)


def _blocks(lines: Sequence[str]) -> list[Block]:
    """Lines of one level, each with what belongs to it."""
    blocks: list[list[str]] = []
    shapes = [_shape(line) for line in lines]
    level = min((indent for indent, closes in shapes if not closes), default=0)
    for line, (indent, closes) in zip(lines, shapes, strict=True):
        if blocks and (closes or indent > level):
            blocks[-1].append(line)
        else:
            blocks.append([line])
    return [tuple(block) for block in blocks]


def _cut(old: Sequence[Block], new: Sequence[Block]) -> tuple[list[Block], list[Block]]:
    alike = set(old) & set(new)
    before, after = [block for block in old if block not in alike], [block for block in new if block not in alike]
    headers = {block[0]: block for block in before if len(block) > 1}
    counterparts = {block[0]: block for block in after if len(block) > 1 and block[0] in headers}
    if len(headers) == sum(len(block) > 1 for block in before):
        smaller = {header: _cut_inside(headers[header], other) for header, other in counterparts.items()}
        before = [smaller[block[0]][0] if block[0] in smaller else block for block in before]
        after = [smaller[block[0]][1] if block[0] in smaller else block for block in after]
    return before, after


def _cut_inside(old: Block, new: Block) -> tuple[Block, Block]:
    """Two contexts of the same header."""
    # What closes the context is no line of it: it stays at the end.
    ends = [_end(block) for block in (old, new)]
    insides = [_blocks(block[1:end]) for block, end in zip((old, new), ends, strict=True)]
    before, after = _cut(*insides)
    if not before or not after:
        kept = next((block for block in insides[0] if block in set(insides[1])), None)
        if kept is not None:
            before, after = [kept, *before], [kept, *after]
    return (old[0], *_flat(before), *old[ends[0] :]), (new[0], *_flat(after), *new[ends[1] :])


def _end(block: Block) -> int:
    """Where the lines begin that close a context; its length where there are none."""
    level, _ = _shape(block[0])
    at = len(block)
    while at > 1:
        indent, closes = _shape(block[at - 1])
        if not closes or indent > level:
            break
        at -= 1
    return at


def _flat(blocks: Sequence[Block]) -> list[str]:
    return [line for block in blocks for line in block]


def _text(blocks: Sequence[Block]) -> str:
    return "".join(f"{line}\n" for line in _flat(blocks))


def _lines(text: str) -> list[str]:
    """The lines that say something or close something; `!` does neither."""
    return [line for line in text.splitlines() if (said := line.lstrip()) and said[0] != "!"]


@lru_cache(maxsize=8_192)
def _shape(line: str) -> tuple[int, bool]:
    """How far a line is indented, and whether it closes a context. Most lines are in both texts, and in other routers' too."""
    said = line.lstrip()
    return len(line) - len(said), said.startswith(("exit", "end"))
