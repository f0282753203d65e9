"""`manage.py export_charter [FILE]` · `manage.py export_charter --pdf FILE [--on DAY]`"""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.paper import Unprintable
from workflows import charterpage, charterpaper, charters
from workflows.definitions import Workflow


class Command(BaseCommand):
    help = "Write everything that is in force as one YAML text, which import_charter takes; or as a PDF for readers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="left out: it is printed")
        parser.add_argument("--pdf", type=Path, metavar="FILE", help="the document as a PDF instead")
        parser.add_argument("--on", type=date.fromisoformat, metavar="DAY", help="the PDF as of the end of a past day")

    def handle(self, *, file: Path | None, pdf: Path | None, on: date | None, **options: Any) -> None:
        if on and not pdf:
            raise CommandError("Only the PDF can be had as of a day; the YAML says what is in force now.")
        if pdf:
            self._write(pdf, self._pdf(on), f"as of {on}" if on else "in force")
        elif file:
            self._write(file, charters.export().encode())
        else:
            self.stdout.write(charters.export(), ending="")

    def _pdf(self, on: date | None) -> bytes:
        try:
            return charterpaper.pdf(charterpage.as_of(on, Workflow.objects.all(), timezone.now()))
        except Unprintable as error:
            raise CommandError(str(error)) from None

    def _write(self, file: Path, content: bytes, words: str = "in force") -> None:
        try:
            file.write_bytes(content)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}") from None
        self.stdout.write(f"{file} holds the charter {words}.")
