"""`manage.py export_charter [FILE]`"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workflows import charters


class Command(BaseCommand):
    help = "Write everything that is in force as one YAML text, which import_charter takes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="left out: it is printed")

    def handle(self, *, file: Path | None, **options: Any) -> None:
        text = charters.export()
        if file is None:
            self.stdout.write(text, ending="")
            return
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}") from None
        self.stdout.write(f"{file} holds the charter in force.")
