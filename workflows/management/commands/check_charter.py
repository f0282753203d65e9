"""`manage.py check_charter FILE`: exit code 0 when it is whole, 1 when it is not, 2 when it cannot be read.

For CI: it asks no database, so a charter can be checked where nothing is installed but the code.
"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workflows import charterfiles
from workflows.yamltext import FileProblems


class Command(BaseCommand):
    help = "Check a charter's YAML: form, names, rules and worked examples. Nothing is written."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            charter = charterfiles.read(file.read_text(encoding="utf-8"))
            found = charterfiles.problems(charter)
        except (OSError, UnicodeDecodeError) as error:
            words = f"{file} cannot be read: {getattr(error, 'strerror', None) or error}"
            raise CommandError(words, returncode=2) from None
        except FileProblems as wrong:
            found = wrong.problems
        if found:
            said = "\n".join(problem.at(str(file)) for problem in found)
            count = f"{len(found)} problem{'s' if len(found) > 1 else ''}"
            raise CommandError(f"{said}\n{count}.")
        steps = sum(len(part.steps) for part in charter.parts.values())
        examples = len(charter.envelope.examples)
        self.stdout.write(f"{file} is whole: {len(charter.parts)} workflows, {steps} steps, {examples} examples hold.")
