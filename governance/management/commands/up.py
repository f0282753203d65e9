"""`manage.py up`: prepares the database, then runs web, worker and clock under one supervisor until it is stopped."""

import os
import signal
import socket
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from governance import databases
from governance.mailcatcher import MailCatcher, MailFolder
from governance.supervising import lock, programs
from governance.supervising.address import Address, CannotListen
from governance.supervising.child import Child
from governance.supervising.knock import Knock
from governance.supervising.supervisor import Supervisor

WORKERS = 2
LAST_PORT = 65535


class Command(BaseCommand):
    help = "Run Remit on this machine: web, worker and clock, restarted when they die. Ctrl-C stops all of it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="start with the demo people and workflows")
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="the port to listen on (8000)")

    def handle(self, *args: Any, host: str, port: int, demo: bool, **options: Any) -> None:
        if not 1 <= port <= LAST_PORT:
            raise CommandError(f"There is no port {port}. Choose one from 1 to {LAST_PORT} with --port.")
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _interrupt)
        try:
            with suppress(KeyboardInterrupt), ExitStack() as held:
                self._run(held, Address(host, port), demo)
        except (lock.AlreadyRunning, CannotListen) as refusal:
            raise CommandError(str(refusal)) from refusal
        self._say("Stopped.")

    def _run(self, held: ExitStack, address: Address, demo: bool) -> None:
        was_killed = held.enter_context(lock.hold(settings.STATE_DIR / "up.lock", address.url))
        listener = held.enter_context(address.listen(patience=3.0 if was_killed else 0.0))
        mail_port = held.enter_context(_mail_catcher()) if settings.MAIL_CATCHER else settings.EMAIL_PORT
        if not os.environ.get("SITE_URL"):
            settings.SITE_URL = address.url
        settings.EMAIL_PORT = mail_port
        supervisor = self._supervisor(listener, mail_port)
        supervisor.warm_up()
        self._prepare(demo)
        host = urlsplit(settings.SITE_URL).netloc
        supervisor.run(lambda: Knock(address, host), lambda: self._say(f"Remit is ready: {address.url}"))

    def _prepare(self, demo: bool) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        if demo:
            call_command("load_demo", stdout=self.stdout, stderr=self.stderr)
        databases.refresh_statistics()
        connections.close_all()

    def _supervisor(self, listener: socket.socket, mail_port: int) -> Supervisor:
        environment = os.environ | {
            "REMIT_STATE": str(settings.STATE_DIR),
            "REMIT_MAIL_PORT": str(mail_port),
            "SITE_URL": settings.SITE_URL,
            "PYTHONUNBUFFERED": "1",
        }
        parts = (programs.web(listener.fileno()), *map(programs.worker, range(1, WORKERS + 1)), programs.clock())
        children = [Child(program, Path(settings.BASE_DIR), environment) for program in parts]
        return Supervisor(children, listener, settings.STATE_DIR / "logs", self._say)

    def _say(self, line: str) -> None:
        """Print a line. A closed terminal is no reason to stop working."""
        with suppress(OSError):
            self.stdout.write(line)
            self.stdout.flush()


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Stop, once: a second signal would cut the clean-up short."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def _mail_catcher() -> Iterator[int]:
    catcher = MailCatcher(MailFolder(settings.MAIL_DIR), settings.EMAIL_PORT)
    catcher.start()
    try:
        yield catcher.port
    finally:
        catcher.stop()
