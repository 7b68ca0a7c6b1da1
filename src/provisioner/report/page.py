"""What every report page shares: one HTML file that needs nothing else, and in which no text can become markup."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

Json = str | int | list["Json"] | dict[str, "Json"]
"""What a page's script is given."""


@cache
def environment() -> Environment:
    """The templates of `report/html`; every value in them is escaped."""
    return Environment(
        loader=PackageLoader("provisioner.report", "html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def digest(text: str) -> str:
    """What a Content-Security-Policy allows by name: this script, this style, and no other."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def inert(data: Json) -> Markup:
    """JSON inside a script element: nothing in it can end the element (HTML 13.2.5.4 looks for `<` alone)."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704 - escaped here


def own(*names: str) -> Markup:
    """Scripts or styles of `report/html`, one after the other: the only text of a page that is not escaped."""
    folder = resources.files("provisioner.report").joinpath("html")
    return Markup("".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names))  # noqa: S704 - ours
