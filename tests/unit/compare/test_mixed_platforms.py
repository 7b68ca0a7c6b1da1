"""A fleet with Junos at an aggregation point: one change, each router's diff in its own form."""

from __future__ import annotations

import io
import shutil

from rich.console import Console

from provisioner.report.comparison_text import print_comparison

from .conftest import ROOT, Checkout


def mixed(checkout: Checkout) -> None:
    """The fleet with a Junos aggregation router in the place of the sample, committed."""
    shutil.rmtree(checkout.file("inventory"))
    shutil.copytree(ROOT / "tests" / "inventories" / "junos", checkout.file("inventory"))
    checkout.commit()


def told(checkout: Checkout) -> str:
    written = io.StringIO()
    print_comparison(Console(file=written, highlight=False, soft_wrap=True), checkout.compare(base="HEAD"))
    return written.getvalue()


def test_a_changed_rate_is_told_of_both_ends(checkout: Checkout) -> None:
    mixed(checkout)
    checkout.edit(checkout.location("16PK00"), "down_mbps: 1000", "down_mbps: 200")
    shown = told(checkout)
    where = "set groups LOC-16PK00 firewall policer 16PK00-down-primary if-exceeding bandwidth-limit"
    assert f"\n-{where} 1g\n" in shown
    assert f"\n+{where} 200m\n" in shown
    assert "how fast 16PK00-down-primary may send" in shown
    assert "14NS00" not in shown


def test_a_change_for_all_is_told_of_each_platform(checkout: Checkout) -> None:
    mixed(checkout)
    checkout.edit("inventory/service.yaml", "hold_seconds: 30", "hold_seconds: 60")
    shown = told(checkout)
    assert "\n+set protocols bgp hold-time 60\n" in shown
    assert "\n+ neighbor 100.64.0.26 timers 10 60\n" in shown


def test_a_changed_secret_is_told_and_its_name_not_shown(checkout: Checkout) -> None:
    mixed(checkout)
    checkout.edit(checkout.location("16PK00"), "password: bgp/16PK00/primary", "password: bgp/16PK00/second")
    shown = told(checkout)
    assert (
        '\n+set groups LOC-16PK00 protocols bgp group LOC-16PK00 neighbor 100.64.0.31 authentication-key "<secret>" (changed)\n'
        in shown
    )
    assert "bgp/16PK00/second" not in shown


def test_a_change_of_a_template_is_told_of_routers_of_its_platform_alone(checkout: Checkout) -> None:
    mixed(checkout)
    checkout.edit("templates/junos/aggregation/base/junos.j2", "any notice;", "any warning;")
    shown = told(checkout)
    assert "\n+set system syslog file messages any warning\n" in shown
    assert "=== 2 aggregation routers  utr1-ar1, zwl1-ar1  " in shown
    assert "utr1-ar2" not in shown
    assert "er-16pk00" not in shown
