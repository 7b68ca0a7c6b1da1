"""The impact score: what an engineer would call grave is grave, and more of a change never weighs less."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frr_config.document import parse
from provisioner.intent.load import load_fleet
from provisioner.intent.model import Slice
from provisioner.intent.types import PlatformName
from provisioner.plan.diff import split_by_file
from provisioner.plan.impact import Impact, impact_of
from provisioner.plan.model import DeviceDiff, DeviceRole, FileDiff, Plan, Target
from provisioner.plan.subject import base_subject, location_subject
from provisioner.platforms import platform_for
from provisioner.platforms.frr_impact import OTHER, weigh
from provisioner.render.engine import Renderer

ROOT = Path(__file__).parents[3]
FLEET = load_fleet(ROOT / "inventory")
RENDERER = Renderer(ROOT / "templates")
CODE, ROUTER = "16PK00", "zwl1-ar1"
PLATFORM = platform_for(PlatformName.FRR)
Edit = Callable[[str, Target], tuple[str, str]]


def config(target: Target) -> str:
    location = FLEET.locations[CODE]
    if target.role is DeviceRole.EDGE:
        return RENDERER.edge(FLEET, location)
    uplink = next(uplink for uplink in location.uplinks if uplink.aggregation_router == target.device)
    return RENDERER.aggregation_slice(FLEET, Slice(location, uplink))


def device_diff(target: Target, before: str, after: str) -> DeviceDiff:
    return DeviceDiff(target, split_by_file(PLATFORM.difference(before, after, ("running", "candidate"))))


def change(edit: Edit) -> Impact:
    targets = location_subject(FLEET, FLEET.locations[CODE]).targets
    return impact_of(Plan(CODE, "", tuple(device_diff(target, *edit(config(target), target)) for target in targets)))


def replaced(old: str, new: str) -> Edit:
    return lambda text, _target: (text, text.replace(old, new))


def without(word: str) -> Edit:
    return lambda text, _target: (text, "\n".join(line for line in text.splitlines() if word not in line) + "\n")


def test_nothing_changes_nothing() -> None:
    assert change(lambda text, _target: (text, text)) == Impact(0)


def test_a_description_is_light() -> None:
    impact = change(replaced("PG-FI-10150", "PG-FI-77777"))
    assert 0 < impact.score < 10
    assert "changes description of an interface on er-16pk00" in impact.reasons


def test_a_new_school_is_in_the_middle() -> None:
    assert 30 <= change(lambda text, _target: ("", text)).score <= 50


def test_a_further_prefix_is_a_small_matter() -> None:
    def edit(text: str, target: Target) -> tuple[str, str]:
        return without("203.0.113.112/29")(text, target)[::-1]

    assert 10 <= change(edit).score <= 25


def test_taking_a_school_off_its_router_is_near_the_top() -> None:
    def edit(text: str, target: Target) -> tuple[str, str]:
        return (text, "" if target.role is DeviceRole.AGGREGATION else text)

    assert change(edit).score >= 90


@pytest.mark.parametrize("word", ["-in4 in", "-in in", "password", "drop", "goto spoofed"])
def test_a_guard_that_goes_is_grave(word: str) -> None:
    assert change(without(word)).score >= 60


def test_a_base_weighs_more_than_a_slice() -> None:
    base = RENDERER.aggregation_base(FLEET, ROUTER)
    (whole,) = base_subject(FLEET, ROUTER).targets
    part = Target(ROUTER, DeviceRole.AGGREGATION, PlatformName.FRR, slices=(CODE,))
    for old, new in (("input refused", "input was refused"), ("policy drop", "policy accept")):
        scores = [
            impact_of(Plan("x", "", (device_diff(target, base, base.replace(old, new)),))).score
            for target in (whole, part)
        ]
        assert scores[0] > scores[1], old


def test_the_heaviest_reason_comes_first_and_there_are_five_at_most() -> None:
    impact = change(lambda text, target: (text, "" if target.role is DeviceRole.AGGREGATION else text))
    assert len(impact.reasons) == 5
    assert impact.reasons[0] == "removes BGP itself on zwl1-ar1"
    assert any("BGP session with 100.64.0.31" in reason for reason in impact.reasons)


def test_no_line_of_the_sample_fleet_is_something_else() -> None:
    texts = [RENDERER.edge(FLEET, location) for location in FLEET.locations.values()]
    texts += [RENDERER.aggregation(FLEET, router) for router in FLEET.aggregation_routers]
    unknown = {
        line
        for text in texts
        for file, section in parse(text).sections.items()
        for line in section.splitlines()
        if (found := weigh(line, file)) and found[0] is OTHER
    }
    assert unknown == set()


LINES = sorted(
    {line for line in config(location_subject(FLEET, FLEET.locations[CODE]).targets[1]).splitlines() if line.strip()}
)
signed = st.lists(st.tuples(st.sampled_from("+-"), st.sampled_from(LINES)), max_size=25, unique_by=lambda pair: pair[1])


def plan(lines: list[tuple[str, str]]) -> Plan:
    target = Target("er-16pk00", DeviceRole.EDGE, PlatformName.FRR, includes_base=True)
    text = "\n".join(sign + line for sign, line in lines)
    return Plan(CODE, "", (DeviceDiff(target, (FileDiff("f", text),) if lines else ()),))


@given(signed)
def test_the_score_is_within_its_bounds_and_nought_for_nothing_alone(lines: list[tuple[str, str]]) -> None:
    assert (impact_of(plan(lines)).score == 0) == (not lines)
    assert 0 <= impact_of(plan(lines)).score <= 100


@given(signed, st.randoms())
def test_the_order_of_lines_does_not_matter(lines: list[tuple[str, str]], random: object) -> None:
    shuffled = list(lines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert impact_of(plan(shuffled)).score == impact_of(plan(lines)).score


@given(signed)
def test_more_of_the_same_never_weighs_less(lines: list[tuple[str, str]]) -> None:
    """Of one sign: a line that comes where another went is one change, and that may weigh less than a loss."""
    for sign in "+-":
        own = [pair for pair in lines if pair[0] == sign]
        scores = [impact_of(plan(own[:number])).score for number in range(len(own) + 1)]
        assert scores == sorted(scores)


EXAMPLES = {
    "another circuit id in two descriptions": replaced("PG-FI-10150", "PG-FI-77777"),
    "another password": replaced("<secret:bgp", "another-password-"),
    "a new school": lambda text, _target: ("", text),
    "the inbound prefix-list of a session goes": without("-in4 in"),
    "the slice of a single-homed school goes": lambda text, target: (
        text,
        "" if target.role is DeviceRole.AGGREGATION else text,
    ),
}


def test_the_examples_in_the_docs_are_true() -> None:
    docs = (ROOT / "docs" / "impact.md").read_text()
    for words, edit in EXAMPLES.items():
        assert f"| {words} | {change(edit).score} |" in docs, (words, change(edit).score)


def test_an_interface_that_somebody_set_down_is_called_that() -> None:
    found = weigh("    link-down yes")
    assert found is not None
    weight, kind = found
    assert kind == "shutdown of an interface"
    assert weight.adds > weight.removes
