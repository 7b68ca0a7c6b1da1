"""Whatever state a checkout is in: the comparison says what it compared, or in one line why it cannot; and git finds nothing changed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from provisioner.compare.git import Repository
from provisioner.errors import UsageError

from .conftest import Checkout
from .kinds import KINDS, SCHOOL


def contents(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def test_nothing_in_the_repository_is_written_not_even_its_index(checkout: Checkout) -> None:
    KINDS["template-edited"](checkout)
    checkout.file(checkout.location(SCHOOL)).touch()
    before = contents(checkout.root)
    assert checkout.run("--annotate").returncode == 1
    assert contents(checkout.root) == before


def test_a_file_that_was_copied_or_touched_does_not_differ(checkout: Checkout) -> None:
    """The index knows nothing of a copy's files; to look into 10,000 of them for nothing would cost seconds."""
    repository = Repository.around(checkout.root)
    assert repository is not None
    checkout.file(checkout.location(SCHOOL)).touch()
    where = [Path("inventory"), Path("templates")]
    assert repository.differing("HEAD", where) == frozenset()
    checkout.edit(checkout.location(SCHOOL), "vlan_id: 30", "vlan_id: 33")
    checkout.file(checkout.location("04CR00")).unlink()
    checkout.file("templates/frr/edge/frr.j2").chmod(0o755)
    seen = {str(path) for path in repository.differing("HEAD", where)}
    assert seen == {checkout.location(SCHOOL), checkout.location("04CR00"), "templates/frr/edge/frr.j2"}


def test_what_is_committed_staged_changed_and_new_are_all_seen(checkout: Checkout) -> None:
    checkout.edit(checkout.location("04CR00"), "vlan_id: 30", "vlan_id: 31")
    checkout.commit()
    checkout.edit(checkout.location("05DJ00"), "mtu: 1492", "mtu: 1480")
    KINDS["vlan-added"](checkout)
    checkout.git("add", "--all")
    KINDS["school-added"](checkout)
    assert {change.plan.subject for change in checkout.compare().changes} == {SCHOOL, "03BK01", "04CR00", "05DJ00"}


def test_what_main_got_since_is_not_shown_as_taken_back(checkout: Checkout) -> None:
    KINDS["vlan-added"](checkout)
    checkout.commit()
    checkout.git("switch", "--quiet", "main")
    KINDS["template-edited"](checkout)
    checkout.commit()
    checkout.git("switch", "--quiet", "change")
    assert [change.plan.subject for change in checkout.compare().changes] == [SCHOOL]
    assert [change.plan.subject for change in checkout.compare(base="main").changes] == [SCHOOL]


def test_any_revision_will_do(checkout: Checkout) -> None:
    KINDS["vlan-added"](checkout)
    first = checkout.commit()
    checkout.git("tag", "v1")
    KINDS["template-edited"](checkout)
    assert len(checkout.compare(base=first).changes) == 25
    for base in (first[:10], "v1", "HEAD", "@", "change"):
        assert checkout.compare(base=base).base.commit == first[:12]
    assert checkout.compare(base="HEAD~1").changes[0].plan.subject


def test_a_shallow_clone_says_what_to_fetch_and_works_once_it_has_it(checkout: Checkout, tmp_path: Path) -> None:
    KINDS["vlan-added"](checkout)
    checkout.commit()
    checkout.git("switch", "--quiet", "main")
    shallow = Checkout(tmp_path / "shallow")
    shallow.root.mkdir()
    shallow.git("clone", "--quiet", "--depth", "1", "--branch", "change", f"file://{checkout.root}", ".")
    done = shallow.run()
    assert done.returncode == 2
    assert "main branch" in done.stderr
    done = shallow.run("--base", "origin/main")
    assert done.returncode == 2
    assert "git fetch origin main" in done.stderr
    shallow.git("fetch", "--quiet", "--depth", "1", "origin", "main:refs/remotes/origin/main")
    done = shallow.run("--base", "origin/main")
    assert done.returncode == 2
    assert "shallow" in done.stderr
    assert "PV0141" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    shallow.git("fetch", "--quiet", "--unshallow")
    shallow.git("fetch", "--quiet", "origin", "main:refs/remotes/origin/main")
    assert [change.plan.subject for change in shallow.compare(base="origin/main").changes] == [SCHOOL]


def test_a_worktree_is_a_checkout_like_any_other(checkout: Checkout, tmp_path: Path) -> None:
    checkout.git("worktree", "add", "--quiet", str(tmp_path / "tree"), "-b", "elsewhere")
    tree = Checkout(tmp_path / "tree")
    KINDS["vlan-added"](tree)
    assert [change.plan.subject for change in tree.compare().changes] == [SCHOOL]
    assert checkout.compare().changes == ()


@pytest.mark.parametrize("name", ["nowhere", "--output=x", "main:inventory", "", "origin/gone"])
def test_a_revision_that_is_none_is_one_line(checkout: Checkout, name: str) -> None:
    done = checkout.run(f"--base={name}")
    assert done.returncode == 2
    assert "no revision" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_outside_of_a_repository_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    (tmp_path / "inventory").mkdir()
    with pytest.raises(UsageError, match="in no git repository"):
        Checkout(tmp_path).compare()


def test_a_base_that_was_not_valid_is_told_with_its_file(checkout: Checkout) -> None:
    checkout.git("switch", "--quiet", "main")
    checkout.edit(checkout.location(SCHOOL), "pupils: 184", "pupils: many")
    checkout.edit("inventory/service.yaml", "\n", "\n# so that all are read\n")
    checkout.commit()
    checkout.git("switch", "--quiet", "--create", "mended")
    checkout.edit(checkout.location(SCHOOL), "pupils: many", "pupils: 184")
    done = checkout.run()
    assert done.returncode == 2
    assert f":inventory/locations/{SCHOOL}.yaml:" in done.stderr
    assert "/tmp" not in done.stderr


def test_a_working_tree_that_is_not_valid_is_told_as_check_tells_it(checkout: Checkout) -> None:
    checkout.edit(checkout.location(SCHOOL), "pupils: 184", "pupils: many")
    done = checkout.run()
    assert done.returncode == 2
    assert f"inventory/locations/{SCHOOL}.yaml:" in done.stderr


def test_a_repository_without_the_inventory_at_its_base_shows_everything_as_new(checkout: Checkout) -> None:
    checkout.git("switch", "--quiet", "--orphan", "empty")
    base = checkout.commit()
    checkout.git("switch", "--quiet", "--create", "begin")
    checkout.git("checkout", "--quiet", "main", "--", "inventory", "templates")
    comparison = checkout.compare(base=base)
    assert {change.kind.value for change in comparison.changes} == {"added"}
    assert len(comparison.changes) == 25 + 4
    assert any("everything is new" in note for note in comparison.notes)


def test_a_selection_narrows_what_is_compared(checkout: Checkout) -> None:
    KINDS["template-edited"](checkout)
    assert [change.plan.subject for change in checkout.compare(schools=("04CR00",)).changes] == ["04CR00"]
    of_board = checkout.compare(boards=("40123",)).changes
    assert of_board
    assert {change.board for change in of_board} == {"40123"}
    done = checkout.run("--school", "99ZZ99")
    assert done.returncode == 2
    assert "PV0112" in done.stderr


def test_a_report_goes_to_files_by_their_suffixes(checkout: Checkout) -> None:
    KINDS["vlan-added"](checkout)
    done = checkout.run("--output", "out/report.md", "--output", "out/report.json", "--output", "out/report.txt")
    assert done.returncode == 1
    assert checkout.file("out/report.md").read_text(encoding="utf-8").startswith("<!-- provision diff -->")
    assert checkout.file("out/report.json").read_text(encoding="utf-8").startswith("{")
    assert "look here" in checkout.file("out/report.txt").read_text(encoding="utf-8")
