"""What the part `management` of service.yaml says of itself: targets that routers can reach, each once, secrets of one use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

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
    management = fleet.service.management
    snmp = management.snmp
    if management.break_glass is not None and management.break_glass.password in management.secrets():
        yield _service(
            ("management", "break_glass", "password"),
            f"the secret {management.break_glass.password!r} is for SNMP too",
            "another one",
            "PV1723",
        )
    if snmp is not None and snmp.authentication == snmp.privacy:
        yield _service(
            ("management", "snmp", "privacy"), f"the secret {snmp.privacy!r} authenticates too", "another one", "PV1723"
        )


def break_glass_is_nobody_else(fleet: Fleet) -> Iterator[Complaint]:
    """A user that the system has already would go on with what the system says of it."""
    management = fleet.service.management
    if management.break_glass is None:
        return
    name = management.break_glass.user
    if name == management.user or name in _SYSTEM_USERS or name.startswith("systemd-"):
        whose = "the orchestrator's" if name == management.user else "the system's own"
        yield _service(("management", "break_glass", "user"), f"{name!r} is {whose}", "another name", "PV1724")


_SYSTEM_USERS: Final = frozenset(
    {
        "adm",
        "admin",
        "backup",
        "bin",
        "daemon",
        "dnsmasq",
        "frr",
        "games",
        "irc",
        "list",
        "lp",
        "mail",
        "man",
        "messagebus",
        "news",
        "nobody",
        "ntp",
        "operator",
        "polkitd",
        "proxy",
        "root",
        "shadow",
        "sshd",
        "staff",
        "sudo",
        "sync",
        "sys",
        "syslog",
        "tcpdump",
        "users",
        "uucp",
        "www-data",
    }
)
"""Users and groups of Debian (base-passwd) and of what runs on a router."""


def _service(where: Where, what: str, remedy: str, number: str) -> Complaint:
    return Complaint(File.SERVICE, "", where, what, remedy, number)
