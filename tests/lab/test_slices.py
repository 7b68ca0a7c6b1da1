"""On an aggregation router only the school's own slice changes; all else stays to the byte, and what is wrong there is said."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.intent.model import Location
from provisioner.lab.handle import Lab

from .conftest import ROOT, Provision, Schools
from .faults import another_circuit, in_sync, works


def shared_router(schools: Schools) -> str:
    """The aggregation router on which two of the lab's schools land."""
    slow = {uplink.aggregation_router for uplink in schools.slow.uplinks}
    dual = {uplink.aggregation_router for uplink in schools.dual.uplinks}
    return (slow & dual).pop()


def running(lab: Lab, router: str) -> str:
    """What runs, as the three programs show it: no code of ours between."""
    node = lab.router(router)
    links = node.exec("ip", "-o", "-d", "addr", "show", check=True).stdout
    # Remaining lifetimes and counters move by themselves.
    links = re.sub(r"(valid_lft|preferred_lft) \S+", "", links)
    return "\n".join(
        (links, node.exec("nft", "-s", "list", "ruleset", check=True).stdout, node.vtysh("show running-config"))
    )


def of_others(text: str, school: Location) -> list[str]:
    """What is not about the school, in its order: no line and no context that names its code, an interface or a peer of its."""
    own = {school.code}
    for uplink in school.uplinks:
        own |= {uplink.aggregation_interface, str(uplink.edge_ipv4.ip), str(uplink.edge_ipv6.ip)}
    names = re.compile("|".join(rf"(?<![0-9A-Za-z.:]){re.escape(word)}(?![0-9A-Za-z:])" for word in own))
    # nft puts the braces of a map on the lines of its first and last elements, whosever these are.
    text = re.sub(r"elements = \{|[{},]", "\n\t\t", text)
    kept: list[str] = []
    for context in re.split(r"\n(?=\t?\S)", text):  # of FRR, and chains and maps of nft
        lines = context.splitlines()
        if not names.search(lines[0]):
            kept += [line.strip() for line in lines if not names.search(line)]
    return [line for line in kept if line not in {"", "!", "exit"}]


@pytest.fixture
def decommissioned(tmp_path: Path, schools: Schools) -> list[str]:
    """Options for an inventory in which the slow school is decommissioned."""
    copy = tmp_path / "without"
    shutil.copytree(ROOT / "inventory", copy)
    file = copy / "locations" / f"{schools.slow.code}.yaml"
    file.write_text(file.read_text().replace("status: active", "status: decommissioned"))
    return ["--inventory", str(copy)]


@pytest.fixture
def base_and_slice_changed_by_hand(provisioned: Lab, schools: Schools) -> Iterator[str]:
    """The base and the slow school's slice of the shared router have a line that somebody typed there."""
    router = shared_router(schools)
    node = provisioned.router(router)
    entry = f"ip prefix-list {schools.slow.code}-in4 seq 99 deny 192.0.2.0/24"
    node.vtysh("configure terminal", "ip prefix-list BY-HAND seq 5 permit 192.0.2.0/24", entry, "end")
    yield router
    node.vtysh("configure terminal", "no ip prefix-list BY-HAND", f"no {entry}", "end")


def test_other_slices_and_the_base_stay_to_the_byte_and_are_reported_in_a_line_each(
    provisioned: Lab,
    provision: Provision,
    schools: Schools,
    tmp_path: Path,
    base_and_slice_changed_by_hand: str,
) -> None:
    router, school = base_and_slice_changed_by_hand, schools.dual
    options = another_circuit(tmp_path, school, schools.slow)
    before = of_others(running(provisioned, router), school)
    done = provision("--lab", provisioned.name, *options, "--school", school.code, "--yes")
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        assert of_others(running(provisioned, router), school) == before
        assert any("BY-HAND" in line for line in before)
        told = done.stdout.splitlines()
        (line,) = [line for line in told if schools.slow.code in line]
        assert re.search(rf"{router}.*{schools.slow.code}.*pending.*drifted", line), line
        (line,) = [line for line in told if re.search(rf"{router}: .*base", line)]
        # Nobody has confirmed the base of this lab's routers, so what is the matter with it cannot be told.
        assert re.search("drifted|differs from the inventory", line), line
    finally:
        back = provision("--lab", provisioned.name, "--school", school.code, "--yes")
    assert back.returncode == 0, back.stdout + back.stderr


def test_decommissioning_takes_exactly_the_slice_away_and_provisioning_again_brings_it_back(
    provisioned: Lab, provision: Provision, schools: Schools, decommissioned: list[str]
) -> None:
    school = schools.slow
    router = school.uplinks[0].aggregation_router
    before = running(provisioned, router)
    done = provision("--lab", provisioned.name, *decommissioned, "--school", school.code, "--yes")
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        after = running(provisioned, router)
        assert school.code not in after
        assert school.uplinks[0].aggregation_interface not in after
        assert of_others(after, school) == of_others(before, school)
        assert schools.dual.code in after
        assert len(of_others(after, school)) > len(before.splitlines()) // 3, "what is compared is most of the router"
        again = provision("--lab", provisioned.name, *decommissioned, "--school", school.code, "--yes")
        assert (again.returncode, "nothing to do" in again.stdout) == (0, True), again.stdout
        works(provisioned, schools.dual)
    finally:
        back = provision("--lab", provisioned.name, "--school", school.code, "--yes")
    assert back.returncode == 0, back.stdout + back.stderr
    works(provisioned, school)
    assert in_sync(provisioned, provision, school)
    assert of_others(running(provisioned, router), school) == of_others(before, school)
