"""What a school could do that means harm; runs on a router of the lab, with nothing but Python's standard library.

    rogue.py speak PEER LOCAL ASN RATE OWN,… FORBIDDEN,…     a BGP session that announces all of it, RATE times a second
    rogue.py flood INTERFACE MAC RATE SOURCE>TARGET …       echo requests with these addresses, each RATE times a second

It ends when it is told to, or when the peer ends the session.
"""

import re
import select
import socket
import struct
import subprocess
import sys
import time
from ipaddress import ip_address, ip_network

MARKER = b"\xff" * 16
OPEN, UPDATE, NOTIFICATION, KEEPALIVE = 1, 2, 3, 4
CUSTOMER = 3
"""BGP role of RFC 9234."""
TCP_MD5SIG = 14
HOLD_SECONDS = 30


def message(kind: int, body: bytes = b"") -> bytes:
    return MARKER + struct.pack("!HB", 19 + len(body), kind) + body


def opening(asn: int, router_id: str, family: int) -> bytes:
    capabilities = [
        (1, struct.pack("!HBB", family, 0, 1)),
        (2, b""),
        (9, bytes([CUSTOMER])),
        (65, struct.pack("!I", asn)),
    ]
    packed = b"".join(bytes([code, len(value)]) + value for code, value in capabilities)
    options = bytes([2, len(packed)]) + packed
    fixed = struct.pack("!BHH4sB", 4, 23456, HOLD_SECONDS, ip_address(router_id).packed, len(options))
    return message(OPEN, fixed + options)


def attribute(flags: int, code: int, value: bytes) -> bytes:
    return bytes([flags | 0x10, code]) + struct.pack("!H", len(value)) + value


def nlri(networks: list[str]) -> bytes:
    packed = b""
    for network in map(ip_network, networks):
        packed += bytes([network.prefixlen]) + network.network_address.packed[: (network.prefixlen + 7) // 8]
    return packed


def announcement(asn: int, local: str, networks: list[str], metric: int) -> bytes:
    """One UPDATE; the metric differs from the last one's, so that none is a duplicate."""
    address = ip_address(local)
    attributes = attribute(0x40, 1, b"\x00") + attribute(0x40, 2, b"\x02\x01" + struct.pack("!I", asn))
    routes = nlri(networks)
    if address.version == 4:
        attributes += attribute(0x40, 3, address.packed)
    attributes += attribute(0x80, 4, struct.pack("!I", metric))
    if address.version == 6:
        reach = struct.pack("!HBB", 2, 1, 16) + address.packed + b"\x00" + routes
        attributes += attribute(0x80, 14, reach)
        routes = b""
    return message(UPDATE, struct.pack("!HH", 0, len(attributes)) + attributes + routes)


def password(peer: str) -> str:
    config = subprocess.run(["vtysh", "-c", "show running-config"], capture_output=True, text=True, check=True).stdout
    found = re.search(rf"neighbor {re.escape(peer)} password (\S+)", config)
    if found is None:
        raise SystemExit(f"no password for {peer}")
    return found[1]


def connect(peer: str, local: str) -> socket.socket:
    address = ip_address(peer)
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    opened = socket.socket(family, socket.SOCK_STREAM)
    packed = b"\x00\x00" + address.packed if address.version == 4 else b"\x00" * 6 + address.packed
    key = password(peer).encode()
    opened.setsockopt(
        socket.IPPROTO_TCP,
        TCP_MD5SIG,
        struct.pack("=H126sBBHI80s", family, packed, 0, 0, len(key), 0, key),
    )
    if address.version == 4:
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 255)
    else:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255)
    opened.bind((local, 0))
    opened.connect((peer, 179))
    return opened


def is_open(session: socket.socket) -> bool:
    """Whether the peer has not closed it; what it says is read and forgotten."""
    while select.select([session], [], [], 0)[0]:
        if not session.recv(65536):
            return False
    return True


def speak(peer: str, local: str, asn: str, rate: str, own: str, forbidden: str) -> None:
    networks = [text for text in (*own.split(","), *forbidden.split(",")) if text]
    family = 1 if ip_address(local).version == 4 else 2
    session = connect(peer, local)
    session.sendall(opening(int(asn), "192.0.2.250", family) + message(KEEPALIVE))
    start, sent, alive = time.monotonic(), 0, time.monotonic()
    while is_open(session):
        now = time.monotonic()
        due = int((now - start - 1) * float(rate))  # a second for the session to come up
        if sent < due:
            session.sendall(announcement(int(asn), local, networks, sent + 1))
            sent += 1
        if now - alive > HOLD_SECONDS / 3:
            session.sendall(message(KEEPALIVE))
            alive = now
        time.sleep(0.2 / float(rate))


def checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def echo_request(source: str, target: str) -> bytes:
    """An IP packet."""
    one, other = ip_address(source), ip_address(target)
    payload = b"forbidden-packet"
    if one.version == 4:
        icmp = struct.pack("!BBHHH", 8, 0, 0, 0x4242, 1) + payload
        icmp = icmp[:2] + struct.pack("!H", checksum(icmp)) + icmp[4:]
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(icmp), 7, 0, 64, 1, 0) + one.packed + other.packed
        return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + icmp
    icmp = struct.pack("!BBHHH", 128, 0, 0, 0x4242, 1) + payload
    pseudo = one.packed + other.packed + struct.pack("!II", len(icmp), 58)
    icmp = icmp[:2] + struct.pack("!H", checksum(pseudo + icmp)) + icmp[4:]
    return struct.pack("!IHBB", 0x60000000, len(icmp), 58, 64) + one.packed + other.packed + icmp


def flood(interface: str, mac: str, rate: str, *pairs: str) -> None:
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind((interface, 0))
    own = wire.getsockname()[4][:6]
    frames = []
    for pair in pairs:
        packet = echo_request(*pair.split(">"))
        kind = b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd"
        frames.append(bytes.fromhex(mac.replace(":", "")) + own + kind + packet)
    start, sent = time.monotonic(), 0
    while True:
        for frame in frames:
            try:
                wire.send(frame)
            except OSError:  # the interface is down for the moment
                break
        sent += 1
        time.sleep(max(0.0, start + sent / float(rate) - time.monotonic()))


if __name__ == "__main__":
    if sys.argv[1] == "speak":
        speak(*sys.argv[2:])
    else:
        flood(*sys.argv[2:])
