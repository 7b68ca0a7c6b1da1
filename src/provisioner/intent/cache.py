"""Warm starts: what was made of the same bytes before. A cache saves time and nothing else: whatever is wrong with it is a miss.

Entries are kept by the digest of what they were made from, so none is ever out of date, and a change of one file costs one file.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Final, Self

FORMAT: Final = 1
"""Part of the file's name: another layout is another file."""
DAYS_KEPT: Final = 30
"""An entry that no run asked for in so many days is deleted."""
OFF: Final = frozenset({"0", "off", "no", "false"})

_DIGEST_BYTES: Final = 16
_KEYS_PER_QUERY: Final = 500
_BUSY_SECONDS: Final = 2.0
"""How long a run waits for another one that writes; then it goes without."""
_SECONDS_PER_DAY: Final = 86_400
_PRIVATE: Final = 0o700


def digest(*parts: bytes) -> bytes:
    """The key of what is made from these parts; where one part ends and the next begins is part of it."""
    state = blake2b(digest_size=_DIGEST_BYTES)
    for part in parts:
        state.update(len(part).to_bytes(8, "big"))
        state.update(part)
    return state.digest()


def digest_of_files(directory: Path, pattern: str) -> bytes:
    """A key for what files under a directory say: programs and templates are part of what an entry was made from."""
    paths = sorted(path for path in directory.rglob(pattern) if path.is_file())
    return digest(*(part for path in paths for part in (str(path.relative_to(directory)).encode(), path.read_bytes())))


def default_directory(environment: Mapping[str, str]) -> Path | None:
    """`$XDG_CACHE_HOME/provision`, or None where `PROVISION_CACHE=off` or there is no home."""
    if environment.get("PROVISION_CACHE", "").lower() in OFF:
        return None
    home = environment.get("XDG_CACHE_HOME") or (f"{environment['HOME']}/.cache" if environment.get("HOME") else "")
    return Path(home) / "provision" if Path(home).is_absolute() else None


class Store:
    """Bytes by digest, in one SQLite file that only its owner can read.

    Two runs may use it at once: a reader sees whole transactions, a writer that has to wait too long goes without. Values are
    compressed, which also tells a damaged one (RFC 1950 ends with a checksum).
    """

    def __init__(self, connection: sqlite3.Connection, today: int) -> None:
        self._connection, self._today = connection, today

    @classmethod
    def open(cls, directory: Path | None, *, today: int | None = None) -> Store | None:
        """The store of a directory, made where it is not there.

        Args:
            directory: Where; None gives None, so that a caller need not ask twice whether there is a cache.
            today: Days since 1970, for tests of what is deleted when.

        Returns:
            None where there can be no cache: another user's directory, one that others may write to, a full or read-only disk.
        """
        if directory is None:
            return None
        path = directory / f"cache-{FORMAT}.sqlite"
        day = int(time.time()) // _SECONDS_PER_DAY if today is None else today
        try:
            directory.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            if not (_is_ours(directory, stat.S_ISDIR) and (not path.exists() or _is_ours(path, stat.S_ISREG))):
                return None
            try:
                return cls(_connect(path), day)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):  # locked, full, read-only: not damaged
                    return None
                _delete(path)
                return cls(_connect(path), day)
        except (OSError, sqlite3.Error):
            return None

    def get(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        """What is there of these keys; a damaged value is not there."""
        found: dict[bytes, bytes] = {}
        stale: list[bytes] = []
        try:
            for some in _batches(list(keys)):
                marks = ",".join("?" * len(some))
                rows = self._connection.execute(f"SELECT key, value, used FROM entry WHERE key IN ({marks})", some)  # noqa: S608
                for key, value, used in rows:
                    with suppress(zlib.error, TypeError):
                        found[key] = zlib.decompress(value)
                    if used != self._today:
                        stale.append(key)
            self._touch(stale)
        except sqlite3.Error:
            return found
        return found

    def known(self, keys: Collection[bytes]) -> set[bytes]:
        """Which of these keys have a value, without reading it."""
        found: set[bytes] = set()
        with suppress(sqlite3.Error):
            for some in _batches(list(keys)):
                marks = ",".join("?" * len(some))
                rows = self._connection.execute(f"SELECT key FROM entry WHERE key IN ({marks})", some)  # noqa: S608
                found.update(key for (key,) in rows)
        return found

    def put(self, entries: Mapping[bytes, bytes]) -> None:
        """Keep entries, all or none, and delete what nobody asked for in a long time."""
        rows = [(key, zlib.compress(value, 1), self._today) for key, value in entries.items()]
        with suppress(sqlite3.Error), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("DELETE FROM entry WHERE used < ?", (self._today - DAYS_KEPT,))
            self._connection.executemany("INSERT OR REPLACE INTO entry (key, value, used) VALUES (?, ?, ?)", rows)

    def _touch(self, keys: Sequence[bytes]) -> None:
        if keys:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany(
                    "UPDATE entry SET used = ? WHERE key = ?", [(self._today, key) for key in keys]
                )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        # A cache that a power cut damages is made anew: waiting for the disk would be for nothing.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS entry (key BLOB PRIMARY KEY, value BLOB NOT NULL, used INTEGER NOT NULL)"
        )
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _is_ours(path: Path, kind: object) -> bool:
    """Made by this user, of the wanted kind and no symbolic link; a directory that others cannot enter."""
    found = path.lstat()
    private = kind is not stat.S_ISDIR or not found.st_mode & 0o077
    return bool(kind(found.st_mode)) and found.st_uid == os.geteuid() and private  # type: ignore[operator]


def _delete(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _batches(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for first in range(0, len(keys), _KEYS_PER_QUERY):
        yield keys[first : first + _KEYS_PER_QUERY]
