"""The RPKI caches of a lab: at the station those in a management network, at the core all others. Pure.

They serve a ROA for everything that the inventory announces, made out to the service's AS number and for exactly that length
(RFC 9319): what SURFnet would have to have signed for the real prefixes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final

from provisioner.intent.model import Fleet, Service
from provisioner.intent.routing import RpkiCache

VRPS: Final = "/etc/rpki/vrps.json"
LISTEN: Final = "/etc/rpki/listen"
SCRIPT: Final = "/usr/local/lib/provision-lab/cache"


def at_station(service: Service) -> tuple[RpkiCache, ...]:
    """Those that are reached over the management network."""
    return tuple(cache for cache in service.routing.rpki_caches if _is_managed(service, cache))


def at_core(service: Service) -> tuple[RpkiCache, ...]:
    """Those that are reached by way of the core."""
    return tuple(cache for cache in service.routing.rpki_caches if not _is_managed(service, cache))


def _is_managed(service: Service, cache: RpkiCache) -> bool:
    return any(cache.address in network for network in service.management.networks_ipv4)


def files(fleet: Fleet, caches: Iterable[RpkiCache]) -> Mapping[str, str]:
    """What the node needs on which these caches are; nothing where there are none."""
    listen = "".join(f"{cache.address} {cache.port}\n" for cache in caches)
    return (
        {LISTEN: listen, VRPS: vrps((str(prefix), fleet.service.asn) for prefix in announced(fleet))} if listen else {}
    )


def announced(fleet: Fleet) -> tuple[object, ...]:
    """Every prefix that a location announces."""
    return tuple(
        prefix for location in fleet.locations.values() for prefix in (*location.prefixes.ipv4, *location.prefixes.ipv6)
    )


def vrps(roas: Iterable[tuple[str, int]]) -> str:
    """A file of validated prefixes as StayRTR reads it: each with its origin, and no longer than it is."""
    rows = [
        {"prefix": prefix, "maxLength": int(prefix.partition("/")[2]), "asn": f"AS{asn}", "ta": "lab"}
        for prefix, asn in roas
    ]
    return json.dumps({"metadata": {}, "roas": rows}, indent=1) + "\n"
