"""Packets as scapy writes them, made into bytes; runs in a node of the lab, which has scapy.

    craft.py JSON      a list of {number, body, source, target, hops}; writes a list of lists of packets, each in hexadecimal

A body is an expression in which `H` is the IP header and `n` the packet's number: `H/UDP(sport=n, dport=161)`. `P(253)` is the header of
another protocol, and `m` some bytes to carry. The number is the identification of an IPv4 packet and the flow label of an IPv6 one; with
a DSCP of its own, that is how packets are known again wherever they come out.
"""

# ruff: noqa: F403 - scapy's names, in expressions that stand in our own tests
import json
import sys
from typing import Any

from scapy.layers.dhcp import *
from scapy.layers.dhcp6 import *
from scapy.layers.inet import *
from scapy.layers.inet import IP
from scapy.layers.inet6 import *
from scapy.layers.inet6 import IPv6
from scapy.layers.sctp import *
from scapy.packet import Raw

DSCP = 43
TRAFFIC_CLASS = DSCP << 2


def header(shot: dict[str, Any], protocol: int | None = None, **more: object) -> Any:
    """An IP header with the shot's addresses and number."""
    if ":" in shot["target"]:
        fields = {"src": shot["source"], "dst": shot["target"], "fl": shot["number"], "tc": TRAFFIC_CLASS}
        fields |= {"hlim": shot["hops"]} | ({} if protocol is None else {"nh": protocol}) | more
        return IPv6(**fields)
    fields = {"src": shot["source"], "dst": shot["target"], "id": shot["number"], "tos": TRAFFIC_CLASS}
    fields |= {"ttl": shot["hops"]} | ({} if protocol is None else {"proto": protocol}) | more
    return IP(**fields)


def made(shot: dict[str, Any]) -> list[str]:
    """The packets of one shot."""
    names = dict(globals()) | {
        "H": header(shot),
        "P": lambda protocol: header(shot, protocol),
        "W": lambda **more: header(shot, None, **more),
        "n": shot["number"],
        "m": Raw(b"attack packet %06d" % shot["number"]),
    }
    found = eval(shot["body"], names)
    return [bytes(packet).hex() for packet in (found if isinstance(found, list) else [found])]


if __name__ == "__main__":
    json.dump([made(shot) for shot in json.loads(sys.argv[1])], sys.stdout)
