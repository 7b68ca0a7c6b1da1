"""A repository with the sample inventory and its templates, on its main branch; tests change its working tree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from provisioner.compare.comparison import Request, compare
from provisioner.compare.model import Comparison
from provisioner.intent.select import Selection

ROOT = Path(__file__).parents[3]
COMMAND = str(Path(sys.executable).with_name("provision"))
_AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "A. Engineer"), ("EMAIL", "noc@example.net"), ("DATE", "2026-01-01T00:00:00Z"))
}


@dataclass(frozen=True)
class Checkout:
    """A working tree of a repository of its own."""

    root: Path

    def git(self, *arguments: str) -> str:
        """What git says; it has to succeed."""
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | _AUTHOR | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull},
        )
        return done.stdout.strip()

    def commit(self, message: str = "a change") -> str:
        """Everything that is there, as a commit; gives its name."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def file(self, name: str) -> Path:
        return self.root / name

    def edit(self, name: str, old: str, new: str) -> None:
        """Put a text in the place of another, which has to be there."""
        path = self.file(name)
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def location(self, code: str) -> str:
        return f"inventory/locations/{code}.yaml"

    def compare(
        self,
        *,
        base: str | None = None,
        annotate: bool = False,
        today: date = date(2026, 11, 23),
        processes: int = 1,
        **selection: object,
    ) -> Comparison:
        """The comparison of this working tree."""
        return compare(
            Request(
                inventory=self.file("inventory"),
                templates=self.file("templates"),
                base=base,
                selection=Selection(**selection),  # type: ignore[arg-type]
                command="provision diff",
                annotate=annotate,
                today=today,
                processes=processes,
            ),
            None,
        )

    def run(self, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """`provision diff` as a person runs it in this checkout."""
        return subprocess.run(
            [COMMAND, "diff", *arguments],
            cwd=self.root,
            check=False,
            capture_output=True,
            text=True,
            env=os.environ | {"PROVISION_CACHE": "off"} | (environment or {}),
            timeout=120,
        )


def without_commits(text: str) -> str:
    """A report without what names this very repository's commits."""
    return re.sub(r"\b[0-9a-f]{12}\b", "COMMIT", text)


@pytest.fixture(scope="session")
def _pristine(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    checkout = Checkout(tmp_path_factory.mktemp("repository"))
    checkout.git("init", "--quiet", "--initial-branch", "main")
    for name in ("inventory", "templates"):
        shutil.copytree(ROOT / name, checkout.file(name))
    checkout.commit("the sample fleet")
    return checkout


@pytest.fixture
def checkout(_pristine: Checkout, tmp_path: Path) -> Checkout:
    """A working tree on a branch of its own, as main left it."""
    root = tmp_path / "checkout"
    shutil.copytree(_pristine.root, root)
    made = Checkout(root)
    made.git("switch", "--quiet", "--create", "change")
    return made
