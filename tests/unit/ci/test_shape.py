"""What the pipelines may do, read from their YAML, and what their public linters say of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from .conftest import PROGRAMS, ROOT, run

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
DOCUMENTS = [
    *WORKFLOWS,
    ROOT / "action.yml",
    ROOT / "ci/gitlab.yml",
    ROOT / ".gitlab-ci.yml",
    ROOT / ".pre-commit-hooks.yaml",
]
SCRIPTS = [ROOT / "ci" / name for name in ("fetch-base", "install", "live", "report")]
PINNED = re.compile(r"\./|[\w.-]+/[\w./-]+@[0-9a-f]{40}$")

by_name = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)


def content(path: Path) -> dict[str, object]:
    read = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(read, dict)
    # YAML 1.1 reads the key `on` as a boolean.
    return {str({True: "on"}.get(key, key)): value for key, value in read.items()}


def jobs(workflow: Path) -> dict[str, dict[str, object]]:
    found = content(workflow)["jobs"]
    assert isinstance(found, dict)
    return found


def every(path: Path, key: str) -> list[str]:
    """What stands under a key, at any depth."""

    def within(node: object) -> list[str]:
        if isinstance(node, dict):
            here = [str(node[key])] if key in node else []
            return here + [text for value in node.values() for text in within(value)]
        return [text for each in node for text in within(each)] if isinstance(node, list) else []

    return within(content(path))


@by_name
def test_a_workflow_has_no_permission_but_what_a_job_asks_for(workflow: Path) -> None:
    assert content(workflow)["permissions"] == {}
    assert all(job.get("permissions") for job in jobs(workflow).values())


def test_what_runs_a_pull_request_can_only_read() -> None:
    for workflow in WORKFLOWS:
        triggers = content(workflow)["on"]
        assert isinstance(triggers, dict)
        assert set(triggers) <= {"pull_request", "workflow_run"}, (
            "nothing runs on merge, nothing runs a fork with our rights"
        )
        if "pull_request" in triggers:
            assert [job["permissions"] for job in jobs(workflow).values()] == [{"contents": "read"}]


def test_what_may_write_runs_nothing_of_the_pull_request() -> None:
    workflow = ROOT / ".github/workflows/merge-request-comment.yml"
    (job,) = jobs(workflow).values()
    assert job["permissions"] == {"actions": "read", "contents": "read", "pull-requests": "write"}
    assert every(workflow, "ref") == ["${{ github.event.repository.default_branch }}"]
    assert every(workflow, "run-id") == ["${{ github.event.workflow_run.id }}"]


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / "action.yml"], ids=lambda path: path.name)
def test_nothing_from_outside_becomes_text_of_a_script(path: Path) -> None:
    for script in every(path, "run"):
        assert "${{" not in script


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / "action.yml"], ids=lambda path: path.name)
def test_actions_are_pinned_to_a_commit(path: Path) -> None:
    for used in every(path, "uses"):
        assert PINNED.match(used), used


@pytest.mark.parametrize("path", [*DOCUMENTS, *SCRIPTS], ids=lambda path: path.name)
def test_no_pipeline_pushes_or_asks_for_a_secret(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "--yes" not in text
    assert "secrets." not in text
    assert "pull_request_target" not in text


def test_the_live_look_is_off_by_default_and_waits_for_a_person() -> None:
    (github,) = jobs(ROOT / ".github/workflows/live-dry-run.yml").values()
    assert "vars.PROVISION_LIVE == 'true'" in str(github["if"])
    assert "head.repo.full_name == github.repository" in str(github["if"])
    assert github["environment"] == "routers"
    gitlab = content(ROOT / "ci/gitlab.yml")["provision-live"]
    assert isinstance(gitlab, dict)
    assert gitlab["rules"] == [
        {
            "if": '$CI_PIPELINE_SOURCE == "merge_request_event" && $PROVISION_LIVE == "true"',
            "when": "manual",
            "allow_failure": True,
        }
    ]


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.github-actions", [ROOT / "action.yml"]),
        ("vendor.gitlab-ci", [ROOT / "ci/gitlab.yml", ROOT / ".gitlab-ci.yml"]),
    ],
)
def test_the_forge_s_schema_accepts_it(schema: str, files: list[Path]) -> None:
    done = run(PROGRAMS / "check-jsonschema", "--builtin-schema", schema, *files, cwd=ROOT)
    assert done.returncode == 0, done.stdout


def test_yamllint_accepts_the_pipelines() -> None:
    done = run(PROGRAMS / "yamllint", "--strict", *DOCUMENTS, cwd=ROOT)
    assert done.returncode == 0, done.stdout


def test_shellcheck_accepts_the_scripts() -> None:
    done = run(PROGRAMS / "shellcheck", *SCRIPTS, cwd=ROOT)
    assert done.returncode == 0, done.stdout


def test_shellcheck_accepts_the_shell_lines_of_the_workflows(tmp_path: Path) -> None:
    scripts = [script for path in [*WORKFLOWS, ROOT / "action.yml"] for script in every(path, "run")]
    files = []
    for number, script in enumerate(scripts):
        files.append(tmp_path / f"{number}.sh")
        files[-1].write_text(f"#!/usr/bin/env bash\n{script}", encoding="utf-8")
    done = run(PROGRAMS / "shellcheck", *files, cwd=ROOT)
    assert done.returncode == 0, done.stdout


def test_pre_commit_accepts_the_hooks() -> None:
    done = run(PROGRAMS / "pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml", cwd=ROOT)
    assert done.returncode == 0, done.stdout
