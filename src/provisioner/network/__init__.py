"""The network: routers as Nornir hosts, reached through NAPALM. Nothing else imports nornir; what it raises is ours."""

from __future__ import annotations
