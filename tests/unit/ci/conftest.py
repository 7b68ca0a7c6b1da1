"""What a pipeline's shell steps are run on: a repository of the whole project, and a shallow clone of a merge request of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from .forge import Forge, serving

ROOT = Path(__file__).parents[3]
PROGRAMS = Path(sys.executable).parent
SHIPPED = ("action.yml", "ci", "inventory", "pyproject.toml", "README.md", "src", "templates", ".gitignore")
_GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    **{f"GIT_{who}_{what}": "noc@example.net" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def run(
    *command: str | Path, cwd: Path, environment: Mapping[str, str] | None = None, deadline_seconds: int = 180
) -> subprocess.CompletedProcess[str]:
    """A command without what the environment around the tests says of git and of us."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GIT", "PROVISION_", "CI"))}
    return subprocess.run(
        command,
        cwd=cwd,
        check=False,
        capture_output=True,
        text=True,
        env=inherited | _GIT | {"PROVISION_CACHE": "off"} | dict(environment or {}),
        timeout=deadline_seconds,
    )


def git(directory: Path, *arguments: str) -> str:
    done = run("git", *arguments, cwd=directory)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass(frozen=True)
class Origin:
    """The repository on the forge: main, and a merge request's branch `change` of an older main."""

    root: Path

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def commit(self, message: str, times: int = 1) -> None:
        for _ in range(times):
            git(self.root, "commit", "--quiet", "--all", "--allow-empty", "--message", message)

    def clone(self, where: Path, branch: str = "change", depth: int = 1) -> Path:
        """What a pipeline starts with: one commit of one branch, detached."""
        options = ["--quiet", "--depth", str(depth), "--single-branch", "--branch", branch]
        git(where.parent, "clone", *options, f"file://{self.root}", str(where))
        git(where, "checkout", "--quiet", "--detach")
        return where


@pytest.fixture(scope="session")
def _pristine(tmp_path_factory: pytest.TempPathFactory) -> Origin:
    root = tmp_path_factory.mktemp("forge") / "net"
    root.mkdir()
    for name in SHIPPED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, root / name)
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "add", "--all")
    origin = Origin(root)
    origin.commit("the project")
    return origin


@pytest.fixture
def origin(_pristine: Origin, tmp_path: Path) -> Origin:
    """Main went on for a while since the branch began, and the branch has commits of its own."""
    root = tmp_path / "origin"
    shutil.copytree(_pristine.root, root)
    made = Origin(root)
    made.commit("before", times=3)
    git(root, "branch", "change")
    made.commit("main goes on", times=30)
    git(root, "switch", "--quiet", "change")
    made.commit("work", times=3)
    return made


def steps(document: Path, job: str | None = None) -> list[dict[str, object]]:
    """The steps of a workflow's job, or of a composite action."""
    content = yaml.safe_load(document.read_text(encoding="utf-8"))
    found: list[dict[str, object]] = content["runs"]["steps"] if job is None else content["jobs"][job]["steps"]
    return found


def run_step(
    step: Mapping[str, object], expressions: Mapping[str, str], cwd: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """A step's shell lines as the runner runs them: `bash -e`, with the step's `env`."""

    def value(match: re.Match[str]) -> str:
        return expressions[match[1]]

    own = step.get("env")
    assert isinstance(own, dict)
    assert isinstance(step["run"], str)
    variables = {name: re.sub(r"\$\{\{ (.+?) \}\}", value, str(text)) for name, text in own.items()}
    return run(
        "bash",
        "--noprofile",
        "--norc",
        "-eo",
        "pipefail",
        "-c",
        step["run"],
        cwd=cwd,
        environment={**environment, **variables},
    )


@pytest.fixture
def offline_pip(tmp_path: Path) -> dict[str, str]:
    """Lets pip install the project where this test's own packages are there already, instead of from a registry.

    The environment's directory is `tmp_path/temporary/provision`.
    """
    ours = Path(pytest.__file__).parents[1]
    site = tmp_path / "temporary" / "provision" / "lib" / ours.parent.name / "site-packages"
    site.mkdir(parents=True)
    (site / "ours.pth").write_text(f"{ours}\n", encoding="utf-8")
    return {
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads it as: no isolation
        "PIP_NO_INDEX": "1",
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
    }


@pytest.fixture
def forge() -> Iterator[Forge]:
    with serving() as served:
        yield served
