"""Numbers and patterns as Junos takes them."""

from __future__ import annotations

import pytest

from provisioner.render.junos_context import _around, burst, holds_one_of, own_path, shown


def test_paths_are_in_junos_own_expressions() -> None:
    assert own_path(4200000015, 6) == "4200000015{1,6}"
    assert own_path(4200000015, 1) == "4200000015"
    assert holds_one_of(23456, 23456) == ".* 23456 .*"
    assert holds_one_of(64496, 64511) == ".* [64496-64511] .*"


def test_our_own_number_is_no_bogon() -> None:
    assert list(_around(64496, 64511, 1103)) == [(64496, 64511)]
    assert list(_around(64496, 64511, 64500)) == [(64496, 64499), (64501, 64511)]
    assert list(_around(64496, 64511, 64496)) == [(64497, 64511)]
    assert list(_around(64496, 64511, 64511)) == [(64496, 64510)]
    assert list(_around(0, 0, 0)) == []


@pytest.mark.parametrize(
    ("number", "text"),
    [(1_000_000_000, "1g"), (1_500_000_000, "1500m"), (100_000, "100k"), (1, "1"), (0, "0"), (999, "999")],
)
def test_numbers_have_the_largest_unit(number: int, text: str) -> None:
    assert shown(number) == text


def test_a_burst_is_five_milliseconds_and_ten_packets_at_least() -> None:
    assert burst(1_000_000_000) == 625_000
    assert burst(500_000_000) == 313_000
    assert burst(10_000_000) == 15_000
