"""`manage.py import_outcomes FILE.csv [--as EMAIL]`: what came of actions, all of the file or nothing of it."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.access import person_by_email
from workflows.csvfiles import FileError
from workflows.outcomefiles import take_in

EPILOG = """
The columns are action, name and value; or action, and one column for each outcome. A value is a number or a text.
"""


class Command(BaseCommand):
    help = "Import what came of actions from a CSV file. Known outcomes are left as they are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.epilog = EPILOG
        parser.add_argument("file", type=Path)
        parser.add_argument("--as", dest="email", default="", help="the person the ledger names")

    def handle(self, *, file: Path, email: str, **options: Any) -> None:
        person = person_by_email(email) if email else None
        try:
            done = take_in(file, person, timezone.now())
        except FileError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Imported {done.new:,} outcome{'' if done.new == 1 else 's'}; {done.same:,} known already.")
