"""What `service.yaml` says about routing security: the part `routing`. Everything has a default; what a fleet leaves out is safe."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from provisioner.intent.foundation import Intent
from provisioner.intent.types import Address4, Address6, Integer


class RpkiCache(Intent):
    """A validator's cache that speaks RTR (RFC 8210). In clear, so it belongs in a network of one's own (section 9 there)."""

    address: Address4 = Field(
        description="Where it is; reached by the management port where it lies in a management network"
    )
    port: Annotated[Integer, Field(ge=1, le=65535, description="TCP port; 323 is RTR's own (RFC 8210 section 9)")] = 323
    preference: Annotated[Integer, Field(ge=1, le=255, description="The lowest one that answers is used")]


class Blackhole(Intent):
    """Schools may ask that traffic to one of their addresses is discarded (RFC 7999)."""

    maximum: Annotated[
        Integer, Field(ge=1, le=100, description="Addresses that one location may have discarded at once, per family")
    ] = 4
    next_hop_ipv4: Address4 = Field(
        description="An address that no packet is ever sent to; it leads into the discard route"
    )
    next_hop_ipv6: Address6 = Field(description="Likewise, from the discard prefix 100::/64 (RFC 6666)")


_Function = Annotated[Integer, Field(ge=0, le=4294967295)]


class LargeCommunities(Intent):
    """What a large community says: its second number (RFC 8195 section 2). The first one is the service's AS number."""

    location: _Function = Field(default=1, description="The third number is the location's AS number")
    board: _Function = Field(default=2, description="The third number is the board's number")
    aggregation_point: _Function = Field(
        default=3, description="The third number is the aggregation point's `number`; none where it has none"
    )


class RoutingSecurity(Intent):
    """What is accepted from schools and from the core, beside their prefixes."""

    rpki_caches: tuple[RpkiCache, ...] = Field(
        default=(),
        description="Where aggregation routers ask whose prefixes are (RFC 6811); nobody is asked where it is empty",
    )
    longest_path: Annotated[
        Integer,
        Field(ge=1, le=50, description="How often a school's AS number may stand in a path: once, and its prepends"),
    ] = 6
    blackhole: Blackhole | None = Field(
        default=None, description="Discarding on request; nothing is discarded where it is left out"
    )
    large_communities: LargeCommunities = Field(
        default=LargeCommunities(), description="Which large communities tell what a route is (RFC 8092)"
    )
    own_special_purpose: bool = Field(
        default=False,
        description="Whether the pools of this inventory may lie in documentation or private space, as those of a sample do",
    )
