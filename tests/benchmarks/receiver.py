"""`receiver PORT`: another system that answers every call at once, and says under /figures what it got."""

from __future__ import annotations

import asyncio
import json
import sys
import urllib.request

ANSWER = b'{"ok": true}'


class Receiver(asyncio.Protocol):
    """As little HTTP/1.1 as JSON calls need: with a length, kept alive."""

    received = 0
    keys: set[bytes] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            first, *lines = self.buffer[:end].split(b"\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
            whole = end + 4 + int(headers.get(b"content-length", 0))
            if len(self.buffer) < whole:
                return
            self.buffer = self.buffer[whole:]
            self._answer(first, headers)

    def _answer(self, first: bytes, headers: dict[bytes, bytes]) -> None:
        answer = ANSWER
        if first.startswith(b"GET /figures"):
            answer = json.dumps({"received": Receiver.received, "keys": len(Receiver.keys)}).encode()
        else:
            Receiver.received += 1
            Receiver.keys.add(headers.get(b"idempotency-key", b""))
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self.transport.write(head % len(answer) + answer)


def figures(port: int) -> dict[str, int]:
    """Return how many calls the receiver at this port got, and under how many different keys."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/figures", timeout=10) as answer:
        return dict(json.loads(answer.read()))


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", port, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
