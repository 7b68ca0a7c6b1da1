"""Frames onto a wire; runs in a node of the lab with nothing but Python's standard library.

shoot.py INTERFACE MAC PACKET,…                    each packet once, in hexadecimal
shoot.py INTERFACE MAC PACKET,… RATE SECONDS       all of them again and again, RATE packets a second; says how many went out
"""

import socket
import sys
import time


def main(interface: str, mac: str, packets: str, rate: str = "0", seconds: str = "0") -> None:
    """Send them."""
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind((interface, 0))
    ends = bytes.fromhex(mac.replace(":", "")) + wire.getsockname()[4][:6]
    frames = []
    for text in packets.split(","):
        packet = bytes.fromhex(text)
        frames.append(ends + (b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd") + packet)
    if not float(rate):
        for frame in frames:
            wire.send(frame)
        return
    start, sent = time.monotonic(), 0
    while (now := time.monotonic()) < start + float(seconds):
        while sent < (now - start) * float(rate):
            wire.send(frames[sent % len(frames)])
            sent += 1
        time.sleep(0.002)
    sys.stdout.write(f"{sent}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
