"""docs/attacks.md names every attack of the lab, and no other."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
NO_ATTACK = {
    "test_an_own_prefix_is_accepted_and_says_what_it_is",
    "test_graceful_shutdown_is_honoured",
    "test_what_is_to_be_discarded_is",
}
"""What a school may say."""


def test_the_page_names_what_there_is() -> None:
    page = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/attacks.md").read_text(encoding="utf-8")))
    there = {
        name
        for path in (ROOT / "tests/lab/attacks").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert page == there - NO_ATTACK
