"""Two local Dask workers, each a process of its own; some tests kill one."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
import pytest
from distributed import Client, LocalCluster
from nornir.core import Nornir
from nornir.core.inventory import ConnectionOptions, Defaults, Group, Groups, Host, Hosts, Inventory, ParentGroups
from nornir.core.processor import Processors
from nornir.core.task import MultiResult, Result, Task

from provisioner.network.dask_runner import DaskError, DaskRunner
from provisioner.network.pacing import Pace

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")

DEATHS = 1
"""How many workers a host may kill before it is given up."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with (
        dask.config.set(
            {"distributed.scheduler.allowed-failures": DEATHS, "distributed.admin.log-format": "%(message)s"}
        ),
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs="CRITICAL"
        ) as found,
    ):
        yield found


@pytest.fixture
def client(cluster: LocalCluster) -> Iterator[Client]:
    with Client(cluster, set_as_default=False) as found:
        found.wait_for_workers(2, timeout=60)
        yield found


def fleet(runner: DaskRunner, *names: str, processors: Processors | None = None) -> Nornir:
    group = Group(name="edges", data={"role": "edge"})
    defaults = Defaults(
        username="provision",
        connection_options={"napalm": ConnectionOptions(extras={"timeout": 7, "optional_args": {}})},
    )
    hosts = {
        name: Host(name=name, hostname="192.0.2.1", groups=ParentGroups([group]), defaults=defaults) for name in names
    }
    inventory = Inventory(hosts=Hosts(hosts), groups=Groups({"edges": group}), defaults=defaults)
    return Nornir(inventory=inventory, runner=runner, processors=processors)


NAMES = tuple(f"er-{number:03d}" for number in range(60))


def who(task: Task) -> Result:
    return Result(task.host, result=os.getpid())


def test_every_host_has_its_result_and_both_workers_had_a_part(client: Client) -> None:
    results = fleet(DaskRunner(client), *NAMES).run(who)
    assert sorted(results) == list(NAMES)
    assert all((host := results[name][0].host) is not None and host.name == name for name in NAMES)
    pids = {results[name].result for name in NAMES}
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_a_host_has_on_a_worker_what_it_has_here(client: Client) -> None:
    def tell(task: Task) -> Result:
        options = task.host.get_connection_parameters("napalm").dict()
        return Result(
            task.host,
            result=(
                task.host.hostname,
                task.host.username,
                task.host["role"],
                options["extras"]["timeout"],
                [g.name for g in task.host.groups],
            ),
        )

    results = fleet(DaskRunner(client), "er-1").run(tell)
    assert results["er-1"].result == ("192.0.2.1", "provision", "edge", 7, ["edges"])


def test_hosts_of_a_worker_that_is_killed_are_asked_on_another(client: Client, tmp_path: Path) -> None:
    def once_deadly(task: Task, marker: str) -> Result:
        if task.host.name == "er-010":
            try:
                os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        return Result(task.host, result=task.host.name)

    results = fleet(DaskRunner(client), *NAMES).run(once_deadly, marker=str(tmp_path / "died"))
    assert (tmp_path / "died").exists()
    assert {name: results[name].result for name in results} == {name: name for name in NAMES}
    assert not results.failed


def test_a_host_that_kills_every_worker_fails_alone(client: Client) -> None:
    def deadly(task: Task) -> Result:
        if task.host.name == "er-004":
            os.kill(os.getpid(), signal.SIGKILL)
        return Result(task.host, result=task.host.name)

    results = fleet(DaskRunner(client), *NAMES[:10]).run(deadly)
    assert sorted(results) == list(NAMES[:10])
    assert [name for name in results if results[name].failed] == ["er-004"]
    exception = results["er-004"].exception
    assert isinstance(exception, DaskError)
    assert str(exception) == f"it killed {DEATHS + 1} Dask workers"


def test_an_error_on_one_host_is_its_own(client: Client) -> None:
    def picky(task: Task) -> Result:
        if task.host.name == "er-001":
            raise ValueError("no such thing")
        return Result(task.host, result="well")

    results = fleet(DaskRunner(client), *NAMES[:3]).run(picky)
    assert isinstance(results["er-001"].exception, ValueError)
    assert [results[name].failed for name in NAMES[:3]] == [False, True, False]


def test_a_result_that_cannot_be_sent_is_a_failure_that_says_so(client: Client) -> None:
    def stubborn(task: Task) -> Result:
        return Result(task.host, result=threading.Lock())

    results = fleet(DaskRunner(client), "er-1").run(stubborn)
    assert results["er-1"].failed
    assert "cannot pickle" in str(results["er-1"].exception)


def test_subtasks_come_back_too(client: Client) -> None:
    def outer(task: Task) -> Result:
        task.run(who, name="inner")
        return Result(task.host, result="outer")

    results = fleet(DaskRunner(client), "er-1").run(outer)
    assert [each.name for each in results["er-1"]] == ["outer", "inner"]


def test_nothing_is_given_out_after_the_first_no(client: Client) -> None:
    asked: list[None] = []

    def proceed() -> bool:
        asked.append(None)
        return len(asked) <= 5

    assert sorted(fleet(DaskRunner(client, pace=Pace(proceed=proceed)), *NAMES).run(who)) == list(NAMES[:5])


def test_processors_are_told_of_each_host_here(client: Client) -> None:
    class Listening:
        def __init__(self) -> None:
            self.heard: list[tuple[str, str]] = []

        def task_started(self, task: Task) -> None: ...
        def task_completed(self, task: Task, result: Any) -> None: ...
        def subtask_instance_started(self, task: Task, host: Host) -> None: ...
        def subtask_instance_completed(self, task: Task, host: Host, result: MultiResult) -> None: ...

        def task_instance_started(self, task: Task, host: Host) -> None:
            self.heard.append(("started", host.name))

        def task_instance_completed(self, task: Task, host: Host, result: MultiResult) -> None:
            self.heard.append(("completed", host.name))

    listening = Listening()
    fleet(DaskRunner(client), *NAMES[:4], processors=Processors([listening])).run(who)
    assert sorted(listening.heard) == sorted((what, name) for what in ("started", "completed") for name in NAMES[:4])


def test_without_any_worker_every_host_fails_and_nothing_hangs() -> None:
    with (
        LocalCluster(
            n_workers=0, processes=False, protocol="tcp://", dashboard_address=":0", silence_logs="CRITICAL"
        ) as empty,
        Client(empty, set_as_default=False) as client,
    ):
        results = fleet(DaskRunner(client, patience_seconds=0.2), *NAMES[:3]).run(who)
    assert sorted(results) == list(NAMES[:3])
    assert all("no Dask worker" in str(results[name].exception) for name in NAMES[:3])
