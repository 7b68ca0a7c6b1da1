#!/usr/bin/python3 -sE
"""A TCP service that sends back what it gets: something to reach. Usage: tcp_echo.py PORT."""

from __future__ import annotations

import socket
import socketserver
import sys


class Echo(socketserver.BaseRequestHandler):
    """One connection."""

    def handle(self) -> None:
        """Send everything back until the peer stops."""
        while data := self.request.recv(65536):
            self.request.sendall(data)


class Server(socketserver.ThreadingTCPServer):
    """Both address families, one thread a connection."""

    address_family = socket.AF_INET6
    allow_reuse_address = True
    daemon_threads = True

    def server_bind(self) -> None:
        """Take IPv4 too, as mapped addresses."""
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


if __name__ == "__main__":
    with Server(("::", int(sys.argv[1])), Echo) as server:
        server.serve_forever()
