"""`manage.py draw_states`: writes the states of an action from the table in the code into README.md."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from workflows.actions import TRANSITIONS
from workflows.statetable import NoMarkers, written


class Command(BaseCommand):
    help = "Write the states of an action, from the table in the code, between the two markers in README.md."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail when the file is out of date")
        parser.add_argument("--file", type=Path, default=settings.BASE_DIR / "README.md", help="another file to write")

    def handle(self, *args: Any, check: bool, file: Path, **options: Any) -> None:
        old = file.read_text()
        try:
            new = written(old, TRANSITIONS)
        except NoMarkers as error:
            raise CommandError(f"{file.name}: {error}. Nothing was changed.") from None
        if old == new:
            self.stdout.write(f"{file.name} is up to date.")
        elif check:
            raise CommandError(f"{file.name} draws other states than the code has. Run: manage.py draw_states")
        else:
            file.write_text(new)
            self.stdout.write(f"{file.name} is written.")
