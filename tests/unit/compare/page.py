"""What a reader sees of an HTML page, as lines of text: each block by its element and class, and the data that its script shows."""

from __future__ import annotations

import json
from html.parser import HTMLParser

_BLOCKS = frozenset(
    {"title", "h1", "h2", "p", "li", "tr", "summary", "details", "section", "table", "form", "div", "button", "label", "select", "ul"}
)  # fmt: skip
_CELLS = frozenset({"td", "th", "option"})
_UNSEEN = frozenset({"style", "script"})


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.data = ""
        self._block, self._text, self._inside = "", "", ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if tag in _UNSEEN:
            self._inside = found.get("id") or tag
        elif tag in _BLOCKS:
            self._end()
            name = f".{found['class']}".replace(" ", ".") if found.get("class") else ""
            self._block = f"{tag}{name}{' hidden' if 'hidden' in found else ''}"
        elif tag in _CELLS:
            self._text += " | "
        elif tag == "a":
            self._text += f"[{found.get('href')}] "
        elif tag == "input":
            self._text += f"<{found.get('placeholder')}>"

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._inside = ""
        elif tag in _BLOCKS:
            self._end()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self._text += data
        elif self._inside == "data":
            self.data += data

    def _end(self) -> None:
        """Put the block on the page; a line of a diff keeps the blanks that it begins with."""
        is_line = self._block in {"div", "div.plus", "div.minus", "div.hunk"}
        text = self._text.rstrip() if is_line else " ".join(self._text.split())
        if text.strip():
            self.lines.append(f"{self._block}: {text}".strip())
        self._block, self._text = "", ""


def as_read(html: str) -> str:
    """The page in lines, then what its script lists: one subject a line."""
    page = _Page()
    page.feed(html)
    page.close()
    data = json.loads(page.data) if page.data else {"subjects": [], "groups": []}
    for kind, found in data.items():
        for each in found:
            # Its lines are on the page already.
            shown = {name: value for name, value in each.items() if name != "lines"}
            page.lines.append(f"data {kind}: {json.dumps(shown, ensure_ascii=False)}")
    return "\n".join(page.lines) + "\n"
