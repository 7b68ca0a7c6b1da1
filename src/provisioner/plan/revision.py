"""Which commit of the inventory a run used: read from git, never written to it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

_GIT_TIMEOUT_SECONDS = 5


def inventory_commit(directory: Path, paths: Sequence[Path] = ()) -> str:
    """The commit of the checkout in which a directory lies, `-dirty` appended where one of `paths` has changes.

    Args:
        directory: A directory inside the checkout.
        paths: Directories in which a change counts, each asked in its own checkout: templates may come from another one
            than the inventory, or from none. The directory itself where empty.

    Returns:
        Twelve hex digits, or an empty text outside git (or without git): a run from a tarball is a run all the same.
    """
    commit = _git(directory, "rev-parse", "--short=12", "HEAD")
    if commit is None:
        return ""
    changed = any(_git(path, "status", "--porcelain", "--", ".") for path in (paths or (directory,)))
    return f"{commit}-dirty" if changed else commit


def _git(directory: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", "-C", str(directory), *arguments],
            capture_output=True,
            text=True,
            timeout=_GIT_TIMEOUT_SECONDS,
            check=False,
            # Without optional locks git does not refresh the index on the way (git(1)): nothing of a checkout is written.
            env=os.environ | {"GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
