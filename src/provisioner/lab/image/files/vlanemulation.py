"""ifupdown2's vlan addon for a kernel without 8021q: the same stanzas, but the device comes from the lab's `ip`."""

# ruff: noqa: ANN001, ANN202, INP001, RUF012, SLF001 - ifupdown2 is not typed, and this is the form of its addons
# mypy: ignore-errors
from __future__ import annotations

import subprocess
import time

from vlan import vlan

CACHE_SECONDS = 10


class vlanemulation(vlan):  # noqa: N801 - ifupdown2 looks for a class with the module's name
    """Brings VLAN sub-interfaces up at boot."""

    _modinfo = vlan._modinfo

    def _create(self, ifaceobj):
        name, parent = ifaceobj.name, self._get_vlan_raw_device(ifaceobj)
        if not self.cache.link_exists(name):
            vlan_id = str(self._get_vlan_id(ifaceobj))
            command = ["/usr/local/sbin/ip", "link", "add", "link", parent, "name", name, "type", "vlan", "id", vlan_id]
            subprocess.run(command, check=True)
            self._await_cache(name)

    def _await_cache(self, name):
        """Addresses are left out without a word for a device that ifupdown2 does not know of yet: the kernel's message may be late."""
        end = time.monotonic() + CACHE_SECONDS
        while not self.cache.link_exists(name):
            if time.monotonic() > end:
                raise RuntimeError(f"{name}: the kernel did not tell of it in {CACHE_SECONDS} s")
            time.sleep(0.005)

    def _delete(self, ifaceobj):
        if self.cache.link_exists(ifaceobj.name):
            subprocess.run(["/usr/local/sbin/ip", "link", "delete", ifaceobj.name], check=True)

    _run_ops = {"pre-up": _create, "post-down": _delete}
