"""What was last confirmed is known: drift is told apart from what is pending, and the last change can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.lab.handle import Lab

from .conftest import Provision, Schools
from .faults import OTHER_CIRCUIT, alias, another_circuit, in_sync, on_a_terminal, works

BY_HAND = "ip prefix-list BY-HAND seq 5 permit 192.0.2.0/24"


@pytest.fixture
def changed_by_hand(provisioned: Lab, schools: Schools) -> Iterator[None]:
    """Somebody typed a line on the fibre school's edge router."""
    node = provisioned.router(schools.fibre.edge_router_name)
    node.vtysh("configure terminal", BY_HAND, "end")
    yield
    node.vtysh("configure terminal", "no ip prefix-list BY-HAND", "end")


def has_line(lab: Lab, schools: Schools) -> bool:
    return BY_HAND in lab.router(schools.fibre.edge_router_name).vtysh("show running-config")


def test_a_push_over_what_was_changed_by_hand_is_refused_unless_accepted(
    provisioned: Lab, provision: Provision, schools: Schools, tmp_path: Path, changed_by_hand: None
) -> None:
    school = schools.fibre
    options = ["--lab", provisioned.name, *another_circuit(tmp_path, school), "--school", school.code]
    look = provision(*options, "--dry-run")
    assert look.returncode == 1
    assert "by hand" in look.stdout
    assert f"provision restore --lab {provisioned.name} --inventory" in look.stdout
    assert f"--school {school.code}" in look.stdout.partition("provision adopt --lab")[2]
    refused = provision(*options, "--yes")
    assert refused.returncode == 2
    assert "PV5004" in refused.stdout + refused.stderr
    assert "--accept-drift" in refused.stdout + refused.stderr
    assert has_line(provisioned, schools)
    assert OTHER_CIRCUIT not in alias(provisioned, school)
    done = provision("--lab", provisioned.name, "--school", school.code, "--yes", "--accept-drift")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not has_line(provisioned, schools)


def test_what_is_pending_alone_is_no_drift(
    provisioned: Lab, provision: Provision, schools: Schools, tmp_path: Path
) -> None:
    options = ["--lab", provisioned.name, *another_circuit(tmp_path, schools.fibre), "--school", schools.fibre.code]
    look = provision(*options, "--dry-run")
    assert look.returncode == 1
    assert "by hand" not in look.stdout


def test_on_a_terminal_it_asks_apart_about_what_was_changed_by_hand(
    provisioned: Lab, schools: Schools, changed_by_hand: None
) -> None:
    options = ["--lab", provisioned.name, "--school", schools.fibre.code]
    status, shown = on_a_terminal(options, "n\n", meanwhile=lambda: None, question="Push over what was changed by hand")
    assert status == 1
    assert "Push this to" not in shown
    assert has_line(provisioned, schools)


def test_undo_brings_back_what_ran_before_the_last_change(
    provisioned: Lab, provision: Provision, schools: Schools, tmp_path: Path
) -> None:
    school = schools.fibre
    lab = ["--lab", provisioned.name]
    before = alias(provisioned, school)
    done = provision(*lab, *another_circuit(tmp_path, school), "--school", school.code, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert OTHER_CIRCUIT in alias(provisioned, school)
    look = provision("undo", *lab, "--school", school.code, "--dry-run")
    assert look.returncode == 1, look.stderr
    removed = [line for line in look.stdout.splitlines() if line.startswith("-") and OTHER_CIRCUIT in line]
    assert len(removed) == 2, "at both ends of the uplink"
    back = provision("undo", *lab, "--school", school.code, "--yes")
    assert back.returncode == 0, back.stdout + back.stderr
    assert alias(provisioned, school) == before
    assert in_sync(provisioned, provision, school)
    works(provisioned, school)
    history = provision("history", *lab, "--school", school.code)
    assert history.returncode == 0
    assert "back to before run" in history.stdout


def test_the_way_back_can_be_shown_next_to_the_change(
    provisioned: Lab, provision: Provision, schools: Schools, tmp_path: Path
) -> None:
    options = ["--lab", provisioned.name, *another_circuit(tmp_path, schools.fibre), "--school", schools.fibre.code]
    look = provision(*options, "--dry-run", "--reverse")
    assert look.returncode == 1
    signs = {line[0] for line in look.stdout.splitlines() if OTHER_CIRCUIT in line and line[:1] in {"+", "-"}}
    assert signs == {"+", "-"}
