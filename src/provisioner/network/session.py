"""Work on routers: a function over NAPALM drivers, run on many devices at once, every failure kept with its device."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

from napalm.base import NetworkDriver
from napalm.base import exceptions as napalm_errors
from nornir.core import Nornir
from nornir.core.configuration import Config
from nornir.core.inventory import Host
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.state import GlobalState
from nornir.core.task import Result, Task
from nornir.plugins.runners import ThreadedRunner
from nornir_napalm.plugins.connections import CONNECTION_NAME, Napalm

from provisioner import errors
from provisioner.intent.model import Fleet
from provisioner.network.interrupts import keep_from_children
from provisioner.network.inventory import FleetInventory
from provisioner.network.pacing import Pace, PacedRunner

T = TypeVar("T")
G = TypeVar("G")

DEFAULT_WORKERS = 20
"""Sessions at once; Nornir's own default."""

LOCK_LIFETIME_SECONDS = 300
"""How long the lock of an orchestrator that died keeps others out. A commit takes the lock again and a pending commit keeps
it, so that a person who thinks longer about the question loses nothing, unless somebody else came in between."""

_MOST_ANSWERS_WAITING = 64
_WATCH_SECONDS = 0.5

_TRANSLATIONS: tuple[tuple[tuple[type[Exception], ...], type[errors.DeviceError], str], ...] = (
    (
        (napalm_errors.ConnectAuthError,),
        errors.AuthenticationError,
        "check the key in the agent or the ssh configuration; a refused login is not tried again",
    ),
    ((napalm_errors.LockError,), errors.LockedError, "wait, or talk to the holder"),
    (
        (napalm_errors.ReplaceConfigException, napalm_errors.MergeConfigException),
        errors.CandidateError,
        "nothing was changed; correct the template or the intent",
    ),
    ((napalm_errors.CommitError, napalm_errors.CommitConfirmException), errors.CommitError, ""),
    (
        (napalm_errors.ConnectionException, OSError, EOFError),
        errors.UnreachableError,
        "check power, the management network and the jump host",
    ),
    ((napalm_errors.NapalmException,), errors.DeviceError, ""),
    ((ModuleNotFoundError,), errors.DeviceError, "install the NAPALM driver of this platform"),
)
"""The first row whose exceptions fit wins; special ones stand before their parents."""

_SAID: tuple[tuple[str, type[errors.DeviceError], str, str], ...] = (
    (
        "host key",
        errors.UnreachableError,
        "compare it with the one that the router shows on its console, before anything is typed into it",
        "PV5101",
    ),
    (
        "waits for its confirm",
        errors.LockedError,
        "run again when it is confirmed or its revert timer has fired, a few minutes later at most",
        "PV5401",
    ),
)
"""Troubles for which NAPALM has no exception of their own, by words of the driver's message; they go before the table above."""


@dataclass(frozen=True, slots=True)
class Access:
    """How routers are reached.

    Attributes:
        ssh_config: OpenSSH client configuration (host keys, identity, jump host); the user's own where None.
        username: Login; the service's management user where None.
        workers: Sessions at once.
        lock_owner: Who holds the lock on a router, for others to read; no lock is taken where None (reading only).
        lock_lifetime_seconds: After which a lock of a dead orchestrator no longer counts.
    """

    ssh_config: Path | None = None
    username: str | None = None
    workers: int = DEFAULT_WORKERS
    lock_owner: str | None = None
    lock_lifetime_seconds: int = LOCK_LIFETIME_SECONDS


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What work on one device gave: a value, or the error that kept it from giving one."""

    device: str
    value: T | None = None
    error: errors.DeviceError | None = None

    def unwrap(self) -> T:
        """The value; raises the error where there is one."""
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]  # None is a legitimate T of work that returns nothing


class Network:
    """The routers of a Fleet. Sessions open when first needed and stay open until `close`.

    Use as a context manager.
    """

    def __init__(self, fleet: Fleet, access: Access) -> None:
        # A traceback in Nornir's log could quote a candidate config; errors reach people through `Answer` alone.
        logging.getLogger("nornir").disabled = True
        ConnectionPluginRegister.register(CONNECTION_NAME, Napalm)
        optional_args: dict[str, object] = {}
        if access.lock_owner is not None:
            optional_args |= {"lock_owner": access.lock_owner, "lock_lifetime": access.lock_lifetime_seconds}
        inventory = FleetInventory(
            fleet=fleet,
            username=access.username,
            ssh_config_file=None if access.ssh_config is None else str(access.ssh_config),
            optional_args=optional_args,
        ).load()
        self._nornir = Nornir(
            inventory=inventory, runner=ThreadedRunner(num_workers=access.workers), config=Config(), data=GlobalState()
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def run(
        self, devices: Sequence[str], work: Callable[[NetworkDriver, str], T], name: str
    ) -> Mapping[str, Answer[T]]:
        """Do `work(driver, device)` on every device at once; one device's failure is its own.

        Args:
            devices: Host names, in the order of the answers.
            work: What to do on one device, on a thread of its own.
            name: What it is called in Nornir's processors.

        Returns:
            One Answer per device.
        """
        if not devices:
            return {}

        def task(task: Task) -> Result:
            return Result(host=task.host, result=attempt(task, work))

        wanted = frozenset(devices)
        chosen = self._nornir.filter(filter_func=lambda host: host.name in wanted)
        results = chosen.run(task=task, name=name)
        self._nornir.data.reset_failed_hosts()
        return {device: results[device][0].result for device in devices}

    def each(
        self,
        devices: Sequence[str],
        given: Callable[[str], G],
        work: Callable[[NetworkDriver, G], T],
        name: str,
        pace: Pace,
        device_seconds: float,
    ) -> Iterator[Answer[T]]:
        """Do `work(driver, given(device))` on every device in a session that is closed afterwards; answers come as they are ready.

        Args:
            devices: Host names.
            given: What the work is told of a device; asked when the device's turn comes.
            work: What to do on one device, on a thread of its own.
            name: What it is called in Nornir's processors.
            pace: How fast.
            device_seconds: After which a device counts as out of reach, whatever it may still say.

        Yields:
            One Answer per device that was begun. Who does not take them soon holds the work up: nothing piles up.
        """
        answers: queue.Queue[Answer[T] | None] = queue.Queue(maxsize=_MOST_ANSWERS_WAITING)
        began: dict[str, float] = {}
        is_over = threading.Event()

        def task(task: Task) -> Result:
            device = task.host.name
            began[device] = time.monotonic()
            answer = attempt(task, lambda driver, name: work(driver, given(name)))
            is_late = began.pop(device, None) is None
            drop(task.host)
            offer(Answer(device, error=too_slow(device, device_seconds)) if is_late else answer)
            return Result(host=task.host)

        def offer(answer: Answer[T] | None) -> None:
            while not is_over.is_set():
                with contextlib.suppress(queue.Full):
                    answers.put(answer, timeout=_WATCH_SECONDS)
                    return

        wanted = frozenset(devices)
        chosen = self._nornir.filter(filter_func=lambda host: host.name in wanted).with_runner(PacedRunner(pace))

        def run() -> None:
            try:
                chosen.run(task=task, name=name)
            finally:
                offer(None)

        def watch() -> None:
            while not is_over.wait(_WATCH_SECONDS):
                for device, since in list(began.items()):
                    if time.monotonic() - since > device_seconds and began.pop(device, None) is not None:
                        # Its thread waits for the router; without a connection it has nothing to wait for.
                        drop(self._nornir.inventory.hosts[device])

        threads = [threading.Thread(target=each, name=name, daemon=True) for each in (run, watch)]
        for thread in threads:
            thread.start()
        try:
            while (answer := answers.get()) is not None:
                yield answer
        finally:
            is_over.set()

    def log_in_anew(self, devices: Sequence[str]) -> Mapping[str, Answer[None]]:
        """See whether these devices still let anybody in: a session beside the standing one, which is kept.

        A change that shuts new logins out leaves the session that made it alive, since that is established traffic.
        """
        hosts = {device: self._nornir.inventory.hosts[device] for device in devices}
        standing = {device: host.connections.pop(CONNECTION_NAME, None) for device, host in hosts.items()}
        try:
            return self.run(devices, lambda _driver, _device: None, "log in anew")
        finally:
            for device, host in hosts.items():
                drop(host)
                if (connection := standing[device]) is not None:
                    host.connections[CONNECTION_NAME] = connection

    def part_with(self, devices: Sequence[str]) -> None:
        """Close the sessions of these devices: a run over a whole fleet does not keep thousands open."""
        for device in devices:
            drop(self._nornir.inventory.hosts[device])

    def close(self) -> None:
        """Close every session; a session that cannot be closed any more is dropped."""
        for host in self._nornir.inventory.hosts.values():
            drop(host)


def attempt(task: Task, work: Callable[[NetworkDriver, str], T]) -> Answer[T]:
    """Do the work on the device of a task; whatever goes wrong is its answer."""
    device = task.host.name
    keep_from_children()
    try:
        driver: NetworkDriver = task.host.get_connection(CONNECTION_NAME, task.nornir.config)
        return Answer(device, value=work(driver, device))
    except errors.DeviceError as error:
        return Answer(device, error=error)
    except errors.ProvisionerError as error:
        where = error.where or device
        return Answer(
            device, error=errors.DeviceError(error.what, where=where, remedy=error.remedy, number=error.number)
        )
    except Exception as error:  # noqa: BLE001 - a foreign library's fault on one device must not end the others' work
        ours = translate(error, device)
        if isinstance(ours, errors.UnreachableError):
            # A dead session must not stand in the way of the next step, which may be the rollback.
            drop(task.host)
        return Answer(device, error=ours)


def too_slow(device: str, seconds: float) -> errors.UnreachableError:
    """The error of a device that took longer than it may."""
    return errors.UnreachableError(
        f"it has not told everything in {seconds:g} s",
        where=device,
        remedy="look at its load and its line; --device-timeout gives it longer",
        number="PV5103",
    )


def drop(host: Host) -> None:
    """Close the session of a device, should it have one; one that cannot be closed any more is forgotten."""
    connection = host.connections.pop(CONNECTION_NAME, None)
    if connection is not None:
        with contextlib.suppress(napalm_errors.NapalmException, OSError, EOFError):
            connection.close()


def translate(error: Exception, device: str) -> errors.DeviceError:
    """A foreign exception as one of ours: what happened on which device, and what a person can do."""
    what = _one_line(error)
    if isinstance(error, napalm_errors.NapalmException):
        for words, ours, remedy, number in _SAID:
            if words in what:
                return ours(what, where=device, remedy=remedy, number=number)
    for foreign, ours, remedy in _TRANSLATIONS:
        if isinstance(error, foreign):
            return ours(what, where=device, remedy=remedy)
    return errors.DeviceError(f"unexpected {type(error).__name__}: {what}", where=device, number="PV5900")


def _one_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "; ".join(lines)[:500] or type(error).__name__
