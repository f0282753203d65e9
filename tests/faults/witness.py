"""Witnesses: an HTTP and an SMTP receiver, each a process of its own, that write down what arrives before they answer.

    python -m tests.faults.witness http|smtp HOST PORT FOLDER

Every arrival is one line of JSON in FOLDER/http.jsonl or smtp.jsonl, on the disk before the sender hears anything.
FOLDER/http.mood and smtp.mood say how they behave (`Mood`); the file may change at any time, and is read at every
arrival. They know nothing of Remit.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import hashlib
import json
import os
import random
import socket
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

LOOK_EVERY = 0.05
LONGEST = 120.0


@dataclass(frozen=True)
class Mood:
    """How a witness answers: `ok`, `delay` (SECONDS, then ok), `hang`, `drop` (close after reading), `reset` (the same
    with RST), `answer` (CODE), `refuse` (nobody listens). `share` of the arrivals meet it, the others an ok."""

    kind: str = "ok"
    seconds: float = 0.0
    code: int = 0
    share: float = 1.0

    def write(self, file: Path) -> None:
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self)))
        fresh.replace(file)

    @classmethod
    def read(cls, file: Path) -> Mood:
        try:
            return cls(**json.loads(file.read_text()))
        except FileNotFoundError:
            return cls()

    def drawn(self) -> Mood:
        return self if random.random() < self.share else Mood()

    @property
    def takes(self) -> bool:
        """Whether what arrives now is done, whatever the sender gets to hear. Only a clear refusal is not."""
        return not (self.kind == "answer" and self.is_refusal)

    @property
    def is_refusal(self) -> bool:
        """4xx of HTTP, 4xx and 5xx of SMTP; a 5xx of HTTP says nothing (here it was done)."""
        return 400 <= self.code < 500 or self.code in SMTP_REFUSALS


SMTP_REFUSALS = (550, 552, 554)


@dataclass(frozen=True)
class Arrival:
    """`at` is the machine's real time in seconds; `content` what the effect said, `raw` the hash of its very bytes."""

    witness: str
    at: float
    key: str
    raw: str
    content: dict[str, Any]
    mood: str
    took: bool


class Journal:
    """Appends lines and waits until they are on the disk; those that come together share one fsync."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def keep(self, arrival: Arrival) -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.append((json.dumps(asdict(arrival)).encode() + b"\n", done))
        if self._writer is None or self._writer.done():
            self._writer = loop.create_task(self._write())
        await asyncio.shield(done)

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            await asyncio.get_running_loop().run_in_executor(None, self._flush, b"".join(line for line, _ in batch))
            for _, done in batch:
                done.set_result(None)

    def _flush(self, lines: bytes) -> None:
        os.write(self._file, lines)
        os.fsync(self._file)


class Witness:
    """What both have in common: the journal, the mood, and a door that can be closed."""

    kind: str

    def __init__(self, host: str, port: int, folder: Path) -> None:
        self.where, self.mood_file = (host, port), folder / f"{self.kind}.mood"
        self.journal = Journal(folder / f"{self.kind}.jsonl")

    async def run(self) -> None:
        door: asyncio.Server | None = None
        while True:
            closed = Mood.read(self.mood_file).kind == "refuse"
            if door is None and not closed:
                door = await self.open()
            elif door is not None and closed:
                door.close()
                door = None
            await asyncio.sleep(LOOK_EVERY)

    async def open(self) -> asyncio.Server:
        raise NotImplementedError

    async def see(self, key: str, raw: bytes, content: dict[str, Any]) -> Mood:
        mood = Mood.read(self.mood_file).drawn()
        digest = hashlib.sha256(raw).hexdigest()
        await self.journal.keep(Arrival(self.kind, time.time(), key, digest, content, mood.kind, mood.takes))
        if mood.kind in ("delay", "hang"):
            await asyncio.sleep(mood.seconds if mood.kind == "delay" else LONGEST)
        return mood


def _reset(transport: asyncio.BaseTransport) -> None:
    """Break the line with an RST instead of saying goodbye."""
    line = transport.get_extra_info("socket")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()  # type: ignore[attr-defined]


class Http(Witness):
    kind = "http"

    async def open(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, *self.where, backlog=512)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await self._answer_one(reader, writer):
                pass
        writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Take one call off the line; return whether the line stays open."""
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        content = {
            "method": method,
            "url": f"http://{headers.get('host', '')}{target}",
            "body": json.loads(body or b"{}"),
        }
        mood = await self.see(headers.get("idempotency-key", ""), body, content)
        if mood.kind in ("drop", "reset", "hang", "refuse"):
            if mood.kind == "reset":
                _reset(writer.transport)
            return False
        code = mood.code if mood.kind == "answer" else 200
        writer.write(f"HTTP/1.1 {code} Told\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n".encode())
        writer.write(b'{"ok":true}')
        await writer.drain()
        return headers.get("connection", "").lower() != "close"


class Smtp(Witness):
    kind = "smtp"

    async def open(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: SMTP(self, enable_SMTPUTF8=True, loop=loop), *self.where)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw = bytes(envelope.original_content or b"")
        message = email.message_from_bytes(raw, policy=email.policy.default)
        words = message.get_body(("plain",))
        content = {
            "to": list(envelope.rcpt_tos),
            "subject": str(message["Subject"]),
            "body": words.get_content().replace("\r\n", "\n") if words else "",
            "message_id": str(message["Message-ID"]),
        }
        mood = await self.see(str(message["X-Remit-Key"] or ""), raw, content)
        if mood.kind in ("drop", "reset", "hang", "refuse"):
            if server.transport is not None:
                _reset(server.transport) if mood.kind == "reset" else server.transport.close()
            return "421 Gone"
        return f"{mood.code} Told" if mood.kind == "answer" else "250 Taken"


def arrivals(folder: Path) -> Iterator[Arrival]:
    """Return all that the witnesses of this folder wrote down, in the order of each."""
    for file in sorted(folder.glob("*.jsonl")):
        with file.open() as lines:
            for line in lines:
                yield Arrival(**json.loads(line))


def main() -> None:
    kind, host, port, folder = sys.argv[1:]
    witness = {"http": Http, "smtp": Smtp}[kind](host, int(port), Path(folder))
    with suppress(KeyboardInterrupt):
        asyncio.run(witness.run())


if __name__ == "__main__":
    main()
