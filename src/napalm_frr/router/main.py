"""Entry point on the router: a request in JSON on standard input, the answer in JSON on standard output."""

from __future__ import annotations

import json
import os
import signal
import sys

from napalm_frr.router.commands import answer
from napalm_frr.router.revert import watch

_IN_MEMORY = "/dev/shm"  # noqa: S108 - where temporary directories go: a full disk must not stop the way back


def main(arguments: list[str]) -> None:
    """Run as the revert timer (`watch ID`), or answer the request on standard input."""
    # A session that is cut must not stop a commit halfway: it goes on to its end, or back.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    os.umask(0o077)
    if os.path.isdir(_IN_MEMORY):
        os.environ["TMPDIR"] = _IN_MEMORY
    if arguments[:1] == ["watch"]:
        watch(arguments[1])
        return
    reply = json.dumps(answer(json.loads(sys.stdin.buffer.read())))
    try:
        sys.stdout.write(reply)
        sys.stdout.flush()
    except OSError:
        os._exit(0)  # nobody listens any more; what was asked for is done
