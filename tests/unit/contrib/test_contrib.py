"""What the project gives to those who run it every night: units, rules and a dashboard that fit the program."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from provisioner.cli.app import app
from provisioner.report.audit_metrics import METRICS

ROOT = Path(__file__).parents[3]
CONTRIB = ROOT / "contrib"
NAME = re.compile(r"\bprovision_[a-z_]+\b")


def options_of_audit() -> set[str]:
    command = get_command(app).commands["audit"]  # type: ignore[attr-defined]  # a group has commands
    return {option for parameter in command.params for option in parameter.opts}


def commands() -> dict[str, list[str]]:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # as configparser says
    unit.read(CONTRIB / "systemd/provision-audit.service")
    cron = (CONTRIB / "cron/provision-audit").read_text(encoding="utf-8").splitlines()[-1]
    container = (CONTRIB / "container/Containerfile").read_text(encoding="utf-8")
    return {
        "systemd": shlex.split(unit["Service"]["ExecStart"]),
        "cron": shlex.split(cron),
        "container": ["provision", *json.loads(re.findall(r"^CMD (\[.*\])$", container, re.MULTILINE)[0])],
    }


@pytest.mark.parametrize("where", ["systemd", "cron", "container"])
def test_the_command_has_the_options_that_it_is_given(where: str) -> None:
    words = commands()[where]
    start = words.index("audit")
    assert words[start - 1].endswith("provision")
    given = {word for word in words[start:] if word.startswith("--")}
    assert given
    assert given <= options_of_audit()


@pytest.mark.parametrize("file", ["grafana/dashboard.json", "prometheus/alerts.yaml"])
def test_every_metric_that_is_named_exists(file: str) -> None:
    text = (CONTRIB / file).read_text(encoding="utf-8")
    named = set(NAME.findall(text))
    assert named
    assert named <= set(METRICS)


def test_the_dashboard_shows_every_metric() -> None:
    dashboard = json.loads((CONTRIB / "grafana/dashboard.json").read_text(encoding="utf-8"))
    asked = {
        name for panel in dashboard["panels"] for target in panel["targets"] for name in NAME.findall(target["expr"])
    }
    assert asked == set(METRICS)
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_each_alert_says_how_bad_it_is_and_what_it_is() -> None:
    rules = yaml.safe_load((CONTRIB / "prometheus/alerts.yaml").read_text(encoding="utf-8"))
    for rule in rules["groups"][0]["rules"]:
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"]["summary"]


@pytest.mark.parametrize("unit", ["provision-audit.service", "provision-audit.timer"])
def test_systemd_takes_the_units(unit: str) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        # The keys at least are those of the manual's sections; where systemd is, it judges itself.
        text = (CONTRIB / "systemd" / unit).read_text(encoding="utf-8")
        assert re.search(r"^\[(Service|Timer)\]$", text, re.MULTILINE)
        return
    done = subprocess.run(
        [analyze, "verify", "--man=no", str(CONTRIB / "systemd" / unit)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Unknown" not in done.stderr
