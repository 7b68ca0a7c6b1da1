"""Load an inventory directory: every file read, every problem found in one run, a Fleet or an error with all of them."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel

from provisioner.intent import acceptances, privacy
from provisioner.intent.checks import board_numbers_stand_once, check_fleet
from provisioner.intent.complaints import Complaint, File
from provisioner.intent.model import AggregationPoint, Boards, Fleet, Location, Service
from provisioner.intent.problems import InvalidInventoryError, Problem
from provisioner.intent.source import Source, read
from provisioner.intent.validate import model_from

SERVICE_FILE: Final = "service.yaml"
BOARDS_FILE: Final = "boards.yaml"
AGGREGATION_DIRECTORY: Final = "aggregation"
LOCATIONS_DIRECTORY: Final = "locations"
SUFFIX: Final = ".yaml"

Model = TypeVar("Model", bound=BaseModel)


def load_fleet(
    directory: Path,
    *,
    only: Collection[str] | None = None,
    read: Callable[[Path], Source | Problem] = read,
    today: date | None = None,
) -> Fleet:
    """Read and validate an inventory.

    Args:
        directory: Where `service.yaml` is.
        only: Location codes; other locations are not read, and the Fleet says that it is not complete. None reads all.
        read: How a file becomes data; the cache has a quicker way for files that it knows.
        today: The day on which acceptances must not be over, and whether personal data is looked for; None where that is not asked,
            since neither keeps a router from being provisioned.

    Returns:
        The Fleet, in which everything refers to something and nothing is given out twice.

    Raises:
        InvalidInventoryError: with every problem that this run found.
    """
    with garbage_collection_paused():
        return _load_fleet(directory, only, read, today)


@contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """A fleet is a million objects and no cycles: looking for cycles again and again is a third of the time of loading it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _load_fleet(
    directory: Path, only: Collection[str] | None, read: Callable[[Path], Source | Problem], today: date | None
) -> Fleet:
    problems: list[Problem] = []
    if not directory.is_dir():
        raise InvalidInventoryError(
            [Problem(str(directory), 0, "", "is no directory", "name the inventory with --inventory", "PV1000")]
        )
    problems += _misplaced(directory)

    def load(path: Path, kind: type[Model]) -> Model | None:
        source = read(path)
        if isinstance(source, Problem):
            problems.append(source)
            return None
        found = model_from(source, kind)
        if isinstance(found, list):
            problems.extend(found)
            return None
        return found

    service = load(directory / SERVICE_FILE, Service)
    boards = load(directory / BOARDS_FILE, Boards)
    points = {path: load(path, AggregationPoint) for path in _files(directory / AGGREGATION_DIRECTORY)}
    locations = {path: load(path, Location) for path in _location_files(directory, only)}
    problems += _misnamed({path: point.name for path, point in points.items() if point}, "name")
    problems += _misnamed({path: location.code for path, location in locations.items() if location}, "code")
    if only is None and not locations and (directory / LOCATIONS_DIRECTORY).is_dir():
        # False green: an inventory that lost its files would make every router look like one to empty.
        nowhere = str(directory / LOCATIONS_DIRECTORY)
        problems.append(Problem(nowhere, 0, "", "holds no location", "add a file CODE.yaml for each", "PV1016"))
    if service is None or boards is None:
        raise InvalidInventoryError(problems)
    fleet = Fleet(
        service=service,
        boards={board.number: board for board in boards.boards},
        aggregation_points={point.name: point for point in points.values() if point},
        locations=dict(sorted((location.code, location) for location in locations.values() if location)),
        complete=only is None,
    )
    paths = {
        (File.SERVICE, ""): directory / SERVICE_FILE,
        (File.BOARDS, ""): directory / BOARDS_FILE,
        **{(File.AGGREGATION, point.name): path for path, point in points.items() if point},
        **{(File.LOCATION, location.code): path for path, location in locations.items() if location},
    }
    # Where a file is not valid, what refers to it would be blamed for nothing.
    dangling = {"PV1401", "PV1402", "PV1403"} if problems else set()
    complaints = [*board_numbers_stand_once(boards), *check_fleet(fleet)]
    if today is not None:
        complaints += acceptances.over(fleet, today, fleet.locations.values())
        complaints += privacy.personal(fleet, fleet.locations.values())
    problems += [_problem(complaint, paths) for complaint in complaints if complaint.number not in dangling]
    if problems:
        raise InvalidInventoryError(problems)
    return fleet


def located(directory: Path, complaints: Iterable[Complaint]) -> tuple[Problem, ...]:
    """Complaints about an inventory that is valid otherwise, each with its file and line."""
    folders = {File.AGGREGATION: AGGREGATION_DIRECTORY, File.LOCATION: LOCATIONS_DIRECTORY}
    names = {File.SERVICE: SERVICE_FILE, File.BOARDS: BOARDS_FILE}
    found = []
    for complaint in complaints:
        name = names.get(complaint.file) or f"{folders[complaint.file]}/{complaint.key}{SUFFIX}"
        found.append(_at(directory / name, complaint.where, complaint.what, complaint.remedy, complaint.number))
    return tuple(found)


def location_codes(directory: Path) -> tuple[str, ...]:
    """The codes that an inventory has a file for, without reading one."""
    return tuple(sorted(name.removesuffix(SUFFIX) for name in _names(directory / LOCATIONS_DIRECTORY)))


def codes_that_mention(directory: Path, words: Collection[str]) -> tuple[str, ...]:
    """The codes whose file has one of these words in it: quicker than reading ten thousand files as YAML, and never too few."""
    wanted = [word.encode() for word in words]
    found = []
    for code in location_codes(directory):
        content = (directory / LOCATIONS_DIRECTORY / f"{code}{SUFFIX}").read_bytes()
        if any(word in content for word in wanted):
            found.append(code)
    return tuple(found)


def _names(directory: Path) -> list[str]:
    """The YAML files in a directory. Names, not paths: ten thousand paths take a tenth of a second to make."""
    return [name for name in os.listdir(directory) if name.endswith(SUFFIX)] if directory.is_dir() else []  # noqa: PTH208


def _files(directory: Path) -> list[Path]:
    return [directory / name for name in sorted(_names(directory))]


def _location_files(directory: Path, only: Collection[str] | None) -> list[Path]:
    if only is None:
        return _files(directory / LOCATIONS_DIRECTORY)
    return [directory / LOCATIONS_DIRECTORY / f"{code}.yaml" for code in sorted(only)]


def _misplaced(directory: Path) -> Iterable[Problem]:
    """A file that would silently not be read (`16PK00.yml`) is a school that silently has no config."""
    for folder in (directory, directory / AGGREGATION_DIRECTORY, directory / LOCATIONS_DIRECTORY):
        if not folder.is_dir():
            yield Problem(str(folder), 0, "", "is no directory", "an inventory has this one", "PV1013")
            continue
        for name in os.listdir(folder):  # noqa: PTH208 - as _names
            if folder != directory and name.endswith(SUFFIX):
                continue
            harmless = name.startswith(".") or name.endswith((".md", ".txt"))
            known = (
                {SERVICE_FILE, BOARDS_FILE, AGGREGATION_DIRECTORY, LOCATIONS_DIRECTORY} if folder == directory else ()
            )
            if not (harmless or name in known):
                stem, suffix = Path(name).stem, Path(name).suffix
                meant = suffix.lower() in {".yml", ".yaml"} and folder != directory
                remedy = f"rename it to {stem}{SUFFIX}" if meant else "rename or remove it"
                what = "is not read: not a name that an inventory has"
                yield Problem(str(folder / name), 0, "", what, remedy, "PV1014")


def _misnamed(names: Mapping[Path, str], field: str) -> Iterable[Problem]:
    for path, name in names.items():
        if path.stem != name:
            yield _at(
                path,
                (field,),
                f"{name!r} is in a file named {path.name!r}",
                f"rename the file to {name}.yaml",
                "PV1015",
            )


def _problem(complaint: Complaint, paths: Mapping[tuple[File, str], Path]) -> Problem:
    path = paths[complaint.file, "" if complaint.file in {File.SERVICE, File.BOARDS} else complaint.key]
    return _at(path, complaint.where, complaint.what, complaint.remedy, complaint.number)


def _at(path: Path, where: tuple[str | int, ...], what: str, remedy: str, number: str) -> Problem:
    """A problem at a field; the file is read once more for its line, since only files with a problem need one."""
    source = read(path)
    if isinstance(source, Problem):  # pragma: no cover - it was readable a moment ago
        return source
    return source.problem(where, what, remedy, number)
