"""NAPALM's own configuration suite for third-party drivers, against a real router."""

from __future__ import annotations

import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from napalm.base.exceptions import TemplateNotImplemented
from napalm.base.test import base as napalm_suite

from napalm_frr import FRRDriver

from .conftest import Pair

pytestmark = pytest.mark.lab

TYPO = ("bgp router-id", "bgp ruter-id")
FRAGMENT = """\
#: file /etc/network/interfaces
auto eth2
iface eth2
    alias merged
    mtu 1500
#: file /etc/frr/frr.conf
ip route 10.44.0.0/16 blackhole
"""


@pytest.fixture(scope="class")
def suite(
    request: pytest.FixtureRequest, pair: Pair, initial: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """The files that the suite reads, made of what the router runs."""
    folder = tmp_path_factory.mktemp("vendor")
    good = initial.replace("description the other one", "description renamed").replace(
        "iface eth2\n", "iface eth2\n    alias new\n"
    )
    merge_good = FRAGMENT
    texts = {
        "initial.conf": initial,
        "new_good.conf": good,
        "new_typo.conf": initial.replace(*TYPO),
        "merge_good.conf": merge_good,
        "merge_typo.conf": merge_good.replace("ip route", "ip ruote"),
        "new_good.diff": (Path(__file__).parent / "config_suite" / "new_good.diff").read_text(),
        "merge_good.diff": (Path(__file__).parent / "config_suite" / "merge_good.diff").read_text().rstrip("\n"),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    request.cls.vendor = str(folder)
    device = pair.driver()
    device.open()
    request.cls.device = device
    yield
    device.load_replace_candidate(config=initial)
    device.commit_config()
    device.close()


@pytest.mark.usefixtures("suite")
class TestConfig(napalm_suite.TestConfigNetworkDriver, unittest.TestCase):  # type: ignore[misc]  # napalm is not typed
    """Every test of the suite."""

    vendor: ClassVar[str]
    device: ClassVar[FRRDriver]

    @classmethod
    def setUpClass(cls) -> None:
        """The fixture does it."""

    @classmethod
    def tearDownClass(cls) -> None:
        """The fixture does it."""

    def test_load_template(self) -> None:
        """Templates are merged; the driver brings none of its own (the host name is not FRR's to set)."""
        with pytest.raises(TemplateNotImplemented):
            self.device.load_template("set_hostname", hostname="my-hostname")
        source = "#: file /etc/frr/frr.conf\nrouter bgp 65001\n neighbor 192.0.2.2 description {{ name }}\nexit\n"
        self.device.load_template("named", template_source=source, name="by-template")
        diff = self.device.compare_config()
        self.device.discard_config()
        assert "+ neighbor 192.0.2.2 description by-template" in diff
