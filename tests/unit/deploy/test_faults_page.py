"""The page of faults names what the lab does, and all of it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_fault_of_the_lab_is_on_its_page_and_no_other() -> None:
    files = sorted((ROOT / "tests/lab").glob("test_faults_*.py"))
    assert len(files) == 4
    done = {
        name
        for file in files
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    told = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/faults.md").read_text(encoding="utf-8")))
    assert told == done
