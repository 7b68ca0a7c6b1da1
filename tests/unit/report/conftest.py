"""Plans and reports as the tests want them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from provisioner.deploy.model import DeviceOutcome, DeviceState, Outcome, Report, Result
from provisioner.intent.types import PlatformName
from provisioner.plan.model import DeviceDiff, DeviceRole, FileDiff, Plan, Target
from provisioner.validate.model import Check

EDGE = Target("er-16pk00", DeviceRole.EDGE, PlatformName.FRR, (), includes_base=True)
AGGREGATION = Target("ar1-utr", DeviceRole.AGGREGATION, PlatformName.FRR, ("16PK00",))
HEADER = "--- /etc/frr/frr.conf (running)\n+++ /etc/frr/frr.conf (candidate)\n@@ router bgp 65001 @@\n"
DIFF = f"{HEADER} router bgp 65001\n- neighbor 192.0.2.1 timers 10 30\n+ neighbor 192.0.2.1 timers 3 9"


def plan_with(text: str = DIFF) -> Plan:
    files = (FileDiff("/etc/frr/frr.conf", text),)
    return Plan("16PK00", "De Regenboog, Utrecht", (DeviceDiff(AGGREGATION), DeviceDiff(EDGE, files)))


def report_of(*outcomes: Outcome, dry_run: bool = False) -> Report:
    return Report("provision --school 16PK00", "0123456789ab", outcomes, dry_run)


def _outcome(
    result: Result = Result.CONFIRMED, text: str = DIFF, error: str = "", checks: tuple[Check, ...] = ()
) -> Outcome:
    devices = (
        DeviceOutcome("ar1-utr", DeviceState.UNTOUCHED),
        DeviceOutcome("er-16pk00", DeviceState.CONFIRMED, error),
    )
    number = "PV5100" if error else ""
    return Outcome("16PK00", "De Regenboog, Utrecht", result, plan_with(text), devices, checks, 12.3, error, number)


@pytest.fixture
def make_plan() -> Callable[..., Plan]:
    return plan_with


@pytest.fixture
def make_outcome() -> Callable[..., Outcome]:
    return _outcome


@pytest.fixture
def make_report() -> Callable[..., Report]:
    return report_of
