"""The router's startup files, and the config that `rollback` returns to: all of them new, or all as they were."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from frr_config import document, optional, plain, ruleset
from frr_config.document import ALWAYS, FRR, INTERFACES, NFTABLES
from napalm_frr.router import files as plain_files
from napalm_frr.router.shell import NotWritten
from napalm_frr.router.state import LAST

Sections = Mapping[str, str]

_HEADERS = {INTERFACES: "", NFTABLES: ruleset.FILE_HEADER, FRR: ""}
_NEW, _OLD = ".napalm-new", ".napalm-old"
_SLACK_BYTES = 2 * 4096
"""What a file takes on a disk beside its content: the rest of its last block, and its name."""


@dataclass(frozen=True)
class _File:
    path: str
    text: str
    mode: int
    owner: str
    group: str = ""

    @property
    def goes(self) -> bool:
        """Whether it is to be there no more."""
        return self.path in plain.BY_PATH and not self.text


def insist_on_space(sections: Sections, before: Sections) -> None:
    """There is room for what a confirm would write; better known before anything is changed.

    Raises:
        NotWritten: there is not; with the file.
    """
    needed: dict[int, int] = {}
    changed = [_plain(path, content) for path, content in _further(sections)]
    for file in [*_files(sections, before), *changed]:
        folder = _existing(os.path.dirname(file.path))
        device, found = os.stat(folder).st_dev, os.statvfs(folder)
        needed[device] = needed.get(device, 0) + len(file.text.encode()) + _SLACK_BYTES
        if found.f_flag & os.ST_RDONLY:
            raise NotWritten(file.path, "read-only file system")
        free = found.f_bfree * found.f_frsize
        if free < needed[device] or (found.f_files and not found.f_ffree):
            raise NotWritten(file.path, f"no space left on its file system ({free // 1024} kB free)")


def write(sections: Sections, before: Sections) -> None:
    """Make these sections what the router boots with, and `before` what `rollback` returns to.

    Raises:
        NotWritten: a file could not be written; all of them are as they were.
    """
    covered = plain_files.mounted()
    files = [*_files(sections, before), *(_plain(path, plain_files.visible(path)) for path in sorted(covered))]
    try:
        for file in files:
            if not file.goes:
                _prepare(file)
        # The disk has what is needed: from here on only names change.
        plain_files.uncover(covered)
        try:
            _keep_old(files)
            _swap(files)
        except NotWritten:
            for path in covered:
                plain_files.cover(path)
            raise
    finally:
        for file in files:
            for suffix in (_NEW, _OLD):
                with suppress(OSError):  # rubbish hurts nobody; the next write takes it away
                    _remove(file.path + suffix)


def _files(sections: Sections, before: Sections) -> list[_File]:
    files = [
        _File(
            path,
            _HEADERS[path] + sections[path],
            0o644 if path == INTERFACES else 0o640,
            "frr" if path == FRR else "root",
        )
        for path in ALWAYS
    ]
    return [*files, _File(LAST, document.build(before).text, 0o600, "root")]


def _plain(path: str, content: str) -> _File:
    kind = plain.BY_PATH[path]
    return _File(path, content, kind.mode, "root", kind.group)


def _further(sections: Sections) -> Iterator[tuple[str, str]]:
    """What optional sections put in files that do not say so yet."""
    for path in plain.BY_PATH:
        content = optional.on_disk(path, sections.get(path, ""))
        if content and content != plain_files.visible(path):
            yield path, content


def _existing(folder: str) -> str:
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return folder


def _prepare(file: _File) -> None:
    """Write the new file beside the old one and read it back; everything that needs space happens here."""
    path, content = file.path + _NEW, file.text.encode()
    try:
        with open(path, "wb", opener=_private) as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        with open(path, "rb") as written:
            if written.read() != content:
                raise NotWritten(file.path, "does not read back as it was written")
        owner = pwd.getpwnam(file.owner)
        group = grp.getgrnam(file.group).gr_gid if file.group else owner.pw_gid
        os.chown(path, owner.pw_uid, group)
        os.chmod(path, file.mode)
    except OSError as error:
        raise NotWritten(file.path, error.strerror) from None


def _keep_old(files: Iterable[_File]) -> None:
    for file in files:
        try:
            _remove(file.path + _OLD)
            with suppress(FileNotFoundError):
                os.link(file.path, file.path + _OLD)
        except OSError as error:
            raise NotWritten(file.path, error.strerror) from None


def _swap(files: Sequence[_File]) -> None:
    done: list[_File] = []
    for file in files:
        try:
            if file.goes:
                _remove(file.path)
            else:
                os.replace(file.path + _NEW, file.path)
            done.append(file)
            _sync_names(os.path.dirname(file.path))
        except OSError as error:
            _swap_back(done)
            raise NotWritten(file.path, error.strerror) from None


def _sync_names(folder: str) -> None:
    """The names reach the disk too: a power cut after a confirm boots the new config."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _swap_back(files: Iterable[_File]) -> None:
    for file in files:
        try:
            os.replace(file.path + _OLD, file.path)
        except FileNotFoundError:  # there was none
            _remove(file.path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
