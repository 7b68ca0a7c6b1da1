"""The repository that an inventory lies in. Read by way of git itself, and never written to, not even its index."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from provisioner.errors import UsageError

MAIN_BRANCHES: Final = {
    "origin/HEAD": "refs/remotes/origin/HEAD",
    "origin/main": "refs/remotes/origin/main",
    "origin/master": "refs/remotes/origin/master",
    "main": "refs/heads/main",
    "master": "refs/heads/master",
}
"""Where the main branch is looked for, the first that there is: what the remote says, then the two usual names. By their whole names:
a tag `main`, or a local branch `origin/main`, would go before them."""

_TIMEOUT_SECONDS: Final = 120
_ABBREVIATED: Final = 12
_ENVIRONMENT: Final = {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
"""Without optional locks git does not refresh the index on the way (git(1)); its words are looked at in one language."""
_OF_ANOTHER_COMMAND: Final = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_NAMESPACE"})
"""What git tells the hooks and commands that it starts: of the checkout that they are about, which need not be the one looked at."""


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
class Entry:
    """What git holds of one path.

    Attributes:
        path: Relative to the root.
        mode: As git writes it; see `SYMBOLIC_LINK` and `SUBMODULE`.
        is_looked_at: Whether git looks for changes of it in the working tree: it may be told that there are none.
        is_skipped: Whether it need not be in the working tree (a sparse checkout).
    """

    path: Path
    mode: str
    is_looked_at: bool = True
    is_skipped: bool = False


SYMBOLIC_LINK: Final = "120000"
SUBMODULE: Final = "160000"
_FILES: Final = frozenset({"100644", "100755"})


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

    def differing(self, commit: str, paths: Iterable[Path]) -> frozenset[Path]:
        """Files below these paths that differ between a commit and the working tree as git sees it, relative to the root.

        Decided by content: a file that was only touched, or copied, is not among them. A renamed one is, under both names.
        """
        told = self._names("diff", "--raw", "--no-abbrev", "--no-renames", "-z", commit, "--", *_all(paths))
        found: set[str] = set()
        unsure: dict[str, str] = {}
        for about, name in zip(told[::2], told[1::2], strict=True):
            mode, other_mode, held, seen, _ = about.removeprefix(":").split()
            # Git does not look into a file before its index says that it is another one; without refreshing that, each copy is.
            is_unsure = mode == other_mode and mode in _FILES and not seen.strip("0") and "\n" not in name
            if is_unsure:
                unsure[name] = held
            else:
                found.add(name)
        hashed = self._hashed(unsure)
        return frozenset(map(Path, found | {name for name in unsure if hashed.get(name) != unsure[name]}))

    def _hashed(self, names: Iterable[str]) -> dict[str, str]:
        """What git would call the content of files of the working tree; none of them where it cannot read one."""
        names = list(names)
        if not names:
            return {}
        lines = b"".join(os.fsencode(name) + b"\n" for name in names)
        answer = _git(self.root, "hash-object", "--stdin-paths", given=lines)
        said = answer.stdout.decode().split()
        return dict(zip(names, said, strict=True)) if len(said) == len(names) else {}

    def untracked(self, paths: Iterable[Path]) -> tuple[str, ...]:
        """What git holds nothing of, what it ignores among it: whoever reads an inventory reads that as well.

        A repository within this one is one name, which ends in a slash.
        """
        return self._names("ls-files", "--others", "-z", "--", *_all(paths))

    def tracked(self, paths: Iterable[Path]) -> tuple[Entry, ...]:
        """What the index has below these paths."""
        found = []
        for line in self._names("ls-files", "--stage", "-v", "-z", "--", *_all(paths)):
            told, _, name = line.partition("\t")
            tag, mode, *_ = told.split()
            found.append(Entry(Path(name), mode, tag.isupper() and tag != "S", tag in "Ss"))
        return tuple(found)

    def held(self, commit: str, paths: Iterable[Path]) -> tuple[Entry, ...]:
        """What a commit has below these paths."""
        lines = self._names("ls-tree", "-r", "-z", commit, "--", *_all(paths))
        return tuple(Entry(Path(name), told.split()[0]) for told, _, name in (line.partition("\t") for line in lines))

    def links(self, commit: str, paths: Iterable[Path]) -> frozenset[Path]:
        """The symbolic links that a commit has below these paths."""
        return frozenset(entry.path for entry in self.held(commit, paths) if entry.mode == SYMBOLIC_LINK)

    def has(self, commit: str, path: Path) -> bool:
        """Whether a commit has a file or directory of this path, relative to the root."""
        name = "" if path == Path() else path.as_posix()
        return _git(self.root, "cat-file", "-e", f"{commit}:{name}").returncode == 0

    def export(self, commit: str, paths: Iterable[Path], into: Path) -> None:
        """Write what a commit has below these paths, relative to the root, into another directory, at the same places.

        Raises:
            UsageError: a path that the commit has not, or git cannot read it, or leaves something out.
        """
        paths = tuple(paths)
        command = ["git", "-C", str(self.root), "--literal-pathspecs", "archive", "--format=tar", commit, "--"]
        with subprocess.Popen(
            [*command, *(path.as_posix() for path in paths)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
        ) as archive:
            unpacked = subprocess.run(
                ["tar", "-x", "-f", "-", "-C", str(into), "--no-same-owner"],
                stdin=archive.stdout,
                capture_output=True,
                check=False,
            )
            if archive.stdout is not None:
                archive.stdout.close()  # Where tar gave up, git would wait for a reader for ever.
            said = b"" if archive.stderr is None else archive.stderr.read()
        if archive.returncode or unpacked.returncode:
            raise _refused(subprocess.CompletedProcess((), 1, b"", unpacked.stderr or said))
        for entry in self.held(commit, paths):
            # False green: a file that is left out looks like one that was never there.
            if not os.path.lexists(into / entry.path):
                raise UsageError(
                    f"git archive leaves {entry.path} of {commit[:_ABBREVIATED]} out",
                    remedy="take export-ignore in .gitattributes away from what routers are configured from",
                    number="PV0152",
                )

    def relative(self, path: Path) -> Path | None:
        """A path below the root, seen from there; None for one outside."""
        try:
            return path.resolve().relative_to(self.root.resolve())
        except ValueError:
            return None

    def _names(self, *arguments: str) -> tuple[str, ...]:
        answer = _git(self.root, "--literal-pathspecs", *arguments)
        if answer.returncode:
            raise _refused(answer)
        return tuple(os.fsdecode(name) for name in answer.stdout.split(b"\0") if name)

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
        for name, reference in MAIN_BRANCHES.items():
            answer = _git(self.root, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")
            if answer.returncode == 0:
                return Revision(name, _text(answer))
        raise UsageError(
            "there is no main branch here to compare with",
            remedy="name a revision with --base, or git fetch origin main",
            number="PV0144",
        )

    def _is_shallow(self) -> bool:
        return _text(_git(self.root, "rev-parse", "--is-shallow-repository")) == "true"


def _git(directory: Path, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            # `git diff` refreshes the index even without optional locks.
            ["git", "-C", str(directory), "-c", "diff.autoRefreshIndex=false", *arguments],
            input=given,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
            env=_environment(),
        )
    except FileNotFoundError:
        raise UsageError("there is no git on this machine", remedy="install it", number="PV0145") from None
    except subprocess.TimeoutExpired:
        raise UsageError(
            f"git did not answer within {_TIMEOUT_SECONDS} s", where=str(directory), number="PV0145"
        ) from None


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER_COMMAND} | _ENVIRONMENT


def _all(paths: Iterable[Path]) -> list[str]:
    return [path.as_posix() for path in paths]


def _text(answer: subprocess.CompletedProcess[bytes]) -> str:
    return os.fsdecode(answer.stdout).strip()


def _refused(answer: subprocess.CompletedProcess[bytes]) -> UsageError:
    lines = os.fsdecode(answer.stderr).strip().splitlines() or ["git gave no reason"]
    return UsageError(f"git: {lines[0].removeprefix('fatal: ')}", number="PV0145")
