"""Does the service work: what the intent lets us expect, held against what NAPALM finds, until a deadline."""

from __future__ import annotations
