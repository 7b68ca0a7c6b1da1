"""A Nornir runner that spreads a task over machines: Dask hands out hosts, and gives those of a worker that died to another.

For tasks that only read, since a host whose worker died is asked again from the beginning. Needs `provisioner[dask]`, on the workers too.
"""

from __future__ import annotations

import contextlib
import logging
import pickle
import queue
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from distributed import Client, Future, KilledWorker
from nornir.core import Nornir
from nornir.core.configuration import Config
from nornir.core.inventory import ConnectionOptions, Defaults, Group, Groups, Host, Hosts, Inventory, ParentGroups
from nornir.core.processor import Processors
from nornir.core.state import GlobalState
from nornir.core.task import AggregatedResult, MultiResult, Result, Task

from provisioner.network.pacing import Pace, Waiting

WAITING_PER_THREAD = 4
"""Hosts that are given out beyond those at work: enough that no worker waits for us, few enough that nothing piles up."""

PATIENCE_SECONDS = 60.0
"""How long there may be no worker at all: a nanny starts a dead one again in a few seconds."""

_LOOK_SECONDS = 1.0


class DaskError(Exception):
    """Why a host has no result of its own: its workers died, or there were none, or its result cannot be sent."""


class DaskRunner:
    """Runs a task on Dask workers, each host on one. A Nornir runner plugin, registered as `DaskRunner`.

    The task, its parameters and what it returns are pickled; a task that is defined in a script goes as it is. Connections are opened and
    closed on the worker. Processors are told of each host here; subtasks are not told of. Between here, the scheduler and the
    workers go logins and configs, so outside one machine the scheduler's address begins with `tls://`.

    Args:
        scheduler: Its address, or a client that is connected.
        security: For an address: `distributed.Security`, with the certificates of TLS.
        pace: Limits of what is given out; how many at once is a matter of the workers. A host that was not given out is missing in the
            result.
        patience_seconds: How long there may be no worker at all before what is left fails.
    """

    def __init__(
        self,
        scheduler: str | Client,
        *,
        security: Any = None,  # noqa: ANN401 - distributed's own, handed through
        pace: Pace | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._scheduler = scheduler
        self._security = security
        self._pace = pace or Pace()
        self._patience = patience_seconds

    def run(self, task: Task, hosts: Sequence[Host]) -> AggregatedResult:
        """See Nornir's `RunnerPlugin`. A host always has a result, also where it kills workers again and again."""
        result = AggregatedResult(task.name)
        by_name = {host.name: host for host in hosts}
        with self._client() as client:
            lost: list[str] = []
            for name, told in self._told(client, task, by_name, _window(client, self._pace)):
                if isinstance(told, Exception) and not isinstance(told, DaskError):
                    lost.append(name)
                else:
                    result[name] = _completed(task, by_name[name], told)
            # Who dies with a worker is not always who killed it: alone, the innocent are told from the guilty.
            for name in lost:
                for _, told in self._told(client, task, {name: by_name[name]}, 1):
                    result[name] = _completed(task, by_name[name], told)
        return result

    @contextlib.contextmanager
    def _client(self) -> Iterator[Client]:
        if isinstance(self._scheduler, Client):
            yield self._scheduler
            return
        with Client(self._scheduler, security=self._security, set_as_default=False) as client:
            yield client

    def _told(self, client: Client, task: Task, hosts: dict[str, Host], window: int) -> Iterator[tuple[str, _Told]]:
        """What came of each host, as it comes."""
        # Sent with every host, since what is scattered is lost with the workers that hold it.
        work = _Work(task.task, task.params, task.name, task.is_dry_run())
        waiting = Waiting(self._pace, list(hosts.values()))
        under_way: dict[Future, str] = {}
        done: queue.SimpleQueue[Future] = queue.SimpleQueue()
        alone_since: float | None = None
        while waiting or under_way:
            while waiting and len(under_way) < window:
                host = waiting.take()
                if host is None:
                    break
                if not waiting.may_begin():
                    waiting.drop()
                    break
                task.processors.task_instance_started(_seen(task, host), host)
                future = client.submit(
                    _ask, work, _Card.of(host), key=f"{task.name}-{host.name}-{uuid4().hex}", pure=False
                )
                under_way[future] = host.name
                future.add_done_callback(done.put)
            with contextlib.suppress(queue.Empty):
                future = done.get(timeout=_LOOK_SECONDS)
                name = under_way.pop(future)
                waiting.done(hosts[name])
                yield name, _outcome(future)
                future.release()
            alone_since = None if client.ncores() else alone_since or time.monotonic()
            if alone_since is not None and time.monotonic() - alone_since > self._patience:
                error = DaskError(f"no Dask worker for {self._patience:g} s")
                left = [*under_way.values(), *(host.name for host in waiting.drop())]
                client.cancel(list(under_way))
                yield from ((name, error) for name in left)
                return


@dataclass(frozen=True, slots=True)
class _Work:
    """What is done on every host."""

    function: Callable[..., Any]
    parameters: dict[str, Any]
    name: str
    dry_run: bool


@dataclass(frozen=True, slots=True)
class _Card:
    """A host with all that it has from its groups; without its connections, which belong to one process."""

    name: str
    hostname: str | None
    port: int | None
    username: str | None
    password: str | None
    platform: str | None
    groups: tuple[str, ...]
    data: dict[str, Any]
    connection_options: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, host: Host) -> _Card:
        inherited = [host, *host.extended_groups()]
        names = {*host.defaults.connection_options, *(name for each in inherited for name in each.connection_options)}
        return cls(
            host.name,
            host.hostname,
            host.port,
            host.username,
            host.password,
            host.platform,
            tuple(group.name for group in host.extended_groups()),
            dict(host.items()),
            {name: host.get_connection_parameters(name).dict() for name in names},
        )

    def host(self) -> Host:
        """The host again, in another process."""
        return Host(
            name=self.name,
            hostname=self.hostname,
            port=self.port,
            username=self.username,
            password=self.password,
            platform=self.platform,
            groups=ParentGroups([Group(name=name) for name in self.groups]),
            data=self.data,
            connection_options={name: ConnectionOptions(**values) for name, values in self.connection_options.items()},
            defaults=Defaults(),
        )


@dataclass(frozen=True, slots=True)
class _Piece:
    """A Nornir Result without its host, which the other side has."""

    name: str | None
    result: Any
    changed: bool
    diff: str
    failed: bool
    exception: BaseException | None
    severity_level: int


def _failed(name: str | None, error: Exception) -> _Piece:
    return _Piece(name, str(error), changed=False, diff="", failed=True, exception=error, severity_level=logging.ERROR)


_Told = tuple[_Piece, ...] | Exception


# --- on a worker ----------------------------------------------------------------------------------------------------------


def _ask(work: _Work, card: _Card) -> tuple[_Piece, ...]:
    """Run the task on one host, and leave nothing open."""
    host = card.host()
    # A traceback in Nornir's log could quote a config; errors travel in the result alone.
    logging.getLogger("nornir").disabled = True
    nornir = Nornir(
        inventory=Inventory(hosts=Hosts({host.name: host}), groups=Groups(), defaults=host.defaults),
        config=Config(),
        data=GlobalState(dry_run=work.dry_run),
        processors=Processors(),
    )
    task = Task(work.function, nornir, work.dry_run, Processors(), work.name, **work.parameters)
    try:
        results = task.start(host)
    finally:
        with contextlib.suppress(Exception):
            host.close_connections()
    return tuple(_piece(result) for result in results)


def _piece(result: Result) -> _Piece:
    piece = _Piece(
        result.name, result.result, result.changed, result.diff, result.failed, result.exception, result.severity_level
    )
    try:
        pickle.loads(pickle.dumps(piece))  # noqa: S301 - our own, a moment ago
    except Exception as error:  # noqa: BLE001 - whatever keeps it from being sent
        trouble = result.exception or error
        told = DaskError(f"{type(trouble).__name__}: {trouble}")
        return _failed(result.name, told)
    return piece


# --- here -----------------------------------------------------------------------------------------------------------------


def _window(client: Client, pace: Pace) -> int:
    threads: Mapping[str, int] = client.ncores()
    # What waits at a worker is begun when that has time: to keep a rate of logins, nothing may wait there.
    waiting = 0 if pace.logins_a_second else WAITING_PER_THREAD
    return max(1, sum(threads.values())) * (1 + waiting)


def _outcome(future: Future) -> _Told:
    try:
        told: tuple[_Piece, ...] = future.result()
    except Exception as error:  # noqa: BLE001 - a worker's fault is one host's result
        return error
    return told


def _seen(task: Task, host: Host) -> Task:
    copied = task.copy()
    copied.host = host
    return copied


def _completed(task: Task, host: Host, told: _Told) -> MultiResult:
    """The result of a host, as Nornir has it; processors hear of it."""
    if isinstance(told, Exception):
        error = (
            DaskError(f"it killed {told.allowed_failures + 1} Dask workers") if isinstance(told, KilledWorker) else told
        )
        told = (_failed(task.name, error),)
    results = MultiResult(task.name)
    for piece in told:
        result = Result(
            host, piece.result, piece.changed, piece.diff, piece.failed, piece.exception, piece.severity_level
        )
        vars(result)["name"] = piece.name
        results.append(result)
    task.processors.task_instance_completed(_seen(task, host), host, results)
    return results
