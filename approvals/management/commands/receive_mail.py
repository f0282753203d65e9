"""`manage.py receive_mail [--sender ADDRESS] [--recipient ADDRESS]`: one message on stdin, from a mail server's pipe.

Ends as sysexits.h says: 0 for what was explained or swallowed, 65 for what is no mail, 75 while the database is away.
"""

import os
import sys
from argparse import ArgumentParser
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from approvals.inbox import receive
from approvals.replies import HEADER_LIMIT


class Command(BaseCommand):
    help = "Take in one answer to a mail, on stdin, and explain to its sender where to decide."
    requires_system_checks: list[str] = []
    stealth_options = ("stdin",)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sender", default=None, help="the envelope's sender; empty for a bounce")
        parser.add_argument("--recipient", action="append", default=[], help="whom the envelope was for; repeatable")

    def handle(self, *, sender: str | None, recipient: list[str], **options: Any) -> None:
        content = _beginning(options.get("stdin") or sys.stdin.buffer)
        try:
            receive(content, timezone.now(), sender, recipient)
        except ValueError as error:
            raise CommandError(str(error), returncode=os.EX_DATAERR) from None
        except (OperationalError, InterfaceError) as error:
            words = f"The database is away; try again: {error}"
            raise CommandError(words, returncode=os.EX_TEMPFAIL) from None


def _beginning(stream: BinaryIO) -> bytes:
    """Return the header, and let the rest go by, so that the mail server can finish writing."""
    content = stream.read(HEADER_LIMIT)
    while stream.read(HEADER_LIMIT):
        pass
    return content
