"""Who changed what, when, from which inventory commit, with which result. Never holds a secret: diffs arrive redacted."""

from __future__ import annotations
