"""One file: whatever stands in it, the answer is data or one problem, never another exception."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.intent.model import Location
from provisioner.intent.problems import Problem
from provisioner.intent.source import Source, read
from provisioner.intent.validate import model_from

VALID = (Path(__file__).parents[3] / "inventory" / "locations" / "16PK00.yaml").read_bytes()

one_directory = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def understood(path: Path, content: bytes) -> Source | Problem:
    """What a file with this content gives; a file that can be read must give a Location or problems of one line each."""
    file = path / "16PK00.yaml"
    file.write_bytes(content)
    source = read(file)
    if isinstance(source, Problem):
        assert str(source).isprintable()
        return source
    found = model_from(source, Location)
    if isinstance(found, list):
        assert found
        assert all(str(problem).isprintable() for problem in found)
        assert all(0 <= problem.line <= content.count(b"\n") + 1 for problem in found)
    return source


@given(st.binary(max_size=400))
@one_directory
def test_any_bytes_give_data_or_a_problem(tmp_path: Path, content: bytes) -> None:
    understood(tmp_path, content)


@given(st.text(alphabet=st.sampled_from(" \t\n:-?[]{}&*!|>'\"%@`,#<~0123456789abyn."), max_size=300))
@one_directory
def test_any_yaml_like_text_gives_data_or_a_problem(tmp_path: Path, content: str) -> None:
    understood(tmp_path, content.encode())


@given(st.data())
@one_directory
def test_a_valid_file_with_bytes_changed_gives_data_or_a_problem(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(VALID)
    for _ in range(data.draw(st.integers(1, 4))):
        begin = data.draw(st.integers(0, len(content) - 1))
        end = data.draw(st.integers(begin, min(begin + 30, len(content))))
        content[begin:end] = data.draw(
            st.binary(max_size=8) | st.sampled_from([b"\n", b": ", b"- ", b"{", b"]", b'"', b"\t"])
        )
    understood(tmp_path, bytes(content))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.dates(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=10,
    ),
    st.data(),
)
@one_directory
def test_any_value_in_any_field_gives_a_location_or_problems(
    tmp_path: Path, value: object, data: st.DataObject
) -> None:
    content = yaml.safe_load(VALID)
    holder = content
    while isinstance(holder, dict | list):
        key = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
        inner = holder[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            holder[key] = value
            break
        holder = inner
    understood(tmp_path, yaml.safe_dump(content, allow_unicode=True).encode())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("0144", "0144"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("03E00", "03E00"),
        ("2026-11-23", "2026-11-23"),
        ("=", "="),
        (".inf", ".inf"),
        ("12", 12),
        ("-1", -1),
        ("1.5", 1.5),
        ("true", True),
        ("~", None),
        ("", None),
        ("'12'", "12"),
        ('"true"', "true"),
        ("'~'", "~"),
    ],
)
def test_a_word_means_what_it_means_in_yaml_1_2(tmp_path: Path, text: str, value: object) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(f"key: {text}\n")
    source = read(file)
    assert isinstance(source, Source)
    assert source.data["key"] == value
    assert type(source.data["key"]) is type(value)


def test_a_field_leads_back_to_its_line(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: 1\n\nlist:\n  - x: 1\n    y: 2\n  - x: 3\n")
    source = read(file)
    assert isinstance(source, Source)
    assert source.place(("list", 0, "y")) == (5, "list[0].y")
    assert source.place(("list", 1)) == (6, "list[1]")
    assert source.place(("list", 1, "missing")) == (6, "list[1].missing")
    assert source.place(("nothing", "below")) == (1, "")


def test_windows_line_ends_are_read(tmp_path: Path) -> None:
    source = understood(tmp_path, VALID.replace(b"\n", b"\r\n"))
    assert isinstance(source, Source)
    assert source.line(("name",)) == 3


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    # root may read anything, and tests may run as root.
    monkeypatch.setattr(Path, "read_bytes", refuse)
    problem = read(tmp_path / "16PK00.yaml")
    assert isinstance(problem, Problem)
    assert "cannot be read: Permission denied" in str(problem)
