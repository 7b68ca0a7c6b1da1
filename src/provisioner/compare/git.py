"""The repository that an inventory lies in. Read by way of git itself, and never written to, not even its index."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from provisioner.errors import UsageError

MAIN_BRANCHES: Final = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
"""Where the main branch is looked for, the first that there is: what the remote says, then the two usual names."""

_TIMEOUT_SECONDS: Final = 120
_ABBREVIATED: Final = 12
_ENVIRONMENT: Final = {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
"""Without optional locks git does not refresh the index on the way (git(1)); its words are looked at in one language."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit as a person named it.

    Attributes:
        name: As named, or the branch that was found.
        commit: All of its hexadecimal digits.
    """

    name: str
    commit: str

    @property
    def short(self) -> str:
        """The commit as people write it."""
        return self.commit[:_ABBREVIATED]


@dataclass(frozen=True, slots=True)
class Repository:
    """A checkout: the main one or a worktree.

    Attributes:
        root: The top of its working tree.
    """

    root: Path

    @classmethod
    def around(cls, directory: Path) -> Repository | None:
        """The checkout in which a directory lies; None where it lies in none.

        Raises:
            UsageError: there is no git, or it refuses to look (a checkout that belongs to somebody else).
        """
        answer = _git(directory, "rev-parse", "--show-toplevel")
        if answer.returncode == 0:
            return cls(Path(_text(answer)))
        if b"not a git repository" in answer.stderr:
            return None
        raise _refused(answer)

    def base(self, named: str | None) -> Revision:
        """Where the work in this checkout began: the merge base of HEAD and a revision.

        Args:
            named: Any revision; the main branch where None.

        Raises:
            UsageError: there is no such revision, or this clone has not the history to tell.
        """
        revision = self._commit(named) if named is not None else self._main_branch()
        answer = _git(self.root, "merge-base", "HEAD", revision.commit)
        if answer.returncode == 0:
            return Revision(revision.name, _text(answer))
        if self._is_shallow():
            raise UsageError(
                f"this clone is shallow and does not reach the common ancestor with {revision.name}",
                remedy="fetch more of its history: git fetch --unshallow, or a larger fetch depth in the pipeline",
                number="PV0141",
            )
        raise UsageError(
            f"HEAD and {revision.name} have no common ancestor",
            remedy="name another revision with --base",
            number="PV0142",
        )

    def head(self) -> Revision:
        """The commit that is checked out. Raises UsageError: there is none yet."""
        return self._commit("HEAD")

    def changed(self, commit: str, paths: Iterable[Path]) -> frozenset[Path]:
        """Files below these paths that differ between a commit and the working tree, relative to the root; untracked ones too.

        Git decides by content: a file that was only touched is not among them. A renamed one is, under both names.
        """
        inside = [str(path) for path in paths]
        differ = self._paths("diff", "--name-only", "--no-renames", "-z", commit, "--", *inside)
        # Whoever reads the inventory reads what git ignores as well.
        untracked = self._paths("ls-files", "--others", "-z", "--", *inside)
        return differ | untracked

    def has(self, commit: str, path: Path) -> bool:
        """Whether a commit has a file or directory of this path, relative to the root."""
        return _git(self.root, "cat-file", "-e", f"{commit}:{path.as_posix()}").returncode == 0

    def export(self, commit: str, paths: Iterable[Path], into: Path) -> None:
        """Write what a commit has below these paths, relative to the root, into another directory, at the same places.

        Raises:
            UsageError: a path that the commit has not, or git cannot read it.
        """
        command = ["git", "-C", str(self.root), "--literal-pathspecs", "archive", "--format=tar", commit, "--"]
        with subprocess.Popen(
            [*command, *(path.as_posix() for path in paths)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | _ENVIRONMENT,
        ) as archive:
            unpacked = subprocess.run(
                ["tar", "-x", "-f", "-", "-C", str(into), "--no-same-owner"],
                stdin=archive.stdout,
                capture_output=True,
                check=False,
            )
            said = b"" if archive.stderr is None else archive.stderr.read()
        if archive.returncode or unpacked.returncode:
            raise _refused(subprocess.CompletedProcess((), 1, b"", said or unpacked.stderr))

    def relative(self, path: Path) -> Path | None:
        """A path below the root, seen from there; None for one outside."""
        try:
            return path.resolve().relative_to(self.root.resolve())
        except ValueError:
            return None

    def _paths(self, *arguments: str) -> frozenset[Path]:
        answer = _git(self.root, "--literal-pathspecs", *arguments)
        if answer.returncode:
            raise _refused(answer)
        return frozenset(Path(os.fsdecode(name)) for name in answer.stdout.split(b"\0") if name)

    def _commit(self, name: str) -> Revision:
        answer = _git(self.root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if answer.returncode == 0:
            return Revision(name, _text(answer))
        shallow = " of this shallow clone" if self._is_shallow() else ""
        raise UsageError(
            f"there is no revision {name!r} in the history{shallow}",
            remedy=f"git fetch origin {name.removeprefix('origin/')}" if name != "HEAD" else "commit something first",
            number="PV0143",
        )

    def _main_branch(self) -> Revision:
        for name in MAIN_BRANCHES:
            answer = _git(self.root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
            if answer.returncode == 0:
                return Revision(name, _text(answer))
        raise UsageError(
            "there is no main branch here to compare with",
            remedy="name a revision with --base, or git fetch origin main",
            number="PV0144",
        )

    def _is_shallow(self) -> bool:
        return _text(_git(self.root, "rev-parse", "--is-shallow-repository")) == "true"


def _git(directory: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            # `git diff` refreshes the index even without optional locks.
            ["git", "-C", str(directory), "-c", "diff.autoRefreshIndex=false", *arguments],
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
            env=os.environ | _ENVIRONMENT,
        )
    except FileNotFoundError:
        raise UsageError("there is no git on this machine", remedy="install it", number="PV0145") from None
    except subprocess.TimeoutExpired:
        raise UsageError(
            f"git did not answer within {_TIMEOUT_SECONDS} s", where=str(directory), number="PV0145"
        ) from None


def _text(answer: subprocess.CompletedProcess[bytes]) -> str:
    return os.fsdecode(answer.stdout).strip()


def _refused(answer: subprocess.CompletedProcess[bytes]) -> UsageError:
    lines = os.fsdecode(answer.stderr).strip().splitlines() or ["git gave no reason"]
    return UsageError(f"git: {lines[0].removeprefix('fatal: ')}", number="PV0145")
