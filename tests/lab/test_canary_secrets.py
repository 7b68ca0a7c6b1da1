"""Secrets go to the routers and nowhere else: not into what is said, not into the journal, the cache, a file, or an exception."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from tests.canaries import UNFIT, VALUES, Place, leaks, runs

from provisioner.intent.model import Location
from provisioner.lab import lifecycle
from provisioner.lab.handle import Lab
from provisioner.lab.state import LabState
from provisioner.secrets import references

from .conftest import ROOT, Schools

FIRST = VALUES[1]
CALM = ("--dry-run",)
"""What keeps a command from pushing."""

IN_THE_LAB: dict[tuple[str, ...], tuple[str, ...]] = {
    (): CALM,
    ("undo",): CALM,
    ("restore",): CALM,
    ("adopt",): (),
    ("audit",): ("--output", "reports", "--junit", "audit.xml", "--metrics", "audit.prom", "--plan", "plans"),
    ("history",): (),
}
"""Commands that look at a lab, and how they are kept from changing it."""
APART = frozenset({("lab", "up"), ("lab", "down"), ("lab", "status"), ("rehearse",)})
"""Commands that a test of their own runs."""
HARMLESS = frozenset({"--all", "--write"})
"""Flags that are not run: the whole fleet is not in this lab, and secrets are nothing to adopt."""


@dataclass(frozen=True)
class Scene:
    """A lab with a school on it, whose secrets are canaries, on a machine of its own."""

    place: Place
    name: str
    school: Location
    secrets: Path

    @property
    def selection(self) -> tuple[str, ...]:
        return ("--lab", self.name, "--school", self.school.code)

    def rotate(self, value: str) -> None:
        """Every secret gets another value."""
        names = yaml.safe_load(self.secrets.read_text(encoding="utf-8"))
        self.secrets.write_text(yaml.safe_dump(dict.fromkeys(names, value)), encoding="utf-8")

    def is_clean(self, *more: str) -> bool:
        """Whether no file but that of the secrets holds one, and none of these."""
        texts = [value.encode() for value in more]
        ours = {self.secrets.name, "sitecustomize.py"}
        files = [path for path in self.place.root.rglob("*") if path.is_file() and path.name not in ours]
        written = any(text in path.read_bytes() for path in files for text in texts)
        return not written and self.place.leaking_files(self.secrets) == []


@pytest.fixture(scope="module")
def _scene(tmp_path_factory: pytest.TempPathFactory, schools: Schools) -> Iterator[Scene]:
    place = Place.below(tmp_path_factory.mktemp("canary"))
    for name in ("inventory", "templates"):
        shutil.copytree(ROOT / name, place.work / name)
    place.commit()
    name = f"pytest-{os.getpid()}-canary"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", place.environment["XDG_STATE_HOME"])
        state = LabState.of(name)
        scene = Scene(place, name, schools.fibre, state.secrets)
        assert place.run("render", "--all", "--output", "rendered").returncode == 0
        names = references("\n".join(path.read_text(encoding="utf-8") for path in (place.work / "rendered").iterdir()))
        state.directory.mkdir(parents=True, mode=0o700)
        state.secrets.touch(mode=0o600)
        state.secrets.write_text(yaml.safe_dump(dict.fromkeys(names, FIRST)), encoding="utf-8")
        try:
            up = place.run("lab", "up", "--name", name, "--school", schools.fibre.code, "--verbose")
            assert up.returncode == 0, up.stderr.decode()
            yield scene
            down = place.run("lab", "down", "--name", name, "--verbose")
            assert down.returncode == 0, down.stderr.decode()
        finally:
            lifecycle.down(name, lambda _: None)


@pytest.fixture
def scene(_scene: Scene) -> Scene:
    """The school is provisioned with the first canary; a test that left another has it pushed back."""
    _scene.rotate(FIRST)
    done = _scene.place.run(*_scene.selection, "--yes")
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return _scene


def test_every_command_is_known_here() -> None:
    offline = {("check",), ("diff",), ("policy",), ("policy", "refresh"), ("render",), ("show",)}
    unknown = {run.command for run in runs()} - IN_THE_LAB.keys() - APART - offline
    assert not unknown, f"say how to run {sorted(unknown)}"


def test_the_routers_really_have_the_canary(scene: Scene) -> None:
    with Lab.open(scene.name) as lab:
        assert leaks(lab.router(scene.school.edge_router_name).vtysh("show running-config").encode())
    assert scene.is_clean()


@pytest.mark.parametrize("command", IN_THE_LAB, ids=lambda command: " ".join(("provision", *command)))
def test_a_rotated_secret_shows_as_changed_in_every_format_and_never_as_itself(
    scene: Scene, command: tuple[str, ...]
) -> None:
    """An `undo` has nothing to show of it: what it brings back has today's values."""
    scene.rotate(VALUES[2])
    for run in [each for each in runs() if each.command == command]:
        if HARMLESS.intersection(run.option) or run.option in {("--yes",), ("--dry-run",)}:
            continue
        done = scene.place.run(*command, *scene.selection, *IN_THE_LAB[command], *run.option)
        assert done.returncode in {0, 1}, f"{run}: {(done.stdout + done.stderr).decode()}"
        if command == ():
            assert b"(changed)" in done.stdout, f"{run}: {done.stdout.decode()}"
    assert scene.is_clean()


def test_a_push_of_a_value_of_any_shape_leaves_it_on_the_routers_alone(scene: Scene) -> None:
    for value in (VALUES[0], VALUES[2], VALUES[3]):
        scene.rotate(value)
        pushed = scene.place.run(*scene.selection, "--yes", "--verbose", "--reverse")
        assert pushed.returncode == 0, (pushed.stdout + pushed.stderr).decode()
        again = scene.place.run(*scene.selection, *CALM)
        assert again.returncode == 0, again.stdout.decode()
        with Lab.open(scene.name) as lab:
            assert value in lab.router(scene.school.edge_router_name).vtysh("show running-config")
    assert scene.is_clean()


def test_a_change_and_its_undo_leave_nothing_in_the_journal(scene: Scene) -> None:
    path = scene.place.work / "inventory/locations" / f"{scene.school.code}.yaml"
    text = path.read_text(encoding="utf-8")
    circuit = scene.school.uplinks[0].access_line.circuit_id
    path.write_text(text.replace(circuit, "XX-FI-99999"), encoding="utf-8")
    try:
        pushed = scene.place.run(*scene.selection, "--yes", "--format", "json")
        assert pushed.returncode == 0, (pushed.stdout + pushed.stderr).decode()
        undone = scene.place.run("undo", *scene.selection, "--yes", "--verbose", "--format", "markdown")
        assert undone.returncode == 0, (undone.stdout + undone.stderr).decode()
    finally:
        path.write_text(text, encoding="utf-8")
    for options in (("--diff",), ("--diff", "--format", "json"), ("--dry-runs", "--diff"), ("--run", "1")):
        told = scene.place.run("history", "--lab", scene.name, *options)
        assert told.returncode == 0, told.stderr.decode()
    (journal,) = [path for path in scene.place.databases if path.name == "journal.sqlite"]
    connection = sqlite3.connect(journal)
    (runs_kept,) = connection.execute("SELECT count(*) FROM run").fetchone()
    connection.close()
    assert runs_kept > 1, "the journal that is looked into is the one that is written"
    assert scene.is_clean()


def test_a_push_that_is_rolled_back_says_nothing_of_it(scene: Scene) -> None:
    scene.rotate(VALUES[4])
    formats = [run.option for run in runs() if run.command == () and run.option[:1] == ("--format",)]
    assert formats
    with Lab.open(scene.name) as lab:
        try:
            lab.cut(scene.school.edge_router_name, scene.school.uplinks[0].edge_port)
            for option in formats:
                done = scene.place.run(*scene.selection, "--yes", "--verbose", "--deadline", "6", *option)
                assert done.returncode == 2
                assert b"rolled back" in done.stdout.lower().replace(b"_", b" ").replace(b"-", b" ")
        finally:
            lab.mend_all()
    assert scene.is_clean()


@pytest.mark.parametrize("method", ["load_replace_candidate", "compare_config", "commit_config"])
def test_an_exception_with_a_candidate_in_its_hands_does_not_tell_it(scene: Scene, method: str) -> None:
    """A mistake of the program itself, with PROVISION_DEBUG=1: a traceback, and whatever else it leaves."""
    plugin = scene.place.plugin(
        "from napalm_frr import FRRDriver\n"
        f"real = FRRDriver.{method}\n"
        "def planted(self, *arguments, **named):\n"
        "    real(self, *arguments, **named)\n"
        "    raise RuntimeError(f'planted in {self!r}')\n"
        f"FRRDriver.{method} = planted\n"
    )
    scene.rotate(VALUES[2])
    done = scene.place.run(*scene.selection, "--yes", "--verbose", environment=plugin)
    assert done.returncode != 0
    assert b"planted" in done.stdout + done.stderr
    assert scene.is_clean()


def test_a_rehearsal_says_nothing_of_the_secrets_that_it_makes_for_its_lab(scene: Scene) -> None:
    """Its values are random; here the generator of random texts gives canaries."""
    plugin = scene.place.plugin(f"import secrets\nsecrets.token_hex = lambda *_: {VALUES[2]!r}\n")
    suffixes = {"text": "txt", "json": "json", "markdown": "md"}
    formats = [run.option[1] for run in runs() if run.command == ("rehearse",) and run.option[:1] == ("--format",)]
    outputs = [word for name in formats for word in ("--output", f"rehearsal.{suffixes[name]}")]
    path = scene.place.work / "inventory/locations" / f"{scene.school.code}.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(scene.school.uplinks[0].access_line.circuit_id, "XX-FI-99999"), encoding="utf-8")
    try:
        done = scene.place.run("rehearse", "--school", scene.school.code, "--verbose", *outputs, environment=plugin)
    finally:
        path.write_text(text, encoding="utf-8")
    assert done.returncode in {0, 1}, (done.stdout + done.stderr).decode()
    assert scene.is_clean()


@pytest.mark.parametrize("value", UNFIT, ids=["not ASCII", "a blank", "too short"])
def test_a_value_that_is_refused_is_not_repeated(scene: Scene, value: str) -> None:
    scene.rotate(value)
    done = scene.place.run(*scene.selection, "--yes", "--verbose")
    assert done.returncode == 2
    said = done.stdout + done.stderr
    assert b"PV4006" in said
    assert value.encode() not in said
    assert scene.is_clean(value)


def test_a_file_of_secrets_that_is_broken_is_not_quoted(scene: Scene) -> None:
    kept = scene.secrets.read_text(encoding="utf-8")
    try:
        for broken in (f"{FIRST}: [", f"- {VALUES[2]}\n", f"a: {{{VALUES[3]}", VALUES[0]):
            scene.secrets.write_text(broken, encoding="utf-8")
            done = scene.place.run(*scene.selection, *CALM, "--verbose")
            assert done.returncode == 2, done.stdout.decode()
            assert b"PV4003" in done.stdout + done.stderr
    finally:
        scene.secrets.write_text(kept, encoding="utf-8")
    assert scene.is_clean()


def test_the_lab_says_nothing_of_its_secrets(scene: Scene) -> None:
    for run in [run for run in runs() if run.command == ("lab", "status")]:
        assert scene.place.run(*run.command, "--name", scene.name, *run.option).returncode == 0
    up = scene.place.run("lab", "up", "--name", scene.name, "--school", scene.school.code)
    assert up.returncode == 0, up.stderr.decode()
    assert scene.is_clean()


def test_a_leak_on_the_machine_is_seen(scene: Scene) -> None:
    planted = scene.place.root / "temporary" / "debug.log"
    planted.write_text(f"password {FIRST}", encoding="utf-8")
    try:
        assert not scene.is_clean()
    finally:
        planted.unlink()
