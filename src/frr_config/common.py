"""Two configs of FRR without what both have alike: what is to be compared is mostly a few lines of many. Pure."""

from __future__ import annotations

from collections.abc import Sequence

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
    level = min((_indent(line) for line in lines if not _closes(line)), default=0)
    for line in lines:
        if blocks and (_closes(line) or _indent(line) > level):
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
    ends = [next((at for at in range(1, len(block)) if _ends(block, at)), len(block)) for block in (old, new)]
    insides = [_blocks(block[1:end]) for block, end in zip((old, new), ends, strict=True)]
    before, after = _cut(*insides)
    if not before or not after:
        kept = next((block for block in insides[0] if block in set(insides[1])), None)
        if kept is not None:
            before, after = [kept, *before], [kept, *after]
    return (old[0], *_flat(before), *old[ends[0] :]), (new[0], *_flat(after), *new[ends[1] :])


def _ends(block: Block, at: int) -> bool:
    return all(_closes(line) and _indent(line) <= _indent(block[0]) for line in block[at:])


def _flat(blocks: Sequence[Block]) -> list[str]:
    return [line for block in blocks for line in block]


def _text(blocks: Sequence[Block]) -> str:
    return "".join(f"{line}\n" for line in _flat(blocks))


def _lines(text: str) -> list[str]:
    """The lines that say something or close something; `!` does neither."""
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("!")]


def _closes(line: str) -> bool:
    return line.lstrip().startswith(("exit", "end"))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
