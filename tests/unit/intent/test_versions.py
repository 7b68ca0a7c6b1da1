"""What routers may run."""

from __future__ import annotations

import pytest

from provisioner.intent.versions import ANY_VERSION, VersionPolicy, version_in

BOTH = VersionPolicy(accepted=("10.3", "10.4"), minimum="10.3.1", refused=("10.4.0",))


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ("10.3.1", ""),
        ("10.4.1", ""),
        ("10.3.10", ""),
        ("10.3", "expected version 10.3.1 or later; found 10.3"),
        ("10.4.0", "version 10.4.0 is refused by name (10.4.0)"),
        ("10.4.0-1", "version 10.4.0-1 is refused by name (10.4.0)"),
        ("10.5", "expected version 10.3 or 10.4; found 10.5"),
        ("", "the router does not tell its version"),
    ],
)
def test_a_version_is_accepted_new_enough_and_not_refused(found: str, why: str) -> None:
    assert BOTH.why_not(found) == why


@pytest.mark.parametrize(("found", "fits"), [("21.4R3-S5", True), ("21.4R2", False), ("22.1R1", True), ("9.9", False)])
def test_versions_are_ordered_by_their_numbers(found: str, fits: bool) -> None:
    assert (VersionPolicy(minimum="21.4R3").why_not(found) == "") is fits


def test_what_says_nothing_lets_everything_through() -> None:
    assert not ANY_VERSION
    assert ANY_VERSION.why_not("") == ""


@pytest.mark.parametrize(
    ("told", "version"),
    [
        ("FRR 10.3, Debian GNU/Linux 13 (trixie) (6.18.44)", "10.3"),
        ("21.4R3-S5", "21.4R3-S5"),
        ("C2900 Software (C2900-UNIVERSALK9-M), Version 15.2(4)M6a, RELEASE SOFTWARE (fc2)", "15.2(4)M6a"),
        ("FRR unknown, Linux ()", ""),
        ("", ""),
    ],
)
def test_the_version_is_found_in_what_napalm_tells(told: str, version: str) -> None:
    assert version_in(told) == version
