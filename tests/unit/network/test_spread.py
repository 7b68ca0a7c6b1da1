"""Routers asked by Dask workers: who is there to ask them, what becomes of a router's trouble, and of a scheduler that goes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster
from napalm.base import NetworkDriver

from provisioner.errors import UnreachableError, UsageError
from provisioner.intent.load import load_fleet
from provisioner.network.pacing import Pace
from provisioner.network.session import Access
from provisioner.network.spread import Spread, insist_on_secrecy

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")

FLEET = load_fleet(Path(__file__).parents[3] / "inventory")
DEVICES = [location.edge_router_name for location in FLEET.locations.values()]


def a_cluster(workers: int) -> LocalCluster:
    return LocalCluster(
        n_workers=workers,
        threads_per_worker=2,
        host="127.0.0.1",
        protocol="tcp://",
        dashboard_address=":0",
        silence_logs="CRITICAL",
    )


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with a_cluster(2) as found:
        yield found


@pytest.fixture
def access(tmp_path: Path) -> Access:
    """Routers behind a jump host that lets nobody through."""
    file = tmp_path / "ssh_config"
    file.write_text("Host *\n  ProxyCommand false\n  StrictHostKeyChecking no\n")
    return Access(ssh_config=file)


def never(driver: NetworkDriver, given: str) -> str:
    raise AssertionError(f"{driver} cannot be reached, {given} neither")


def test_every_router_answers_once_and_its_trouble_is_its_own(cluster: LocalCluster, access: Access) -> None:
    asked: list[str] = []

    def given(device: str) -> str:
        asked.append(device)
        return device

    with Spread(FLEET, access, cluster.scheduler_address) as spread:
        answers = list(spread.each(DEVICES, given, never, "work", Pace(), 60))
    assert sorted(answer.device for answer in answers) == sorted(DEVICES) == sorted(asked)
    assert all(isinstance(answer.error, UnreachableError) and answer.error.where for answer in answers)


def test_no_router_is_begun_after_the_first_no(cluster: LocalCluster, access: Access) -> None:
    asked: list[str] = []

    def given(device: str) -> str:
        asked.append(device)
        return device

    with Spread(FLEET, access, cluster.scheduler_address) as spread:
        answers = list(spread.each(DEVICES, given, never, "work", Pace(proceed=lambda: len(asked) < 3), 60))
    assert sorted(answer.device for answer in answers) == sorted(DEVICES[:3])


def test_routers_of_a_scheduler_that_goes_are_told_as_not_asked(access: Access) -> None:
    cluster = a_cluster(1)
    with Spread(FLEET, access, cluster.scheduler_address, patience_seconds=1) as spread:
        closing: list[threading.Thread] = []

        def given(device: str) -> str:
            if not closing:
                closing.append(threading.Thread(target=cluster.close))
                closing[0].start()
                closing[0].join(20)
            return device

        answers = {answer.device: answer for answer in spread.each(DEVICES, given, never, "work", Pace(), 60)}
    assert answers
    assert all(answer.error is not None and answer.error.number == "PV5104" for answer in answers.values())


@pytest.mark.parametrize("address", ["tcp://192.0.2.1:8786", "192.0.2.1:8786", "scheduler:8786", "ws://127.0.0.1:80"])
def test_logins_and_configs_do_not_go_over_a_network_for_all_to_read(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        insist_on_secrecy(address)
    assert caught.value.number == "PV0153"


@pytest.mark.parametrize("address", ["tls://192.0.2.1:8786", "127.0.0.1:8786", "tcp://localhost:8786", "tcp://[::1]:1"])
def test_what_stays_on_this_machine_or_is_encrypted_may_go(address: str) -> None:
    insist_on_secrecy(address)


def test_a_scheduler_that_is_not_there_is_one_line(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioner.network.spread._CONNECT_SECONDS", 1)
    with pytest.raises(UsageError) as caught, Spread(FLEET, access, "tcp://127.0.0.1:1"):
        pass
    assert caught.value.number == "PV0149"
    assert "\n" not in str(caught.value)


def test_a_scheduler_without_a_worker_is_told_before_the_first_router(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioner.network.spread._CONNECT_SECONDS", 1)
    with (
        a_cluster(0) as empty,
        pytest.raises(UsageError, match="no worker is connected"),
        Spread(FLEET, access, empty.scheduler_address),
    ):
        pass
