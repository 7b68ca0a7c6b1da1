"""The pipelines' shell steps, taken out of their YAML and run on real repositories."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from .conftest import PROGRAMS, ROOT, Origin, git, run, run_step, steps

MARKER = "<!-- provision diff -->"
SCHOOL = "inventory/locations/03BK00.yaml"
CIRCUIT = (SCHOOL, "PG-FI-10010", "PG-FI-10999")


@dataclass(frozen=True)
class Ran:
    """A pipeline's run: its steps until the first that failed, and what it left."""

    done: subprocess.CompletedProcess[str]
    output: str
    report: Path
    summary: str


@pytest.fixture
def path() -> dict[str, str]:
    return {"PATH": f"{PROGRAMS}:{os.environ['PATH']}"}


def github_action(clone: Path, temporary: Path, environment: dict[str, str], *, install: bool) -> Ran:
    """The steps of action.yml, in their order."""
    temporary.mkdir(exist_ok=True)
    summary, programs = temporary / "summary.md", temporary / "path"
    expressions = {"github.action_path": str(clone), "github.token": "", "inputs.base-branch": "main"}
    expressions |= {"inputs.inventory": "inventory", "inputs.templates": "templates", "inputs.rehearse": "false"}
    variables = environment | {
        "RUNNER_TEMP": str(temporary),
        "GITHUB_PATH": str(programs),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_SERVER_URL": "https://forge.example",
    }
    output = ""
    done = subprocess.CompletedProcess[str]((), 0, "", "")
    for step in steps(clone / "action.yml"):
        if "run" not in step or "if" in step or (step["name"] == "Install provision" and not install):
            continue
        done = run_step(step, expressions, clone, variables)
        output += done.stdout + done.stderr
        if done.returncode:
            break
        if programs.exists():
            added = programs.read_text(encoding="utf-8").strip()
            variables["PATH"] = f"{added}:{environment['PATH']}"
    report = temporary / "provision-report"
    return Ran(done, output, report, summary.read_text(encoding="utf-8") if summary.exists() else "")


def gitlab_job(name: str, clone: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The script of a job of ci/gitlab.yml, but for the installation, as the runner runs it."""
    job = yaml.safe_load((ROOT / "ci/gitlab.yml").read_text(encoding="utf-8"))[name]
    lines = [line for line in job["script"] if "ci/install" not in line]
    given = {"CI_PROJECT_DIR": str(clone), "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    return run("bash", "-eo", "pipefail", "-c", "\n".join(lines), cwd=clone, environment={**given, **variables})


def test_the_action_reports_a_change_from_a_clone_of_one_commit(
    origin: Origin, tmp_path: Path, offline_pip: dict[str, str]
) -> None:
    origin.edit(*CIRCUIT)
    origin.commit("another access line")
    clone = origin.clone(tmp_path / "clone")
    ran = github_action(clone, tmp_path / "temporary", offline_pip, install=True)
    assert ran.done.returncode == 0, ran.output
    report = (ran.report / "report.md").read_text(encoding="utf-8")
    assert report.startswith(MARKER)
    assert "er-03bk00" in report
    assert "er-04cr00" not in report
    assert (ran.report / "report.html").stat().st_size > 0
    assert report in ran.summary
    assert git(clone, "status", "--porcelain") == "", "the checkout is left as it was"
    program = (tmp_path / "temporary/provision/bin/provision").resolve()
    assert run(program, "--version", cwd=tmp_path).stdout.startswith("provision ")


def test_the_merge_commit_that_a_forge_checks_out_is_compared_with_main(
    origin: Origin, tmp_path: Path, path: dict[str, str]
) -> None:
    origin.edit(*CIRCUIT)
    origin.commit("another access line")
    git(origin.root, "switch", "--quiet", "--create", "merged", "main")
    origin.edit("inventory/locations/04CR00.yaml", "name: ", "name: De ")
    origin.commit("main renames another school")
    git(origin.root, "branch", "--force", "main")
    git(origin.root, "merge", "--quiet", "--no-edit", "change")
    ran = github_action(origin.clone(tmp_path / "clone", "merged"), tmp_path / "temporary", path, install=False)
    assert ran.done.returncode == 0, ran.output
    report = (ran.report / "report.md").read_text(encoding="utf-8")
    assert "er-03bk00" in report
    assert "er-04cr00" not in report, "what main changed is not this merge request's doing"


def test_nothing_changes_is_a_success_too(origin: Origin, tmp_path: Path, path: dict[str, str]) -> None:
    ran = github_action(origin.clone(tmp_path / "clone"), tmp_path / "temporary", path, install=False)
    assert ran.done.returncode == 0, ran.output
    assert "nothing changes" in (ran.report / "report.md").read_text(encoding="utf-8")


def test_a_mistake_in_the_inventory_fails_the_job_and_stands_in_the_comment(
    origin: Origin, tmp_path: Path, path: dict[str, str]
) -> None:
    origin.edit(SCHOOL, "down_mbps: 500", "down_mbps: many")
    origin.commit("a mistake")
    ran = github_action(origin.clone(tmp_path / "clone"), tmp_path / "temporary", path, install=False)
    assert ran.done.returncode == 2
    report = (ran.report / "report.md").read_text(encoding="utf-8")
    assert report.startswith(f"{MARKER}\n## ❌ The inventory is not valid\n\n    error: {SCHOOL}:")
    assert report in ran.summary


GUARD = ("templates/frr/edge/frr.j2", " maximum-prefix ", " maximum-prefix-out ")


def test_a_policy_finding_fails_the_job_and_stands_in_the_comment(
    origin: Origin, tmp_path: Path, path: dict[str, str]
) -> None:
    origin.edit(*GUARD)
    origin.commit("a template without its guard")
    ran = github_action(origin.clone(tmp_path / "clone"), tmp_path / "temporary", path, install=False)
    assert ran.done.returncode == 2
    report = (ran.report / "report.md").read_text(encoding="utf-8")
    assert "policy finding" in report
    assert "outside this change" not in report


def test_a_policy_finding_that_main_has_already_fails_the_job_too(
    origin: Origin, tmp_path: Path, path: dict[str, str]
) -> None:
    git(origin.root, "switch", "--quiet", "main")
    origin.edit(*GUARD)
    origin.commit("a template without its guard")
    git(origin.root, "branch", "--force", "change", "main")
    git(origin.root, "switch", "--quiet", "change")
    origin.edit("inventory/locations/04CR00.yaml", "name: ", "# said elsewhere\nname: ")
    origin.commit("a comment")
    ran = github_action(origin.clone(tmp_path / "clone"), tmp_path / "temporary", path, install=False)
    assert ran.done.returncode == 2
    report = (ran.report / "report.md").read_text(encoding="utf-8")
    assert "nothing changes" in report
    assert "policy findings outside this change" in report


def test_ten_thousand_mistakes_fit_into_a_comment(tmp_path: Path) -> None:
    stub = tmp_path / "provision"
    stub.write_text("#!/bin/sh\nseq 100000 | sed 's/^/error: ```\\n\\n# é number /'\nexit 2\n", encoding="utf-8")
    stub.chmod(0o755)
    done = run(
        ROOT / "ci/report", "main", tmp_path / "out", cwd=tmp_path, environment={"PATH": f"{tmp_path}:/usr/bin:/bin"}
    )
    assert done.returncode == 2
    report = (tmp_path / "out/report.md").read_bytes()
    assert 50_000 < len(report) < 65_536
    lines = report.decode().splitlines()
    assert all(not line or line.startswith("    ") for line in lines[3:]), "no line of it ends the code block"
    assert "more" in lines[-1]


def test_a_base_that_is_not_there_fails_the_job_with_a_reason(
    origin: Origin, tmp_path: Path, path: dict[str, str]
) -> None:
    clone = origin.clone(tmp_path / "clone")
    done = run(ROOT / "ci/report", "origin/nowhere", tmp_path / "out", cwd=clone, environment=path)
    assert done.returncode == 2
    assert "PV0143" in (tmp_path / "out/report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("depth", [1, 2, 50, 1000])
def test_history_is_fetched_as_far_as_the_common_ancestor(origin: Origin, tmp_path: Path, depth: int) -> None:
    clone = origin.clone(tmp_path / "clone", depth=depth)
    done = run(ROOT / "ci/fetch-base", "main", cwd=clone)
    assert done.returncode == 0, done.stderr
    assert git(clone, "merge-base", "HEAD", "origin/main") == git(origin.root, "merge-base", "change", "main")
    assert git(clone, "rev-parse", "origin/main") == git(origin.root, "rev-parse", "main")


def test_branches_without_a_common_ancestor_are_said_to_have_none(origin: Origin, tmp_path: Path) -> None:
    git(origin.root, "switch", "--quiet", "--orphan", "other")
    origin.commit("another beginning")
    clone = origin.clone(tmp_path / "clone", "other")
    done = run(ROOT / "ci/fetch-base", "main", cwd=clone)
    assert done.returncode == 2
    assert done.stderr == "fetch-base: HEAD and origin/main have no common ancestor\n"


def test_a_branch_with_a_name_of_shell_characters_is_a_name(origin: Origin, tmp_path: Path) -> None:
    name = "$(touch${IFS}owned);`id`"
    git(origin.root, "branch", name, "main")
    clone = origin.clone(tmp_path / "clone")
    done = run(ROOT / "ci/fetch-base", name, cwd=clone)
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.rglob("owned"))


def test_the_gitlab_job_reports_a_change_from_a_shallow_clone(
    origin: Origin, tmp_path: Path, path: dict[str, str]
) -> None:
    origin.edit(*CIRCUIT)
    origin.commit("another access line")
    clone = origin.clone(tmp_path / "clone")
    done = gitlab_job("provision-report", clone, path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "er-03bk00" in (clone / "provision-report/report.md").read_text(encoding="utf-8")
    assert (clone / "provision-report/report.html").stat().st_size > 0


def test_the_gitlab_job_fails_on_a_mistake(origin: Origin, tmp_path: Path, path: dict[str, str]) -> None:
    origin.edit(SCHOOL, "down_mbps: 500", "down_mbps: many")
    origin.commit("a mistake")
    done = gitlab_job("provision-report", origin.clone(tmp_path / "clone"), path)
    assert done.returncode == 2


def test_the_hook_stops_a_commit_of_a_mistake_and_lets_others_through(
    origin: Origin, tmp_path: Path, path: dict[str, str]
) -> None:
    """The hook as it is shipped, but run from this installation: pre-commit would install the project from a registry."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    config = {"repos": [{"repo": "local", "hooks": [{**hook, "language": "system"}]}]}
    (origin.root / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    git(origin.root, "add", ".pre-commit-config.yaml")
    environment = path | {"PRE_COMMIT_HOME": str(tmp_path / "pre-commit")}

    def hook_runs() -> subprocess.CompletedProcess[str]:
        return run(PROGRAMS / "pre-commit", "run", "provision-check", cwd=origin.root, environment=environment)

    untouched = hook_runs()
    assert untouched.returncode == 0, untouched.stdout
    assert "(no files to check)Skipped" in untouched.stdout
    origin.edit(*CIRCUIT)
    git(origin.root, "add", SCHOOL)
    good = hook_runs()
    assert good.returncode == 0, good.stdout
    assert "Passed" in good.stdout
    origin.edit(SCHOOL, "down_mbps: 500", "down_mbps: many")
    git(origin.root, "add", SCHOOL)
    bad = hook_runs()
    assert bad.returncode == 1
    assert f"error: {SCHOOL}:" in bad.stdout
