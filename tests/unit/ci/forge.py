"""A stand-in for a forge's REST interface, on the loopback interface: comments of one merge request, a few to a page."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TOKEN = "forge-token-9c1f"
PER_PAGE = 2
US, SOMEBODY = "github-actions[bot]", "somebody"
OUR_ID, OTHER_ID = 7, 8
HEAD = "c" * 40


@dataclass
class Forge:
    """What the forge has, and what it was asked.

    Attributes:
        root: URL of its interface.
        comments: Of the merge request 12, as the forge keeps them.
        asked: Method and path of every request.
        refusal: Status with which it refuses to write, 0 to accept.
        redirect: Where it sends everybody, empty for nowhere.
    """

    root: str = ""
    comments: list[dict[str, object]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    refusal: int = 0
    redirect: str = ""

    def say(self, body: str, author: str = SOMEBODY) -> None:
        identity = OUR_ID if author == US else OTHER_ID
        number = 100 + len(self.comments)
        self.comments.append({"id": number, "body": body, "user": {"login": author}, "author": {"id": identity}})

    @property
    def bodies(self) -> list[str]:
        return [str(comment["body"]) for comment in self.comments]


class _Handler(BaseHTTPRequestHandler):
    forge: Forge

    def log_message(self, *arguments: object) -> None:
        """Tests look at `asked`."""

    def do_GET(self) -> None:
        self._begin()
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if path == "/user":
            self._answer(200, {"id": OUR_ID})
        elif path == "/repos/school/net/pulls":
            known = query["head"] == ["school:change"]
            self._answer(200, [{"number": 12, "head": {"sha": HEAD}}] if known else [])
        elif re.fullmatch(r"/repos/school/net/issues/12/comments|/projects/school%2Fnet/merge_requests/12/notes", path):
            page = int(query.get("page", ["1"])[0])
            first = (page - 1) * PER_PAGE
            following = f'<{self.forge.root}{path}?page={page + 1}>; rel="next", <{self.forge.root}{path}>; rel="first"'
            more = first + PER_PAGE < len(self.forge.comments)
            self._answer(200, self.forge.comments[first : first + PER_PAGE], following if more else "")
        else:
            self._answer(404, {"message": "Not Found"})

    def do_POST(self) -> None:
        content = self._begin()
        if self.forge.refusal:
            self._answer(self.forge.refusal, {"message": "Resource not accessible\nby integration"})
        else:
            self.forge.say(content["body"], US)
            self._answer(201, self.forge.comments[-1])

    def do_PATCH(self) -> None:
        content = self._begin()
        if self.forge.refusal:
            self._answer(self.forge.refusal, {"message": "Resource not accessible\nby integration"})
            return
        number = int(self.path.rpartition("/")[2])
        changed = next(comment for comment in self.forge.comments if comment["id"] == number)
        changed["body"] = content["body"]
        self._answer(200, changed)

    do_PUT = do_PATCH  # noqa: N815 - the name is what the standard library looks for

    def _begin(self) -> dict[str, str]:
        self.forge.asked.append(f"{self.command} {urlsplit(self.path).path}")
        tokens = {self.headers.get("PRIVATE-TOKEN"), (self.headers.get("Authorization") or "").removeprefix("Bearer ")}
        assert TOKEN in tokens
        length = int(self.headers.get("Content-Length") or 0)
        content: dict[str, str] = json.loads(self.rfile.read(length)) if length else {}
        return content

    def _answer(self, status: int, content: object, following: str = "") -> None:
        data = json.dumps(content).encode()
        self.send_response(302 if self.forge.redirect else status)
        if self.forge.redirect:
            self.send_header("Location", self.forge.redirect)
        if following:
            self.send_header("Link", following)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def serving() -> Iterator[Forge]:
    """A forge that answers until the block ends."""
    forge = Forge()
    handler = type("Handler", (_Handler,), {"forge": forge})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    forge.root = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield forge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
