"""What the command line selects."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.errors import UsageError
from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet
from provisioner.intent.select import Chosen, Selection, resolve
from provisioner.intent.types import LocationStatus

SAMPLE = Path(__file__).parents[3] / "inventory"


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return load_fleet(SAMPLE)


def with_status(fleet: Fleet, code: str, status: LocationStatus) -> Fleet:
    """The fleet with one location in another state of its life."""
    changed = fleet.locations[code].model_copy(update={"status": status})
    return Fleet(fleet.service, fleet.boards, fleet.aggregation_points, {**fleet.locations, code: changed})


def test_nothing_selected_is_an_error_that_names_the_options(fleet: Fleet) -> None:
    with pytest.raises(UsageError, match="--school CODE, --board NUMBER, --aggregation NAME or --all"):
        resolve(Selection(), fleet)


def test_everything_and_something_is_an_error(fleet: Fleet) -> None:
    with pytest.raises(UsageError, match="leave one of them out"):
        resolve(Selection(schools=("16PK00",), all=True), fleet)


def test_schools_are_taken_once_in_the_order_given(fleet: Fleet) -> None:
    chosen = resolve(Selection(schools=("16PK00", "03BK00", "16PK00")), fleet)
    assert chosen == Chosen(("16PK00", "03BK00"))


def test_a_board_is_all_its_locations_and_no_base(fleet: Fleet) -> None:
    chosen = resolve(Selection(boards=("42650",)), fleet)
    assert chosen.locations
    assert {fleet.locations[code].board for code in chosen.locations} == {"42650"}
    assert set(chosen.locations) == {code for code, at in fleet.locations.items() if at.board == "42650"}
    assert chosen.aggregation_routers == ()


def test_an_aggregation_point_is_its_routers_and_all_that_lands_on_them(fleet: Fleet) -> None:
    chosen = resolve(Selection(aggregations=("utrecht1",)), fleet)
    assert chosen.aggregation_routers == ("utr1-ar1", "utr1-ar2")
    landing = {
        code
        for code, location in fleet.locations.items()
        if any(uplink.aggregation_router.startswith("utr1-") for uplink in location.uplinks)
    }
    assert set(chosen.locations) == landing


def test_an_aggregation_router_is_itself_and_what_lands_on_it(fleet: Fleet) -> None:
    chosen = resolve(Selection(aggregations=("utr1-ar2",)), fleet)
    assert chosen.aggregation_routers == ("utr1-ar2",)
    assert all(
        any(uplink.aggregation_router == "utr1-ar2" for uplink in fleet.locations[code].uplinks)
        for code in chosen.locations
    )


def test_all_is_all(fleet: Fleet) -> None:
    chosen = resolve(Selection(all=True), fleet)
    assert chosen.locations == tuple(fleet.locations)
    assert chosen.aggregation_routers == tuple(fleet.aggregation_routers)


@pytest.mark.parametrize(
    ("selection", "near"),
    [
        (Selection(schools=("16PK09",)), "16PK00"),
        (Selection(schools=("16pk00",)), "16PK00"),
        (Selection(schools=("kompas",)), "16PK00"),
        (Selection(boards=("42651",)), "42650"),
        (Selection(boards=("Rijnstreek",)), "40123"),
        (Selection(aggregations=("utrecht",)), "utrecht1"),
        (Selection(aggregations=("utr1-ar3",)), "utr1-ar"),
    ],
)
def test_what_does_not_exist_is_answered_with_what_is_near(fleet: Fleet, selection: Selection, near: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean .*{near}"):
        resolve(selection, fleet)


def test_what_resembles_nothing_is_answered_with_where_to_look(fleet: Fleet) -> None:
    with pytest.raises(UsageError, match="provision show --all"):
        resolve(Selection(schools=("!!",)), fleet)


@pytest.mark.parametrize("status", [LocationStatus.PLANNED, LocationStatus.DECOMMISSIONED])
def test_a_named_school_that_is_not_active_is_refused_and_left_out_of_wider_selections(
    fleet: Fleet, status: LocationStatus
) -> None:
    changed = with_status(fleet, "16PK00", status)
    with pytest.raises(UsageError, match=f"location 16PK00 is {status.value}"):
        resolve(Selection(schools=("16PK00",)), changed, statuses=frozenset({LocationStatus.ACTIVE}))
    assert resolve(Selection(schools=("16PK00",)), changed).locations == ("16PK00",)
    for wide in (Selection(all=True), Selection(boards=("42650",)), Selection(aggregations=("zwolle1",))):
        assert "16PK00" in resolve(wide, changed).locations
        assert "16PK00" not in resolve(wide, changed, statuses=frozenset({LocationStatus.ACTIVE})).locations


def test_only_schools_need_no_whole_inventory() -> None:
    assert Selection(schools=("16PK00",)).only_schools(SAMPLE) == ("16PK00",)
    assert Selection(schools=("16PK09",)).only_schools(SAMPLE) is None
    assert Selection(schools=("16PK00",), boards=("42650",)).only_schools(SAMPLE) is None
    assert Selection(all=True).only_schools(SAMPLE) is None
