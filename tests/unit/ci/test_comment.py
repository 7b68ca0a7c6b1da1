"""One comment, changed from then on; against a stand-in for the forges' interfaces that pages, refuses and redirects."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from .conftest import ROOT, run, run_step, steps
from .forge import HEAD, SOMEBODY, TOKEN, US, Forge

MARKER = "<!-- provision diff -->"
SCRIPT = ROOT / "ci/comment.py"
FORGES = {
    "github": ("--repository", "school/net", "--branch", "school:change", "--commit", HEAD),
    "gitlab": ("--project", "school/net", "--merge-request", "12"),
}


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.md"
    path.write_text(f"{MARKER}\n## first\n", encoding="utf-8")
    return path


def comment(
    forge: Forge, kind: str, report: Path, *options: str, token: str = TOKEN
) -> subprocess.CompletedProcess[str]:
    arguments = [kind, "--api", forge.root, *FORGES[kind], *options, str(report)]
    return run(sys.executable, "-I", SCRIPT, *arguments, cwd=report.parent, environment={"FORGE_TOKEN": token})


@pytest.mark.parametrize("kind", FORGES)
@pytest.mark.parametrize("others", [0, 1, 7])
def test_two_runs_leave_one_comment_with_the_second_report(forge: Forge, kind: str, report: Path, others: int) -> None:
    for number in range(others):
        forge.say(f"remark {number}")
    assert comment(forge, kind, report).stdout == "comment written\n"
    forge.say("and later")
    report.write_text(f"{MARKER}\n## second\n", encoding="utf-8")
    assert comment(forge, kind, report).stdout == "comment changed\n"
    assert [body for body in forge.bodies if MARKER in body] == [f"{MARKER}\n## second"]
    assert len(forge.comments) == others + 2


@pytest.mark.parametrize("kind", FORGES)
def test_a_comment_of_somebody_else_is_not_ours_whatever_it_says(forge: Forge, kind: str, report: Path) -> None:
    forge.say(f"{MARKER}\nmine now", SOMEBODY)
    forge.say(f"> {MARKER}\n> a quotation", US)
    assert comment(forge, kind, report).returncode == 0
    assert forge.bodies == [f"{MARKER}\nmine now", f"> {MARKER}\n> a quotation", f"{MARKER}\n## first"]


@pytest.mark.parametrize("kind", FORGES)
@pytest.mark.parametrize("status", [401, 403, 422, 500])
def test_a_refusal_is_one_line_without_the_token(forge: Forge, kind: str, report: Path, status: int) -> None:
    forge.refusal = status
    done = comment(forge, kind, report)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"{status} Resource not accessible by integration" in done.stderr
    assert TOKEN not in done.stderr


@pytest.mark.parametrize("kind", FORGES)
def test_a_redirect_does_not_take_the_token_elsewhere(forge: Forge, kind: str, report: Path) -> None:
    forge.redirect = f"{forge.root}/elsewhere"
    done = comment(forge, kind, report)
    assert done.returncode == 2
    assert "302" in done.stderr
    assert not any("elsewhere" in asked for asked in forge.asked)


def test_a_forge_that_is_not_there_is_one_line(forge: Forge, report: Path) -> None:
    forge.root = "http://127.0.0.1:9"
    done = comment(forge, "github", report)
    assert done.returncode == 2
    assert done.stderr.startswith("comment: GET http://127.0.0.1:9/repos/school/net/pulls")
    assert done.stderr.count("\n") == 1


def test_a_report_of_a_commit_that_is_no_longer_the_newest_is_not_written(forge: Forge, report: Path) -> None:
    done = comment(forge, "github", report, "--commit", "d" * 40)
    assert done.returncode == 0
    assert "no open merge request" in done.stdout
    assert forge.comments == []


def test_a_long_report_is_as_long_as_a_comment_may_be(forge: Forge, report: Path) -> None:
    report.write_text(MARKER + "\n" + "é" * 200_000, encoding="utf-8")
    assert comment(forge, "github", report, "--link", "https://forge.example/run/1").returncode == 0
    assert len(forge.bodies[0]) == 65_536
    assert "forge.example" not in forge.bodies[0], "there was no room"


def test_a_report_with_room_links_to_the_whole_one(forge: Forge, report: Path) -> None:
    comment(forge, "github", report, "--link", "https://forge.example/run/1")
    assert forge.bodies[0].endswith("(https://forge.example/run/1)\n")


def test_a_link_in_the_place_of_a_report_is_not_followed(forge: Forge, tmp_path: Path) -> None:
    (tmp_path / "private").write_text("a private text", encoding="utf-8")
    link = tmp_path / "report.md"
    link.symlink_to("private")
    done = comment(forge, "github", link)
    assert done.returncode == 2
    assert forge.asked == []


def test_without_a_token_nobody_is_asked(forge: Forge, report: Path) -> None:
    done = comment(forge, "gitlab", report, token="")
    assert (done.returncode, done.stderr) == (2, "comment: FORGE_TOKEN is not set\n")
    assert forge.asked == []


def test_the_step_of_the_workflow_writes_the_comment(forge: Forge, tmp_path: Path) -> None:
    (step,) = [step for step in steps(ROOT / ".github/workflows/merge-request-comment.yml", "comment") if "run" in step]
    reports = tmp_path / "provision-report"
    reports.mkdir()
    (reports / "report.md").write_text(f"{MARKER}\n## first\n", encoding="utf-8")
    event = "github.event.workflow_run"
    expressions = {
        "github.token": TOKEN,
        "github.repository": "school/net",
        f"{event}.head_repository.owner.login": "school",
        f"{event}.head_branch": "change",
        f"{event}.head_sha": HEAD,
        f"{event}.html_url": "https://forge.example/run/1",
    }
    variables = {"RUNNER_TEMP": str(tmp_path), "GITHUB_API_URL": forge.root}
    for _ in range(2):
        done = run_step(step, expressions, ROOT, variables)
        assert done.returncode == 0, done.stderr
    assert len(forge.comments) == 1


def test_the_job_of_gitlab_writes_the_comment(forge: Forge, tmp_path: Path) -> None:
    job = yaml.safe_load((ROOT / "ci/gitlab.yml").read_text(encoding="utf-8"))["provision-comment"]
    (tmp_path / "provision-report").mkdir()
    (tmp_path / "provision-report/report.md").write_text(f"{MARKER}\n## first\n", encoding="utf-8")
    (tmp_path / "ci").symlink_to(ROOT / "ci")
    variables = {
        "PROVISION_COMMENT_TOKEN": TOKEN,
        "CI_API_V4_URL": forge.root,
        "CI_PROJECT_ID": "school/net",
        "CI_MERGE_REQUEST_IID": "12",
        "CI_PIPELINE_URL": "https://forge.example/run/1",
    }
    for _ in range(2):
        done = run("bash", "-eo", "pipefail", "-c", "\n".join(job["script"]), cwd=tmp_path, environment=variables)
        assert done.returncode == 0, done.stderr
    assert len(forge.comments) == 1
