"""manage.py export_records KIND: the records of a kind as CSV on standard output."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workflows.csvfiles import FileError, one_character
from workflows.exports import export
from workflows.records import Record


class Command(BaseCommand):
    help = "Write the records of a kind as CSV to standard output; import_records KIND FILE --key key takes it back."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("kind", help="what the records are: client, account, contact …")
        parser.add_argument("--delimiter", default=",", metavar="D", help="one character, or tab (default: comma)")

    def handle(self, *args: Any, **options: Any) -> None:
        kind = options["kind"]
        held = Record.objects.filter(kind=kind)
        if not held.exists():
            known = ", ".join(Record.objects.order_by("kind").values_list("kind", flat=True).distinct())
            raise CommandError(f"There are no {kind} records. There are: {known or 'none at all'}.")
        try:
            for piece in export(held, kind, one_character(options["delimiter"])):
                self.stdout.write(piece, ending="")
        except FileError as error:
            raise CommandError(str(error)) from error
        except BrokenPipeError:  # the reader has enough, as `head` does; Python would flush into the pipe once more
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
