"""Work on routers, done by Dask workers on several machines. Only the asking is spread: who calls `each` judges and writes.

Needs `provisioner[dask]`. A worker reaches routers by the same ssh configuration, so what that names must be on its machine too.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from distributed import Client
from napalm.base import NetworkDriver
from nornir.core import Nornir
from nornir.core.configuration import Config
from nornir.core.inventory import Host
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.processor import Processors
from nornir.core.state import GlobalState
from nornir.core.task import AggregatedResult, MultiResult, Result, Task
from nornir_napalm.plugins.connections import CONNECTION_NAME, Napalm

from provisioner.errors import DeviceError, UsageError
from provisioner.intent.model import Fleet
from provisioner.network.dask_runner import PATIENCE_SECONDS, DaskRunner
from provisioner.network.inventory import FleetInventory
from provisioner.network.pacing import Pace
from provisioner.network.session import Access, Answer, attempt, drop, too_slow

T = TypeVar("T")
G = TypeVar("G")

_CONNECT_SECONDS: Final = 15
_MOST_ANSWERS_WAITING: Final = 64
_LOOK_SECONDS: Final = 0.5
_GIVEN: Final = "provisioner_given"


class Spread:
    """The routers of a Fleet, asked by the workers of a Dask scheduler. Use as a context manager.

    Args:
        fleet: The inventory, or as much of it as is needed.
        access: How routers are reached; how many at once is a matter of the workers.
        scheduler: The scheduler's address: `tls://HOST:PORT`, with the certificates that Dask's own configuration names.
        patience_seconds: How long there may be no worker at all.

    Raises:
        UsageError: logins and configs would go over the network for all to read; from `with`, nobody is there.
    """

    def __init__(
        self, fleet: Fleet, access: Access, scheduler: str, *, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        insist_on_secrecy(scheduler)
        self._scheduler = scheduler
        self._patience = patience_seconds
        self._inventory = FleetInventory(
            fleet=fleet,
            username=access.username,
            # A worker stands in another directory.
            ssh_config_file=None if access.ssh_config is None else str(access.ssh_config.absolute()),
        ).load()
        self._client: Client | None = None

    def __enter__(self) -> Self:
        # What becomes of workers shows in the answers; Dask would log every lost connection, with its traceback.
        logging.getLogger("distributed").setLevel(logging.CRITICAL + 1)
        logging.getLogger("nornir").disabled = True
        try:
            self._client = Client(self._scheduler, timeout=_CONNECT_SECONDS, set_as_default=False)
            self._client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            what = "no worker is connected to it" if self._client is not None else f"no Dask scheduler answers: {error}"
            self.close()
            raise UsageError(
                what.splitlines()[0],
                where=self._scheduler,
                remedy="start the scheduler and a worker on each machine; docs/guides/nightly.md says how",
                number="PV0149",
            ) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Part with the scheduler; what its workers still do for us is cancelled."""
        if self._client is not None:
            # Whether the scheduler is still there to hear it or not.
            with contextlib.suppress(Exception):
                self._client.close(timeout=_CONNECT_SECONDS)
            self._client = None

    def each(
        self,
        devices: Sequence[str],
        given: Callable[[str], G],
        work: Callable[[NetworkDriver, G], T],
        name: str,
        pace: Pace,
        device_seconds: float,
    ) -> Iterator[Answer[T]]:
        """As `Network.each`; the work is done on the workers, so that it, what it is given and what it gives are pickled."""
        teller = _Teller(given)
        nornir = Nornir(
            inventory=self._inventory,
            runner=DaskRunner(self._client or self._scheduler, pace=pace, patience_seconds=self._patience),
            config=Config(),
            data=GlobalState(),
            processors=Processors([teller]),
        )
        wanted = frozenset(devices)
        chosen = nornir.filter(filter_func=lambda host: host.name in wanted)

        def run() -> None:
            try:
                chosen.run(task=ask, name=name, work=work, seconds=device_seconds)
            except Exception as error:  # noqa: BLE001 - a scheduler that has gone takes what was not answered with it
                teller.trouble = error
            finally:
                teller.offer(None)

        threading.Thread(target=run, name=name, daemon=True).start()
        try:
            while (answer := teller.answers.get()) is not None:
                yield answer
            for device in sorted(teller.begun):
                # The run ended before they did.
                yield Answer(device, error=_unasked(device, str(teller.trouble)))
        finally:
            teller.is_over.set()


class _Teller:
    """Nornir's processor: gives each host what its work is told of it, and hands its answer on as it comes."""

    def __init__(self, given: Callable[[str], Any]) -> None:
        self.answers: queue.Queue[Answer[Any] | None] = queue.Queue(maxsize=_MOST_ANSWERS_WAITING)
        self.is_over = threading.Event()
        self.begun: set[str] = set()
        self.trouble: Exception | None = None
        self._given = given

    def offer(self, answer: Answer[Any] | None) -> None:
        """Hand an answer on, unless nobody takes one any more."""
        while not self.is_over.is_set():
            with contextlib.suppress(queue.Full):
                self.answers.put(answer, timeout=_LOOK_SECONDS)
                return

    def task_instance_started(self, _task: Task, host: Host) -> None:
        self.begun.add(host.name)
        host.data[_GIVEN] = self._given(host.name)

    def task_instance_completed(self, _task: Task, host: Host, results: MultiResult) -> None:
        host.data.pop(_GIVEN, None)
        self.begun.discard(host.name)
        [result] = results
        failed = result.exception or result.failed
        self.offer(Answer(host.name, error=_unasked(host.name, str(result.exception))) if failed else result.result)
        # Nornir keeps every result until the end; these hold configs.
        result.result = None

    def task_started(self, task: Task) -> None: ...
    def task_completed(self, task: Task, result: AggregatedResult) -> None: ...
    def subtask_instance_started(self, task: Task, host: Host) -> None: ...
    def subtask_instance_completed(self, task: Task, host: Host, result: MultiResult) -> None: ...


def ask(task: Task, work: Callable[[NetworkDriver, Any], Any], seconds: float) -> Result:
    """On a worker: do the work on one router, whose connection is taken away when it takes too long."""
    ConnectionPluginRegister.register(CONNECTION_NAME, Napalm)
    given, device = task.host.data[_GIVEN], task.host.name
    is_late = threading.Event()

    def hurry() -> None:
        is_late.set()
        drop(task.host)

    timer = threading.Timer(seconds, hurry)
    timer.daemon = True
    timer.start()
    try:
        answer = attempt(task, lambda driver, _: work(driver, given))
    finally:
        timer.cancel()
    drop(task.host)
    return Result(task.host, result=Answer(device, error=too_slow(device, seconds)) if is_late.is_set() else answer)


def insist_on_secrecy(scheduler: str) -> None:
    """Raise UsageError where what goes to and from a scheduler could be read, or changed, on its way."""
    protocol, _, place = scheduler.rpartition("://")
    if protocol == "tls" or (protocol in {"", "tcp"} and _is_here(place)):
        return
    raise UsageError(
        "configs with passwords would go to and from this scheduler unencrypted, and whoever reaches it runs programs on its workers",
        where=scheduler,
        remedy="name it as tls://HOST:PORT; docs/guides/nightly.md says how",
        number="PV0153",
    )


def _is_here(place: str) -> bool:
    host = place.rpartition(":")[0].strip("[]") or place
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _unasked(device: str, why: str) -> DeviceError:
    return DeviceError(
        f"no Dask worker asked it to the end: {why}",
        where=device,
        remedy="look at the logs of the workers, then audit again",
        number="PV5104",
    )
