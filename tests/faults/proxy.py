"""A line to PostgreSQL that breaks on purpose: during a COMMIT, just before the server hears it or just after.

    python -m tests.faults.proxy PORT TO_HOST TO_PORT FOLDER

FOLDER/cut arms it: `before:3` cuts the third COMMIT from now before it is forwarded (it did not happen, the client
cannot know), `after:1` the next one when it is answered (it happened, the client cannot know), `all:1` every line at
the next COMMIT. Each cut takes the file away, to cut.fired.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
"""A simple query of the protocol's version 3: type, length of what follows with itself, text, end."""


class Cut:
    """What the file says; counts the COMMITs since it was written."""

    def __init__(self, file: Path) -> None:
        self.file, self._words, self._passed = file, "", 0

    def due(self) -> str:
        """Return how to cut the COMMIT that passes now: nothing, `before`, `after` or `all`."""
        try:
            words = self.file.read_text()
        except FileNotFoundError:
            self._words = ""
            return ""
        if words != self._words:
            self._words, self._passed = words, 0
        self._passed += 1
        how, _, number = words.partition(":")
        if self._passed < int(number or 1):
            return ""
        self.file.rename(self.file.with_name("cut.fired"))
        return how


class Half(asyncio.Protocol):
    """One end of a line: hands on what it hears to the other end."""

    def __init__(self, line: Line, ours: bool) -> None:
        self.line, self.ours = line, ours
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if self.ours:
            transport.writelines(self.line.early)
        else:
            self.line.opened()

    def data_received(self, data: bytes) -> None:
        self.line.heard(self, data)

    def connection_lost(self, error: Exception | None) -> None:
        self.line.close()

    def pause_writing(self) -> None:
        self.line.other(self).pause(True)

    def resume_writing(self) -> None:
        self.line.other(self).pause(False)

    def pause(self, still: bool) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading() if still else self.transport.resume_reading()


class Line:
    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self.server, self.client = Half(self, True), Half(self, False)
        self.early: list[bytes] = []
        self.answer_is_lost = False

    def opened(self) -> None:
        self.proxy.lines.add(self)
        self.proxy.tasks.add(task := asyncio.ensure_future(self._connect()))
        task.add_done_callback(self.proxy.tasks.discard)

    async def _connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: self.server, *self.proxy.target)
        except OSError:
            self.close()

    def other(self, half: Half) -> Half:
        return self.client if half is self.server else self.server

    def heard(self, half: Half, data: bytes) -> None:
        if half is self.server:
            if self.answer_is_lost:
                self.close()
            else:
                self._write(self.client, data)
            return
        how = self.proxy.cut.due() if data.endswith(COMMIT) else ""
        if how == "before":
            self.close()
            return
        if how == "all":
            self.proxy.close_all()
            return
        self.answer_is_lost = how == "after"
        if self.server.transport is None:
            self.early.append(data)
        else:
            self._write(self.server, data)

    def _write(self, half: Half, data: bytes) -> None:
        if half.transport is not None and not half.transport.is_closing():
            half.transport.write(data)

    def close(self) -> None:
        self.proxy.lines.discard(self)
        for half in (self.client, self.server):
            if half.transport is not None:
                half.transport.abort()


class Proxy:
    def __init__(self, target: tuple[str, int], cut: Cut) -> None:
        self.target, self.cut = target, cut
        self.lines: set[Line] = set()
        self.tasks: set[asyncio.Future[None]] = set()

    def close_all(self) -> None:
        for line in list(self.lines):
            line.close()

    async def run(self, port: int) -> None:
        door = await asyncio.get_running_loop().create_server(lambda: Line(self).client, "127.0.0.1", port, backlog=256)
        await door.serve_forever()


def main() -> None:
    port, host, to_port, folder = sys.argv[1:]
    with suppress(KeyboardInterrupt):
        asyncio.run(Proxy((host, int(to_port)), Cut(Path(folder) / "cut")).run(int(port)))


if __name__ == "__main__":
    main()
