"""A school that means harm, as BGP sees it; runs on a router of the lab, with nothing but Python's standard library.

    speaker.py JSON      {peer, local, asn, password, role, file}

It keeps a session up and says, again and again, the routes that stand in `file` at that moment, with a metric that grows each time, and
takes back what no longer stands there:
[{networks, path, communities, large, otc, next_hop}, …]. It never gives up: where the peer ends the session it opens another.
"""

import json
import select
import socket
import struct
import sys
import time
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

MARKER = b"\xff" * 16
OPEN, UPDATE, KEEPALIVE = 1, 2, 4
ROLES = {"customer": 3, "provider": 0, "peer": 4}
"""RFC 9234 section 4.1."""
TCP_MD5SIG = 14
HOLD_SECONDS = 30
TICK_SECONDS = 0.25


def message(kind: int, body: bytes = b"") -> bytes:
    return MARKER + struct.pack("!HB", 19 + len(body), kind) + body


def opening(asn: int, family: int, role: str) -> bytes:
    capabilities = [(1, struct.pack("!HBB", family, 0, 1)), (2, b""), (65, struct.pack("!I", asn))]
    if role:
        capabilities.append((9, bytes([ROLES[role]])))
    packed = b"".join(bytes([code, len(value)]) + value for code, value in capabilities)
    options = bytes([2, len(packed)]) + packed
    fixed = struct.pack("!BHH4sB", 4, 23456, HOLD_SECONDS, ip_address("192.0.2.250").packed, len(options))
    return message(OPEN, fixed + options)


def attribute(flags: int, code: int, value: bytes) -> bytes:
    return bytes([flags | 0x10, code]) + struct.pack("!H", len(value)) + value


def nlri(networks: list[str]) -> bytes:
    packed = b""
    for network in map(ip_network, networks):
        packed += bytes([network.prefixlen]) + network.network_address.packed[: (network.prefixlen + 7) // 8]
    return packed


def update(said: dict[str, Any], metric: int) -> bytes:
    path, hop = said["path"], ip_address(said["next_hop"])
    attributes = attribute(0x40, 1, b"\x00")
    attributes += attribute(0x40, 2, bytes([2, len(path)]) + b"".join(struct.pack("!I", asn) for asn in path))
    routes = nlri(said["networks"])
    if hop.version == 4:
        attributes += attribute(0x40, 3, hop.packed)
    attributes += attribute(0x80, 4, struct.pack("!I", metric))
    if said.get("communities"):
        pairs = [struct.pack("!HH", *map(int, each.split(":"))) for each in said["communities"]]
        attributes += attribute(0xC0, 8, b"".join(pairs))
    if hop.version == 6:
        attributes += attribute(0x80, 14, struct.pack("!HBB", 2, 1, 16) + hop.packed + b"\x00" + routes)
        routes = b""
    if said.get("large"):
        triples = [struct.pack("!III", *map(int, each.split(":"))) for each in said["large"]]
        attributes += attribute(0xC0, 32, b"".join(triples))
    if said.get("otc"):
        attributes += attribute(0xC0, 35, struct.pack("!I", said["otc"]))
    return message(UPDATE, struct.pack("!HH", 0, len(attributes)) + attributes + routes)


def withdrawal(networks: list[str]) -> bytes:
    """Those of one family, which no longer are."""
    routes = nlri(networks)
    if ip_network(networks[0]).version == 4:
        return message(UPDATE, struct.pack("!H", len(routes)) + routes + b"\x00\x00")
    attributes = attribute(0x80, 15, struct.pack("!HB", 2, 1) + routes)
    return message(UPDATE, struct.pack("!HH", 0, len(attributes)) + attributes)


def connect(peer: str, local: str, password: str) -> socket.socket:
    address = ip_address(peer)
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    opened = socket.socket(family, socket.SOCK_STREAM)
    if password:
        packed = b"\x00\x00" + address.packed if address.version == 4 else b"\x00" * 6 + address.packed
        key = password.encode()
        opened.setsockopt(
            socket.IPPROTO_TCP, TCP_MD5SIG, struct.pack("=H126sBBHI80s", family, packed, 0, 0, len(key), 0, key)
        )
    if address.version == 4:
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 255)
    else:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255)
    opened.settimeout(3)
    opened.bind((local, 0))
    opened.connect((peer, 179))
    return opened


def is_open(session: socket.socket) -> bool:
    """Whether the peer has not closed it; what it says is read and forgotten."""
    while select.select([session], [], [], 0)[0]:
        if not session.recv(65536):
            return False
    return True


def converse(session: socket.socket, facts: dict[str, Any], metric: int) -> int:
    session.sendall(opening(facts["asn"], 1 if ip_address(facts["local"]).version == 4 else 2, facts["role"]))
    session.sendall(message(KEEPALIVE))
    time.sleep(1)
    alive = time.monotonic()
    before: set[str] = set()
    while is_open(session):
        metric += 1
        routes = json.loads(Path(facts["file"]).read_text() or "[]")
        now = {network for said in routes for network in said["networks"]}
        if gone := sorted(before - now):
            session.sendall(withdrawal(gone))
        before = now
        for said in routes:
            session.sendall(update(said, metric))
        if time.monotonic() - alive > HOLD_SECONDS / 3:
            session.sendall(message(KEEPALIVE))
            alive = time.monotonic()
        time.sleep(TICK_SECONDS)
    return metric


def main(facts: dict[str, Any]) -> None:
    metric = 0
    while True:
        try:
            with connect(facts["peer"], facts["local"], facts["password"]) as session:
                metric = converse(session, facts, metric)
        except OSError:
            pass
        time.sleep(1)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
