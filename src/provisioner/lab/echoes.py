"""Sends echo requests at a steady pace and writes what becomes of each. A program of its own: it runs in a host of the lab.

    python3 -c TEXT INTERVAL TARGET…

Output, one line each: `S FAMILY NUMBER TIME` for a request, also for one that found no way out of the host; `R FAMILY NUMBER TIME`
for its answer. Times are of the machine's monotonic clock. Each request goes out by itself, without a source that was settled
before: a host that gets another address goes on with it, which `ping` does not.
"""

from __future__ import annotations

import os
import selectors
import socket
import struct
import sys
import time

ECHO_REQUEST4, ECHO_REPLY4 = 8, 0
"""RFC 792."""
ECHO_REQUEST6, ECHO_REPLY6 = 128, 129
"""RFC 4443."""
_HEADER = struct.Struct("!BBHHH")
_DATA = b"provision rehearse"


def checksum(data: bytes) -> int:
    """The Internet checksum, RFC 1071."""
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Probe:
    """Echo requests to one target."""

    def __init__(self, target: str) -> None:
        self.family = 6 if ":" in target else 4
        self._target = target
        self._identifier = os.getpid() & 0xFFFF
        kind, protocol = (
            (socket.AF_INET6, socket.IPPROTO_ICMPV6)
            if self.family == 6  # noqa: PLR2004 - the version of the Internet Protocol
            else (socket.AF_INET, socket.IPPROTO_ICMP)
        )
        self.socket = socket.socket(kind, socket.SOCK_RAW, protocol)
        self.socket.settimeout(0)

    def send(self, number: int) -> None:
        """Send a request; without a way out it is one that is not answered."""
        request = ECHO_REQUEST4 if self.family == 4 else ECHO_REQUEST6  # noqa: PLR2004
        packet = _HEADER.pack(request, 0, 0, self._identifier, number & 0xFFFF) + _DATA
        if self.family == 4:  # noqa: PLR2004 - of ICMPv6 the kernel makes it (RFC 3542, section 3.1)
            sum_ = checksum(packet)
            packet = packet[:2] + struct.pack("!H", sum_) + packet[4:]
        try:
            self.socket.sendto(packet, (self._target, 0))
        except OSError:
            return

    def answered(self) -> list[int]:
        """The numbers of all answers that are here."""
        found: list[int] = []
        while True:
            try:
                packet = self.socket.recv(2048)
            except OSError:
                return found
            if self.family == 4:  # noqa: PLR2004
                packet = packet[(packet[0] & 0xF) * 4 :]
            if len(packet) < _HEADER.size:
                continue
            kind, _, _, identifier, number = _HEADER.unpack_from(packet)
            if kind == (ECHO_REPLY4 if self.family == 4 else ECHO_REPLY6) and identifier == self._identifier:  # noqa: PLR2004
                found.append(number)


def main(interval: float, targets: list[str]) -> None:
    """Send until somebody ends it."""
    probes = [Probe(target) for target in targets]
    answers = selectors.DefaultSelector()
    for probe in probes:
        answers.register(probe.socket, selectors.EVENT_READ, probe)
    number, next_at = 0, time.monotonic()
    while True:
        now = time.monotonic()
        if now >= next_at:
            for probe in probes:
                sys.stdout.write(f"S {probe.family} {number} {time.monotonic():.4f}\n")
                probe.send(number)
            number = (number + 1) & 0xFFFF
            # A process that got no time does not make up for it with a burst.
            next_at = max(next_at + interval, now)
        for key, _ in answers.select(max(0.0, next_at - time.monotonic())):
            for answered in key.data.answered():
                sys.stdout.write(f"R {key.data.family} {answered} {time.monotonic():.4f}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(float(sys.argv[1]), sys.argv[2:])
    except KeyboardInterrupt:
        sys.exit(0)
