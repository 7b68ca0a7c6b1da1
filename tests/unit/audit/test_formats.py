"""An audit as text, JSON, metrics, JUnit XML and a message: what a reader of each is told."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import jsonschema
import pytest
from junitparser import Error, Failure, JUnitXml
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from provisioner.audit.catalogue import CATALOGUE
from provisioner.audit.model import AuditReport, Severity
from provisioner.audit.notifying import send, urls_from
from provisioner.audit.remedies import remedies
from provisioner.errors import UsageError
from provisioner.report.audit_json import to_json
from provisioner.report.audit_junit import to_junit
from provisioner.report.audit_metrics import METRICS, to_metrics
from provisioner.report.audit_notice import notice_of
from provisioner.report.audit_plan import to_diff
from provisioner.report.audit_text import print_audit

from .reports import AWAY, DRIFTED, EMPTY, FULL, device, finding, noted

ROOT = Path(__file__).parents[3]
HOSTILE = "\x1b[31mred\x00\x0b </testcase> & \ud800"


def text_of(report: AuditReport) -> str:
    text = io.StringIO()
    print_audit(Console(file=text, soft_wrap=True, highlight=False), report)
    return text.getvalue()


def test_the_text_has_what_is_new_first_and_the_worst_of_it_on_top() -> None:
    text = text_of(FULL)
    order = [
        "new since the last audit (1)",
        "AUD001",
        "found before",
        "AUD020",
        "good to know",
        "AUD043",
        "gone since",
        "mallory",
    ]
    places = [text.index(word) for word in order]
    assert places == sorted(places)
    assert "provision --school 03BK00" in text
    assert "+ neighbor 100.64.0.3 maximum-prefix 800" in text
    assert "3 audits" in text
    assert "was cut off before its end" in text
    assert "1 in sync, 1 drifted, 1 unreachable" in text


def test_the_text_of_a_fleet_that_is_well_is_one_line() -> None:
    well = replace(EMPTY, devices=(device("er-03bk00", location="03BK00"),))
    assert text_of(well) == "1 device audited, 1 part: 1 in sync (720.0 s)\n"
    assert well.exit_code == 0


def test_many_findings_of_one_rule_are_told_in_one_place() -> None:
    many = tuple(noted(finding("AUD010", Severity.HIGH, f"er-{number:04}", f"{number:02}AA00")) for number in range(60))
    text = text_of(replace(EMPTY, noted=many))
    assert "AUD010 unreachable: 60 findings" in text
    assert text.count("remedy:") == 1
    assert "and 20 more" in text


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (EMPTY, 0),
        (replace(EMPTY, noted=(noted(finding("AUD043", Severity.INFO, "x")),)), 0),
        (replace(EMPTY, noted=(noted(DRIFTED),)), 1),
        (FULL, 2),
        (replace(EMPTY, left=("er-1",), stopped="deadline"), 2),
    ],
)
def test_exit_codes_are_those_of_diff(report: AuditReport, code: int) -> None:
    assert report.exit_code == code


@pytest.mark.parametrize("report", [EMPTY, FULL])
def test_the_json_is_as_its_schema_says(report: AuditReport) -> None:
    schema = json.loads((ROOT / "docs/schema/audit.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(to_json(report)), schema)


def test_metrics_are_those_that_are_documented_and_name_no_device() -> None:
    families = {family.name: family for family in text_string_to_metric_families(to_metrics(FULL))}
    assert set(families) == set(METRICS)
    documented = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in documented for name in METRICS)
    labels = {label for family in families.values() for sample in family.samples for label in sample.labels}
    assert labels == {"status", "severity", "rule", "aggregation_point"}
    values = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families.values()
        for sample in family.samples
    }
    assert values["provision_audit_devices", "unreachable"] == 1
    assert values["provision_audit_devices", "failed"] == 0
    assert values["provision_audit_findings", "AUD001", "critical"] == 1
    assert values["provision_audit_new_findings", "critical"] == 1
    assert values["provision_audit_troubled_devices", "utrecht1"] == 2
    assert values["provision_audit_duration_seconds",] == 720


def test_a_fleet_of_thousands_has_as_many_series_as_one_of_ten() -> None:
    def series(count: int) -> int:
        devices = tuple(device(f"er-{number}", location=f"{number}") for number in range(count))
        found = tuple(noted(finding("AUD020", Severity.HIGH, each.device)) for each in devices)
        return len(to_metrics(replace(EMPTY, devices=devices, noted=found)).splitlines())

    assert series(3000) == series(10)


def test_junit_has_a_case_for_each_device_and_tells_trouble_from_findings() -> None:
    report = JUnitXml.fromstring(to_junit(FULL).encode())
    assert (report.tests, report.failures, report.errors) == (3, 2, 1)
    cases = {case.name: case for suite in report for case in suite}
    assert [type(result) for result in cases["er-05dj00"].result] == [Error]
    assert [type(result) for result in cases["utr1-ar1"].result] == [Failure]
    assert "maximum-prefix 800" in cases["utr1-ar1"].result[0].text


def test_what_a_router_says_never_breaks_a_format() -> None:
    hostile = noted(finding("AUD020", Severity.HIGH, "er-1", "03BK00", HOSTILE, what=HOSTILE))
    report = replace(EMPTY, noted=(hostile,), devices=(device("er-1", *(), location="03BK00"),))
    JUnitXml.fromstring(to_junit(report).encode())
    json.loads(to_json(report))
    assert "\x1b" not in text_of(report)
    notice = notice_of(report)
    assert notice is not None
    assert "\x1b" not in notice.body


def test_a_message_tells_what_changed_and_nothing_where_nothing_did() -> None:
    notice = notice_of(FULL)
    assert notice is not None
    assert notice.title == "provision audit: new: 1 critical; 1 gone"
    assert "new critical AUD001 config changed by hand at utrecht1: 03BK00" in notice.body
    assert "gone critical AUD045" in notice.body
    assert "AUD020" not in notice.body
    assert notice.severity is Severity.CRITICAL
    still = replace(FULL, gone=(), noted=(noted(AWAY, nights=2),), earlier=())
    assert notice_of(still) is None
    cut_off = notice_of(replace(still, earlier=FULL.earlier))
    assert cut_off is not None
    assert cut_off.title == "provision audit: an earlier one was cut off"
    assert notice_of(replace(EMPTY, noted=(noted(finding("AUD043", Severity.INFO, "x")),))) is None


def test_a_message_of_many_findings_is_short_and_an_incomplete_audit_is_always_told() -> None:
    many = tuple(noted(finding("AUD020", Severity.HIGH, f"er-{number}", f"{number}")) for number in range(3000))
    notice = notice_of(replace(EMPTY, noted=many))
    assert notice is not None
    assert len(notice.body) < 500
    assert "(3000)" in notice.body
    notice = notice_of(replace(EMPTY, left=("er-1",), stopped="deadline"))
    assert notice is not None
    assert "INCOMPLETE (deadline)" in notice.title


class Receiver(HTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[str] = []


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.got.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(500 if "refuse" in self.path else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


def test_messages_reach_a_service_and_one_that_refuses_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    receiver = Receiver()
    Thread(target=receiver.serve_forever, daemon=True).start()
    try:
        at = f"json://user:s3cret@127.0.0.1:{receiver.server_port}"
        assert send([f"{at}/take", f"{at}/refuse", "json://127.0.0.1:1/"], "title", "body", Severity.HIGH) == 2
    finally:
        receiver.shutdown()
        receiver.server_close()
    told = json.loads(receiver.got[0])
    assert (told["title"], told["message"], told["type"]) == ("title", "body", "failure")
    assert "s3cret" not in caplog.text


def test_a_file_of_services_is_read_and_a_line_that_means_nothing_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "services"
    file.write_text("# ours\n\njson://user:s3cret@127.0.0.1/\n")
    assert urls_from(file) == ("json://user:s3cret@127.0.0.1/",)
    file.write_text("json://127.0.0.1/\nnonsense://user:s3cret@127.0.0.1/\n")
    with pytest.raises(UsageError, match="line 2") as told:
        urls_from(file)
    assert "s3cret" not in str(told.value)
    with pytest.raises(UsageError, match="cannot be read"):
        urls_from(tmp_path / "none")


def test_a_plan_brings_back_what_was_confirmed() -> None:
    [remedy] = remedies(FULL)
    assert remedy.command == "provision restore --base utr1-ar1"
    text = to_diff([remedy])
    assert re.search(r"^- neighbor 100.64.0.3 maximum-prefix 800$", text, re.MULTILINE)
    assert re.search(r"^\+ neighbor 100.64.0.3 maximum-prefix 8$", text, re.MULTILINE)


def test_every_kind_of_finding_is_documented() -> None:
    documented = "".join((ROOT / f"docs/{page}.md").read_text(encoding="utf-8") for page in ("audit", "audit-findings"))
    missing = [rule for rule, kind in CATALOGUE.items() if f"# {rule} {kind.title}\n" not in documented]
    assert missing == []
