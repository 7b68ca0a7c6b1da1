"""What the part `management` of service.yaml says of itself: targets that routers can reach, each once, secrets of one use."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.intent.complaints import Complaint, File, Where
from provisioner.intent.model import Fleet


def targets_are_inside(fleet: Fleet) -> Iterator[Complaint]:
    """Whom routers talk to lies in a management network, unless the file says that it is meant to lie elsewhere."""
    management = fleet.service.management
    seen: dict[tuple[object, ...], int] = {}
    networks = ", ".join(map(str, management.networks_ipv4))
    for field, number, address, is_outside in management.targets():
        here: Where = ("management", field, number)
        if management.is_inside(address) == is_outside:
            where = "lies in" if is_outside else "lies outside"
            remedy = "leave out `outside`" if is_outside else "choose one that lies inside, or write `outside: true`"
            yield _service(
                (*here, "outside" if is_outside else "address"),
                f"{address} {where} the management networks {networks}",
                remedy,
                "PV1721",
            )
        key = (field, address, management.syslog[number].port if field == "syslog" else 0)
        if seen.setdefault(key, number) != number:
            yield _service((*here, "address"), f"{address} stands twice", "keep one", "PV1722")


def secrets_have_one_use(fleet: Fleet) -> Iterator[Complaint]:
    """A secret that is used twice is known at two places, and changed at one."""
    snmp = fleet.service.management.snmp
    if snmp is not None and snmp.authentication == snmp.privacy:
        yield _service(
            ("management", "snmp", "privacy"), f"the secret {snmp.privacy!r} authenticates too", "another one", "PV1723"
        )


def _service(where: Where, what: str, remedy: str, number: str) -> Complaint:
    return Complaint(File.SERVICE, "", where, what, remedy, number)
