"""The command line: options in, exit code out. One thin module per command; nothing is decided here."""

from __future__ import annotations
