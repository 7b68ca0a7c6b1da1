"""One device's answers of one round: each getter is asked once, its answer kept, and its failure kept too."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, Final

from napalm.base import NetworkDriver
from napalm.base.exceptions import ConnectionClosedException, ConnectionException

DEAD: Final = (ConnectionException, ConnectionClosedException, OSError, EOFError)
"""What a session raises that is no longer there: no statement about the service, but the end of this device's round."""

DEFAULT_INSTANCE: Final = "global"
"""What NAPALM calls the default routing instance."""

PING_COUNT: Final = 2
PING_TIMEOUT_SECONDS: Final = 1


class Readings:
    """NAPALM getters of one driver, remembered; what NAPALM's `compliance_report` is given in the place of a driver.

    Two things are said in one way for all platforms: addresses that a system makes itself (link-local, loopback) are left out, and
    every interface has both families in `get_interfaces_ip`, so that "no address" can be told from "no answer".
    """

    def __init__(self, driver: NetworkDriver) -> None:
        self._driver = driver
        self._kept: dict[tuple[str, str], tuple[dict[str, Any], Exception | None]] = {}

    def get_interfaces(self) -> dict[str, Any]:
        """As NAPALM; never empty. Raises ValueError where the device tells nothing."""
        return self._once("get_interfaces", "", lambda: _told(self._driver.get_interfaces()))

    def get_interfaces_ip(self) -> dict[str, Any]:
        """As NAPALM, normalised as said above. Raises ValueError where the device tells nothing."""
        return self._once("get_interfaces_ip", "", self._addresses)

    def get_bgp_neighbors(self) -> dict[str, Any]:
        """As NAPALM; never empty. Raises ValueError where the device tells nothing."""
        return self._once("get_bgp_neighbors", "", lambda: _told(self._driver.get_bgp_neighbors()))

    def peers(self) -> dict[str, Any]:
        """What `get_bgp_neighbors` tells of the default routing instance, by peer. Raises as that does."""
        router = self.get_bgp_neighbors().get(DEFAULT_INSTANCE) or {}
        peers: dict[str, Any] = router.get("peers") or {}
        return peers

    def get_route_to(self, destination: str) -> dict[str, Any]:
        """As NAPALM; empty where there is no route."""
        return self._once("get_route_to", destination, lambda: self._driver.get_route_to(destination=destination))

    def ping(self, destination: str, source: str, size: int, count: int = PING_COUNT) -> dict[str, Any]:
        """As NAPALM: `size` is bytes of payload."""

        def ask() -> dict[str, Any]:
            told: dict[str, Any] = self._driver.ping(
                destination, source=source, size=size, count=count, timeout=PING_TIMEOUT_SECONDS
            )
            return told

        return self._once("ping", f"{source} {destination} {size} {count}", ask)

    def _addresses(self) -> dict[str, Any]:
        told = _told(self._driver.get_interfaces_ip())
        found: dict[str, Any] = {name: {"ipv4": {}, "ipv6": {}} for name in self.get_interfaces()}
        for name, families in told.items():
            for family, addresses in families.items():
                kept = {address: entry for address, entry in addresses.items() if not _is_made_by_the_system(address)}
                found.setdefault(name, {"ipv4": {}, "ipv6": {}})[family] = kept
        return found

    def _once(self, name: str, key: str, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        kept = self._kept.get((name, key))
        if kept is None:
            try:
                kept = (ask(), None)
            except Exception as error:  # noqa: BLE001 - whatever a getter raises is an answer that is missing, on every check that needs it
                kept = ({}, error)
            self._kept[name, key] = kept
        answer, failure = kept
        if failure is not None:
            raise failure
        return answer


def _told(answer: dict[str, Any]) -> dict[str, Any]:
    if not answer or not isinstance(answer, dict):
        raise ValueError("the device tells nothing")
    return answer


def _is_made_by_the_system(text: str) -> bool:
    address = ip_address(text.partition("%")[0])
    return address.is_link_local or address.is_loopback
