"""The Docker daemon, as the lab needs it: a handful of typed calls. Nothing here knows what a router is."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import docker
import docker.errors
import requests.exceptions

from provisioner.errors import LabError

LAB_LABEL: Final = "provision.lab"
NODE_LABEL: Final = "provision.node"
CAPABILITIES: Final = ("NET_ADMIN", "NET_RAW", "SYS_ADMIN")
"""NET_ADMIN and NET_RAW for a router's work; SYS_ADMIN for FRR's sockets, namespaces of hosts, eBPF."""
_REQUEST_SECONDS: Final = 120
_FRAME: Final = struct.Struct(">BxxxL")
_STDOUT: Final = 1
_STDERR: Final = 2


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """A container to be made.

    Attributes:
        name: Its name with Docker.
        lab: The lab that it belongs to.
        node: Its name in the lab, and its host name.
        image: Built by `provisioner.lab.image`.
        environment: Read by the image's `boot`.
        command: In the place of the image's entry point, where given.
        sees_host_processes: Shares the host's process ids, so that it can hand an interface to another container.
    """

    name: str
    lab: str
    node: str
    image: str
    environment: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    sees_host_processes: bool = False


@dataclass(frozen=True, slots=True)
class ContainerState:
    """A container as Docker sees it: `pid` is 0 unless it runs."""

    name: str
    node: str
    status: str
    pid: int

    @property
    def is_running(self) -> bool:
        """Whether its processes run."""
        return self.status == "running"


@dataclass(frozen=True, slots=True)
class Executed:
    """What a command in a container gave."""

    status: int
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        """Whether it ended with status 0."""
        return self.status == 0


@contextmanager
def _translated(what: str, where: str = "") -> Iterator[None]:
    try:
        yield
    except docker.errors.APIError as error:
        raise LabError(f"{what}: {error.explanation or error}", where=where, number="PV8001") from error
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        raise LabError(
            f"{what}: the Docker daemon does not answer ({_reason(error)})",
            remedy="start it (bin/demo does, as root), or join the group docker: usermod -aG docker $USER",
            number="PV8000",
        ) from error


def _reason(error: BaseException) -> str:
    text = str(error)
    if "Permission denied" in text:
        return "permission denied"
    if "No such file" in text:
        return "no socket"
    return type(error).__name__


class Engine:
    """A connection to the Docker daemon that `DOCKER_HOST` names, or the local one; threads may share it."""

    def __init__(self) -> None:
        with _translated("no lab without Docker"):
            self._client: Any = docker.from_env(timeout=_REQUEST_SECONDS, max_pool_size=32)
            self._client.ping()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    # --- images

    def has_image(self, name: str) -> bool:
        """Whether the daemon holds this image."""
        with _translated("cannot look for an image", name):
            try:
                self._client.images.get(name)
            except docker.errors.ImageNotFound:
                return False
        return True

    def pull(self, name: str, *, timeout_seconds: int) -> bool:
        """Pull an image; False where that fails or takes longer."""
        try:
            done = subprocess.run(
                ["docker", "pull", "--quiet", name], check=False, capture_output=True, timeout=timeout_seconds
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0

    def build(self, directory: Path, name: str, arguments: Mapping[str, str]) -> None:
        """Build an image on the host's network. Raises LabError with the build's last lines."""
        lines: list[str] = []
        with _translated("the image cannot be built", name):
            stream = self._client.api.build(
                path=str(directory),
                tag=name,
                buildargs=dict(arguments),
                network_mode="host",
                rm=True,
                forcerm=True,
                decode=True,
            )
            for message in stream:
                lines.extend(str(message.get("stream", "")).splitlines())
                if "error" in message:
                    tail = " | ".join(line.strip() for line in lines[-5:] if line.strip())
                    raise LabError(
                        f"the image cannot be built: {message['error']}; {tail}", where=name, number="PV8012"
                    )

    # --- containers

    def containers(self, lab: str) -> tuple[ContainerState, ...]:
        """Every container of a lab, running or not, by node name."""
        with _translated("cannot list containers"):
            found = self._client.api.containers(all=True, filters={"label": f"{LAB_LABEL}={lab}"})
            states = [self._state(entry["Id"]) for entry in found]
        return tuple(sorted((state for state in states if state is not None), key=lambda state: state.node))

    def labs(self) -> tuple[str, ...]:
        """The names of all labs of which a container is left."""
        with _translated("cannot list containers"):
            found = self._client.api.containers(all=True, filters={"label": LAB_LABEL})
        return tuple(sorted({str(entry["Labels"][LAB_LABEL]) for entry in found}))

    def state(self, name: str) -> ContainerState | None:
        """One container, or None where there is none of that name."""
        with _translated("cannot inspect a container", name):
            return self._state(name)

    def _state(self, name: str) -> ContainerState | None:
        try:
            details = self._client.api.inspect_container(name)
        except docker.errors.NotFound:
            return None
        return ContainerState(
            name=details["Name"].removeprefix("/"),
            node=details["Config"]["Labels"].get(NODE_LABEL, ""),
            status=details["State"]["Status"],
            pid=int(details["State"]["Pid"]),
        )

    def create(self, spec: ContainerSpec) -> None:
        """Make a container without network and without starting it."""
        with _translated("cannot make a container", spec.name):
            host_config = self._client.api.create_host_config(
                network_mode="none",
                cap_add=list(CAPABILITIES),
                # Docker's AppArmor profile refuses every mount: network namespaces and a writable /sys need it.
                security_opt=["apparmor=unconfined"],
                pid_mode="host" if spec.sees_host_processes else None,
                tmpfs={"/run": "mode=755"},  # what a reboot forgets
            )
            self._client.api.create_container(
                spec.image,
                name=spec.name,
                hostname=spec.node,
                labels={LAB_LABEL: spec.lab, NODE_LABEL: spec.node},
                environment=dict(spec.environment),
                entrypoint=list(spec.command) or None,
                host_config=host_config,
            )

    def put_archive(self, name: str, archive: bytes) -> None:
        """Unpack a tar archive at the container's root."""
        with _translated("cannot copy files", name):
            self._client.api.put_archive(name, "/", archive)

    def start(self, name: str) -> None:
        """Start a container."""
        with _translated("cannot start a container", name):
            self._client.api.start(name)

    def restart(self, name: str) -> None:
        """Kill a container and start it again, as pulling the plug does: nothing is shut down in order."""
        with _translated("cannot restart a container", name):
            self._client.api.restart(name, timeout=0)

    def remove(self, name: str) -> None:
        """Kill and remove a container; one that is gone already is fine."""
        with _translated("cannot remove a container", name):
            try:
                self._client.api.remove_container(name, force=True, v=True)
            except docker.errors.NotFound:
                return
            except docker.errors.APIError as error:
                if "already in progress" not in str(error):
                    raise

    def logs(self, name: str) -> str:
        """What a container's first process wrote."""
        with _translated("cannot read the log", name):
            text: bytes = self._client.api.logs(name)
        return text.decode(errors="replace")

    def execute(self, name: str, command: Sequence[str]) -> Executed:
        """Run a command in a container as root and wait for its end."""
        with _translated("cannot run a command", name):
            handle = self._client.api.exec_create(name, list(command))["Id"]
            api = self._client.api
            # Not `exec_start`: it asks for an upgraded connection and reads that below the buffer into which the answer's head was read,
            # so that what came together with the head is lost.
            with api.post(f"{api.base_url}/v{api.api_version}/exec/{handle}/start", json={}, stream=True) as answer:
                try:
                    answer.raise_for_status()
                except requests.exceptions.HTTPError as error:
                    docker.errors.create_api_error_from_http_exception(error)
                stdout, stderr = _streams(answer.content)
            status = api.exec_inspect(handle)["ExitCode"]
        return Executed(int(status), stdout.decode(errors="replace"), stderr.decode(errors="replace"))

    def launch(self, name: str, command: Sequence[str]) -> None:
        """Run a command in a container as root without waiting for it."""
        with _translated("cannot run a command", name):
            handle = self._client.api.exec_create(name, list(command), stdout=False, stderr=False)["Id"]
            self._client.api.exec_start(handle, detach=True)


def _streams(output: bytes) -> tuple[bytes, bytes]:
    """Standard output and error, out of the frames in which the daemon sends them.

    Source: Docker Engine API v1.41, "Attach to a container", stream format: a byte for the stream, three of zero, four for the size.
    """
    found: dict[int, list[bytes]] = {_STDOUT: [], _STDERR: []}
    position = 0
    while position < len(output):
        stream, size = _FRAME.unpack_from(output, position)
        position += _FRAME.size
        found[stream].append(output[position : position + size])
        position += size
    return b"".join(found[_STDOUT]), b"".join(found[_STDERR])
