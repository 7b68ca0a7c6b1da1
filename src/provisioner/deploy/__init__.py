"""Making it so: the transaction over all devices of a location, and what came of it."""

from __future__ import annotations
