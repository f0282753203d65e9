"""A supplier who answers as he is told, for steps that spend."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest


class Supplier(ThreadingHTTPServer):
    """`status` is what he answers: 200, 400 (certainly not), 429 (later), 500 (nobody knows). `orders` counts calls."""

    status, orders = 200, 0
    daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/orders"


class _Desk(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.orders += 1
        self.send_response(self.server.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args: object) -> None:
        return None


@pytest.fixture
def supplier(settings) -> Iterator[Supplier]:
    settings.HTTP_ALLOWED_HOSTS = ["127.0.0.1"]
    with Supplier(("127.0.0.1", 0), _Desk) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()
