"""Programs that run in a node of the lab all the while and write lines: pings, captures, logs."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from provisioner.lab.handle import NodeHandle, eventually

_END: Final = "-- end of the answer --"
_START_SECONDS: Final = 10
"""How long a program may take to start on a busy machine."""


@dataclass
class Tap:
    """Lines that a program on a node writes all the while; `lines` gives those since the last `mark`.

    Attributes:
        node: Where it runs.
        path: Where it writes to, in the node; `.err` and `.pid` stand beside it.
        inside: What is put before the command, such as `nsenter` into a host.
    """

    node: NodeHandle
    path: str
    inside: Sequence[str] = ()
    _from: int = 0

    @contextmanager
    def running(self, command: Sequence[str], ready: str = "") -> Iterator[Tap]:
        """Run a program that writes them; wait until it has said `ready` on standard error."""
        program = shlex.join([*self.inside, *command])
        self.node.launch("sh", "-c", f"echo $$ >{self.path}.pid; exec {program} >{self.path} 2>{self.path}.err")
        try:
            eventually(
                lambda: self.node.exec("grep", "-sq", ready, f"{self.path}.err").ok if ready else self._is_there(),
                deadline_seconds=_START_SECONDS,
                what=f"{command[0]} on {self.node.name}",
            )
            yield self
        finally:
            self.stop()

    def stop(self) -> None:
        """End the program, and wait for its end."""
        wait = "while kill -INT $p 2>/dev/null; do sleep 0.05; done"
        self.node.exec("sh", "-c", f"p=$(cat {self.path}.pid) && {{ {wait}; }}; rm -f {self.path}.pid")

    def mark(self) -> None:
        """From here on."""
        self._from = int(self._ask(f"stat -c %s {self.path}")[0])

    def lines(self, pattern: str = ".") -> list[str]:
        """Those that match an extended regular expression."""
        return self._ask(f"tail -c +{self._from + 1} {self.path} | grep -E {shlex.quote(pattern)}")

    def last(self, number: int) -> list[str]:
        """The last so many lines."""
        return self._ask(f"tail -n {number} {self.path}")

    def _ask(self, command: str) -> list[str]:
        """The lines of an answer; an answer that Docker lost on the way is no empty one."""

        def answer() -> list[str] | None:
            said = self.node.exec("sh", "-c", f"{command}; echo {_END}").stdout.splitlines()
            return said if said[-1:] == [_END] else None

        return eventually(answer, deadline_seconds=_START_SECONDS, what=f"an answer of {self.node.name}")[:-1]

    def _is_there(self) -> bool:
        return self.node.exec("test", "-e", self.path).ok
