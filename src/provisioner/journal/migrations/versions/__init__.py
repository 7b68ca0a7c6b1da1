"""The steps; each is a module that Alembic finds by itself."""

from __future__ import annotations
