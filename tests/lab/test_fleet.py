"""The whole sample fleet: pushed once, and then there is nothing left to say about any of its routers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

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


@pytest.mark.timeout(2400)
def test_a_push_of_all_followed_at_once_by_a_compare_shows_nothing_for_every_router(
    whole_fleet: str, provision: Provision, fleet: Fleet
) -> None:
    pushed = provision("--lab", whole_fleet, "--all", "--yes", "--format", "json", deadline_seconds=1800)
    assert pushed.returncode == 0, pushed.stderr[-2000:] + pushed.stdout[-2000:]
    batches = [outcome["batch"] for outcome in json.loads(pushed.stdout)["outcomes"] if outcome["batch"]]
    assert batches.count(1) == 1, "a canary first"
    assert len(set(batches)) > 2, "then growing batches"
    compared = provision("--lab", whole_fleet, "--all", "--dry-run", "--format", "json", deadline_seconds=300)
    assert compared.returncode == 0, compared.stdout[-4000:]
    report = json.loads(compared.stdout)
    subjects = {outcome["subject"] for outcome in report["outcomes"]}
    active = {code for code, location in fleet.locations.items() if location.status == "active"}
    assert subjects == active | set(fleet.aggregation_routers)
    assert {outcome["result"] for outcome in report["outcomes"]} == {"in-sync"}
    # Nothing is pending, drifted or unknown on any router: what was confirmed is known, and is what runs.
    assert [outcome["plan"]["others"] for outcome in report["outcomes"] if outcome["plan"]["others"]] == []
