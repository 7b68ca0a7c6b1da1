"""The lab's image: built from the Dockerfile beside this file when its content changes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from provisioner.errors import LabError
from provisioner.lab.engine import Engine

REPOSITORY: Final = "provision-lab"
REGISTRY_BASE: Final = "debian:trixie-slim"
LOCAL_BASE: Final = "provision-lab-base:trixie"
"""Made by `bin/setup` with mmdebstrap where no registry is to be reached."""
_PULL_SECONDS: Final = 60
_PROXY_VARIABLES: Final = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")

Progress = Callable[[str], None]


def tag() -> str:
    """The image's name; its tag is a digest of every file that it is built from: an old image is never taken for it."""
    digest = hashlib.sha256()
    for path in _files():
        digest.update(f"{path.relative_to(_directory())}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return f"{REPOSITORY}:{digest.hexdigest()[:12]}"


def ensure(engine: Engine, progress: Progress) -> str:
    """Build the image where it is not there yet.

    Args:
        engine: The Docker daemon.
        progress: Told in a line what takes long.

    Returns:
        The image's name.

    Raises:
        LabError: the base image cannot be had, or the build fails; with the build's last lines.
    """
    name = tag()
    if engine.has_image(name):
        return name
    base = _base(engine, progress)
    progress(f"building the router image {name} on {base}")
    arguments = {"BASE": base} | {key: os.environ[key] for key in _PROXY_VARIABLES if key in os.environ}
    engine.build(_directory(), name, arguments)
    return name


def _directory() -> Path:
    return Path(__file__).parent


def _files() -> Iterator[Path]:
    yield _directory() / "Dockerfile"
    yield from sorted(path for path in (_directory() / "files").iterdir() if path.is_file())


def _base(engine: Engine, progress: Progress) -> str:
    for name in (REGISTRY_BASE, LOCAL_BASE):
        if engine.has_image(name):
            return name
    progress(f"pulling {REGISTRY_BASE}")
    if engine.pull(REGISTRY_BASE, timeout_seconds=_PULL_SECONDS):
        return REGISTRY_BASE
    raise LabError(
        f"the base image {REGISTRY_BASE} cannot be pulled",
        remedy="allow the registry, or run bin/setup once as root: it makes the base image with mmdebstrap",
        number="PV8010",
    )
