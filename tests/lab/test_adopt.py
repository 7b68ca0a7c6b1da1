"""Adopting a change by hand, on routers: what the inventory can say is proposed and written, the rest is told, no router changes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from provisioner.lab.handle import Lab

from . import faults
from .conftest import ROOT, Provision, Schools


def test_a_good_change_by_hand_comes_into_the_inventory_and_the_rest_is_told(
    provisioned: Lab, provision: Provision, schools: Schools, tmp_path: Path
) -> None:
    school = schools.fibre
    inventory = tmp_path / "inventory"
    shutil.copytree(ROOT / "inventory", inventory)
    options = ("--lab", provisioned.name, "--inventory", str(inventory), "--school", school.code)
    nothing = provision("adopt", *options)
    assert nothing.returncode == 0, nothing.stdout + nothing.stderr
    edge = provisioned.router(school.edge_router_name)
    try:
        changed = provision(
            "--lab",
            provisioned.name,
            *faults.another_circuit(tmp_path / "by-hand", school),
            "--school",
            school.code,
            "--yes",
        )
        assert changed.returncode == 0, changed.stdout + changed.stderr
        assert edge.exec("vtysh", "-c", "configure terminal", "-c", "ip route 198.51.100.0/24 blackhole").ok
        done = provision("adopt", *options, "--write", "--format", "json")
        assert done.returncode == 1, done.stdout + done.stderr
        found = json.loads(done.stdout)
        assert [(edit["field"], edit["new"]) for edit in found["edits"]] == [
            ("uplinks[0].access_line.circuit_id", faults.OTHER_CIRCUIT)
        ]
        assert [left["device"] for left in found["left"]] == [school.edge_router_name]
        assert "198.51.100.0/24" in found["left"][0]["files"][0]["diff"]
        assert faults.OTHER_CIRCUIT in (inventory / "locations" / f"{school.code}.yaml").read_text(encoding="utf-8")
        assert "198.51.100.0/24" in edge.vtysh("show running-config"), "no router is changed"
        assert edge.exec("vtysh", "-c", "configure terminal", "-c", "no ip route 198.51.100.0/24 blackhole").ok
        after = provision("adopt", *options)
        assert after.returncode == 0, after.stdout + after.stderr
        look = provision(*options, "--dry-run")
        assert look.returncode == 0, look.stdout
    finally:
        edge.exec("vtysh", "-c", "configure terminal", "-c", "no ip route 198.51.100.0/24 blackhole")
        back = provision("--lab", provisioned.name, "--school", school.code, "--yes", "--accept-drift")
        assert back.returncode == 0, back.stdout + back.stderr
