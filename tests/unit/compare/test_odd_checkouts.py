"""Checkouts as nobody made them on purpose: what changes is seen all the same, or in one line it is said what cannot be."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from provisioner.compare.comparison import Request, compare
from provisioner.compare.git import Repository
from provisioner.compare.model import ChangeKind, Comparison
from provisioner.errors import UsageError
from provisioner.intent.select import Selection

from .conftest import Checkout
from .kinds import KINDS, SCHOOL

OTHER = "04CR00"
EDGE = "templates/frr/edge/frr.j2"
ALLOWED = ("-c", "protocol.file.allow=always")


def subjects(comparison: Comparison) -> list[str]:
    return sorted(change.plan.subject for change in comparison.changes)


def on_main(checkout: Checkout) -> None:
    """From here on the working tree is main's, until `leave_main`."""
    checkout.git("switch", "--quiet", "main")


def leave_main(checkout: Checkout) -> None:
    checkout.commit()
    checkout.git("switch", "--quiet", "--create", "odd")


def other_vlan(checkout: Checkout, file: str = f"inventory/locations/{SCHOOL}.yaml") -> None:
    checkout.edit(file, "vlan_id: 30", "vlan_id: 33")


def compared(root: Path, inventory: str, templates: Path, schools: Iterable[str] = ()) -> Comparison:
    return compare(Request(root / inventory, templates, selection=Selection(schools=tuple(schools))), None)


# --- where the inventory lies ---------------------------------------------------------------------------------------


def test_an_inventory_may_be_a_whole_repository(checkout: Checkout, tmp_path: Path) -> None:
    alone = Checkout(tmp_path / "alone")
    shutil.copytree(checkout.file("inventory"), alone.root)
    alone.git("init", "--quiet", "--initial-branch", "main")
    leave_main(alone)
    other_vlan(alone, f"locations/{SCHOOL}.yaml")
    alone.file("README.md").write_text("# Our schools\n", encoding="utf-8")
    comparison = compared(alone.root, ".", checkout.file("templates"))
    (change,) = comparison.changes
    assert (change.plan.subject, change.kind) == (SCHOOL, ChangeKind.CHANGED)
    assert [note for note in comparison.notes if "everything is new" in note] == []


def test_an_inventory_may_be_named_by_a_link(checkout: Checkout, tmp_path: Path) -> None:
    other_vlan(checkout)
    (tmp_path / "link").symlink_to(checkout.file("inventory"))
    assert subjects(compared(tmp_path, "link", checkout.file("templates"))) == [SCHOOL]


def test_what_a_link_within_the_inventory_leads_to_is_compared(checkout: Checkout) -> None:
    on_main(checkout)
    checkout.git("mv", "inventory/locations", "schools")
    checkout.file("inventory/locations").symlink_to("../schools")
    leave_main(checkout)
    assert subjects(checkout.compare()) == []
    other_vlan(checkout, f"schools/{SCHOOL}.yaml")
    (change,) = checkout.compare().changes
    assert (change.plan.subject, change.kind) == (SCHOOL, ChangeKind.CHANGED)


def test_what_the_link_of_one_location_leads_to_is_compared(checkout: Checkout) -> None:
    on_main(checkout)
    checkout.git("mv", checkout.location(SCHOOL), "kersenboom.yaml")
    checkout.file(checkout.location(SCHOOL)).symlink_to("../../kersenboom.yaml")
    leave_main(checkout)
    other_vlan(checkout, "kersenboom.yaml")
    assert subjects(checkout.compare()) == [SCHOOL]


def test_what_the_link_of_a_template_leads_to_is_compared(checkout: Checkout) -> None:
    on_main(checkout)
    checkout.git("mv", EDGE, "edge.j2")
    checkout.file(EDGE).symlink_to("../../../edge.j2")
    leave_main(checkout)
    checkout.edit("edge.j2", "timers connect 5", "timers connect 7")
    assert len(subjects(checkout.compare())) == 25


def test_a_link_that_takes_the_place_of_a_directory_is_compared_by_what_is_behind_it(checkout: Checkout) -> None:
    checkout.file("inventory/locations").rename(checkout.file("schools"))
    checkout.file("inventory/locations").symlink_to("../schools")
    assert subjects(checkout.compare()) == []
    other_vlan(checkout, f"schools/{SCHOOL}.yaml")
    assert subjects(checkout.compare()) == [SCHOOL]


def test_a_link_out_of_the_repository_is_refused_since_nobody_knows_what_it_led_to(
    checkout: Checkout, tmp_path: Path
) -> None:
    on_main(checkout)
    outside = tmp_path / "kersenboom.yaml"
    checkout.file(checkout.location(SCHOOL)).rename(outside)
    checkout.file(checkout.location(SCHOOL)).symlink_to(outside)
    leave_main(checkout)
    with pytest.raises(UsageError, match="symbolic link that leads out of the repository") as refused:
        checkout.compare()
    assert refused.value.number == "PV0151"


def test_locations_in_a_submodule_are_refused(checkout: Checkout, tmp_path: Path) -> None:
    schools = Checkout(tmp_path / "schools")
    shutil.copytree(checkout.file("inventory/locations"), schools.root)
    schools.git("init", "--quiet", "--initial-branch", "main")
    schools.commit()
    on_main(checkout)
    checkout.git("rm", "--quiet", "-r", "inventory/locations")
    checkout.git(*ALLOWED, "submodule", "--quiet", "add", str(schools.root), "inventory/locations")
    leave_main(checkout)
    other_vlan(checkout)
    with pytest.raises(UsageError, match="inventory/locations is a repository of its own") as refused:
        checkout.compare()
    assert refused.value.number == "PV0151"


def test_templates_in_a_submodule_are_those_of_now_and_that_is_said(checkout: Checkout, tmp_path: Path) -> None:
    shared = Checkout(tmp_path / "shared")
    shutil.copytree(checkout.file("templates"), shared.root)
    shared.git("init", "--quiet", "--initial-branch", "main")
    shared.commit()
    on_main(checkout)
    checkout.git("rm", "--quiet", "-r", "templates")
    checkout.git(*ALLOWED, "submodule", "--quiet", "add", str(shared.root), "templates")
    leave_main(checkout)
    other_vlan(checkout)
    comparison = checkout.compare()
    assert subjects(comparison) == [SCHOOL]
    assert any("templates are not in this repository" in note for note in comparison.notes)


# --- what git was told ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", ["--assume-unchanged", "--skip-worktree"])
def test_a_change_that_git_was_told_not_to_look_for_is_seen(checkout: Checkout, told: str) -> None:
    checkout.git("update-index", told, checkout.location(SCHOOL))
    other_vlan(checkout)
    assert subjects(checkout.compare()) == [SCHOOL]


def test_a_sparse_checkout_says_what_it_cannot_compare(checkout: Checkout) -> None:
    checkout.git("update-index", "--refresh")  # git leaves no file out that may have been edited, and this is a copy
    checkout.git("sparse-checkout", "set", "--no-cone", "/*", f"!/inventory/locations/{OTHER}.yaml")
    assert not checkout.file(checkout.location(OTHER)).exists()
    KINDS["template-edited"](checkout)
    comparison = checkout.compare()
    assert len(comparison.changes) == 24
    assert any(f"leaves 1 files out (inventory/locations/{OTHER}.yaml)" in note for note in comparison.notes)


def test_a_sparse_checkout_without_the_inventory_is_one_line(checkout: Checkout) -> None:
    checkout.git("update-index", "--refresh")
    checkout.git("sparse-checkout", "set", "templates")
    done = checkout.run()
    assert done.returncode == 2
    assert done.stderr.startswith("error: inventory: is no directory")
    assert len(done.stderr.splitlines()) == 1


def test_files_that_change_nothing_are_named(checkout: Checkout) -> None:
    other_vlan(checkout)
    checkout.edit(checkout.location(OTHER), "down_mbps: ", "down_mbps:  ")
    checkout.edit(checkout.location("05DJ00"), "down_mbps: ", "down_mbps:  ")
    idle = f"{checkout.location(OTHER)}, {checkout.location('05DJ00')} differ, and no router is configured otherwise for them"
    assert checkout.compare().notes == (idle,)
    assert checkout.compare(schools=(SCHOOL,)).notes == ()
    (note,) = checkout.compare(schools=(OTHER,)).notes
    assert note == f"{checkout.location(OTHER)} differs, and no router is configured otherwise for it"


def test_what_git_ignores_is_read_and_so_compared(checkout: Checkout) -> None:
    checkout.file(".gitignore").write_text("*.yaml\n", encoding="utf-8")
    KINDS["school-added"](checkout)
    assert subjects(checkout.compare()) == ["03BK01"]


@pytest.mark.parametrize("left_out", ["inventory/locations/03*", "templates", "*.j2"])
def test_what_git_archive_would_leave_out_is_never_taken_for_new(checkout: Checkout, left_out: str) -> None:
    on_main(checkout)
    checkout.file(".gitattributes").write_text(f"{left_out} export-ignore\n", encoding="utf-8")
    leave_main(checkout)
    other_vlan(checkout)
    KINDS["template-edited"](checkout)
    with pytest.raises(UsageError, match="git archive leaves") as refused:
        checkout.compare()
    assert refused.value.number == "PV0152"


@pytest.mark.parametrize("directory", [".git", None])
def test_a_hook_of_git_may_run_it(checkout: Checkout, monkeypatch: pytest.MonkeyPatch, directory: str | None) -> None:
    """Git tells the commands that it starts where its directory is; from there they would find the wrong root."""
    other_vlan(checkout)
    monkeypatch.chdir(checkout.root)
    monkeypatch.setenv("GIT_DIR", directory or str(checkout.file(".git")))
    monkeypatch.setenv("GIT_INDEX_FILE", str(checkout.file(".git/index")))
    monkeypatch.setenv("GIT_PREFIX", "inventory/")
    assert subjects(checkout.compare()) == [SCHOOL]


def test_settings_of_git_change_nothing(checkout: Checkout) -> None:
    other_vlan(checkout)
    for setting in (
        "diff.relative=true",
        "diff.noprefix=true",
        "diff.mnemonicPrefix=true",
        "diff.renames=copies",
        "diff.ignoreSubmodules=all",
        "color.ui=always",
        "core.quotePath=true",
        "core.autocrlf=true",
        "status.showUntrackedFiles=no",
    ):
        checkout.git("config", *setting.split("="))
    KINDS["school-added"](checkout)
    assert subjects(checkout.compare()) == [SCHOOL, "03BK01"]


# --- what it is compared with ---------------------------------------------------------------------------------------


def test_a_tag_that_has_the_main_branch_s_name_is_not_the_main_branch(checkout: Checkout) -> None:
    other_vlan(checkout)
    checkout.commit()
    checkout.git("tag", "main")
    assert subjects(checkout.compare()) == [SCHOOL]


def test_a_branch_that_has_the_name_of_the_remote_s_is_not_the_remote_s(checkout: Checkout) -> None:
    checkout.git("update-ref", "refs/remotes/origin/main", "main")
    other_vlan(checkout)
    checkout.commit()
    checkout.git("branch", "origin/main")
    assert subjects(checkout.compare()) == [SCHOOL]


def test_a_revision_may_have_the_name_of_a_file(checkout: Checkout) -> None:
    checkout.git("branch", "inventory")
    other_vlan(checkout)
    assert subjects(checkout.compare(base="inventory")) == [SCHOOL]


def test_a_head_on_no_branch_is_compared(checkout: Checkout) -> None:
    other_vlan(checkout)
    checkout.commit()
    checkout.git("switch", "--quiet", "--detach")
    assert subjects(checkout.compare()) == [SCHOOL]


def test_a_repository_without_a_commit_is_one_line(checkout: Checkout) -> None:
    shutil.rmtree(checkout.file(".git"))
    checkout.git("init", "--quiet", "--initial-branch", "main")
    for arguments in ((), ("--base", "HEAD")):
        done = checkout.run(*arguments)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert "Traceback" not in done.stderr


def test_a_base_whose_templates_were_wrong_is_told_with_its_commit(checkout: Checkout) -> None:
    on_main(checkout)
    original = checkout.file(EDGE).read_text(encoding="utf-8")
    checkout.file(EDGE).write_text(f"{original}{{% if %}}\n", encoding="utf-8")
    leave_main(checkout)
    checkout.file(EDGE).write_text(original, encoding="utf-8")
    done = checkout.run()
    assert done.returncode == 2
    assert f":{EDGE}:" in done.stderr
    assert "provision-base" not in done.stderr


def test_a_full_disk_does_not_leave_git_waiting_for_a_reader(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a pipe holds (pipe(7): 65,536 bytes), and a tar that reads none of it."""
    checkout.file("inventory/large.txt").write_bytes(os.urandom(1_000_000))
    commit = checkout.commit()
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "tar").write_text("#!/bin/sh\necho 'No space left on device' >&2\nexit 2\n", encoding="utf-8")
    (programs / "tar").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    code = (
        "import sys; from pathlib import Path; from provisioner.compare.git import Repository\n"
        "Repository(Path(sys.argv[1])).export(sys.argv[2], [Path('inventory')], Path(sys.argv[3]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(checkout.root), commit, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert "No space left on device" in done.stderr


# --- what is selected -----------------------------------------------------------------------------------------------


def test_schools_that_are_on_one_side_each_can_be_selected_together(checkout: Checkout) -> None:
    KINDS["school-added"](checkout)
    checkout.file(checkout.location(OTHER)).unlink()
    assert subjects(checkout.compare(schools=("03BK01", OTHER))) == ["03BK01", OTHER]


def test_a_typo_beside_a_school_that_is_new_is_not_passed_over(checkout: Checkout) -> None:
    KINDS["school-added"](checkout)
    with pytest.raises(UsageError, match="99ZZ99"):
        checkout.compare(schools=("03BK01", "99ZZ99"))


def test_a_board_without_schools_takes_nothing_from_the_others(checkout: Checkout) -> None:
    boards = checkout.file("inventory/boards.yaml")
    entry = '  - number: "49999"\n    name: Stichting Zonder Scholen\n    contact: niemand@zonder.example\n'
    boards.write_text(boards.read_text(encoding="utf-8") + entry, encoding="utf-8")
    other_vlan(checkout)
    board = next(change.board for change in checkout.compare().changes)
    assert subjects(checkout.compare(boards=(board, "49999"))) == [SCHOOL]
    with pytest.raises(UsageError, match="no locations"):
        checkout.compare(boards=("49999",))


# --- git's own words ------------------------------------------------------------------------------------------------


def test_the_root_of_a_repository_is_in_every_commit(checkout: Checkout) -> None:
    repository = Repository.around(checkout.root)
    assert repository is not None
    commit = repository.head().commit
    assert repository.has(commit, Path())
    assert repository.has(commit, Path("inventory/service.yaml"))
    assert not repository.has(commit, Path("inventory/nothing.yaml"))
