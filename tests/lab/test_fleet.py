"""The whole sample fleet: pushed once, and then there is nothing left to say about any of its routers."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from provisioner.intent.model import Fleet
from provisioner.lab import lifecycle

from .conftest import Provision


@pytest.fixture(scope="module")
def whole_fleet(provision: Provision) -> Iterator[str]:
    name = f"pytest-{os.getpid()}-all"
    try:
        done = provision("lab", "up", "--name", name, "--all")
        assert done.returncode == 0, done.stdout + done.stderr
        yield name
    finally:
        lifecycle.down(name, lambda _: None)


def schools_by_router(fleet: Fleet) -> list[list[str]]:
    """The single-homed active schools, by the aggregation router that they land on."""
    found: dict[str, list[str]] = {}
    for code, location in fleet.locations.items():
        if location.status == "active" and not location.is_dual_homed:
            found.setdefault(location.uplinks[0].aggregation_router, []).append(code)
    return list(found.values())


def push(provision: Provision, lab: str, codes: list[str]) -> subprocess.CompletedProcess[str]:
    options = [word for code in codes for word in ("--school", code)]
    return provision("--lab", lab, "--yes", *options, deadline_seconds=400)


@pytest.mark.timeout(900)
def test_a_push_followed_at_once_by_a_compare_shows_nothing_for_every_router(
    whole_fleet: str, provision: Provision, fleet: Fleet
) -> None:
    with ThreadPoolExecutor() as engineers:
        # Several people at work at once, on routers that they do not share; the dual-homed schools follow.
        ends = list(engineers.map(lambda codes: push(provision, whole_fleet, codes), schools_by_router(fleet)))
    assert all(end.returncode == 0 for end in ends), [end.stderr for end in ends]
    pushed = provision("--lab", whole_fleet, "--all", "--yes", "--format", "json", deadline_seconds=800)
    assert pushed.returncode == 0, pushed.stderr[-2000:] + pushed.stdout[-2000:]
    compared = provision("--lab", whole_fleet, "--all", "--dry-run", "--format", "json", deadline_seconds=300)
    assert compared.returncode == 0, compared.stdout[-4000:]
    report = json.loads(compared.stdout)
    subjects = {outcome["subject"] for outcome in report["outcomes"]}
    active = {code for code, location in fleet.locations.items() if location.status == "active"}
    assert subjects == active | set(fleet.aggregation_routers)
    assert {outcome["result"] for outcome in report["outcomes"]} == {"in-sync"}
