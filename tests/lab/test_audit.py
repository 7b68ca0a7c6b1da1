"""What an audit says of routers on which somebody did something by hand, and that it says nothing where nobody did."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

from provisioner.audit.service import audit_expectations
from provisioner.cli.access import Ways
from provisioner.errors import LabError
from provisioner.intent.load import load_fleet
from provisioner.intent.model import Location
from provisioner.journal.store import Journal
from provisioner.lab import lifecycle
from provisioner.lab.handle import Lab, NodeHandle, eventually
from provisioner.lab.state import LabState
from provisioner.network.session import Access, Network
from provisioner.validate import sessions

from . import faults
from .conftest import ROOT, Provision, Schools
from .manual_changes import BASE, EDGE, ROUNDS, Change


@dataclass(frozen=True)
class Audited:
    """A lab of its own, with an inventory of the schools that are in it and the routers that these are on."""

    lab: Lab
    school: Location
    options: tuple[str, ...]
    provision: Provision
    password: str

    @property
    def router(self) -> str:
        return self.school.uplinks[0].aggregation_router

    @property
    def everything(self) -> tuple[str, ...]:
        """The school and the whole of the router that it is on."""
        return ("--aggregation", self.router)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.provision("audit", *self.options, *self.everything, *arguments)

    def audit(self, *arguments: str) -> dict[str, Any]:
        done = self.run("--format", "json", *arguments)
        assert done.returncode in {0, 1}, done.stdout + done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def insist_on_silence(self) -> None:
        """Nothing above info is found."""
        done = self.run()
        assert done.returncode == 0, done.stdout + done.stderr

    def await_silence(self, deadline_seconds: float = 150) -> None:
        """What was undone is forgotten as soon as sessions are up again; what has happened is told once."""
        said = ""

        def is_silent() -> bool:
            nonlocal said
            done = self.run()
            said = done.stdout + done.stderr
            return done.returncode == 0

        try:
            eventually(is_silent, deadline_seconds=deadline_seconds, what="an audit that finds nothing")
        except LabError:
            self.mend()
            pytest.fail(said, pytrace=False)

    def mend(self) -> None:
        """Bring everything back, so that one failed test does not fail the next."""
        for what in (("--base", self.router), ("--school", self.school.code)):
            self.provision("restore", *self.options, *what, "--yes")

    def node(self, change: Change) -> NodeHandle:
        return self.lab.router(self.school.edge_router_name if change.where == EDGE else self.router)

    def maximum4(self, neighbor: IPv4Address) -> str:
        """The limit of a session as it was confirmed."""
        startup = self.lab.router(self.router).exec("cat", "/etc/frr/frr.conf").stdout
        found = re.search(rf"neighbor {neighbor} maximum-prefix (.*)", startup)
        assert found is not None
        return found[1]

    def filled(self, text: str) -> str:
        """With the words of the school in the place of names in braces."""
        uplink = self.school.uplinks[0]
        words = {
            "code": self.school.code,
            "asn": self.school.asn,
            "service_asn": 64500,
            "far4": uplink.aggregation_ipv4.ip,
            "far6": uplink.aggregation_ipv6.ip,
            "near4": uplink.edge_ipv4.ip,
            "near6": uplink.edge_ipv6.ip,
            "near_interface": uplink.aggregation_interface,
            "near_address6": uplink.aggregation_ipv6,
            "mtu": uplink.access_line.mtu,
            "description4": f"primary uplink IPv4 {self.router}",
            "near_description4": f"{self.school.code} primary uplink IPv4",
            "password": self.password,
            "maximum4": self.maximum4(uplink.edge_ipv4.ip),
        }
        for name, value in words.items():
            text = text.replace("{" + name + "}", str(value))
        return text


@pytest.fixture(scope="module")
def audited(provision: Provision, schools: Schools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    inventory = tmp_path_factory.mktemp("audit") / "inventory"
    shutil.copytree(ROOT / "inventory", inventory)
    school = schools.fibre
    routers = {uplink.aggregation_router for uplink in school.uplinks}
    for file in (inventory / "locations").glob("*.yaml"):
        if file.stem.upper() != school.code:
            file.unlink()
    whole = load_fleet(ROOT / "inventory")
    for point in whole.aggregation_points.values():
        if not routers & {router.name for router in point.routers}:
            (inventory / "aggregation" / f"{point.name}.yaml").unlink()
    name = f"pytest-{os.getpid()}-audit"
    common = ("--lab", name, "--inventory", str(inventory))
    try:
        done = provision("lab", "up", "--name", name, "--inventory", str(inventory), "--all")
        assert done.returncode == 0, done.stdout + done.stderr
        done = provision(*common, "--aggregation", school.uplinks[0].aggregation_router, "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
        with Lab.open(name) as lab:
            shown = lab.router(school.edge_router_name).vtysh("show running-config no-header")
            password = next(line.split()[-1] for line in shown.splitlines() if " password " in line)
            yield Audited(lab, school, common, provision, password)
    finally:
        lifecycle.down(name, lambda _: None)


def test_an_untouched_fleet_gives_nothing_three_times_in_a_row(audited: Audited) -> None:
    for _ in range(3):
        audited.insist_on_silence()
    report = audited.audit()
    assert {device["status"] for device in report["devices"]} == {"in-sync"}
    assert {device["tier"] for device in report["devices"]} == {"signature"}
    assert len(report["trend"]) >= 3


@pytest.mark.parametrize("changes", ROUNDS, ids=lambda changes: " and ".join(change.name for change in changes))
def test_what_is_done_by_hand_is_found_and_what_is_undone_is_gone(
    audited: Audited, changes: tuple[Change, ...]
) -> None:
    try:
        for change in changes:
            done = audited.node(change).exec("sh", "-c", audited.filled(change.do))
            assert done.ok, f"{change.name}: {done.stdout}{done.stderr}"
        report = audited.audit() if changes[0].rule != "AUD042" else json.loads(audited.run("--format", "json").stdout)
        for change in changes:
            insist_on(audited, report, change, changes)
        nothing_else(audited, report, changes)
        assert audited.password not in json.dumps(report)
    finally:
        for change in changes:
            audited.node(change).exec("sh", "-c", audited.filled(change.undo))
    faults.works(audited.lab, audited.school)
    audited.await_silence()


STATUSES = ("in-sync", "drifted", "failed")


def insist_on(audited: Audited, report: dict[str, Any], change: Change, together: tuple[Change, ...]) -> None:
    """A change is found, with the right status, owner, severity and remedy."""
    node = audited.node(change).name
    owner = None if change.where == BASE else audited.school.code
    of_rule = [
        finding
        for finding in report["findings"]
        if finding["rule"] == change.rule and finding["device"] == node and finding["location"] == owner
    ]
    about = audited.filled(change.about)
    told = [finding for finding in of_rule if about in f"{finding['about']} {finding['what']}"]
    assert told, (
        f"{change.name}: no {change.rule} of {owner} on {node} about {about!r} in {json.dumps(report['findings'], indent=1)}"
    )
    finding = told[0]
    assert finding["severity"] == change.severity, finding
    assert audited.filled(change.remedy) in finding["remedy"], finding
    assert finding["new"], finding
    [device] = [device for device in report["devices"] if device["device"] == node]
    there = [other.status for other in together if audited.node(other).name == node]
    assert device["status"] == max(there, key=STATUSES.index), device
    if change.rule == "AUD001":
        assert finding["files"], finding
        assert finding["remedy"].endswith(f"--school {owner}" if owner else f"--aggregation {node}"), finding


def nothing_else(audited: Audited, report: dict[str, Any], changes: tuple[Change, ...]) -> None:
    """No finding that none of the changes explains."""
    allowed = {(change.rule, audited.node(change).name) for change in changes}
    # What one end does to a session shows at the other.
    loose = {rule for change in changes for rule in change.others}
    more = [
        finding
        for finding in report["findings"]
        if finding["severity"] != "info"
        and (finding["rule"], finding["device"]) not in allowed
        and finding["rule"] not in loose
    ]
    assert not more, json.dumps(more, indent=1)


def test_nothing_is_found_right_after_a_push(audited: Audited, tmp_path: Path) -> None:
    code = audited.school.code
    change = faults.another_circuit(tmp_path, audited.school)
    changed = audited.provision("--lab", audited.lab.name, *change, "--school", code, "--yes")
    assert changed.returncode == 0, changed.stdout + changed.stderr
    back = audited.provision(*audited.options, "--school", code, "--yes")
    assert back.returncode == 0, back.stdout + back.stderr
    audited.insist_on_silence()


def test_nothing_is_found_after_every_daemon_was_restarted(audited: Audited) -> None:
    for router in (audited.school.edge_router_name, audited.router):
        assert audited.lab.router(router).exec("/usr/lib/frr/frrinit.sh", "restart").ok
    faults.works(audited.lab, audited.school)
    # Sessions that flapped and daemons that were started anew are told once; of config nothing is.
    first = audited.audit()
    assert {finding["rule"] for finding in first["findings"]} <= {"AUD020", "AUD024", "AUD025", "AUD043"}, first[
        "findings"
    ]
    audited.await_silence()


def test_nothing_is_found_after_a_reboot(audited: Audited) -> None:
    for router in (audited.school.edge_router_name, audited.router):
        audited.lab.reboot(router)
    faults.works(audited.lab, audited.school)
    first = audited.audit()
    assert {finding["rule"] for finding in first["findings"]} <= {"AUD020", "AUD024", "AUD025", "AUD043"}, first[
        "findings"
    ]
    audited.await_silence()


def test_a_push_under_way_is_no_drift_and_is_not_kept_waiting(audited: Audited, tmp_path: Path) -> None:
    change = faults.another_circuit(tmp_path, audited.school)
    options = ["--lab", audited.lab.name, *change, "--school", audited.school.code]
    try:
        with faults.Push(*options) as push:
            push.until("validating")
            # It holds still as long as the audit takes; the timers on the routers go on.
            push.signal(signal.SIGSTOP)
            report = audited.audit()
            push.signal(signal.SIGCONT)
            done = push.finish()
        assert done.returncode == 0, done.stdout + done.stderr
        assert not [finding for finding in report["findings"] if finding["rule"] == "AUD001"], report["findings"]
        assert {device["status"] for device in report["devices"]} == {"under-way"}
    finally:
        back = audited.provision(*audited.options, "--school", audited.school.code, "--yes")
    assert back.returncode == 0, back.stdout + back.stderr
    audited.await_silence()


def test_an_audit_writes_nothing_on_a_router_and_locks_nothing(audited: Audited) -> None:
    audited.run("--deep")
    before = {
        router: files_of(audited.lab.router(router)) for router in (audited.school.edge_router_name, audited.router)
    }
    audited.run("--deep")
    for router, files in before.items():
        assert set(files_of(audited.lab.router(router)).splitlines()) ^ set(files.splitlines()) == set()
    assert not any(faults.left_on(audited.lab.router(router)) for router in before)


def files_of(node: NodeHandle) -> str:
    """What is in the places where a program could leave something, with when it was changed; logins aside."""
    look = "find /etc /var/lib /root /home /usr/local /run/napalm-frr /tmp -xdev -type f -printf '%p %s %T@\\n' 2>/dev/null | sort"
    return node.exec("sh", "-c", look).stdout


def test_a_router_that_was_never_provisioned_is_of_unknown_past_and_not_drifted(
    audited: Audited, tmp_path: Path
) -> None:
    report = audited.audit("--journal", f"sqlite:///{tmp_path}/another.db", "--deep")
    assert not [finding for finding in report["findings"] if finding["rule"] in {"AUD001", "AUD005"}]
    assert {device["status"] for device in report["devices"]} <= {"in-sync", "unknown", "pending"}


def test_a_router_out_of_reach_is_told_with_exit_2_and_keeps_its_drift_open(audited: Audited) -> None:
    edge = audited.lab.router(audited.school.edge_router_name)
    edge.exec("sh", "-c", audited.filled("vtysh -c 'configure terminal' -c 'ip route 198.51.100.0/24 blackhole'"))
    try:
        first = audited.audit()
        assert [finding["rule"] for finding in first["findings"]] == ["AUD001"]
        audited.lab.cut(audited.school.edge_router_name, "mgmt0")
        done = audited.run("--format", "json", "--device-timeout", "20")
        assert done.returncode == 2, done.stdout
        report = json.loads(done.stdout)
        assert "AUD010" in [finding["rule"] for finding in report["findings"]]
        assert "AUD001" not in [gone["rule"] for gone in report["gone"]]
    finally:
        audited.lab.mend_all()
        edge.exec("sh", "-c", "vtysh -c 'configure terminal' -c 'no ip route 198.51.100.0/24 blackhole'")
    again = audited.audit()
    assert {gone["rule"] for gone in again["gone"]} == {"AUD001", "AUD010"}


def test_at_least_25_kinds_of_change_by_hand_are_tried() -> None:
    names = {change.name for changes in ROUNDS for change in changes}
    assert len(names) == sum(map(len, ROUNDS)) >= 25
    assert all(change.remedy and change.status for changes in ROUNDS for change in changes)


def test_what_drifted_is_restored_by_the_command_that_the_audit_names(audited: Audited, tmp_path: Path) -> None:
    node = audited.lab.router(audited.router)
    node.exec("sh", "-c", audited.filled("vtysh -c 'configure terminal' -c 'no ip prefix-list {code}-in4'"))
    audited.run("--plan", str(tmp_path))
    [plan] = json.loads((tmp_path / "restore.json").read_text())["plans"]
    assert f"{audited.school.code}-in4" in (tmp_path / "restore.diff").read_text()
    program, *arguments = plan["command"].split()
    assert program == "provision"
    done = audited.provision(*arguments, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    audited.await_silence()


def test_sessions_asked_for_one_by_one_and_all_at_once_are_read_alike(audited: Audited) -> None:
    inventory = Path(audited.options[audited.options.index("--inventory") + 1])
    fleet = load_fleet(inventory)
    wanted = audit_expectations(fleet, audited.router).sessions
    ssh_config, _ = Ways(lab=audited.lab.name).resolve()
    with Network(fleet, Access(ssh_config)) as network:
        answers = network.run(
            [audited.router],
            lambda driver, _: (sessions.frr_few(driver, wanted), sessions.frr_many(driver, wanted)),
            "read",
        )
    one_by_one, at_once = answers[audited.router].unwrap()
    assert one_by_one == at_once
    assert any(reading.accepted for reading in one_by_one.values())
    assert any(reading.local_role for reading in one_by_one.values())


def test_a_night_that_overlaps_is_refused_and_one_that_is_cut_or_killed_leaves_the_last_whole_report(
    audited: Audited, tmp_path: Path
) -> None:
    reports = tmp_path / "reports"
    assert audited.run("--output", str(reports)).returncode == 0
    whole = (reports / "latest").resolve()
    files = {path.name for path in whole.iterdir()}
    assert files >= {"audit.txt", "audit.json", "index.html", "junit.xml", "metrics.prom"}

    # The second router would be begun after a hundred seconds.
    slowly = ("--logins-per-second", "0.01", "--output", str(reports))
    with night(audited, *slowly) as process:
        insist_on_refusal(audited, reports)
        process.terminate()
        process.send_signal(signal.SIGCONT)
        said, _ = process.communicate(timeout=90)
    assert process.returncode == 2, said
    assert "not begun (interrupted)" in said
    assert (reports / "latest").resolve() == whole
    assert (reports / "latest-incomplete").resolve() != whole

    with night(audited, *slowly) as process:
        insist_on_refusal(audited, reports)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
    assert (reports / "latest").resolve() == whole
    assert {path.name for path in whole.iterdir()} == files

    after = audited.run("--output", str(reports))
    assert after.returncode == 0, after.stdout + after.stderr
    assert "was cut off before its end" in after.stdout
    assert "was cut off before its end" in (reports / "latest" / "index.html").read_text()
    assert (reports / "latest").resolve() != whole
    assert not (reports / "latest-incomplete").is_symlink()
    assert "was cut off" not in audited.run("--output", str(reports)).stdout

    late = audited.run("--logins-per-second", "0.2", "--deadline", "1", "--output", str(reports))
    assert late.returncode == 2
    assert "not begun (deadline)" in late.stdout


def insist_on_refusal(audited: Audited, reports: Path) -> None:
    """Another audit is refused: for the place of its reports, and without reports by the journal."""
    place = audited.run("--output", str(reports))
    assert (place.returncode, "PV0164" in place.stderr) == (2, True), place.stdout + place.stderr
    journal = audited.run()
    assert (journal.returncode, "PV0160" in journal.stderr) == (2, True), journal.stdout + journal.stderr


@contextmanager
def night(audited: Audited, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """An audit under way, which stands still from the moment at which the journal has it."""
    command = [faults.COMMAND, "audit", *audited.options, *audited.everything, *arguments]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            selection = " ".join(audited.everything)
            with Journal.open(f"sqlite:///{LabState.of(audited.lab.name).journal}") as journal:
                eventually(
                    lambda: any(entry.is_under_way for entry in journal.audits_without_end(selection)),
                    deadline_seconds=90,
                    what="an audit in the journal",
                )
            process.send_signal(signal.SIGSTOP)
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def test_an_audit_is_spread_over_dask_workers_and_one_that_is_killed_loses_nothing(
    audited: Audited, tmp_path: Path
) -> None:
    node = audited.node(BY_HAND)
    with dask(tmp_path) as (address, workers):
        node.exec("sh", "-c", audited.filled(BY_HAND.do), check=True)
        try:
            # A worker that stands still keeps what it was given, until it is dead.
            workers[0].send_signal(signal.SIGSTOP)
            with night_over(audited, address) as process:
                await_work(address, workers[0])
                workers[0].kill()
                said, _ = process.communicate(timeout=180)
        finally:
            node.exec("sh", "-c", audited.filled(BY_HAND.undo), check=True)
        report = json.loads(said)
        assert process.returncode == 1
        assert {device["device"] for device in report["devices"]} == {
            audited.router,
            audited.school.edge_router_name,
        }
        assert not report["left"]
        insist_on(audited, report, BY_HAND, (BY_HAND,))
        nothing_else(audited, report, (BY_HAND,))
        # One worker is enough for the next one, and what it finds is what threads here find.
        again = audited.run("--deep", "--dask", address)
        assert again.returncode == 0, again.stdout + again.stderr
    audited.await_silence()


BY_HAND = next(change for changes in ROUNDS for change in changes if change.name == "a description by vtysh")


@contextmanager
def dask(directory: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, as an operator starts them; its address, and their processes."""
    program = str(Path(faults.COMMAND).with_name("dask"))
    file = directory / "scheduler.json"
    with contextlib.ExitStack() as stack:

        def start(*arguments: str) -> subprocess.Popen[bytes]:
            log = stack.enter_context((directory / "dask.log").open("ab"))
            command = [program, *arguments]
            process = stack.enter_context(
                subprocess.Popen(
                    command, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )
            )
            stack.callback(_kill, process)
            return process

        start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
        eventually(lambda: file.exists() and file.read_text().strip(), deadline_seconds=60, what="a scheduler")
        address = str(json.loads(file.read_text())["address"])
        workers = [
            start("worker", address, "--no-nanny", "--no-dashboard", "--nthreads", "1", "--name", name)
            for name in ("first", "second")
        ]
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=90)
        yield address, workers


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def night_over(audited: Audited, address: str) -> Iterator[subprocess.Popen[str]]:
    command = [faults.COMMAND, "audit", *audited.options, *audited.everything, "--format", "json", "--dask", address]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def await_work(address: str, worker: subprocess.Popen[bytes]) -> None:
    """Wait until a worker has been given a router."""
    with Client(address, set_as_default=False) as client:

        def has_work() -> bool:
            told = client.run_on_scheduler(
                lambda dask_scheduler: {each.name: len(each.processing) for each in dask_scheduler.workers.values()}
            )
            return bool(told.get("first"))

        eventually(has_work, deadline_seconds=90, what=f"work for the worker with the process {worker.pid}")
