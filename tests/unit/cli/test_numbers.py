"""The number of an error stands for one thing, wherever it comes from."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

SOURCE = Path(__file__).parents[3] / "src/provisioner"
GIVEN = re.compile(r'number="(PV\d{4})"')
OF_SEVERAL_PACKAGES = {
    "PV0140": "the inventory is in no git repository",
    "PV0149": "--dask cannot be used",
    "PV5900": "an error that nobody foresaw",
    "PV8073": "there is no such lab",
}


def test_no_two_packages_have_the_same_number_for_different_things() -> None:
    packages: dict[str, set[str]] = defaultdict(set)
    for path in SOURCE.rglob("*.py"):
        for number in GIVEN.findall(path.read_text(encoding="utf-8")):
            packages[number].add(path.relative_to(SOURCE).parts[0])
    assert len(packages) > 50
    assert {number for number, found in packages.items() if len(found) > 1} == set(OF_SEVERAL_PACKAGES)
