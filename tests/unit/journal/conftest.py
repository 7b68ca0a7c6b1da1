"""A journal file, and what is recorded in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provisioner.deploy.model import DeviceOutcome, DeviceState, Outcome, Result
from provisioner.intent.types import PlatformName
from provisioner.journal.store import Journal, RunId
from provisioner.plan.model import DeviceDiff, DeviceRole, FileDiff, Plan, Target
from provisioner.validate.model import Check


def plan_of(subject: str = "16PK00") -> Plan:
    edge = Target("er-16pk00", DeviceRole.EDGE, PlatformName.FRR, (), includes_base=True)
    aggregation = Target("ar1-utr", DeviceRole.AGGREGATION, PlatformName.FRR, (subject,))
    return Plan(
        subject,
        "De Regenboog, Utrecht",
        (DeviceDiff(aggregation), DeviceDiff(edge, (FileDiff("/etc/frr/frr.conf", "-old <secret>\n+new\n+newer"),))),
    )


def outcome_of(subject: str = "16PK00", result: Result = Result.CONFIRMED) -> Outcome:
    devices = (
        DeviceOutcome("ar1-utr", DeviceState.UNTOUCHED),
        DeviceOutcome("er-16pk00", DeviceState.CONFIRMED, "slow"),
    )
    checks = (
        Check("er-16pk00", "BGP session", passed=True, expected="up", found="up"),
        Check("er-16pk00", "default route", passed=False, expected="there", found="none"),
    )
    return Outcome(subject, "De Regenboog, Utrecht", result, plan_of(subject), devices, checks, 12.5, "oh", "PV6000")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'journal.sqlite'}"


@pytest.fixture
def journal(url: str) -> Iterator[Journal]:
    with Journal.open(url) as opened:
        yield opened


@pytest.fixture
def begin() -> Callable[[Journal], RunId]:
    return lambda journal: journal.begin(
        command="provision --school 16PK00", commit="0123456789ab", actor="anna@noc", dry_run=False
    )


@pytest.fixture
def make_plan() -> Callable[..., Plan]:
    return plan_of


@pytest.fixture
def make_outcome() -> Callable[..., Outcome]:
    return outcome_of
