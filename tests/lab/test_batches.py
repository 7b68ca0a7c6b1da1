"""Several schools in one run: looked at all, asked once, a canary first, stopped where too much goes wrong, resumed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from provisioner.lab.handle import Lab

from .conftest import Provision, Schools
from .faults import alias, another_circuit, in_sync, on_a_terminal, templates_with


@pytest.fixture
def same_change(tmp_path: Path) -> list[str]:
    """Templates that change one and the same line on every edge router."""
    return templates_with(tmp_path, "edge/nftables.j2", "input refused: ", "input is refused: ")


def in_order(text: str, *words: str) -> bool:
    return re.search(".*".join(map(re.escape, words)), text, re.DOTALL) is not None


def test_a_change_of_all_edges_is_shown_once_and_pushed_with_a_canary_first(
    provisioned: Lab, provision: Provision, schools: Schools, same_change: list[str]
) -> None:
    options = ["--lab", provisioned.name, *schools.options]
    look = provision(*options, *same_change, "--dry-run")
    assert look.returncode == 1, look.stderr
    assert look.stdout.count("input is refused: ") == 1, look.stdout
    for school in schools.all:
        assert school.edge_router_name in look.stdout
    try:
        done = provision(*options, *same_change, "--yes", "--verbose")
        assert done.returncode == 0, done.stdout + done.stderr
        assert in_order(done.stderr, "canary", "committing", "done", "batch 2", "committing")
        for school in schools.all:
            rules = provisioned.router(school.edge_router_name).exec("nft", "list", "ruleset").stdout
            assert "input is refused: " in rules
    finally:
        back = provision(*options, "--yes")
    assert back.returncode == 0, back.stdout + back.stderr


def test_a_school_that_cannot_be_reached_is_its_own_failure_and_resume_goes_on_with_it(
    provisioned: Lab, provision: Provision, schools: Schools, tmp_path: Path
) -> None:
    options = ["--lab", provisioned.name, *another_circuit(tmp_path, *schools.all), "--yes"]
    lost = schools.slow
    provisioned.cut(lost.edge_router_name, "mgmt0")
    try:
        stopped = provision(*options, *schools.options)
        assert stopped.returncode == 2
        assert "--max-failures" in stopped.stdout + stopped.stderr
        assert "--resume" in stopped.stdout
        assert f"--lab {provisioned.name}" in stopped.stdout.splitlines()[-1], "what to type reaches the same routers"
        for school in schools.all:
            if school is not lost:
                assert "XX-FI-99999" not in alias(provisioned, school), "nothing is begun beyond the limit"

        borne = provision(*options, *schools.options, "--max-failures", "1")
        assert borne.returncode == 2
        for school in schools.all:
            if school is not lost:
                assert "XX-FI-99999" in alias(provisioned, school)
        provisioned.mend(lost.edge_router_name, "mgmt0")

        resumed = provision(*options, "--resume", "last", "--format", "json")
        assert resumed.returncode == 0, resumed.stdout + resumed.stderr
        outcomes = json.loads(resumed.stdout)["outcomes"]
        assert [(each["subject"], each["result"]) for each in outcomes] == [(lost.code, "confirmed")]
        assert "XX-FI-99999" in alias(provisioned, lost)

        nothing_left = provision(*options, "--resume", "last")
        assert nothing_left.returncode == 2
        assert "PV0133" in nothing_left.stderr
    finally:
        provisioned.mend_all()
        back = provision("--lab", provisioned.name, *schools.options, "--yes")
    assert back.returncode == 0, back.stdout + back.stderr


def test_an_impact_above_the_gate_is_refused_and_nothing_changes(
    provisioned: Lab, provision: Provision, schools: Schools, tmp_path: Path
) -> None:
    school = schools.fibre
    options = ["--lab", provisioned.name, *another_circuit(tmp_path, school), "--school", school.code]
    for mode in ("--dry-run", "--yes"):
        done = provision(*options, "--max-impact", "0", mode)
        assert done.returncode == 2, done.stdout
        assert "PV5005" in done.stdout + done.stderr
    assert in_sync(provisioned, provision, school)


def test_no_at_the_question_pushes_to_none(provisioned: Lab, schools: Schools, same_change: list[str]) -> None:
    options = ["--lab", provisioned.name, *schools.options, *same_change]
    status, shown = on_a_terminal(options, "n\n", meanwhile=lambda: None)
    assert status != 0
    assert shown.count("Push this to") == 1
    for school in schools.all:
        rules = provisioned.router(school.edge_router_name).exec("nft", "list", "ruleset").stdout
        assert "input is refused: " not in rules
