"""What a command in a container says arrives whole, however the daemon's packets fall."""

from __future__ import annotations

import json
import socketserver
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import LabError
from provisioner.lab.engine import Engine, Executed

STATUS = 7


def frame(stream: int, text: bytes) -> bytes:
    return struct.pack(">BxxxL", stream, len(text)) + text


class Daemon(BaseHTTPRequestHandler):
    """As much of a Docker daemon as one command needs; the head of its answer and all output leave in one piece."""

    protocol_version = "HTTP/1.1"
    output = b"".join((frame(1, b"one "), frame(2, b"said aside"), frame(1, b""), frame(1, b"two\n")))

    def _json(self, value: Any, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_HEAD(self) -> None:
        self._json("OK")

    def do_GET(self) -> None:
        self._json({"ApiVersion": "1.41", "ExitCode": STATUS})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "gone" in self.path:
            self._json({"message": "container is not running"}, 409)
        elif not self.path.endswith("/start"):
            self._json({"Id": "gone" if "stopped" in self.path else "1"})
        else:
            self._output()

    def _output(self) -> None:
        said = "101 UPGRADED" if self.headers.get("Upgrade") else "200 OK"
        head = f"HTTP/1.1 {said}\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"
        self.wfile.write(head.encode() + self.output)
        self.close_connection = True

    def address_string(self) -> str:
        return "a test"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Listener(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    path = tmp_path / "docker.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    with Listener(str(path), Daemon) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        found = Engine()
        yield found
        found.close()
        listener.shutdown()


def test_output_that_comes_together_with_the_answers_head_is_not_lost(engine: Engine) -> None:
    assert engine.execute("router", ["true"]) == Executed(STATUS, "one two\n", "said aside")


def test_a_command_that_cannot_be_started_is_one_line(engine: Engine) -> None:
    with pytest.raises(LabError, match=r"^stopped: cannot run a command: container is not running"):
        engine.execute("stopped", ["true"])
