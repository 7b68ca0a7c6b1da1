"""A change by hand that the inventory can express is found again as an edit of the location's file; one that it cannot is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from provisioner.adopt import edits
from provisioner.adopt.model import Adoption
from provisioner.adopt.search import World, adopt
from provisioner.audit.scope import Scope, scopes_of
from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet
from provisioner.intent.source import parse, read
from provisioner.plan.intended import FromInventory
from provisioner.plan.parts import Parts
from provisioner.plan.subject import location_subject
from provisioner.render.engine import Renderer

ROOT = Path(__file__).parents[3]
INVENTORY = ROOT / "inventory"
CODE = "03BK00"
PATH = INVENTORY / "locations" / f"{CODE}.yaml"
TEXT = PATH.read_text(encoding="utf-8")
RENDERER = Renderer(ROOT / "templates")


def fleet_of(text: str) -> Fleet:
    return load_fleet(
        INVENTORY, only=(CODE,), read=lambda path: parse(path, text.encode()) if path == PATH else read(path)
    )


def intended(fleet: Fleet, scope: Scope) -> Parts:
    scopes = {each.device: each for each in scopes_of(fleet, [location_subject(fleet, fleet.locations[CODE])])}
    return scopes[scope.device].intended(FromInventory(fleet, RENDERER))


def world(by_hand: Callable[[str], str] = str, text: str = TEXT) -> World:
    """Routers that run what an inventory says, and what somebody did to that."""
    fleet = fleet_of(text)
    scopes = scopes_of(fleet, [location_subject(fleet, fleet.locations[CODE])])
    running = {
        scope.device: {owner: by_hand(str(part)) for owner, part in intended(fleet, scope).items()} for scope in scopes
    }
    return World(scopes, running, fleet_of, intended)


def adopted(of: World) -> Adoption:
    return adopt(of, fleet_of(TEXT).locations[CODE], str(PATH), TEXT)


def test_routers_that_run_what_the_inventory_says_have_nothing_to_adopt() -> None:
    assert adopted(world()).is_empty


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("circuit_id: PG-FI-10010", "circuit_id: PG-FI-77777", "uplinks[0].access_line.circuit_id"),
        ("mtu: 1500", "mtu: 1480", "uplinks[0].access_line.mtu"),
        ("nat_address: 203.0.113.1", "nat_address: 203.0.113.2", "edge_router.nat_address"),
        ("ipv4: 10.1.64.0/24", "ipv4: 10.1.80.0/24", "segments[2].ipv4"),
        ("vlan_id: 30", "vlan_id: 31", "segments[2].vlan_id"),
        ('"2001:db8:1001:30::/64"', '"2001:db8:1001:33::/64"', "segments[2].ipv6"),
    ],
)
def test_a_field_that_somebody_changed_on_the_routers_is_found(old: str, new: str, field: str) -> None:
    assert TEXT.count(old) == 1
    found = adopted(world(text=TEXT.replace(old, new)))
    assert [edit.field for edit in found.edits] == [field]
    assert found.left == ()
    assert yaml.safe_load(found.after) == yaml.safe_load(TEXT.replace(old, new))
    assert found.after.count("#") == TEXT.count("#")


def test_a_segment_that_somebody_took_away_is_found() -> None:
    without = edits.removed(TEXT, ("segments", 3))
    assert without is not None
    assert "devices" not in without
    found = adopted(world(text=without))
    assert [(edit.field, edit.new) for edit in found.edits] == [("segments[3]", "")]
    assert found.left == ()
    assert found.after == without


def test_two_changes_are_found_as_two_edits() -> None:
    text = TEXT.replace("PG-FI-10010", "PG-FI-77777").replace("nat_address: 203.0.113.1", "nat_address: 203.0.113.3")
    found = adopted(world(text=text))
    assert {edit.field for edit in found.edits} == {"uplinks[0].access_line.circuit_id", "edge_router.nat_address"}
    assert found.left == ()


def test_what_no_field_makes_is_left_and_told() -> None:
    found = adopted(world(by_hand=lambda config: config.replace("policy drop", "policy accept", 1)))
    assert found.edits == ()
    assert found.after == TEXT
    assert found.left
    assert "no field of the location's file makes these lines" in found.left[0].reasons[0]


def test_what_can_be_adopted_is_told_apart_from_what_cannot() -> None:
    text = TEXT.replace("PG-FI-10010", "PG-FI-77777")
    found = adopted(world(by_hand=lambda config: config.replace("policy drop", "policy accept", 1), text=text))
    assert [edit.new for edit in found.edits] == ["PG-FI-77777"]
    assert all("policy accept" in "".join(file.text for file in left.files) for left in found.left)


def test_a_secret_is_never_adopted() -> None:
    found = adopted(world(by_hand=lambda config: config.replace(f"<secret:bgp/{CODE}/primary>", "<secret>")))
    assert found.edits == ()
    assert all(left.reasons[0].startswith("a secret is another one") for left in found.left)


def test_what_the_inventory_refuses_is_no_edit() -> None:
    """An address outside of what the location announces: the templates could make it, the checks do not let it in."""
    found = adopted(world(by_hand=lambda config: config.replace("snat to 203.0.113.1", "snat to 198.51.100.1")))
    assert found.edits == ()
    assert found.left


WORDS = st.from_regex(r"[A-Z]{2}-[A-Z]{2}-[0-9]{5}", fullmatch=True)


@given(st.lists(WORDS, min_size=1, max_size=6), st.data())
def test_a_list_keeps_its_other_items_whatever_is_added_or_taken_away(items: list[str], data: st.DataObject) -> None:
    text = f"first: 1  # one\nitems: [{', '.join(items)}]  # two\nlast: 2\n"
    more = edits.appended(text, ("items",), "XX-YY-99999")
    assert more is not None
    assert yaml.safe_load(more) == {"first": 1, "items": [*items, "XX-YY-99999"], "last": 2}
    number = data.draw(st.integers(0, len(items) - 1))
    fewer = edits.removed(text, ("items", number))
    if len(items) == 1:
        assert fewer is None
    else:
        assert fewer is not None
        assert yaml.safe_load(fewer)["items"] == [*items[:number], *items[number + 1 :]]
        assert "# two" in fewer


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=30))
@example("yes")
@example("010")
@example("1:30")
@example("2025-01-01")
@example("1e3")
def test_a_value_of_any_letters_is_read_as_it_was_meant(value: str) -> None:
    after = edits.replaced("a: 1\nb: old  # why\nc: 2\n", ("b",), value)
    assert after is not None
    loaded = yaml.safe_load(after)
    assert str(loaded["b"]) == value
    assert (loaded["a"], loaded["c"]) == (1, 2)
    assert "# why" in after
