"""How long traffic stood still is never made up, and never forgotten."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.lab.probing import Echo, parsed
from provisioner.rehearsal.outage import ANSWER_SECONDS, Outage, blind_seconds, common, decided, outages
from provisioner.rehearsal.traffic import traffic

FAST = 0.01
"""An answer's way there and back, in seconds."""


def _echoes(pattern: str, *, interval: float = 0.1, late: float = ANSWER_SECONDS * 2) -> list[Echo]:
    """`o` is answered, `.` is not, `l` is answered too late."""
    answers = {"o": FAST, "l": late}
    return [
        Echo(number * interval, number * interval + answers[sign] if sign in answers else None)
        for number, sign in enumerate(pattern)
    ]


patterns = st.text("o.l", max_size=60)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", []),
        ("ooooo", []),
        ("oo.oo", [(0.2, 0.3)]),
        ("oo..lo.o", [(0.2, 0.5), (0.6, 0.7)]),
        ("...oo", [(0.0, 0.3)]),
        ("oo...", [(0.2, 0.4)]),
        (".....", [(0.0, 0.4)]),
    ],
)
def test_an_outage_lasts_from_the_first_lost_request_to_the_next_answered_one(
    pattern: str, expected: list[tuple[float, float]]
) -> None:
    found = [(round(outage.begins, 6), round(outage.ends, 6)) for outage in outages(_echoes(pattern))]
    assert found == expected


@given(patterns)
def test_outages_lie_in_order_apart_from_each_other_and_within_the_time_that_was_watched(pattern: str) -> None:
    echoes = _echoes(pattern)
    found = outages(echoes)
    assert all(outage.seconds >= 0 for outage in found)
    assert all(before.ends <= after.begins for before, after in itertools.pairwise(found))
    watched = echoes[-1].sent - echoes[0].sent if echoes else 0
    assert sum(outage.seconds for outage in found) <= watched + 1e-9


@given(patterns)
def test_every_lost_request_lies_in_an_outage_and_no_answered_one_does(pattern: str) -> None:
    echoes = _echoes(pattern)
    found = outages(echoes)
    for sign, echo in zip(pattern, echoes, strict=True):
        inside = any(outage.begins <= echo.sent < outage.ends for outage in found)
        last = echo is echoes[-1]
        assert inside == (sign != "o") or (last and sign != "o")


def _spans(found: Sequence[Outage], grid: int = 60) -> set[int]:
    return {step for step in range(grid) if any(o.begins <= step * 0.1 + 0.05 < o.ends for o in found)}


@given(patterns, patterns)
def test_a_segment_with_two_hosts_is_out_exactly_where_neither_gets_through(one: str, other: str) -> None:
    a, b = outages(_echoes(one)), outages(_echoes(other))
    assert _spans(common(a, b)) == _spans(a) & _spans(b)
    assert common(a, b) == common(b, a)


@given(patterns)
def test_with_itself_nothing_changes(pattern: str) -> None:
    found = outages(_echoes(pattern))
    assert common(found, found) == tuple(outage for outage in found if outage.seconds > 0)


@given(patterns)
def test_what_was_sent_just_now_and_has_no_answer_yet_is_left_out(pattern: str) -> None:
    echoes = _echoes(pattern)
    known = decided(echoes)
    for echo in echoes:
        young = echo.sent > echoes[-1].sent - ANSWER_SECONDS
        answered = echo.answered is not None and echo.answered - echo.sent <= ANSWER_SECONDS
        assert (echo in known) == (answered or not young)


def test_a_host_that_got_no_time_to_ask_is_told() -> None:
    echoes = [Echo(0.0, FAST), Echo(0.1, 0.11), Echo(2.1, 2.11)]
    assert blind_seconds(echoes) == pytest.approx(2.0)
    assert outages(echoes) == ()
    assert blind_seconds([]) == 0.0


# --- what the program in the host writes ------------------------------------------------------------------------------


def test_answers_find_their_requests_and_what_is_torn_off_is_left_out() -> None:
    lines = [
        "S 4 0 1.0000",
        "S 6 0 1.0001",
        "R 6 0 1.0100",
        "S 4 1 1.1000",
        "R 4 1 1.1010",
        "R 4 1 1.9000",
        "S 6 1",
        "S 4",
    ]
    found = parsed(lines, (4, 6))
    assert found[4] == [Echo(1.0), Echo(1.1, 1.101)]
    assert found[6] == [Echo(1.0001, 1.01)]


def test_an_answer_to_a_request_of_before_the_mark_is_none_of_ours() -> None:
    assert parsed(["R 4 17 0.9000", "S 4 18 1.0000"], (4,)) == {4: [Echo(1.0)]}


# --- one segment ------------------------------------------------------------------------------------------------------


def test_what_got_through_before_has_outages() -> None:
    seen = traffic(("guest", 4), [_echoes("oo...oo")], before=True, after=True, meant=True)
    assert seen.outage_seconds == pytest.approx(0.3)
    assert seen.trouble == ""


def test_what_gets_through_for_the_first_time_has_no_outage_but_a_first_answer() -> None:
    seen = traffic(("guest", 4), [_echoes(".....oo")], before=False, after=True, meant=True)
    assert seen.outages == ()
    assert seen.first_answer_seconds == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("before", "after", "meant", "words"),
    [
        (True, False, True, "does not after it"),
        (False, True, False, "is not meant to"),
        (True, True, True, ""),
        (True, False, False, ""),
        (False, True, True, ""),
        (False, False, True, ""),
        (True, True, False, ""),
        (False, False, False, ""),
    ],
)
def test_a_change_is_to_blame_for_what_was_right_before_it(before: bool, after: bool, meant: bool, words: str) -> None:
    seen = traffic(("guest", 6), [_echoes("oo")], before=before, after=after, meant=meant)
    assert words in seen.trouble
    assert bool(seen.trouble) == bool(words)


def test_a_segment_that_moves_to_another_vlan_is_carried_by_one_host_after_the_other() -> None:
    old, new = _echoes("oooo......"), _echoes(".....ooooo")
    seen = traffic(("guest", 4), [old, new], before=True, after=True, meant=True)
    assert seen.outage_seconds == pytest.approx(0.1)
