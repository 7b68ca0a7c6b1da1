"""What of a change is rehearsed: everything where there is room, else one of each distinct kind."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provisioner.errors import UsageError
from provisioner.rehearsal.choice import Distinct, too_many

changes = st.dictionaries(
    st.text("ABC", min_size=1, max_size=3),
    st.frozensets(st.sampled_from("abcdefgh"), min_size=1, max_size=4),
    min_size=1,
    max_size=20,
)


@given(changes)
def test_the_representatives_together_undergo_every_change(subjects: dict[str, frozenset[str]]) -> None:
    chosen = Distinct(subjects).representatives(len(subjects))
    every = frozenset[str]().union(*subjects.values())
    assert frozenset[str]().union(*(subjects[name] for name in chosen)) == every
    assert len(set(chosen)) == len(chosen)


@given(changes, st.integers(1, 5))
def test_more_than_there_is_room_for_are_not_sought(subjects: dict[str, frozenset[str]], most: int) -> None:
    assert len(Distinct(subjects).representatives(most)) <= most + 1


def test_ten_thousand_schools_with_one_template_line_changed_are_rehearsed_on_one() -> None:
    subjects = {f"{number:05}": frozenset({"changed", "change 0"}) for number in range(10_000)}
    assert Distinct(subjects).representatives(12) == ("00000",)


def test_of_equal_ones_the_heaviest_is_taken() -> None:
    subjects = {"heavy": frozenset("a"), "light": frozenset("a"), "other": frozenset("b")}
    assert Distinct(subjects).representatives(12) == ("heavy", "other")


def test_the_refusal_says_how_many_and_how_to_narrow() -> None:
    error = too_many(40, 30, 12)
    assert isinstance(error, UsageError)
    assert "40 subjects" in str(error)
    assert "30 routers" in str(error)
    assert "--school" in error.remedy
