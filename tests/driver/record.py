"""Record what a real router answers to the getters: `python -m tests.driver.record` writes mocked_data/ anew.

Needs Docker. The only secret of these routers is replaced on the way.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from napalm_frr import FRRDriver
from napalm_frr.session import quote

from .conftest import ERRORS, SECRET, Recorded, routers, wait_for

HERE = Path(__file__).parent
ROUTE = "1.0.4.0/24"  # what NAPALM's suite asks for
PROBED = "8.8.8.8"

CALLS: dict[str, Callable[[FRRDriver], object]] = {
    "test_is_alive": lambda device: device.is_alive(),
    "test_get_facts": lambda device: device.get_facts(),
    "test_get_interfaces": lambda device: device.get_interfaces(),
    "test_get_interfaces_ip": lambda device: device.get_interfaces_ip(),
    "test_get_interfaces_counters": lambda device: device.get_interfaces_counters(),
    "test_get_lldp_neighbors": lambda device: device.get_lldp_neighbors(),
    "test_get_lldp_neighbors_detail": lambda device: device.get_lldp_neighbors_detail(),
    "test_get_bgp_neighbors": lambda device: device.get_bgp_neighbors(),
    "test_get_bgp_neighbors_detail": lambda device: device.get_bgp_neighbors_detail(),
    "test_get_arp_table": lambda device: device.get_arp_table(),
    "test_get_ipv6_neighbors_table": lambda device: device.get_ipv6_neighbors_table(),
    "test_get_route_to": lambda device: device.get_route_to(destination=ROUTE, protocol="bgp"),
    "test_get_route_to_longer": lambda device: device.get_route_to(destination=ROUTE, protocol="bgp", longer=True),
    "test_get_snmp_information": lambda device: device.get_snmp_information(),
    "test_ping": lambda device: device.ping(PROBED),
    "test_traceroute": lambda device: device.traceroute(PROBED),
    "test_get_users": lambda device: device.get_users(),
    "test_get_config": lambda device: device.get_config(),
    "test_get_config_filtered": lambda device: [
        device.get_config(retrieve=it) for it in ("running", "startup", "candidate")
    ][-1],
    "test_get_config_sanitized": lambda device: device.get_config(sanitized=True),
    "test_get_config_sanitized_filtered": lambda device: {
        "running": device.get_config(retrieve="running", sanitized=True)["running"],
        "startup": device.get_config(retrieve="startup", sanitized=True)["startup"],
        "candidate": "",
    },
}


class Recorder(FRRDriver):
    """Writes down what it is answered."""

    folder: Path

    def _show(self, commands: Sequence[str], may_fail: bool = False, timeout: float | None = None) -> dict[str, str]:
        shown = super()._show(commands, may_fail, timeout)
        for command, output in shown.items():
            self._write(command, output)
        return shown

    def _probe(self, arguments: Sequence[str], timeout: float) -> tuple[str, str]:
        output, complaints = super()._probe(arguments, timeout)
        self._write(quote(arguments), output + (ERRORS + complaints if complaints else ""))
        return output, complaints

    def _write(self, command: str, output: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{Recorded.sanitize_text(command)}.txt"
        (self.folder / name).write_text(output.replace(SECRET, "a-secret"), encoding="utf-8")


def main() -> None:
    """Record every call."""
    with tempfile.TemporaryDirectory() as scratch, routers(Path(scratch)) as pair:
        for node in ("r1", "r2"):
            pair.sh(node, "lldpd -c -e >/dev/null 2>&1; true")
        pair.sh(
            "r1",
            "mkdir -p /etc/snmp && printf 'rocommunity a-community 192.0.2.0/24\nsysLocation somewhere\n' > /etc/snmp/snmpd.conf",
        )
        pair.wait_for_session()
        pair.wait_for_session(peer="2001:db8:12::2")
        device = Recorder("r1", "", "", optional_args={"ssh_config_file": str(pair.directory / "ssh_config")})
        device.open()
        device.folder = Path(scratch) / "unused"
        wait_for("LLDP", lambda: len(device.get_lldp_neighbors()) == 2, 90)
        device.ping("2001:db8:12::2")
        shutil.rmtree(HERE / "mocked_data", ignore_errors=True)
        for name, call in CALLS.items():
            device.folder = HERE / "mocked_data" / name / "normal"
            device.folder.mkdir(parents=True)
            expected = json.dumps(call(device), indent=2).replace(SECRET, "a-secret")
            (device.folder / "expected_result.json").write_text(expected + "\n", encoding="utf-8")
            print(name)
        device.close()


if __name__ == "__main__":
    main()
