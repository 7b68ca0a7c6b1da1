"""Puts a report into one comment of a merge request: written the first time, changed from then on.

The report is data from a job that ran other people's changes: it is read as text and never run. This script needs Python's standard
library alone, so that a job which holds a token that may write installs nothing.

    FORGE_TOKEN=… python3 ci/comment.py github --repository OWNER/NAME --branch OWNER:BRANCH --commit SHA REPORT
    FORGE_TOKEN=… python3 ci/comment.py gitlab --project ID --merge-request IID REPORT

Exit code: 0 written, or there is nothing to write to; 2 trouble, told in one line.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import stat
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

MARKER: Final = "<!-- provision diff -->"
"""First line of the comment, by which it is found again. Not shown by a forge."""

LIMIT: Final = 65_536
"""What GitHub takes as a comment, in characters."""

BOT: Final = "github-actions[bot]"
"""Who a GitHub workflow's own token writes as."""

_TIMEOUT_SECONDS: Final = 30
_MOST_PAGES: Final = 100
_MOST_SAID: Final = 200
_NEXT: Final = re.compile(r'<([^<>]+)>\s*;[^,]*\brel="?next"?')


class TroubleError(Exception):
    """What went wrong, in one line."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would take the token to another host."""

    def redirect_request(self, *arguments: object) -> None:
        """Follow none: the answer becomes an error."""


@dataclass(frozen=True)
class Api:
    """A forge's REST interface: JSON there and back.

    Attributes:
        root: URL under which everything is; no request leaves it.
        headers: Of each request, the token among them.
    """

    root: str
    headers: Mapping[str, str]

    def request(self, method: str, url: str, content: object = None) -> tuple[object, str]:
        """The answer, and the URL of the next page or an empty text.

        Raises:
            TroubleError: the forge refuses, or does not answer.
        """
        if not url.startswith(f"{self.root}/"):
            raise TroubleError(f"{method} {url}: outside {self.root}")
        data = None if content is None else json.dumps(content).encode()
        headers = {**self.headers, "Content-Type": "application/json"}
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - below `root`, which is checked once
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=_TIMEOUT_SECONDS) as answer:
                following = _NEXT.search(answer.headers.get("Link") or "")
                return json.load(answer), following[1] if following else ""
        except urllib.error.HTTPError as error:
            with error:
                raise TroubleError(f"{method} {url}: {error.code} {_said(error)}") from None
        except ValueError:
            raise TroubleError(f"{method} {url}: the answer is not JSON") from None
        except (OSError, http.client.HTTPException) as error:
            raise TroubleError(f"{method} {url}: {getattr(error, 'reason', None) or error}") from None

    def each(self, url: str) -> Iterator[Mapping[str, object]]:
        """Every entry of a list, page after page."""
        for _ in range(_MOST_PAGES):
            entries, url = self.request("GET", url)
            if not isinstance(entries, list):
                raise TroubleError("the forge's list is not a list")
            yield from entries
            if not url:
                return


def _said(error: urllib.error.HTTPError) -> str:
    """What the forge says of its refusal, in a few words of one line."""
    try:
        content = json.load(error)
        said = str(content.get("message") or content.get("error") or "") if isinstance(content, dict) else ""
    except (ValueError, OSError):
        said = ""
    return "".join(each if each.isprintable() else " " for each in said or error.reason)[:_MOST_SAID]


class Forge(Protocol):
    """Where the comments of one merge request are."""

    def find(self) -> str | None:
        """URL of our comment; None where there is none yet."""
        ...

    def write(self, body: str, comment: str | None) -> None:
        """Change that comment, or write a first one."""
        ...


@dataclass(frozen=True)
class GitHub:
    """A pull request. A comment of somebody else is never ours, whatever it begins with."""

    api: Api
    repository: str
    number: int
    author: str

    @classmethod
    def of(cls, api: Api, repository: str, branch: str, commit: str, author: str) -> GitHub | None:
        """The open pull request of a branch, if the branch is still at the commit that the report is about."""
        query = urllib.parse.urlencode({"state": "open", "head": branch, "per_page": 100})
        for pull in api.each(f"{api.root}/repos/{repository}/pulls?{query}"):
            head, number = pull.get("head"), pull.get("number")
            if isinstance(head, dict) and head.get("sha") == commit and isinstance(number, int):
                return cls(api, repository, number, author)
        return None

    def find(self) -> str | None:
        """URL of our comment; None where there is none yet."""
        for comment in self.api.each(f"{self._issues}/{self.number}/comments?per_page=100"):
            user = comment.get("user")
            ours = isinstance(user, dict) and user.get("login") == self.author
            if ours and str(comment.get("body", "")).startswith(MARKER):
                return f"{self._issues}/comments/{comment['id']}"
        return None

    def write(self, body: str, comment: str | None) -> None:
        """Change that comment, or write a first one."""
        method, url = ("PATCH", comment) if comment else ("POST", f"{self._issues}/{self.number}/comments")
        self.api.request(method, url, {"body": body})

    @property
    def _issues(self) -> str:
        return f"{self.api.root}/repos/{self.repository}/issues"


@dataclass(frozen=True)
class GitLab:
    """A merge request of a project."""

    api: Api
    project: str
    number: int

    def find(self) -> str | None:
        """URL of our comment; None where there is none yet."""
        me, _ = self.api.request("GET", f"{self.api.root}/user")
        own = me.get("id") if isinstance(me, dict) else None
        for note in self.api.each(f"{self._notes}?per_page=100"):
            author = note.get("author")
            ours = isinstance(author, dict) and author.get("id") == own
            if ours and str(note.get("body", "")).startswith(MARKER):
                return f"{self._notes}/{note['id']}"
        return None

    def write(self, body: str, comment: str | None) -> None:
        """Change that comment, or write a first one."""
        self.api.request("PUT" if comment else "POST", comment or self._notes, {"body": body})

    @property
    def _notes(self) -> str:
        project = urllib.parse.quote(self.project, safe="")
        return f"{self.api.root}/projects/{project}/merge_requests/{self.number}/notes"


def read_report(path: str) -> str:
    """A report as the text of a comment: it begins with the marker and is not too long.

    Raises:
        TroubleError: there is none, or it is something else.
    """
    try:
        # The file comes out of an archive that another job made: a link in it could lead anywhere.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise TroubleError(f"{path}: not a file")
            text = file.read(4 * LIMIT).decode(errors="replace").strip()
    except OSError as error:
        raise TroubleError(f"{path}: {error.strerror}") from None
    if not text:
        raise TroubleError(f"{path}: empty")
    return (text if text.startswith(MARKER) else f"{MARKER}\n{text}")[:LIMIT]


def with_link(report: str, link: str) -> str:
    """The report with a link to where the whole one is, where there is room for it; the forge shows the job beside it anyway."""
    linked = f"{report}\n\n[The whole report is among the artifacts of this run.]({link})\n"
    return linked if link and len(linked) <= LIMIT else report


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Put a report into one comment of a merge request.")
    forges = parser.add_subparsers(dest="forge", required=True)
    github = forges.add_parser("github")
    github.add_argument("--api", default=os.environ.get("GITHUB_API_URL") or "https://api.github.com")
    github.add_argument("--repository", required=True, metavar="OWNER/NAME")
    github.add_argument("--branch", required=True, metavar="OWNER:BRANCH", help="whose pull request it is")
    github.add_argument("--commit", required=True, metavar="SHA", help="what the report is about")
    github.add_argument("--author", default=BOT, help="who the token writes as")
    gitlab = forges.add_parser("gitlab")
    gitlab.add_argument("--api", default=os.environ.get("CI_API_V4_URL") or "https://gitlab.com/api/v4")
    gitlab.add_argument("--project", required=True, metavar="ID")
    gitlab.add_argument("--merge-request", required=True, type=int, metavar="IID")
    for forge in (github, gitlab):
        forge.add_argument("--link", default="", metavar="URL", help="where the whole report is")
        forge.add_argument("report", metavar="REPORT")
    return parser.parse_args()


def _forge(arguments: argparse.Namespace, token: str) -> Forge | None:
    root = arguments.api.rstrip("/")
    if not root.startswith(("https://", "http://")):
        raise TroubleError(f"--api {root}: not a URL")
    if arguments.forge == "gitlab":
        return GitLab(Api(root, {"PRIVATE-TOKEN": token}), arguments.project, arguments.merge_request)
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
    return GitHub.of(Api(root, headers), arguments.repository, arguments.branch, arguments.commit, arguments.author)


def _token() -> str:
    token = os.environ.get("FORGE_TOKEN", "").strip()
    if not token:
        raise TroubleError("FORGE_TOKEN is not set")
    return token


def main() -> int:
    """Write the comment; gives the exit code."""
    arguments = _arguments()
    try:
        token = _token()
        body = with_link(read_report(arguments.report), arguments.link)
        forge = _forge(arguments, token)
        if forge is None:
            print("no open merge request is at this commit any more: nothing to write")
            return 0
        comment = forge.find()
        forge.write(body, comment)
    except TroubleError as error:
        print(f"comment: {error}", file=sys.stderr)
        return 2
    print("comment changed" if comment else "comment written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
