"""The quick way to a difference finds what the long way finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frr_config import document
from frr_config.common import without_common
from frr_config.diff import compare
from provisioner.intent.load import load_fleet
from provisioner.intent.types import PlatformName
from provisioner.platforms import platform_for
from provisioner.render.engine import Renderer

ROOT = Path(__file__).parents[3]
FRR = platform_for(PlatformName.FRR)


@pytest.fixture(scope="module")
def text() -> str:
    fleet = load_fleet(ROOT / "inventory", only=("06EN00",))
    return Renderer(ROOT / "templates").edge(fleet, fleet.locations["06EN00"])


def the_long_way(before: str, after: str) -> str:
    old, new = (document.parse(FRR.normalise(each)).sections for each in (before, after))
    return compare(old, new, ("a", "b"))


def edited(text: str, choices: list[tuple[int, str]]) -> str:
    lines = text.split("\n")
    frr = next(number for number, line in enumerate(lines) if line.endswith(document.FRR))
    end = next(number for number in range(frr + 1, len(lines)) if lines[number].startswith("#: file"))
    for where, how in choices:
        number = frr + 1 + where % (end - frr - 1)
        line = lines[number]
        if line.startswith("#") or line.strip() in {"exit", "!", "exit-address-family", ""}:
            continue
        # What was removed before is blank.
        follows = next((other for other in lines[number + 1 :] if other.strip()), "")
        if len(follows) - len(follows.lstrip()) > len(line) - len(line.lstrip()):
            continue  # a context without its header is no config
        match how:
            case "remove":
                lines[number] = ""
            case "change":
                lines[number] = f"{line} 7" if line.startswith(" ") else line
            case "double":
                lines[number] = f"{line}\n{line}" if line.startswith(" ") else line
    return "\n".join(lines)


@settings(max_examples=150, deadline=None)
@given(
    before=st.lists(st.tuples(st.integers(0, 500), st.sampled_from(["remove", "change", "double"])), max_size=6),
    after=st.lists(st.tuples(st.integers(0, 500), st.sampled_from(["remove", "change", "double"])), max_size=6),
)
def test_what_is_left_out_as_common_changes_no_difference(
    text: str, before: list[tuple[int, str]], after: list[tuple[int, str]]
) -> None:
    old, new = edited(text, before), edited(text, after)
    assert FRR.difference(old, new, ("a", "b")) == the_long_way(old, new)


def test_most_of_a_router_is_left_out(text: str) -> None:
    frr = document.parse(text).sections[document.FRR]
    old, new = without_common(frr, frr.replace("timers connect 5", "timers connect 7"))
    assert old.count("\n") < 10
    assert new.count("timers connect 7") == 4
    assert without_common(frr, frr) == ("", "")
