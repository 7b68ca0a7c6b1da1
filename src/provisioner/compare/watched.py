"""Which files of a checkout count as changed: all whose content can differ from a commit's, also where git was told not to look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioner.compare.git import SUBMODULE, SYMBOLIC_LINK, Repository
from provisioner.errors import UsageError


@dataclass(frozen=True, slots=True)
class Watched:
    """What became of the files below some paths between a commit and the working tree. All are relative to the repository's root.

    Attributes:
        changed: Files that differ or may differ, by their names on both sides; every symbolic link is among them, since what it leads to
            may have changed.
        differing: Those of them that git, or their being there, says do differ.
        absent: Files that this checkout leaves out (a sparse one), so that nobody knows what becomes of them.
        links: The commit's symbolic links.
    """

    changed: frozenset[Path]
    differing: frozenset[Path]
    absent: frozenset[Path]
    links: frozenset[Path]

    @classmethod
    def of(cls, repository: Repository, commit: str, paths: Sequence[Path]) -> Watched:
        """Look at a checkout.

        Args:
            repository: The checkout.
            commit: What it is compared with.
            paths: Files and directories, relative to its root.

        Raises:
            UsageError: another repository lies within: git does not tell what changes there.
        """
        untracked, tracked = repository.untracked(paths), repository.tracked(paths)
        held = repository.held(commit, paths)
        within = [Path(name) for name in untracked if name.endswith("/")]
        within += [entry.path for entry in (*tracked, *held) if entry.mode == SUBMODULE]
        if within:
            raise UsageError(
                f"{within[0]} is a repository of its own, so what changes in it cannot be told",
                remedy="keep what routers are configured from in one repository",
                number="PV0151",
            )
        unseen = [entry for entry in tracked if not entry.is_looked_at]
        absent = frozenset(entry.path for entry in unseen if entry.is_skipped and not _exists(repository, entry.path))
        differing = frozenset(_without_bytecode({*repository.differing(commit, paths), *map(Path, untracked)}))
        changed = differing | {entry.path for entry in unseen} - absent
        links = frozenset(entry.path for entry in held if entry.mode == SYMBOLIC_LINK)
        changed |= links | {entry.path for entry in tracked if entry.mode == SYMBOLIC_LINK}
        return cls(frozenset(_without_bytecode(changed)), differing - absent, absent, links)


def insist_on_own_links(links: Iterable[Path], directory: Path, name: str) -> None:
    """Refuse links of an exported commit that lead out of it: what they lead to is that of now.

    Args:
        links: Relative to the directory.
        directory: Where the whole commit was exported.
        name: The commit.

    Raises:
        UsageError: such a link.
    """
    for link in links:
        target = (directory / link).resolve()
        if not (target.is_relative_to(directory.resolve()) and target.exists()):
            raise UsageError(
                f"{link} of {name} is a symbolic link that leads out of the repository, so what it led to is not known",
                remedy="put the file itself in its place",
                number="PV0151",
            )


def _exists(repository: Repository, path: Path) -> bool:
    return (repository.root / path).exists()


def _without_bytecode(paths: Iterable[Path]) -> Iterable[Path]:
    """Python writes these whenever it likes."""
    return (path for path in paths if "__pycache__" not in path.parts)
