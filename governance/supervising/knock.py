"""Finds out when the web process answers: one request sent ahead, whose answer is the news."""

import socket

from governance.supervising.address import Address


class Knock:
    """The listening socket exists before gunicorn does, so the request waits there for whoever comes to serve it."""

    def __init__(self, address: Address, host: str) -> None:
        self._line = socket.create_connection((address.local_host, address.port), timeout=1.0)
        self._line.sendall(f"GET /health/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())

    def fileno(self) -> int:
        return self._line.fileno()

    def answered(self) -> bool:
        """Read the answer, which must be there: does it come from a server that works?"""
        try:
            words = self._line.recv(64).split()
        except OSError:
            return False
        return len(words) > 1 and words[0].startswith(b"HTTP/") and words[1] < b"500"

    def close(self) -> None:
        self._line.close()
