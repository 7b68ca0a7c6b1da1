"""Patterns of AS paths as FRR's access-lists take them: POSIX extended, where `_` is what stands between two numbers."""

from __future__ import annotations

from collections.abc import Iterator


def own_path(asn: int, longest: int) -> str:
    """The paths that hold one AS number and no other, `longest` times at most: an origin and its prepends."""
    again = f"(_{asn}){{0,{longest - 1}}}" if longest > 1 else ""
    return f"^{asn}{again}$"


def holds_one_of(first: int, last: int) -> str:
    """The paths that hold at least one AS number of a range, both ends included."""
    numbers = "|".join(_numbers(first, last))
    return f"_({numbers})_"


def _numbers(first: int, last: int) -> Iterator[str]:
    """Patterns that together match the decimal numbers of a range and no others."""
    while first <= last:
        # The most zeros at the end such that the block of numbers that begins with them is inside the range.
        free = 0
        while first % 10 ** (free + 1) == 0 and first + 10 ** (free + 1) - 1 <= last and first > 0:
            free += 1
        block = 10**free
        # As many of these blocks beside each other as differ in one digit.
        digit = first // block % 10
        count = min((last - first + 1) // block, 10 - digit)
        head = str(first // block)[:-1]
        yield head + _digit(digit, digit + count - 1) + _any_digits(free)
        first += count * block


def _digit(first: int, last: int) -> str:
    return str(first) if first == last else f"[{first}-{last}]"


def _any_digits(count: int) -> str:
    return "" if not count else "[0-9]" if count == 1 else f"[0-9]{{{count}}}"
