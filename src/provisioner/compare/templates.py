"""Which sections a change of template files can change: those whose template reads one of them, on either side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final

from jinja2 import TemplateSyntaxError, meta

from provisioner.render.engine import SECTIONS, environment_of

EDGE: Final = "edge"
SLICE: Final = "aggregation/slice"
BASE: Final = "aggregation/base"


def section_templates(role: str) -> frozenset[str]:
    """The templates of a role's sections, by their names below the directory of templates, for all platforms."""
    return frozenset(
        f"{platform.value}/{role}/{name}" for platform, files in SECTIONS.items() for name in files.values()
    )


EVERY_TEMPLATE: Final = section_templates(EDGE) | section_templates(SLICE) | section_templates(BASE)


def affected(directories: Iterable[Path], changed: Collection[Path]) -> frozenset[str]:
    """The templates of sections that can give another text.

    Args:
        directories: The templates of each side.
        changed: Files that differ, or may, relative to these directories; a directory stands for all in it.
    """
    names = {path.as_posix() for path in changed}
    found = {
        template
        for directory in directories
        for template, read in _read_by(directory).items()
        if names and (read is None or any(_is_named(name, names) for name in read))
    }
    return frozenset(found)


def _is_named(name: str, names: Collection[str]) -> bool:
    return name in names or any(str(parent) in names for parent in PurePosixPath(name).parents)


def _read_by(directory: Path) -> dict[str, frozenset[str] | None]:
    """What the template of each section reads, itself among it; None where only rendering can tell."""
    environment = environment_of(directory)

    @cache
    def named(name: str) -> frozenset[str | None]:
        try:
            tree = environment.parse((directory / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return frozenset()  # Jinja may be told to go on without it, and else rendering says so.
        except (OSError, UnicodeDecodeError, TemplateSyntaxError):
            return frozenset({None})
        return frozenset(None if other is None else _plain(other) for other in meta.find_referenced_templates(tree))

    def read(name: str) -> Iterator[str | None]:
        seen: set[str | None] = set()
        waiting: list[str | None] = [name]
        while waiting:
            each = waiting.pop()
            if each not in seen:
                seen.add(each)
                yield each
                waiting += () if each is None else named(each)

    found: dict[str, frozenset[str] | None] = {}
    for template in EVERY_TEMPLATE:
        names = frozenset(read(template))
        found[template] = None if None in names else frozenset(name for name in names if name is not None)
    return found


def _plain(name: str) -> str:
    """As Jinja's loader finds it: it takes `./x` and `a//x` as well."""
    return "/".join(segment for segment in name.split("/") if segment not in {"", "."})
