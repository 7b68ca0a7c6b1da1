"""Load an inventory by way of the cache: a file that did not change is not parsed again, a fleet that did not change is not checked again.

What comes of it is what `load` gives. Only plain data is kept: a location from the cache passes the model as one from a file does.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Final

import pydantic

from provisioner.intent import acceptances, privacy
from provisioner.intent.cache import Store, digest, digest_of_files
from provisioner.intent.load import AGGREGATION_DIRECTORY, LOCATIONS_DIRECTORY, load_fleet, located
from provisioner.intent.model import Fleet, Location
from provisioner.intent.parallel import in_order
from provisioner.intent.problems import InvalidInventoryError, Problem
from provisioner.intent.source import Source, parse, read

_VALID: Final = b"this fleet is valid"
_NOBODYS: Final = b"this fleet holds no personal data"
_FILES_PER_CHUNK: Final = 250
"""Files that a process parses before it hands them over."""


@dataclass(frozen=True)
class WarmFleet:
    """A fleet with the digests of what it was made from, by which things made from it can be kept in turn.

    Attributes:
        fleet: As `load_fleet` gives it; its locations are made when they are asked for.
        whole: Of everything in the inventory.
        shared: Of everything but the locations: service, boards, aggregation points.
        locations: Of each location's file, by code.
        warnings: What is no problem yet: acceptances that soon end. Empty where nobody said what day it is.
    """

    fleet: Fleet
    whole: bytes
    shared: bytes
    locations: Mapping[str, bytes]
    warnings: tuple[Problem, ...] = ()


def load_warm(directory: Path, store: Store | None, *, processes: int = 1, today: date | None = None) -> WarmFleet:
    """Read and validate a whole inventory, with the help of earlier runs.

    Args:
        directory: Where `service.yaml` is.
        store: The cache; None loads everything from its files.
        processes: How many may parse at once.
        today: As for `load_fleet`.

    Raises:
        InvalidInventoryError: with every problem that this run found. Nothing is kept of such a run.
    """
    with _without_garbage_collection():
        snapshot = _Snapshot.of(directory)
        fleet = None if store is None else _known(snapshot, store)
        if fleet is None:
            fleet = _loaded(snapshot, store, processes, today)
        elif today is not None:
            _checked(directory, snapshot, store, fleet, today)
        warnings = () if today is None else located(directory, acceptances.ending(fleet, today, _dated(fleet)))
        return WarmFleet(fleet, snapshot.whole, snapshot.shared, snapshot.locations, warnings)


def _checked(directory: Path, snapshot: _Snapshot, store: Store | None, fleet: Fleet, today: date) -> None:
    """What `provision check` asks of a fleet that is valid: the day's questions each day, those about what files say once.

    Raises:
        InvalidInventoryError: with what it finds.
    """
    complaints = list(acceptances.over(fleet, today, _dated(fleet)))
    looked_at = digest(_NOBODYS, snapshot.whole)
    is_new = store is None or not store.get([looked_at])
    if is_new:
        complaints += privacy.personal(fleet, fleet.locations.values())
    if problems := located(directory, complaints):
        raise InvalidInventoryError(problems)
    if store is not None and is_new:
        store.put({looked_at: b"yes"})


def _dated(fleet: Fleet) -> Iterable[Location]:
    """Every location that has an acceptance with a last day, and perhaps others."""
    locations = fleet.locations
    return locations.with_key("until") if isinstance(locations, _Locations) else locations.values()


@dataclass(frozen=True)
class _Snapshot:
    """The bytes of an inventory as they were read once: what is hashed is what is parsed."""

    directory: Path
    names: tuple[str, ...]
    files: Mapping[Path, bytes]
    keys: Mapping[Path, bytes]

    @classmethod
    def of(cls, directory: Path) -> _Snapshot:
        """Whatever can be read; what cannot is for `load_fleet` to complain of."""
        names: list[str] = []
        files: dict[Path, bytes] = {}
        for folder in ("", AGGREGATION_DIRECTORY, LOCATIONS_DIRECTORY):
            try:
                paths = sorted((directory / folder).iterdir())
            except OSError:
                continue
            for path in paths:
                names.append(f"{folder}/{path.name}")
                if path.suffix == ".yaml":
                    try:
                        files[path] = path.read_bytes()
                    except OSError:
                        continue
        version = _version()
        return cls(directory, tuple(names), files, {path: digest(version, raw) for path, raw in files.items()})

    @cached_property
    def whole(self) -> bytes:
        # Names too: a file that would not be read is an error of the inventory.
        return digest(_version(), "\n".join(self.names).encode(), *self.keys.values())

    @cached_property
    def shared(self) -> bytes:
        return digest(*(key for path, key in self.keys.items() if path.parent.name != LOCATIONS_DIRECTORY))

    @cached_property
    def locations(self) -> Mapping[str, bytes]:
        return {path.stem: key for path, key in self.keys.items() if path.parent.name == LOCATIONS_DIRECTORY}


def _known(snapshot: _Snapshot, store: Store) -> Fleet | None:
    """The fleet where this very inventory was found valid before, else None."""
    if not store.get([digest(_VALID, snapshot.whole)]):
        return None
    data = store.get(list(snapshot.locations.values()))
    if len(data) != len(set(snapshot.locations.values())):
        return None
    without_locations = load_fleet(snapshot.directory, only=(), read=_Reader(snapshot, {}))
    texts = {code: data[key] for code, key in snapshot.locations.items()}
    return replace(without_locations, locations=_Locations(texts), complete=True)


def _loaded(snapshot: _Snapshot, store: Store | None, processes: int, today: date | None) -> Fleet:
    reader = _Reader(
        snapshot, {} if store is None else store.get(list(snapshot.keys.values())), keeps=store is not None
    )
    with reader.parsing_ahead(processes):
        fleet = load_fleet(snapshot.directory, read=reader, today=today)
    if store is not None and not reader.strayed:
        asked = (_VALID,) if today is None else (_VALID, _NOBODYS)
        store.put({**reader.parsed, **{digest(each, snapshot.whole): b"yes" for each in asked}})
    return fleet


class _Reader:
    """Reads files from a snapshot: their data as an earlier run found it, else parsed now.

    Attributes:
        parsed: What this run had to parse, as the cache keeps it.
        strayed: Whether a file was asked for that the snapshot has not, because it came in between.
    """

    def __init__(self, snapshot: _Snapshot, known: Mapping[bytes, bytes], *, keeps: bool = False) -> None:
        self._snapshot, self._known, self._keeps = snapshot, known, keeps
        self.parsed: dict[bytes, bytes] = {}
        self.strayed = False
        self._ahead: Iterator[dict[bytes, bytes]] = iter(())

    def __call__(self, path: Path) -> Source | Problem:
        raw = self._snapshot.files.get(path)
        if raw is None:
            self.strayed = True
            return read(path)
        key = self._snapshot.keys[path]
        known = self._known.get(key) or self._parsed_ahead(key)
        if known:
            return Source(path, raw.decode(), json.loads(known))
        source = parse(path, raw)
        if self._keeps and isinstance(source, Source):
            self.parsed[key] = _as_text(source)
        return source

    @contextmanager
    def parsing_ahead(self, processes: int) -> Iterator[None]:
        """Other processes parse what is not known while this one validates, where there is enough of it."""
        paths = [path for path, key in self._snapshot.keys.items() if key not in self._known]
        if processes < 2 or len(paths) <= _FILES_PER_CHUNK:  # noqa: PLR2004
            yield
            return
        with closing(in_order(self._parse_some, paths, chunk=_FILES_PER_CHUNK, processes=processes)) as self._ahead:
            yield

    def _parsed_ahead(self, key: bytes) -> bytes | None:
        """What another process made of a file: they come in the order in which files are asked for. Empty where it has a problem."""
        while key not in self.parsed and (some := next(self._ahead, None)):
            self.parsed |= some
        return self.parsed.get(key)

    def _parse_some(self, paths: Sequence[Path]) -> dict[bytes, bytes]:
        sources = {path: parse(path, self._snapshot.files[path]) for path in paths}
        return {
            self._snapshot.keys[path]: _as_text(source) if isinstance(source, Source) else b""
            for path, source in sources.items()
        }


def _as_text(source: Source) -> bytes:
    return json.dumps(source.data, separators=(",", ":")).encode()


class _Locations(Mapping[str, Location]):
    """Locations by code, each made when it is first asked for: most runs need few of a fleet."""

    def __init__(self, texts: Mapping[str, bytes]) -> None:
        self._texts = texts
        self._made: dict[str, Location] = {}

    def __getitem__(self, code: str) -> Location:
        made = self._made.get(code)
        if made is None:
            made = self._made[code] = Location.model_validate(json.loads(self._texts[code]))
        return made

    def with_key(self, name: str) -> Iterator[Location]:
        """The locations that have a key of this name anywhere, and perhaps some that have it as a text. Only these are made."""
        key = json.dumps(name).encode()
        return (self[code] for code, text in self._texts.items() if key in text)

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __contains__(self, code: object) -> bool:
        return code in self._texts


@cache
def _version() -> bytes:
    """What decides how bytes become a fleet: this package, the validator, the interpreter."""
    return digest(digest_of_files(Path(__file__).parent, "*.py"), pydantic.VERSION.encode(), sys.version.encode())


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """A fleet is a million objects and no cycles: looking for cycles again and again is a fifth of the time of loading it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
