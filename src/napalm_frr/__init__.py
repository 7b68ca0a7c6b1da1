"""NAPALM driver for FRRouting on Linux: `napalm.get_network_driver("frr")`."""

from __future__ import annotations

from napalm_frr.driver import FRRDriver

__all__ = ["FRRDriver"]
