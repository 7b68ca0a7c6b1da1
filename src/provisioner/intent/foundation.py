"""What every part of the inventory is made of; subjects that have a module of their own begin here, as `model` does."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Intent(BaseModel):
    """What every part of the inventory has in common: immutable, and no field that the model does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=False)
