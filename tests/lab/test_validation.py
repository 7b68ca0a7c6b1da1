"""What validation is for: a config that every router takes, and under which the service is not what was ordered.

Each fault is at one end; the push is taken back, and the report says which device, what was expected and what was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.intent.model import Location
from provisioner.lab.handle import Lab

from . import faults
from .conftest import Provision, Schools

EXTRA = "203.0.113.240/29"
"""Space of the service that no sample location announces."""


@pytest.fixture
def school(schools: Schools) -> Location:
    return schools.fibre


@pytest.fixture(autouse=True)
def _works_afterwards(provisioned: Lab, provision: Provision, school: Location) -> Iterator[None]:
    yield
    provisioned.mend_all()
    faults.nothing_is_stuck(provisioned, provision, school)
    faults.works(provisioned, school)


def wrong_role(directory: Path, _: Location) -> list[str]:
    """The aggregation end takes the school for a peer."""
    return faults.templates_with(directory, "aggregation/slice/frr.j2", "local-role provider", "local-role peer")


def a_prefix_too_many(directory: Path, school: Location) -> list[str]:
    """The school announces what is not its own, and nobody stops it."""
    faults.templates_with(
        directory,
        "edge/frr.j2",
        "ipv6 prefix-list DEFAULT6",
        f"ip prefix-list OWN4 seq 990 permit {EXTRA}\nip route {EXTRA} blackhole\nipv6 prefix-list DEFAULT6",
    )
    faults.templates_with(
        directory,
        "edge/frr.j2",
        "{% for entry in family.own %}",
        f"{{% if family.version == 4 %}}\n  network {EXTRA}\n{{% endif %}}\n{{% for entry in family.own %}}",
    )
    faults.templates_with(
        directory,
        "aggregation/slice/frr.j2",
        "bgp as-path access-list {{ code }}-path",
        f"ip prefix-list {{{{ code }}}}-taken4 seq 990 permit {EXTRA}\nbgp as-path access-list {{{{ code }}}}-path",
    )
    return faults.templates_with(
        directory,
        "aggregation/slice/frr.j2",
        "ip prefix-list {{ code }}-out4",
        f"ip prefix-list {{{{ code }}}}-in4 seq 990 permit {EXTRA}\nip prefix-list {{{{ code }}}}-out4",
    )


def no_default(directory: Path, _: Location) -> list[str]:
    """The aggregation end gives the school no default route in IPv6."""
    line = "ipv6 prefix-list {{ code }}-out6 seq 5 permit ::/0"
    return faults.templates_with(directory, "aggregation/slice/frr.j2", line, line.replace("permit", "deny"))


def another_mtu(directory: Path, school: Location) -> list[str]:
    """The aggregation end sends smaller packets than the line carries."""
    name = school.uplinks[0].aggregation_interface
    return faults.templates_with(
        directory,
        "common/interfaces.j2",
        "mtu {{ interface.mtu }}",
        f"mtu {{{{ 1400 if interface.name == '{name}' else interface.mtu }}}}",
    )


@pytest.mark.parametrize(
    ("fault", "expected", "found"),
    [
        (wrong_role, r"expected  provider here", r"found     peer here"),
        (a_prefix_too_many, r"prefixes accepted from \S+\n +expected  \S+\n", rf"found     .*{re.escape(EXTRA)}"),
        (no_default, r"expected  .*(::/0|default)", r"found     "),
        (another_mtu, r"expected  .*1500", r"found     .*(1400|no answer|0 of)"),
    ],
)
def test_a_service_that_is_not_what_was_ordered_is_taken_back_and_told(
    provisioned: Lab,
    provision: Provision,
    school: Location,
    tmp_path: Path,
    fault: faults.Change,
    expected: str,
    found: str,
) -> None:
    options = fault(tmp_path, school)
    done = provision("--lab", provisioned.name, *options, "--school", school.code, "--yes", "--deadline", "8")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "rolled back" in done.stdout
    assert "PV6000" in done.stdout
    assert re.search(expected, done.stdout), done.stdout
    assert re.search(found, done.stdout), done.stdout
    assert school.edge_router_name in done.stdout or school.uplinks[0].aggregation_router in done.stdout


def test_a_backup_that_was_down_before_stops_nothing_and_is_told(
    provisioned: Lab, provision: Provision, schools: Schools, tmp_path: Path
) -> None:
    school = schools.dual
    backup = next(uplink for uplink in school.uplinks if uplink.role == "backup")
    provisioned.cut(school.edge_router_name, backup.edge_port)
    done = provision(
        "--lab",
        provisioned.name,
        *faults.another_circuit(tmp_path, school),
        "--school",
        school.code,
        "--yes",
        "--deadline",
        "20",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "before the change" in done.stdout, "what was down before is told, and stops nothing"
    provisioned.mend_all()
    faults.nothing_is_stuck(provisioned, provision, school)
    faults.works(provisioned, school)
