"""What would change: intended against running, per device, as frozen data. No clock, no network, no terminal."""

from __future__ import annotations
