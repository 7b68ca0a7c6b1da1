"""A subject on all its devices: a device without an answer is a failed check; what the change is not about is told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.errors import UnreachableError
from provisioner.intent.load import load_fleet
from provisioner.intent.types import LocationStatus, PlatformName, UplinkRole
from provisioner.network.session import Answer
from provisioner.plan.model import DeviceDiff, DeviceRole, FileDiff, Plan, Target
from provisioner.plan.subject import base_subject, location_subject
from provisioner.validate.bystanders import Watched, check_bystanders
from provisioner.validate.expectations import expect_subject
from provisioner.validate.judgement import Goal, Judgement, words_of
from provisioner.validate.model import Check
from provisioner.validate.service import Baseline, Round, Service
from provisioner.validate.touch import is_touched, words_touched

FLEET = load_fleet(Path(__file__).parents[3] / "inventory")
LOCATION = FLEET.locations["03BK00"]
DUAL = next(location for location in FLEET.locations.values() if location.is_dual_homed)
GOOD = Check("utr1-ar1", "x", passed=True, expected="a", found="a")
NOTHING = Baseline((), {})


def plan(text: str = "") -> Plan:
    target = Target("er-03bk00", DeviceRole.EDGE, PlatformName.FRR)
    return Plan("03BK00", "a school", (DeviceDiff(target, (FileDiff("f", text),)),))


class Devices:
    """Devices that show what a test says; others cannot be reached."""

    def __init__(self, shown: Mapping[str, Round] | None = None) -> None:
        self.shown = shown or {}
        self.asked: list[tuple[str, ...]] = []

    def run(self, devices: Sequence[str], work: Any, name: str) -> Mapping[str, Answer[Any]]:
        del work
        self.asked.append((*devices, name))
        return {device: self._answer(device) for device in devices}

    def _answer(self, device: str) -> Answer[Any]:
        if device in self.shown:
            return Answer(device, value=self.shown[device])
        return Answer(device, error=UnreachableError("connection refused", where=device))


def service(devices: Any, location: Any = LOCATION) -> Service:
    return Service(devices, FLEET, location_subject(FLEET, location))


def test_a_device_that_answers_with_an_error_is_a_failed_check_beside_the_others() -> None:
    checks = service(Devices({"utr1-ar1": Round((GOOD,), {})})).await_well(plan(), NOTHING, 0)
    assert checks == (
        GOOD,
        Check("er-03bk00", "device", passed=False, expected="an answer", found="connection refused"),
    )


def test_a_device_that_answers_nothing_is_a_failed_check() -> None:
    shown = {"utr1-ar1": Round((), {}), "er-03bk00": Round((GOOD,), {})}
    checks = service(Devices(shown)).await_well(plan(), NOTHING, 0)
    assert [(check.device, check.passed, check.found) for check in checks] == [
        ("utr1-ar1", False, "none"),
        ("utr1-ar1", True, "a"),
    ]


def test_all_devices_of_a_location_are_asked_at_once_and_a_base_alone() -> None:
    devices: Any = Devices()
    service(devices).look()
    Service(devices, FLEET, base_subject(FLEET, "utr1-ar1")).look()
    assert devices.asked == [("utr1-ar1", "er-03bk00", "validate"), ("utr1-ar1", "validate")]


def test_an_interruption_ends_the_wait() -> None:
    pressed: list[int] = []

    def proceed() -> None:
        pressed.append(1)
        if len(pressed) > 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        service(Devices()).await_well(plan(), NOTHING, 60, proceed=proceed)


# --- what a change is about -----------------------------------------------------------------------------------------

DIFF = """\
--- /etc/network/interfaces (running)
+++ /etc/network/interfaces (candidate)
@@ -10,7 +10,7 @@ iface wan0.102
 auto wan0.102
 iface wan0.102
-    alias primary uplink A
+    alias primary uplink B
     mtu 1500

 auto wan1.103
 iface wan1.103
     mtu 1500
--- /etc/frr/frr.conf (running)
+++ /etc/frr/frr.conf (candidate)
@@ ip prefix-list OWN4 @@
+ip prefix-list OWN4 seq 10 permit 198.51.100.0/24"""


def test_the_words_of_a_change_are_those_of_its_lines_and_of_the_stanza_around() -> None:
    words = words_touched(plan(DIFF))
    assert is_touched(("wan0.102",), words)
    assert is_touched(("198.51.100.0/24",), words)
    assert is_touched(("prefix-list",), words)
    assert not is_touched(("wan1.103",), words), "it stands in the context alone"
    assert not is_touched(("wan0.10",), words), "no part of a word"


def test_a_check_that_says_nothing_of_what_it_is_about_is_always_touched() -> None:
    assert is_touched((), frozenset())


def check(name: str, *about: str, passed: bool = False, device: str = "er-03bk00") -> Check:
    return Check(device, name, passed=passed, expected="up", found="up" if passed else "down", about=about)


def test_what_failed_before_and_is_not_of_the_change_stops_nothing_and_is_told() -> None:
    words = words_touched(plan(DIFF))
    before = (check("backup", "wan1.103"), check("primary", "wan0.102"), check("new", "wan9.1", passed=True))
    judged = Judgement(before, words).of(
        (check("backup", "wan1.103"), check("primary", "wan0.102"), check("new", "wan9.1"))
    )
    assert [(each.name, each.tolerated, each.stops) for each in judged] == [
        ("backup", True, False),
        ("primary", False, True),
        ("new", False, True),
    ]


names = st.sampled_from(["a", "b", "c", "d"])
states = st.dictionaries(names, st.booleans(), max_size=4)


@given(states, states, st.frozensets(names))
def test_nothing_that_worked_before_is_ever_tolerated(
    before: dict[str, bool], after: dict[str, bool], touched: frozenset[str]
) -> None:
    judged = Judgement(tuple(check(name, name, passed=passed) for name, passed in before.items()), touched).of(
        check(name, name, passed=passed) for name, passed in after.items()
    )
    for each in judged:
        assert each.tolerated == (not each.passed and before.get(each.name) is False and each.name not in touched)


def test_on_the_way_back_the_inventory_is_wrong_about_what_is_taken_back_and_right_about_the_rest() -> None:
    before = (check("gone", "wan0.102", passed=True), check("other", "wan1.103", passed=True))
    judged = Judgement(before, words_touched(plan(DIFF)), Goal.BACK).of(
        (check("gone", "wan0.102"), check("other", "wan1.103"))
    )
    assert [(each.name, each.stops) for each in judged] == [("gone", False), ("other", True)]


def test_on_the_way_back_something_must_still_carry_unless_the_slice_itself_goes() -> None:
    before = (check("session", "peer", passed=True),)
    after = (check("session", "peer"),)
    stops = {
        goal: Judgement(before, frozenset({"peer"}), goal, frozenset({"peer"})).of(after)[0].stops
        for goal in (Goal.BACK, Goal.GONE)
    }
    assert stops == {Goal.BACK: True, Goal.GONE: False}


def test_while_one_uplink_has_changed_the_other_must_go_on_as_before() -> None:
    primary, backup = (
        next(u for u in DUAL.uplinks if u.role is role) for role in (UplinkRole.PRIMARY, UplinkRole.BACKUP)
    )
    before = (check("primary up", primary.edge_interface, passed=True), check("new prefix", str(primary.edge_ipv4.ip)))
    after = (
        check("primary up", primary.edge_interface),
        check("new prefix", str(primary.edge_ipv4.ip)),
        check("backup up", backup.edge_interface),
        check("a segment that comes later", "lan0.99"),
    )
    judged = Judgement(before, frozenset({backup.edge_interface})).of_stage(after, DUAL, UplinkRole.BACKUP)
    assert [(each.name, each.stops) for each in judged] == [("primary up", True), ("backup up", True)]


# --- sessions of others ---------------------------------------------------------------------------------------------

WATCHED = Watched("utr1-ar1", frozenset({"own"}), frozenset({"core"}), dict.fromkeys(("own", "core", "a", "b"), 100.0))


def outcome(now_up: Mapping[str, float], touched: Sequence[str] = ()) -> list[tuple[str, bool, str]]:
    checks = check_bystanders(WATCHED, now_up, touched, clock=lambda: 200.0)
    return [(each.about[0], each.stops, each.found) for each in checks if not each.passed]


def up(**changed: float | None) -> dict[str, float]:
    every = {**WATCHED.before, **changed}
    return {peer: since for peer, since in every.items() if since is not None}


def test_sessions_that_stay_up_are_one_check_that_passes() -> None:
    (passed,) = check_bystanders(WATCHED, up(), (), clock=lambda: 200.0)
    assert (passed.passed, passed.found) == (True, "4 up since before the change")


def test_one_session_of_another_school_is_its_own_trouble_and_two_are_ours() -> None:
    assert outcome(up(a=None)) == [("a", False, "down")]
    assert outcome(up(a=None, b=195.0)) == [("a", True, "down"), ("b", True, "reset 5 s ago")]


def test_a_core_session_that_is_lost_stops_the_push() -> None:
    assert outcome(up(core=None)) == [("core", True, "down")]


def test_ones_own_session_that_was_reset_without_need_is_told_and_stops_nothing() -> None:
    assert outcome(up(own=190.0)) == [("own", False, "reset 10 s ago")]


def test_sessions_that_the_change_is_about_are_judged_elsewhere() -> None:
    assert outcome(up(a=None, b=None), touched=("a", "b")) == []


def test_a_second_of_rounding_is_no_reset() -> None:
    assert outcome(up(a=101.9, b=98.2)) == []


# --- what is taken away ---------------------------------------------------------------------------------------------


def test_a_decommissioned_location_is_expected_to_be_gone_from_its_aggregation_routers() -> None:
    gone = DUAL.model_copy(update={"status": LocationStatus.DECOMMISSIONED})
    expectations = expect_subject(FLEET, location_subject(FLEET, gone))
    assert {each.device for each in expectations} == {uplink.aggregation_router for uplink in DUAL.uplinks}
    for each in expectations:
        uplink = next(uplink for uplink in DUAL.uplinks if uplink.aggregation_router == each.device)
        assert each.gone.interfaces == (uplink.aggregation_interface,)
        assert set(each.gone.peers) <= words_of(uplink)
        assert set(each.gone.prefixes) == {str(net) for net in (*DUAL.prefixes.ipv4, *DUAL.prefixes.ipv6)}
        assert not each.sessions
        assert not each.interfaces
