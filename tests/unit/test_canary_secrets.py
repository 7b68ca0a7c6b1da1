"""No command that works without routers shows, keeps or even reads a secret: every command, every format, every flag."""

from __future__ import annotations

import base64
import re
import shutil
import sqlite3
import zlib
from pathlib import Path

import pytest
import yaml
from tests.canaries import STEM, VALUES, Place, Run, leaks, runs

from provisioner.secrets import references

ROOT = Path(__file__).parents[2]
SCHOOL = "03BK00"

OFFLINE: dict[tuple[str, ...], tuple[str, ...]] = {
    ("check",): (),
    ("diff",): (),
    ("history",): ("--school", SCHOOL),
    ("policy",): ("--school", SCHOOL),
    ("render",): ("--school", SCHOOL, "--output", "rendered"),
    ("show",): ("--school", SCHOOL),
}
"""How to run a command: what it needs at least."""
IN_THE_LAB = frozenset(
    {
        (),
        ("undo",),
        ("audit",),
        ("restore",),
        ("adopt",),
        ("lab", "up"),
        ("lab", "down"),
        ("lab", "status"),
        ("rehearse",),
    }
)
"""Commands that need routers: tests/lab/test_canary_secrets.py runs them."""
WITHOUT_FLEET = frozenset({("policy", "refresh")})
"""Commands that read neither an inventory nor a journal, and so have no secret to show."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The sample fleet in a working copy, in which a secret is rotated, a school has another line and a file is new."""
    place = Place.below(tmp_path_factory.mktemp("canary"))
    for name in ("inventory", "templates"):
        shutil.copytree(ROOT / name, place.work / name)
    place.commit()
    path = place.work / "inventory/locations" / f"{SCHOOL}.yaml"
    text = path.read_text(encoding="utf-8")
    text = text.replace(f"bgp/{SCHOOL}/primary", f"bgp/{SCHOOL}/rotated").replace("PG-FI-10010", "PG-FI-10999")
    path.write_text(text, encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def names(place: Place) -> tuple[str, ...]:
    """The names of every secret that the fleet asks for."""
    done = place.run("render", "--all", "--output", str(place.root / "names"))
    assert done.returncode == 0, done.stderr.decode()
    found = references("\n".join(path.read_text(encoding="utf-8") for path in (place.root / "names").iterdir()))
    assert len(found) > len(VALUES)
    return found


@pytest.fixture(scope="module")
def values(names: tuple[str, ...]) -> dict[str, str]:
    return {name: VALUES[number % len(VALUES)] for number, name in enumerate(names)}


@pytest.fixture(scope="module")
def environment(values: dict[str, str]) -> dict[str, str]:
    """The values where the program looks for them by default."""
    return {"PROVISION_SECRET_" + re.sub(r"[^0-9A-Za-z]", "_", name).upper(): value for name, value in values.items()}


@pytest.fixture(scope="module")
def poisoned(place: Place, values: dict[str, str]) -> dict[str, str]:
    """A file of secrets that others can read: whoever reads it stops."""
    path = place.root / "secrets.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    path.chmod(0o644)
    return {"PROVISION_SECRETS": f"file:{path}"}


def test_every_command_is_known_to_the_canary_tests() -> None:
    unknown = {run.command for run in runs()} - OFFLINE.keys() - IN_THE_LAB - WITHOUT_FLEET
    assert not unknown, (
        f"say how to run {sorted(unknown)}: in OFFLINE, or in IN_THE_LAB and tests/lab/test_canary_secrets.py"
    )


@pytest.mark.parametrize("run", [run for run in runs() if run.command in OFFLINE], ids=str)
def test_no_command_shows_or_keeps_a_secret(
    place: Place, environment: dict[str, str], poisoned: dict[str, str], run: Run
) -> None:
    needed = OFFLINE[run.command]
    if "--all" in run.option:
        needed = tuple(word for word in needed if word not in {"--school", SCHOOL})
    done = place.run(*run.command, *needed, *run.option, environment=environment | poisoned)
    assert done.returncode in {0, 1}, f"did it read the file of secrets? {done.stderr.decode()}"
    assert place.leaking_files(place.root / "secrets.yaml") == []


def test_the_cache_was_looked_into(place: Place, environment: dict[str, str]) -> None:
    place.run("check", "--policy", environment=environment)
    assert any("cache" in path.name for path in place.databases)


@pytest.mark.parametrize("suffix", ["txt", "md", "html", "json"])
def test_a_rotated_secret_shows_as_changed_in_every_report(
    place: Place, environment: dict[str, str], suffix: str
) -> None:
    report = place.work / f"report.{suffix}"
    done = place.run("diff", "--output", report.name, environment=environment)
    assert done.returncode == 1, done.stderr.decode()
    text = report.read_text(encoding="utf-8").replace("&lt;", "<").replace("&gt;", ">").replace("\\u003c", "<")
    assert "(changed)" in text.replace("\\u003e", ">")
    assert f"{SCHOOL}/rotated" not in text
    report.unlink()


@pytest.mark.parametrize("value", VALUES[1:4])  # the other two could as well be names of secrets
def test_a_value_written_into_the_inventory_by_mistake_is_not_repeated(place: Place, value: str) -> None:
    inventory = place.root / "mistaken"
    shutil.copytree(place.work / "inventory", inventory)
    path = inventory / "locations" / f"{SCHOOL}.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(f"bgp/{SCHOOL}/rotated", f"'{value}'"), encoding="utf-8")
    try:
        for command in (("check",), ("check", "--format", "json"), ("show", "--school", SCHOOL)):
            done = place.run(*command, "--inventory", str(inventory))
            assert done.returncode == 2
            assert b"PV1104" in done.stdout + done.stderr
        assert place.leaking_files(place.root / "secrets.yaml", path) == []
    finally:
        shutil.rmtree(inventory)


@pytest.mark.parametrize(
    "planted",
    [
        VALUES[1].encode(),
        STEM.upper().encode(),
        STEM.encode("utf-16"),
        STEM.encode().hex().encode(),
        *(base64.b64encode(b"-" * skip + VALUES[2].encode()) for skip in range(4)),
    ],
)
def test_a_leak_in_any_form_is_seen(planted: bytes) -> None:
    assert leaks(b"before " + planted + b" after")
    assert not leaks(b"before and after, password <secret>")


def test_a_leak_in_a_file_or_a_compressed_row_is_seen(tmp_path: Path) -> None:
    place = Place.below(tmp_path)
    assert place.leaking_files() == []
    (place.work / "report.md").write_text(f"password {VALUES[3]}", encoding="utf-8")
    connection = sqlite3.connect(place.root / "home" / "x.sqlite")
    connection.execute("CREATE TABLE entry (value BLOB)")
    connection.execute("INSERT INTO entry VALUES (?)", (zlib.compress(f"password {VALUES[0]}".encode() * 9),))
    connection.commit()
    connection.close()
    assert place.leaking_files() == ["home/x.sqlite", "work/report.md"]
