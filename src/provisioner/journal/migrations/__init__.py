"""How the journal's tables came to be what they are, one step after the other. Alembic runs them when a journal is opened."""

from __future__ import annotations
