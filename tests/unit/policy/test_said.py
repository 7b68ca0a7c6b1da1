"""What a person reads of a bad config, as golden transcripts; and that what cannot be judged is never taken for good."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from provisioner.errors import EXIT_TROUBLE
from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet, Slice
from provisioner.intent.types import PlatformName
from provisioner.policy.evaluation import NOT_JUDGED, base_findings, edge_findings, slice_findings
from provisioner.policy.model import Finding
from provisioner.render.engine import Renderer
from provisioner.report.findings import print_findings

from .test_holes import BASE, CODE, EDGE, SLICE, changed

ROOT = Path(__file__).parents[3]
COMMAND = str(Path(sys.executable).with_name("provision"))
WITHOUT_RULES = [platform for platform in PlatformName if platform is not PlatformName.FRR]

Golden = Callable[[str, str], None]
Findings = tuple[Finding, ...]


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return load_fleet(ROOT / "inventory", only=(CODE,))


class Configs:
    """One location's configs, and what is found in them once they are changed."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet, self.location = fleet, fleet.locations[CODE]
        self.uplink = self.location.uplinks[0]
        self.router = self.uplink.aggregation_router
        renderer = Renderer(ROOT / "templates")
        self.edge_text = renderer.edge(fleet, self.location)
        self.slice_text = renderer.aggregation_slice(fleet, Slice(self.location, self.uplink))
        self.base_text = renderer.aggregation_base(fleet, self.router)

    def edge(self, text: str) -> Findings:
        return edge_findings(self.fleet, self.location, text)

    def slice(self, text: str) -> Findings:
        return slice_findings(self.fleet, self.location, self.router, text, self.base_text)

    def base(self, text: str) -> Findings:
        return base_findings(self.fleet, self.router, text)


def said(findings: Sequence[Finding]) -> str:
    written = io.StringIO()
    print_findings(Console(file=written, highlight=False, soft_wrap=True), findings)
    return written.getvalue()


def test_each_bad_config_reads_as_it_was_reviewed(fleet: Fleet, golden: Golden) -> None:
    configs = Configs(fleet)
    for name, holes, text, judge in (
        ("edge", EDGE, configs.edge_text, configs.edge),
        ("slice", SLICE, configs.slice_text, configs.slice),
        ("base", BASE, configs.base_text, configs.base),
    ):
        cases = [(hole, judge(changed(text, *pattern))) for hole, (_, *pattern) in holes.items()]
        golden(f"policy/{name}.txt", "\n".join(f"# {hole}\n{said(findings)}" for hole, findings in cases))


@pytest.mark.parametrize("text", ["", "hello", "#: file /etc/nftables.conf\ntable inet filter {\n"])
def test_what_is_no_config_is_told_as_such(fleet: Fleet, golden: Golden, text: str) -> None:
    configs = Configs(fleet)
    slug = text.partition(" ")[0].strip("#:") or ("unfinished" if text else "empty")
    parts = [configs.edge(text), configs.slice(text), configs.base(text)]
    assert all(any(finding.stops for finding in findings) for findings in parts)
    golden(f"policy/no-config-{slug}.txt", "".join(map(said, parts)))


@pytest.mark.parametrize("platform", WITHOUT_RULES)
def test_a_platform_without_rules_is_never_in_order(fleet: Fleet, golden: Golden, platform: PlatformName) -> None:
    location = fleet.locations[CODE]
    edge_router = location.edge_router.model_copy(update={"platform": platform})
    points = {
        name: point.model_copy(
            update={"routers": tuple(each.model_copy(update={"platform": platform}) for each in point.routers)}
        )
        for name, point in fleet.aggregation_points.items()
    }
    locations = {CODE: location.model_copy(update={"edge_router": edge_router})}
    configs = Configs(fleet)
    configs.fleet = replace(fleet, locations=locations, aggregation_points=points)
    configs.location = locations[CODE]
    for text in ("", configs.edge_text):
        found = [*configs.edge(text), *configs.slice(text), *configs.base(text)]
        assert [(finding.rule, finding.stops) for finding in found] == [(NOT_JUDGED, True)] * 3
        golden(f"policy/platform-{platform}.txt", said(found))


@pytest.mark.parametrize("platform", WITHOUT_RULES)
@pytest.mark.parametrize("file", ["locations/05DJ00.yaml", "aggregation/utrecht1.yaml"])
def test_the_command_fails_where_a_router_has_a_platform_without_rules(
    tmp_path: Path, platform: PlatformName, file: str
) -> None:
    shutil.copytree(ROOT / "inventory", tmp_path / "inventory")
    path = tmp_path / "inventory" / file
    path.write_text(
        path.read_text(encoding="utf-8").replace("platform: frr", f"platform: {platform}"), encoding="utf-8"
    )
    done = subprocess.run(
        [
            COMMAND,
            "check",
            "--policy",
            "--inventory",
            str(tmp_path / "inventory"),
            "--templates",
            str(ROOT / "templates"),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"PROVISION_CACHE": "off"},
    )
    assert done.returncode == EXIT_TROUBLE
    assert "policy: kept" not in done.stdout
    assert platform in done.stdout + done.stderr
