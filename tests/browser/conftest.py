"""A real browser, and a comparison as large as the country.

`page(html, …)` opens a report from a file and hands over a page that has failed on any request or message by its end.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from provisioner.compare.model import Change, ChangeGroup, ChangeKind, Comparison, Side
from provisioner.intent.types import PlatformName
from provisioner.plan.impact import Impact
from provisioner.plan.model import DeviceDiff, DeviceRole, FileDiff, Plan, Target
from provisioner.platforms.protocol import Area
from provisioner.policy.model import Finding

NAMES = ("chromium", "chromium-browser", "google-chrome")
Opened = Callable[..., AbstractContextManager[Page]]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next((path for name in NAMES if (path := shutil.which(name))), None)
    assert program, "there is no Chromium; bin/setup dev installs it"
    with sync_playwright() as playwright:
        # No sandbox: tests may run as root, and open nothing but our own file.
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Opened:
    @contextmanager
    def open_it(
        html: str, *, width: int = 1280, height: int = 900, fragment: str = "", script: bool = True
    ) -> Iterator[Page]:
        path = tmp_path / "report.html"
        path.write_text(html, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": height}, java_script_enabled=script)
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on(
            "request",
            lambda request: said.append(request.url) if not request.url.startswith(("file:", "data:")) else None,
        )
        page.goto(f"file://{path}{fragment}")
        yield page
        assert said == [], "no message, no error, nothing from a network"
        context.close()

    return open_it


_SPECIAL = "--- a\n+++ b\n@@ chain input @@\n+ special "


def comparison(count: int = 10_000) -> Comparison:
    """One template line on every edge router, and something of its own on every hundredth."""
    changes, everywhere, special = [], [], []
    for number in range(count):
        code = f"{number // 676 % 100:02}{chr(65 + number // 26 % 26)}{chr(65 + number % 26)}{number % 100:02}"
        target = Target(f"er-{code.lower()}", DeviceRole.EDGE, PlatformName.FRR, includes_base=True)
        files = (
            FileDiff("/etc/frr/frr.conf", "--- a\n+++ b\n@@ router bgp @@\n- timers connect 5\n+ timers connect 7"),
        )
        everywhere.append((code, target.device))
        heavy = number % 100 == 0
        if heavy:
            special.append((code, target.device))
        plan = Plan(code, f"Montessorischool {number}, Gemeente {number % 300}", (DeviceDiff(target, files),))
        areas = (Area.FILTERS, Area.BGP) if heavy else (Area.BGP,)
        changes.append(
            Change(
                ChangeKind.ADDED if number == 0 else ChangeKind.CHANGED,
                plan,
                Impact(70 if heavy else 25, ("changes timers",)),
                areas,
                board=f"{40000 + number % 200}",
                board_name=f"Stichting {number % 200}",
                aggregation_points=(f"point{number % 12}",),
            )
        )
    groups = [
        ChangeGroup(
            DeviceRole.EDGE,
            "/etc/nftables.conf",
            _SPECIAL + code,
            Area.FILTERS,
            70,
            ("accepts connections from everywhere to administration", "adds a rule"),
            (device,),
            (code,),
        )
        for code, device in special
    ]
    groups.append(
        ChangeGroup(
            DeviceRole.EDGE,
            "/etc/frr/frr.conf",
            "--- a\n+++ b\n@@ router bgp @@\n- timers connect 5\n+ timers connect 7",
            Area.BGP,
            25,
            ("changes timers",),
            tuple(device for _, device in everywhere),
            tuple(code for code, _ in everywhere),
        )
    )
    side = Side("main", "0123456789ab", "provision 1", own_program=True)
    finding = Finding(
        "POL012", "er-00aa00", "00AA00", "guest to administration", "connections are accepted", "mend the template"
    )
    changes.sort(key=lambda change: -change.impact.score)
    return Comparison("provision diff", side, side, tuple(changes), tuple(groups), count, (finding,))
