"""An audit as JUnit XML: a suite per aggregation point, a case per device, a failure where something was found."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Final

from provisioner.audit.catalogue import CATALOGUE
from provisioner.audit.model import AuditReport, DeviceAudit, Noted, Severity

_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no place for (section 2.2)."""


def to_junit(report: AuditReport) -> str:
    """The audit in the form that CI systems read; a device that could not be audited, or was not begun, is an error."""
    found: dict[str, list[Noted]] = {}
    for noted in report.noted:
        if noted.finding.severity > Severity.INFO:
            found.setdefault(noted.finding.device, []).append(noted)
    root = ET.Element("testsuites", name="provision audit")
    suites: dict[str, list[DeviceAudit]] = {}
    for device in report.devices:
        suites.setdefault(device.aggregation_points[0] if device.aggregation_points else "", []).append(device)
    for name, devices in sorted(suites.items()):
        _suite(root, name, report, devices, found)
    if report.left:
        suite = ET.SubElement(root, "testsuite", _numbers("not begun", len(report.left), 0, len(report.left), 0.0))
        for device_name in report.left:
            case = ET.SubElement(suite, "testcase", name=_legal(device_name), classname="not begun")
            ET.SubElement(case, "error", message=_legal(report.stopped))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(
    root: ET.Element,
    name: str,
    report: AuditReport,
    devices: Sequence[DeviceAudit],
    found: Mapping[str, Sequence[Noted]],
) -> None:
    errors = sum(device.status.is_trouble for device in devices)
    failures = sum(device.device in found and not device.status.is_trouble for device in devices)
    numbers = _numbers(name, len(devices), failures, errors, sum(device.seconds for device in devices))
    suite = ET.SubElement(root, "testsuite", numbers, timestamp=f"{report.started_at:%Y-%m-%dT%H:%M:%S}")
    for device in devices:
        owner = report.owners.get(device.location)
        group = f"board {owner.board}" if owner else device.role.value
        case = ET.SubElement(
            suite,
            "testcase",
            name=_legal(device.device),
            classname=_legal(f"{name}.{group}"),
            time=f"{device.seconds:.3f}",
        )
        told = found.get(device.device, ())
        if told:
            message = "; ".join(f"{each.finding.rule} {CATALOGUE[each.finding.rule].title}" for each in told)
            element = ET.SubElement(
                case,
                "error" if device.status.is_trouble else "failure",
                message=_legal(message),
                type=told[0].finding.rule,
            )
            element.text = _legal("\n\n".join(_text(each) for each in told))


def _numbers(name: str, tests: int, failures: int, errors: int, seconds: float) -> dict[str, str]:
    return {
        "name": _legal(name),
        "tests": str(tests),
        "failures": str(failures),
        "errors": str(errors),
        "time": f"{seconds:.3f}",
    }


def _text(noted: Noted) -> str:
    finding = noted.finding
    head = f"{finding.severity.word} {finding.rule} {finding.owner or 'base'} {finding.about}".rstrip()
    diffs = "\n".join(file.text for file in finding.files)
    return "\n".join(line for line in (head, finding.what, f"remedy: {finding.remedy}", diffs) if line)


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)
