"""Files that a command writes: whole or not at all, so that a reader never sees half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from provisioner.errors import UsageError


def write_whole(path: Path, text: str) -> None:
    """Write a text file at once, in the place of an older one.

    Raises:
        UsageError: it cannot be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
            try:
                file.write(text)
                file.flush()
                os.fchmod(file.fileno(), 0o644)
                temporary.replace(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise UsageError(
            f"cannot write: {error.strerror}",
            where=str(error.filename or path),
            remedy="name another place with --output",
            number="PV0102",
        ) from None
