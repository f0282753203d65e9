"""Where the mails of the past go: nowhere. They are history, so nobody must get one now.

`nowhere` lets every mail succeed without leaving the process. `silence` stands up a mail server on this machine that
takes the whole mail and hangs up without a word, so that the engine itself finds out what it cannot know.
"""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from django.conf import settings


@contextmanager
def nowhere() -> Iterator[None]:
    with _settings(EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend"):
        yield


@contextmanager
def silence() -> Iterator[None]:
    with socketserver.TCPServer(("127.0.0.1", 0), _HangsUp) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        host, port = server.server_address[:2]
        with _settings(
            EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
            EMAIL_HOST=host,
            EMAIL_PORT=port,
            EMAIL_HOST_USER="",
            EMAIL_HOST_PASSWORD="",
            EMAIL_USE_TLS=False,
            EMAIL_USE_SSL=False,
        ):
            yield
        server.shutdown()


class _HangsUp(socketserver.StreamRequestHandler):
    """Speaks SMTP (RFC 5321) up to the end of the mail, where the answer would be."""

    def handle(self) -> None:
        self.wfile.write(b"220 silence\r\n")
        while line := self.rfile.readline():
            if line.upper().startswith(b"DATA"):
                self.wfile.write(b"354 go on\r\n")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                return
            self.wfile.write(b"250 silence\r\n")


@contextmanager
def _settings(**values: Any) -> Iterator[None]:
    """Let the settings have these values for a while."""
    before = {name: getattr(settings, name) for name in values if hasattr(settings, name)}
    try:
        for name, value in values.items():
            setattr(settings, name, value)
        yield
    finally:
        for name in values:
            setattr(settings, name, before[name]) if name in before else delattr(settings, name)
