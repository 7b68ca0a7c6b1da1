"""The base side: what a commit has, written to a temporary directory and rendered by that commit's own program where that can be."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import provisioner
from provisioner.compare.git import Repository, Revision
from provisioner.compare.watched import insist_on_own_links
from provisioner.intent.load import AGGREGATION_DIRECTORY, LOCATIONS_DIRECTORY

SOURCES: Final = Path(provisioner.__file__).resolve().parents[1]
"""The directory that holds this program's packages."""

RENDERING: Final = (
    "provisioner/errors.py",
    "provisioner/secrets.py",
    "provisioner/intent",
    "provisioner/render",
    "frr_config",
)
"""What of the program decides how a fleet becomes text, below SOURCES."""

_RENDER_TIMEOUT_SECONDS: Final = 900
_RUN: Final = "import sys; from provisioner.cli.app import main; sys.exit(main())"


@dataclass(frozen=True, slots=True)
class Places:
    """Where the parts of a side lie in their repository, relative to its root; None for what is not in it."""

    inventory: Path
    templates: Path | None
    program: Path | None

    @classmethod
    def of(cls, repository: Repository, inventory: Path, templates: Path) -> Places:
        """Of the sides of a comparison whose inventory is in this repository."""
        where = repository.relative(inventory)
        assert where is not None  # noqa: S101 - the repository is the one around the inventory
        beside = repository.relative(templates)
        if beside is not None and templates.is_dir() and Repository.around(templates) != repository:
            beside = None  # In a submodule: this repository's commits have nothing of it.
        return cls(where, beside, repository.relative(SOURCES))

    def known_to(self, repository: Repository, commit: str) -> Places:
        """The same without a program of which git holds nothing: one that is installed inside the checkout is no part of it."""
        if self.program is None or self.has_program(repository, commit) or repository.tracked(self.rendering):
            return self
        return replace(self, program=None)

    def has_program(self, repository: Repository, commit: str) -> bool:
        """Whether a commit has this program, as it was then."""
        return self.program is not None and repository.has(commit, self.program / provisioner.__name__)

    @property
    def rendering(self) -> tuple[Path, ...]:
        """The files and directories of the program that decide how a fleet becomes text; none where it is not in the repository."""
        return () if self.program is None else tuple(self.program / name for name in RENDERING)


def exported(
    repository: Repository, revision: Revision, paths: Iterable[Path], links: Collection[Path], directory: Path
) -> None:
    """Write what a commit has of some files and directories, relative to the root, to another directory, at the same places.

    Args:
        repository: The checkout.
        revision: The commit.
        paths: What is wanted; what the commit has not is passed over.
        links: The commit's symbolic links below what is wanted.
        directory: Where it is written.

    Raises:
        UsageError: git cannot read it, or a link leads out of the repository.
    """
    # What links lead to may lie anywhere in the commit.
    wanted = [Path()] if links else [path for path in dict.fromkeys(paths) if repository.has(revision.commit, path)]
    repository.export(revision.commit, wanted, directory)
    insist_on_own_links(links, directory, revision.short)


def location_files(inventory: Path, codes: Iterable[str]) -> list[Path]:
    """What has to be exported to load a few locations: everything but the other locations."""
    return [
        inventory / "service.yaml",
        inventory / "boards.yaml",
        inventory / AGGREGATION_DIRECTORY,
        *(inventory / LOCATIONS_DIRECTORY / f"{code}.yaml" for code in codes),
    ]


def rendered_by(sources: Path, inventory: Path, templates: Path, output: Path) -> str:
    """Render a whole fleet by another version of this program.

    Args:
        sources: The directory that holds its packages.
        inventory: The fleet.
        templates: Its templates.
        output: Where the configs are written, a file per router.

    Returns:
        Why it could not be done, in one line; empty where it was.
    """
    command = ["render", "--all", "--inventory", str(inventory), "--templates", str(templates), "--output", str(output)]
    try:
        done = subprocess.run(
            # Without -P the directory in which this was typed would go before `sources`, and it may be this side's.
            [sys.executable, "-P", "-c", _RUN, *command],
            env=os.environ | {"PYTHONPATH": str(sources)},
            capture_output=True,
            text=True,
            check=False,
            timeout=_RENDER_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"it did not end within {_RENDER_TIMEOUT_SECONDS} s"
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines() or ["it gave no reason"]
    return lines[-1].removeprefix("error: ")
