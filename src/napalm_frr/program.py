"""The program that the driver sends to a router: `frr_config` and `napalm_frr.router` in one zip, run from memory."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from importlib import resources

LOADER = (
    "import os,sys;"
    "d=sys.stdin.buffer.read(int(sys.argv[1]));"
    "f=os.memfd_create('napalm-frr');os.write(f,d);"
    "sys.path.insert(0,f'/proc/self/fd/{f}');"
    "from napalm_frr.router.main import main;main([])"
)
"""Reads the zip from standard input, imports from it without a file, and leaves the rest of standard input to it."""

_MAIN = "import sys\nfrom napalm_frr.router.main import main\nmain(sys.argv[1:])\n"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date that a zip can hold: same sources, same bytes


@cache
def archive() -> bytes:
    """The zip."""
    files = {"__main__.py": _MAIN, "napalm_frr/__init__.py": ""}
    for package, folder in (("frr_config", "frr_config"), ("napalm_frr.router", "napalm_frr/router")):
        for entry in sorted(resources.files(package).iterdir(), key=lambda entry: entry.name):
            if entry.name.endswith(".py"):
                files[f"{folder}/{entry.name}"] = entry.read_text(encoding="utf-8")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, text in files.items():
            opened.writestr(zipfile.ZipInfo(name, _EPOCH), text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
