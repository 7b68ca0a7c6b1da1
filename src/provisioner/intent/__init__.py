"""Intent: what the inventory says. Files become a validated, immutable Fleet here; nothing here knows a device."""

from __future__ import annotations
