"""JSON Schema of the inventory's files, for editors: `python -m provisioner.intent.schema docs/schema` writes them.

A schema knows one file alone. What files say of each other is for `provision check`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from provisioner.intent.model import AggregationPoint, Boards, Location, Service

KINDS: Final[Mapping[str, type[BaseModel]]] = {
    "service": Service,
    "boards": Boards,
    "aggregation": AggregationPoint,
    "location": Location,
}
"""The model of each kind of file, by the name of its schema."""

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema_text(name: str) -> str:
    """The schema of a kind of file, as it is committed. Raises KeyError where there is no such kind."""
    schema = {"$schema": DIALECT, **KINDS[name].model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_schemas(directory: Path) -> None:
    """Write every schema into a directory, `location.json` and so on."""
    for name in KINDS:
        (directory / f"{name}.json").write_text(schema_text(name), encoding="utf-8")


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
