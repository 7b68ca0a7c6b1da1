"""Report files: each audit in a directory of its own, whole or not there at all; the last complete one by a fixed name.

    DIR/2026-11-24T020000Z-41/   index.html, audit.json, …
    DIR/latest                   → the last complete one
    DIR/latest-incomplete        → one that is newer and incomplete; not there otherwise

A run that is killed leaves what was there before, and a directory that the next run takes away.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from provisioner.audit.model import AuditReport
from provisioner.errors import UsageError

LATEST: Final = "latest"
LATEST_INCOMPLETE: Final = "latest-incomplete"
_LOCK: Final = ".lock"
_MARK: Final = ".provision-audit"
"""In each directory that an audit made: no other one is ever taken away."""
_NEW: Final = ".new-"
_NAME: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{6}Z-\d+")


@contextmanager
def exclusively(directory: Path, actor: str) -> Iterator[None]:
    """Nobody else publishes in a directory while the block runs. A process that dies lets go by dying.

    Args:
        directory: Where reports go; made where it is not there.
        actor: Who publishes, for others to read.

    Raises:
        UsageError: somebody else does, or nothing can be written there.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handle = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise _unwritable(directory, error) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 500, 0).decode(errors="replace").strip() or "somebody"
            raise UsageError(
                f"another audit writes its reports there: {holder}",
                where=str(directory),
                remedy="wait for its end, or name another place with --output",
                number="PV0164",
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{actor} since {datetime.now(UTC):%Y-%m-%d %H:%M} UTC\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def publish(directory: Path, report: AuditReport, files: Mapping[str, str], keep: int) -> Path:
    """Put the files of an audit in a directory of their own, and let those of the oldest audits go.

    Args:
        directory: Where reports go; this process holds it by `exclusively`.
        report: The audit.
        files: Texts by file name.
        keep: How many audits are kept, this one among them.

    Returns:
        The audit's directory.

    Raises:
        UsageError: something cannot be written; what was there before is as it was.
    """
    try:
        _sweep(directory)
        place = directory / f"{report.started_at.astimezone(UTC):%Y-%m-%dT%H%M%SZ}-{report.run_id}"
        new = Path(tempfile.mkdtemp(prefix=_NEW, dir=directory))
        try:
            for name, text in {_MARK: "", **files}.items():
                _write(new / name, text)
            new.chmod(0o755)
            _sync(new)
            new.rename(place)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
        _point(directory, LATEST if report.is_complete else LATEST_INCOMPLETE, place.name)
        if report.is_complete:
            (directory / LATEST_INCOMPLETE).unlink(missing_ok=True)
        _sync(directory)
        _expire(directory, keep)
    except OSError as error:
        raise _unwritable(directory, error) from None
    return place


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o644)


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _point(directory: Path, name: str, target: str) -> None:
    """Let a name point elsewhere, so that at no moment it points nowhere."""
    link = directory / name
    if link.exists() and not link.is_symlink():
        raise FileExistsError(17, "it is there, and is no link that an audit made", str(link))
    beside = directory / f"{_NEW}{name}"
    beside.unlink(missing_ok=True)
    beside.symlink_to(target)
    beside.replace(link)


def _sweep(directory: Path) -> None:
    """Take away what a run that was killed left."""
    for name in (LATEST, LATEST_INCOMPLETE):
        if (link := directory / f"{_NEW}{name}").is_symlink():
            link.unlink()
    for path in directory.glob(f"{_NEW}*"):
        # One that was killed before it wrote the mark left an empty directory.
        if path.is_dir() and not path.is_symlink() and ((path / _MARK).is_file() or not any(path.iterdir())):
            _remove(path)


def _remove(path: Path) -> None:
    """Take a directory of ours away, its mark last: what a kill leaves of it is still known as ours."""
    for each in path.iterdir():
        if each.name == _MARK:
            continue
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()
    (path / _MARK).unlink(missing_ok=True)
    path.rmdir()


def _expire(directory: Path, keep: int) -> None:
    pointed = {link.readlink().name for name in (LATEST, LATEST_INCOMPLETE) if (link := directory / name).is_symlink()}
    ours = sorted(
        path
        for path in directory.iterdir()
        if _NAME.fullmatch(path.name) and not path.is_symlink() and (path / _MARK).is_file()
    )
    for path in ours[: max(0, len(ours) - keep)]:
        if path.name not in pointed:
            _remove(path)


def _unwritable(directory: Path, error: OSError) -> UsageError:
    return UsageError(
        f"the report cannot be written: {error.strerror}",
        where=str(error.filename or directory),
        remedy="name another place with --output",
        number="PV0147",
    )
