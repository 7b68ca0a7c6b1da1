"""What a run looks like to the people and programs that read it. Formats, never computes."""

from __future__ import annotations
