"""The network provisioning orchestrator: intent in git, config on routers, proof that they agree."""

from __future__ import annotations

__version__ = "0.1.0"
