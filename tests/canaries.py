"""Secrets that are unmistakable wherever they turn up, every way to run the program, and everywhere it writes."""

from __future__ import annotations

import base64
import inspect
import os
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b
from pathlib import Path
from typing import Final, get_args, get_type_hints

import typer
from typer.models import OptionInfo

from provisioner.cli.app import app

STEM: Final = "cAnArY9x"
"""In every value, and nowhere else. The shortest value that a session password may have is this itself."""

VALUES: Final = (
    STEM,
    rf".*+?[^{STEM}]{{2}}|(a|b)^$/&~",
    f"{STEM}/Qm9+Zm9vYmFy==",
    f"<b>{STEM}</b>&amp;%s%(x)s{{y}}",
    f"{STEM}-".ljust(80, "z"),
)
"""Metacharacters of regular expressions, base64, HTML and format strings, and the longest that the kernel takes."""

UNFIT: Final = (f"{STEM}é{STEM}", f"{STEM} {STEM}", STEM[:7])
"""What is refused as a session password. The last is a part of the stem and looked for as itself."""

_RAW: Final = STEM.lower().encode()
_CODED: Final = (
    STEM.encode().hex().encode(),
    STEM.encode("utf-16-le").lower(),
    # Base64 of the stem at each of the three places where it can begin in a group of three bytes, without its borders.
    *(base64.b64encode(b"\0" * skip + STEM.encode())[-(-skip * 4 // 3) : 8 + skip].lower() for skip in range(3)),
)


def leaks(data: bytes) -> bool:
    """Whether bytes hold a canary: as it is, in hexadecimal, in base64 or in UTF-16."""
    small = data.lower()
    return any(form in small for form in (_RAW, _CODED[0], _CODED[1])) or any(form in small for form in _CODED[2:])


@dataclass(frozen=True)
class Run:
    """One way to run the program: a command's words and one option more.

    Attributes:
        command: `("lab", "up")`; empty for `provision` itself.
        option: A format or a flag, as words.
    """

    command: tuple[str, ...]
    option: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(("provision", *self.command, *self.option))


_OF_TYPER: Final = frozenset({"--version"})


def runs() -> list[Run]:
    """Every command as it is, with each of its formats, and with each of its flags."""
    return [
        Run(words, option)
        for words, function in _commands(app)
        for option in ((), *(extra for extra in _options(function) if extra[0] not in _OF_TYPER))
    ]


def _commands(
    group: typer.Typer, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Callable[..., object]]]:
    if group.registered_callback is not None and group.registered_callback.callback is not None:
        yield words, group.registered_callback.callback
    for command in group.registered_commands:
        assert command.callback is not None
        yield (*words, command.name or command.callback.__name__.replace("_", "-")), command.callback
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from _commands(inner.typer_instance, (*words, str(inner.name)))


def _options(function: Callable[..., object]) -> Iterator[tuple[str, ...]]:
    hints = get_type_hints(function, include_extras=True)
    for name in inspect.signature(function).parameters:
        kind, *extras = get_args(hints[name]) or (hints[name],)
        option = next((extra for extra in extras if isinstance(extra, OptionInfo)), None)
        if option is None:
            continue
        # In an annotation the first name stands where elsewhere a default would.
        names = [each for each in (option.default, *(option.param_decls or ())) if str(each).startswith("--")]
        written = str(names[0]) if names else f"--{name.replace('_', '-')}"
        if isinstance(kind, type) and issubclass(kind, Enum):
            yield from ((written, str(choice.value)) for choice in kind)
        elif kind is bool:
            # `--on/--off` are two ways to write it.
            yield from ((each,) for each in written.split("/"))


@dataclass(frozen=True)
class Place:
    """A machine of its own, as far as files go: everything that the program may write to is below one directory.

    Attributes:
        root: That directory. `work` below it is the working copy.
    """

    root: Path

    @classmethod
    def below(cls, root: Path) -> Place:
        for name in ("home", "temporary", "work", "plugins"):
            (root / name).mkdir(parents=True, exist_ok=True)
        return cls(root)

    @property
    def work(self) -> Path:
        """Where the program runs."""
        return self.root / "work"

    @property
    def environment(self) -> dict[str, str]:
        """What keeps the program below `root`, and lets an error show all it has."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("PROVISION_", "XDG_", "GIT_"))
        }
        homes = {
            f"XDG_{kind}_HOME": str(self.root / "home" / kind.lower()) for kind in ("STATE", "CACHE", "CONFIG", "DATA")
        }
        return {
            **inherited,
            **homes,
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "temporary"),
            "PROVISION_DEBUG": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
        }

    def run(
        self, *arguments: str, environment: Mapping[str, str] | None = None, deadline_seconds: int = 300
    ) -> subprocess.CompletedProcess[bytes]:
        """The program, as a person would run it; fails where it shows a canary."""
        done = subprocess.run(
            [Path(sys.executable).with_name("provision"), *arguments],
            cwd=self.work,
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=self.environment | dict(environment or {}),
            timeout=deadline_seconds,
        )
        for stream in (done.stdout, done.stderr):
            assert not leaks(stream), f"provision {' '.join(arguments)} shows a secret"
        return done

    def commit(self) -> None:
        """Make the working copy a repository whose main branch has what is there."""
        author = ("-c", "user.name=A. Engineer", "-c", "user.email=noc@example.net")
        for words in (
            ("init", "-q", "-b", "main"),
            ("add", "-A"),
            ("commit", "-q", "-m", "fleet"),
            ("switch", "-q", "-c", "x"),
        ):
            subprocess.run(
                ["git", *author, *words], cwd=self.work, env=self.environment, check=True, capture_output=True
            )

    def plugin(self, source: str) -> dict[str, str]:
        """The environment in which the program starts with these lines of Python."""
        path = self.root / "plugins" / blake2b(source.encode(), digest_size=4).hexdigest() / "sitecustomize.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(source, encoding="utf-8")
        return {"PYTHONPATH": str(path.parent), "PYTHONDONTWRITEBYTECODE": "1"}

    def leaking_files(self, *allowed: Path) -> list[str]:
        """Files with a canary in their name or their bytes, in a database's rows, or in what is compressed in these."""
        found = []
        for path in sorted(self.root.rglob("*")):
            if path in allowed or path.name == "sitecustomize.py" or not path.is_file() or path.is_symlink():
                continue
            if leaks(str(path.relative_to(self.root)).encode()) or any(leaks(part) for part in _parts(path)):
                found.append(str(path.relative_to(self.root)))
        return found

    @property
    def databases(self) -> list[Path]:
        """The SQLite files that the program made."""
        return [
            path for path in sorted(self.root.rglob("*.sqlite")) if path.read_bytes().startswith(b"SQLite format 3")
        ]


def _parts(path: Path) -> Iterator[bytes]:
    data = path.read_bytes()
    yield data
    if data.startswith(b"SQLite format 3"):
        yield from _rows(path)


def _rows(path: Path) -> Iterator[bytes]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    data = value if isinstance(value, bytes) else str(value).encode()
                    yield data
                    try:
                        yield zlib.decompress(data)
                    except zlib.error:
                        continue
    finally:
        connection.close()
