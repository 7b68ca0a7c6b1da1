"""Diffs as data, digests, subjects."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from provisioner.intent.load import load_fleet
from provisioner.intent.types import PlatformName
from provisioner.plan.diff import split_by_file
from provisioner.plan.model import DeviceDiff, DeviceRole, FileDiff, Plan, Target
from provisioner.plan.revision import inventory_commit
from provisioner.plan.subject import base_subject, location_subject

INVENTORY = Path(__file__).parents[3] / "inventory"
TWO_FILES = """\
--- /etc/network/interfaces (running)
+++ /etc/network/interfaces (candidate)
@@ -1,2 +1,2 @@
 iface eth0
-    mtu 1500
+    mtu 1400
--- /etc/frr/frr.conf (running)
+++ /etc/frr/frr.conf (candidate)
@@ router bgp 64500 @@
+ neighbor 192.0.2.1 remote-as 64501
"""
TARGET = Target("er-x", DeviceRole.EDGE, PlatformName.FRR)


def test_a_comparison_is_cut_at_its_headers() -> None:
    interfaces, frr = split_by_file(TWO_FILES)
    assert (interfaces.file, interfaces.added, interfaces.removed) == ("/etc/network/interfaces", 1, 1)
    assert (frr.file, frr.added, frr.removed) == ("/etc/frr/frr.conf", 1, 0)
    assert frr.text.startswith("--- /etc/frr/frr.conf (running)\n+++ ")


def test_a_removed_line_of_dashes_is_no_header() -> None:
    (only,) = split_by_file("--- f (running)\n+++ f (candidate)\n--- a comment\n context\n")
    assert only.removed == 0 or only.file == "f"
    assert "--- a comment" in only.text


def test_no_difference_is_no_file() -> None:
    assert split_by_file("") == ()
    assert split_by_file("\n \n") == ()


def test_a_comparison_without_headers_is_one_file() -> None:
    (only,) = split_by_file("+ set system host-name x\n")
    assert (only.file, only.added) == ("configuration", 1)


def test_the_digest_tells_devices_and_changes_apart() -> None:
    one = Plan("16PK00", "x", (DeviceDiff(TARGET, (FileDiff("f", "+a"),)),))
    other = Plan("16PK00", "x", (DeviceDiff(TARGET, (FileDiff("f", "+b"),)),))
    assert one.digest == Plan("16PK00", "y", one.diffs).digest
    assert one.digest != other.digest
    assert not one.is_empty
    assert Plan("16PK00", "x", (DeviceDiff(TARGET),)).is_empty


def test_the_aggregation_ends_come_before_the_edge_and_only_their_slice_is_touched() -> None:
    fleet = load_fleet(INVENTORY)
    subject = location_subject(fleet, fleet.locations["20TY00"])
    assert [(target.device, target.slices, target.includes_base) for target in subject.targets] == [
        ("ehv1-ar1", ("20TY00",), False),
        ("utr1-ar1", ("20TY00",), False),
        ("er-20ty00", (), True),
    ]


def test_a_base_touches_no_slice() -> None:
    (target,) = base_subject(load_fleet(INVENTORY), "zwl1-ar1").targets
    assert (target.slices, target.includes_base) == ((), True)


def test_outside_git_there_is_no_commit(tmp_path: Path) -> None:
    assert inventory_commit(tmp_path) == ""


def git(directory: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", str(directory), *identity, *arguments], check=True, capture_output=True)


def checkout(directory: Path) -> Path:
    """A repository with one file, committed."""
    directory.mkdir()
    git(directory, "init", "-q")
    (directory / "a.yaml").write_text("x: 1\n")
    git(directory, "add", "a.yaml")
    git(directory, "commit", "-q", "-m", "one")
    return directory


def test_a_changed_inventory_is_dirty(tmp_path: Path) -> None:
    inventory = checkout(tmp_path / "inventory")
    clean = inventory_commit(inventory)
    assert len(clean) == 12
    (inventory / "a.yaml").write_text("x: 2\n")
    assert inventory_commit(inventory) == f"{clean}-dirty"


@pytest.mark.parametrize("changed", ["inventory", "templates"])
def test_an_inventory_with_templates_from_another_checkout_is_dirty_where_either_is(
    tmp_path: Path, changed: str
) -> None:
    """A team keeps its inventory in a repository of its own: the journal must not call a commit clean that was not."""
    both = inventory, templates = checkout(tmp_path / "inventory"), checkout(tmp_path / "templates")
    clean = inventory_commit(inventory, both)
    assert clean == inventory_commit(inventory, (inventory, tmp_path)), "templates outside git say nothing"
    assert "dirty" not in clean
    (tmp_path / changed / "a.yaml").write_text("x: 2\n")
    assert inventory_commit(inventory, (inventory, templates)) == f"{clean}-dirty"
