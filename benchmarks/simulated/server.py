"""SSH servers that are a fleet: every address of the machine's loopback network is another router.

    python -m simulated.server FLEET.sqlite --port 22 --host-key FILE --client-key FILE.pub

Which router a connection is for, its own end's address says. Several of these share one port; the kernel spreads connections.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import sqlite3
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import asyncssh

from simulated.behaviour import LOOK, PING, REQUEST, Behaviour

QUICKEST, SLOWEST = 0.005, 0.050
"""Seconds that a router takes over a request: the way there and back, and the work."""
SLOW_SECONDS = 20.0
"""What a slow router takes over its first request."""
NO_HISTORY = "export VTYSH_HISTFILE=/dev/null\n"
"""What the driver's scripts begin with."""
_ASKED = re.compile(r"(.*?); printf '\\n(#: napalm-frr) %d\\n' \$\?\n", re.DOTALL)


class Routers:
    """The routers in a file; an answer is unpacked when somebody asks."""

    def __init__(self, path: Path) -> None:
        self._rows = sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    def behaviour(self, address: str) -> Behaviour | None:
        row = self._rows.execute("SELECT behaviour FROM router WHERE address = ?", (address,)).fetchone()
        return Behaviour(row[0]) if row else None

    def answers(self, address: str) -> dict[str, str]:
        (packed,) = self._rows.execute("SELECT answers FROM router WHERE address = ?", (address,)).fetchone()
        said: dict[str, str] = json.loads(zlib.decompress(packed))
        return said


class Router(asyncssh.SSHServer):
    """One connection to one router."""

    def __init__(self, routers: Routers) -> None:
        self._routers = routers
        self._address = ""
        self._behaviour: Behaviour | None = None
        self.pause = 0.0
        self.first = 0.0
        self.said: dict[str, str] | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._address = conn.get_extra_info("sockname")[0]
        conn.set_extra_info(router=self)
        self._behaviour = self._routers.behaviour(self._address)
        self.pause = random.Random(self._address).uniform(QUICKEST, SLOWEST)
        self.first = SLOW_SECONDS if self._behaviour is Behaviour.SLOW else 0.0

    async def begin_auth(self, username: str) -> bool:
        del username
        await asyncio.sleep(self.pause)
        if self._behaviour in (None, Behaviour.REFUSES):
            raise asyncssh.PermissionDenied("Permission denied (publickey).")
        return True

    async def shell(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        """A shell on a terminal, which says again what is typed; until its end."""
        prompt = f"provision@{self._address}:~$ "
        process.stdout.write(prompt.encode())
        async for typed in process.stdin:
            line = typed.decode().strip()
            output = self._known(line.removeprefix("sudo -n ")) if line else ""
            if line:
                await self._think()
            text = (
                f"{line}\n{output or ''}{prompt}"
                if not output or output.endswith("\n")
                else f"{line}\n{output}\n{prompt}"
            )
            process.stdout.write(text.replace("\n", "\r\n").encode())

    async def _think(self) -> None:
        await asyncio.sleep(self.pause + self.first)
        self.first = 0.0

    def _known(self, command: str) -> str | None:
        if self.said is None:
            self.said = self._routers.answers(self._address)
        if command.startswith("python3 "):
            return _now(self.said[LOOK])
        known = self.said.get(command)
        if known is None:
            print(f"{self._address} was asked what is not recorded: {command[:100]!r}", file=sys.stderr, flush=True)
        return known

    async def answer(self, line: str, stdin: bytes) -> tuple[str, str, int]:
        """Standard output, standard error, exit status."""
        await self._think()
        line = line.removeprefix("sudo -n -- ")
        if line == "sh -s":
            return self._script(stdin.decode())
        if _ASKED.match(line):
            return self._script(line)
        if line.startswith("python3 "):
            return self._known(REQUEST) or "", "", 0
        if line.startswith("ping "):
            words = line.split()
            size, source, destination = (words[words.index(word) + 1] for word in ("-s", "-I", "--"))
            output = self._known(PING.format(source=source, destination=destination, size=size))
            return (output, "", 0) if output else ("", "connect: Network is unreachable\n", 2)
        return "", f"{line.split()[0]}: command not found\n", 127

    def _script(self, script: str) -> tuple[str, str, int]:
        output, errors = [], ""
        for command, mark in _ASKED.findall(script.removeprefix(NO_HISTORY)):
            known = self._known(command)
            errors += "" if known is not None else "sh: not recorded\n"
            output.append(f"{known or ''}\n{mark} {127 if known is None else 0}\n")
        return "".join(output), errors, 0


def _now(look: str) -> str:
    """What the program on a router says of itself, at this moment."""
    seen = json.loads(look)
    now = time.time()
    seen |= {"uptime": seen["uptime"] + now - seen["began"], "began": now, "ended": now}
    return json.dumps(seen, separators=(",", ":"))


async def handle(process: asyncssh.SSHServerProcess[bytes]) -> None:
    """A command, or the shell."""
    router: Router = process.get_extra_info("router")
    line = process.command
    try:
        if not line:
            await router.shell(process)
            process.exit(0)
            return
        # On a terminal nobody says that nothing more comes.
        stdin = await process.stdin.read() if process.term_type is None else b""
        output, errors, status = await router.answer(line, stdin)
        process.stdout.write(output.encode())
        process.stderr.write(errors.encode())
        process.exit(status)
    except (asyncssh.Error, OSError, asyncio.CancelledError):
        process.close()


async def serve(fleet: Path, port: int, host_key: Path, client_key: Path) -> None:
    """Listen until the end."""
    routers = Routers(fleet)
    options: dict[str, Any] = {
        "server_host_keys": [str(host_key)],
        "authorized_client_keys": str(client_key),
        "process_factory": handle,
        "encoding": None,
        "reuse_port": True,
        "backlog": 1024,
        "login_timeout": 120,
        "server_version": "OpenSSH_10.0p2",
        "compression_algs": None,
    }
    await asyncssh.listen("0.0.0.0", port, server_factory=lambda: Router(routers), **options)
    print("ready", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fleet", type=Path)
    parser.add_argument("--port", type=int, default=22)
    parser.add_argument("--host-key", type=Path, required=True)
    parser.add_argument("--client-key", type=Path, required=True)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.fleet, arguments.port, arguments.host_key, arguments.client_key))


if __name__ == "__main__":
    main()
