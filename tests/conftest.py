"""What every test may ask for: golden files.

`golden("diff/one-line.txt", text)` compares a text with `tests/golden/diff/one-line.txt`. With `--update-golden` the file is
written instead, and reviewed as any other change.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# How long one example takes says how busy the machine is, and nothing of the program.
settings.register_profile("busy", deadline=None)
settings.load_profile("busy")

GOLDEN = Path(__file__).parent / "golden"

Golden = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the golden files with what the code gives now"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares a text with a golden file, byte for byte; `--update-golden` writes the file."""
    update = bool(request.config.getoption("--update-golden"))

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
            return
        if not path.is_file():
            pytest.fail(f"there is no golden file {name}; --update-golden writes it", pytrace=False)
        expected = path.read_bytes().decode()
        if text != expected:
            lines = difflib.unified_diff(
                expected.splitlines(keepends=True), text.splitlines(keepends=True), f"golden/{name}", "now"
            )
            pytest.fail("--update-golden accepts this:\n" + "".join(lines), pytrace=False)

    return compare
