"""Pending, drifted, both, unknown: how a part stands between what is intended, deployed and running."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.intent.load import load_fleet
from provisioner.plan.model import DeviceRole, OtherPart, PartStatus, Target
from provisioner.plan.parts import BASE, Parts, changed_by_hand, others, part_status, parts_of
from provisioner.platforms import platform_for
from provisioner.render.engine import Renderer

ROOT = Path(__file__).parents[3]
ROUTER = "zwl1-ar1"
FLEET = load_fleet(ROOT / "inventory")
PLATFORM = platform_for(FLEET.aggregation_router(ROUTER).platform)
CONFIG = Renderer(ROOT / "templates").aggregation_config(FLEET, ROUTER)
INTENDED: Parts = {BASE: CONFIG.base, **CONFIG.slices}
MINE, OTHER, THIRD = list(CONFIG.slices)[:3]
TARGET = Target(ROUTER, DeviceRole.AGGREGATION, PLATFORM.name, slices=(MINE,))


def by_hand(slice_text: str | None) -> str:
    assert slice_text is not None
    return slice_text.replace("maximum-prefix ", "maximum-prefix 9", 1)


@pytest.mark.parametrize(
    ("intended", "running", "deployed", "is_known", "status"),
    [
        ("same", "same", "same", True, PartStatus.IN_SYNC),
        ("new", "same", "same", True, PartStatus.PENDING),
        ("same", "new", "same", True, PartStatus.DRIFTED),
        ("new", "hand", "same", True, PartStatus.PENDING_AND_DRIFTED),
        # Somebody did by hand what the inventory says since: nothing is left to do.
        ("new", "new", "same", True, PartStatus.IN_SYNC),
        ("same", "same", None, False, PartStatus.IN_SYNC),
        ("new", "same", None, False, PartStatus.UNKNOWN),
        ("new", None, None, False, PartStatus.PENDING),
        (None, "same", None, False, PartStatus.UNKNOWN),
        (None, "same", "same", True, PartStatus.PENDING),
        ("same", None, "same", True, PartStatus.DRIFTED),
        ("same", None, None, True, PartStatus.PENDING),
        (None, None, None, True, PartStatus.IN_SYNC),
        (None, "same", None, True, PartStatus.DRIFTED),
    ],
)
def test_a_part_stands_as_the_vocabulary_says(
    intended: str | None, running: str | None, deployed: str | None, is_known: bool, status: PartStatus
) -> None:
    base = INTENDED[MINE]
    assert base is not None
    texts = {
        "same": base,
        "new": base.replace("maximum-prefix 8", "maximum-prefix 9"),
        "hand": base.replace("maximum-prefix 8", "maximum-prefix 7"),
    }
    assert len(set(texts.values())) == len(texts)
    want, have, had = (None if name is None else texts[name] for name in (intended, running, deployed))
    assert part_status(PLATFORM, want, have, had, is_known) is status


def test_a_secret_alone_is_no_drift() -> None:
    text = INTENDED[MINE]
    assert text is not None
    running = text.replace("<secret:", "<secret:other/")
    assert part_status(PLATFORM, text, running, text, is_known=True) is PartStatus.IN_SYNC
    assert changed_by_hand(PLATFORM, {MINE: text}, {MINE: running}) == ()


def test_other_parts_are_told_apart_and_ones_own_is_not_among_them() -> None:
    drifted = by_hand(INTENDED[OTHER])
    running = PLATFORM.splice(CONFIG.text, OTHER, drifted)
    running = PLATFORM.splice(running, THIRD, None)
    running = PLATFORM.splice(running, MINE, by_hand(INTENDED[MINE]))
    found = others(PLATFORM, TARGET, INTENDED, INTENDED, running)
    assert set(found) == {
        OtherPart(ROUTER, OTHER, PartStatus.DRIFTED),
        OtherPart(ROUTER, THIRD, PartStatus.DRIFTED),
    }


def test_what_runs_and_is_nobodys_intent_is_unknown_where_nothing_was_ever_confirmed() -> None:
    intended = {owner: text for owner, text in INTENDED.items() if owner != OTHER}
    assert others(PLATFORM, TARGET, intended, {}, CONFIG.text) == (OtherPart(ROUTER, OTHER, PartStatus.UNKNOWN),)


def test_a_rendered_router_and_its_split_agree_on_every_part() -> None:
    assert others(PLATFORM, TARGET, INTENDED, {}, CONFIG.text) == ()


def test_what_was_changed_by_hand_is_shown_from_the_confirmed_to_the_running() -> None:
    running = by_hand(INTENDED[MINE])
    (file,) = changed_by_hand(PLATFORM, {MINE: INTENDED[MINE]}, {MINE: running})
    assert "(confirmed)" in file.text
    assert (file.added, file.removed) == (1, 1)


def test_a_slice_that_was_taken_away_by_hand_is_shown_whole() -> None:
    files = changed_by_hand(PLATFORM, {MINE: INTENDED[MINE]}, {MINE: None})
    assert sum(file.removed for file in files) > 20
    assert sum(file.added for file in files) == 0


def test_what_is_not_known_to_be_deployed_is_no_drift() -> None:
    assert changed_by_hand(PLATFORM, {}, {MINE: by_hand(INTENDED[MINE])}) == ()


def test_the_parts_of_a_target_are_those_that_it_may_change() -> None:
    assert parts_of(PLATFORM, TARGET, CONFIG.text).keys() == {MINE}
    with_base = Target(ROUTER, DeviceRole.AGGREGATION, PLATFORM.name, slices=(MINE, "99ZZ99"), includes_base=True)
    parts = parts_of(PLATFORM, with_base, CONFIG.text)
    assert parts.keys() == {BASE, MINE, "99ZZ99"}
    assert parts["99ZZ99"] is None
