"""`python -m provisioner.lab.image` builds the image where it is not there yet, and prints its name."""

from __future__ import annotations

import sys

from provisioner.errors import LabError
from provisioner.lab import image
from provisioner.lab.engine import Engine


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main() -> int:
    """Build it; an error is one line."""
    try:
        engine = Engine()
        name = image.ensure(engine, _say)
    except LabError as error:
        _say(f"error: {error}")
        return error.exit_code
    sys.stdout.write(f"{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
