"""What an audit is held against: clients that fetch the same texts from every router and compare them, and do nothing else.

    python -m simulated.clients DIR netmiko-shell|netmiko-exec|asyncssh|ssh2 --workers 40 [--devices 1000]

They check no host key, keep no journal and judge nothing but whether the config is the text that was expected.
"""

# ruff: noqa: PLC0415 - a client imports what it needs and nothing else
from __future__ import annotations

import argparse
import asyncio
import json
import re
import socket
import sqlite3
import zlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from simulated.behaviour import LOOK, PING, REQUEST
from simulated.simulation import Simulation

CONFIG = (
    "ip -j -d addr show",
    "nft -s list ruleset",
    'vtysh -c "show running-config no-header"',
    "cat /etc/network/interfaces",
    "cat /etc/nftables.conf",
    "cat /etc/frr/frr.conf",
)
_PING = re.compile(PING.format(source="(.*)", destination="(.*)", size="(.*)"))
_MARK = "#: napalm-frr"
CONNECT_SECONDS, ANSWER_SECONDS = 20.0, 60.0


@dataclass(frozen=True)
class Router:
    """A router, every command that an audit runs on it, and what its config should be."""

    address: str
    key: str
    commands: tuple[str, ...]
    expected: dict[str, str]

    def judged(self, found: dict[str, str]) -> str:
        same = all(found[command].strip() == self.expected[command].strip() for command in CONFIG)
        return "same" if same else "different"


def routers(simulation: Simulation, devices: int | None) -> list[tuple[str, bytes]]:
    with sqlite3.connect(f"file:{simulation.routers}?mode=ro", uri=True) as database:
        rows = database.execute(
            "SELECT address, answers FROM router WHERE name LIKE 'er-%' ORDER BY name LIMIT ?", (devices or -1,)
        )
        return list(rows)


def unpacked(simulation: Simulation, row: tuple[str, bytes]) -> Router:
    address, packed = row
    said: dict[str, str] = json.loads(zlib.decompress(packed))
    commands = [command for command in said if command not in {LOOK, REQUEST}]
    return Router(
        address, str(simulation.client_key), (*commands, "python3 look"), {command: said[command] for command in CONFIG}
    )


def script(router: Router) -> str:
    """All of it in one go, as the driver asks."""
    return "".join(f"{command}; printf '\\n{_MARK} %d\\n' $?\n" for command in router.commands)


def parted(router: Router, output: str) -> dict[str, str]:
    parts = re.split(rf"\n{_MARK} \d+\n", output)
    return dict(zip(router.commands, parts, strict=False))


# --- netmiko --------------------------------------------------------------------------------------------------------------


def netmiko_shell(router: Router) -> str:
    """As a script would: `send_command` for each."""
    import netmiko

    with netmiko.ConnectHandler(**_arguments(router)) as connection:
        found = {
            command: str(connection.send_command(command, read_timeout=ANSWER_SECONDS)) for command in router.commands
        }
    return router.judged(found)


def netmiko_exec(router: Router) -> str:
    """netmiko logs in, and one exec channel of its transport gives everything."""
    import netmiko

    with netmiko.ConnectHandler(**_arguments(router)) as connection:
        channel = connection.remote_conn_pre.get_transport().open_session(timeout=ANSWER_SECONDS)
        channel.settimeout(ANSWER_SECONDS)
        channel.exec_command("sudo -n -- sh -s")
        channel.sendall(script(router).encode())
        channel.shutdown_write()
        output = b"".join(iter(partial(channel.recv, 65536), b""))
    return router.judged(parted(router, output.decode()))


def _arguments(router: Router) -> dict[str, object]:
    return {
        "device_type": "linux",
        "host": router.address,
        "username": "provision",
        "use_keys": True,
        "key_file": router.key,
        "allow_agent": False,
        "conn_timeout": CONNECT_SECONDS,
        "banner_timeout": CONNECT_SECONDS,
        "auth_timeout": CONNECT_SECONDS,
        "read_timeout_override": ANSWER_SECONDS,
    }


# --- other transports -------------------------------------------------------------------------------------------------------


def paramiko_exec(router: Router) -> str:
    """paramiko without netmiko: no terminal, no shell, no prompt."""
    import paramiko

    with paramiko.SSHClient() as client:
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())  # a benchmark against itself
        client.connect(
            router.address,
            username="provision",
            key_filename=router.key,
            allow_agent=False,
            look_for_keys=False,
            timeout=CONNECT_SECONDS,
        )
        stdin, stdout, _ = client.exec_command("sudo -n -- sh -s", timeout=ANSWER_SECONDS)
        stdin.write(script(router))
        stdin.channel.shutdown_write()
        return router.judged(parted(router, stdout.read().decode()))


def ssh2_exec(router: Router) -> str:
    """libssh2."""
    from ssh2.session import Session

    with socket.create_connection((router.address, 22), timeout=CONNECT_SECONDS) as sock:
        sock.settimeout(ANSWER_SECONDS)
        session = Session()
        session.handshake(sock)
        session.userauth_publickey_fromfile("provision", router.key)
        channel = session.open_session()
        channel.execute("sudo -n -- sh -s")
        channel.write(script(router))
        channel.send_eof()
        chunks = []
        while True:
            size, chunk = channel.read(65536)
            if size <= 0:
                break
            chunks.append(chunk)
        channel.close()
    return router.judged(parted(router, b"".join(chunks).decode()))


def openssh_exec(router: Router) -> str:
    """The ssh of the system, a process for each router."""
    import subprocess

    words = [
        "ssh",
        "-F",
        "/dev/null",
        "-i",
        router.key,
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
    ]
    words += ["-o", "BatchMode=yes", "-o", "LogLevel=ERROR", f"provision@{router.address}", "sudo -n -- sh -s"]
    done = subprocess.run(
        words, input=script(router), capture_output=True, text=True, timeout=ANSWER_SECONDS, check=True
    )
    return router.judged(parted(router, done.stdout))


async def asyncssh_exec(router: Router) -> str:
    """asyncssh, one thread."""
    import asyncssh

    async with asyncssh.connect(
        router.address,
        username="provision",
        client_keys=[router.key],
        known_hosts=None,
        config=None,
        agent_path=None,
        connect_timeout=CONNECT_SECONDS,
    ) as connection:
        done = await connection.run("sudo -n -- sh -s", input=script(router))
    return router.judged(parted(router, str(done.stdout)))


# --- all of them --------------------------------------------------------------------------------------------------------------

CLIENTS: dict[str, Callable[[Router], str]] = {
    "netmiko-shell": netmiko_shell,
    "netmiko-exec": netmiko_exec,
    "paramiko": paramiko_exec,
    "ssh2": ssh2_exec,
    "openssh": openssh_exec,
}


def _outcome(simulation: Simulation, client: Callable[[Router], str], row: tuple[str, bytes]) -> str:
    try:
        return client(unpacked(simulation, row))
    except Exception as error:  # noqa: BLE001 - a router out of reach is one of the results
        return type(error).__name__


def with_threads(
    simulation: Simulation, client: Callable[[Router], str], rows: list[tuple[str, bytes]], workers: int
) -> Counter[str]:
    with ThreadPoolExecutor(workers) as pool:
        return Counter(pool.map(partial(_outcome, simulation, client), rows))


async def with_tasks(simulation: Simulation, rows: list[tuple[str, bytes]], workers: int) -> Counter[str]:
    slots = asyncio.Semaphore(workers)

    async def one(row: tuple[str, bytes]) -> str:
        async with slots:
            try:
                return await asyncssh_exec(unpacked(simulation, row))
            except Exception as error:  # noqa: BLE001 - as above
                return type(error).__name__

    return Counter(await asyncio.gather(*map(one, rows)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("client", choices=[*CLIENTS, "asyncssh"])
    parser.add_argument("--workers", type=int, default=40)
    parser.add_argument("--devices", type=int)
    arguments = parser.parse_args()
    simulation = Simulation(arguments.directory)
    rows = routers(simulation, arguments.devices)
    if arguments.client == "asyncssh":
        found = asyncio.run(with_tasks(simulation, rows, arguments.workers))
    else:
        found = with_threads(simulation, CLIENTS[arguments.client], rows, arguments.workers)
    print(json.dumps({"devices": len(rows), "results": found}))


if __name__ == "__main__":
    main()
