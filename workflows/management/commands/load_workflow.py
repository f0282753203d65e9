"""`manage.py load_workflow FILE.yaml --as EMAIL [--publish [--ratified-by EMAIL]]`"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.access import person_by_email
from governance.people import Person
from governance.publishing import Change
from workflows.definitions import Version
from workflows.publishing import NotPublishable, load
from workflows.ratifying import load_in_force
from workflows.yamltext import FileProblems


class Command(BaseCommand):
    help = "Load the workflows of a YAML file as drafts, or put them in force with --publish: all or none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--as", dest="email", required=True, help="the leader who does this")
        parser.add_argument("--publish", action="store_true", help="put the versions in force at once")
        parser.add_argument("--ratified-by", dest="second", default="", help="the second leader, if anything loosens")

    def handle(self, *, file: Path, email: str, publish: bool, second: str, **options: Any) -> None:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
        try:
            loaded = _load(text, person_by_email(email), person_by_email(second) if second else None, publish)
        except FileProblems as found:
            lines = "\n".join(problem.at(str(file)) for problem in found.problems)
            raise CommandError(f"{lines}\nNothing was loaded.") from None
        except NotPublishable as error:
            raise CommandError(f"{error}\nNothing was loaded.") from None
        for version, changes in loaded:
            state = "is in force" if publish else "is a draft"
            news = "" if changes else "; nothing changed"
            self.stdout.write(f"{version.workflow.slug}: version {version.number} {state}{news}.")
            for change in changes:
                self.stdout.write(f"  {change.direction.value:8} {change}")


def _load(text: str, person: Person, second: Person | None, publish: bool) -> list[tuple[Version, list[Change]]]:
    now = timezone.now()
    return load_in_force(text, person, now, second) if publish else load(text, person, now)
