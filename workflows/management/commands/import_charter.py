"""`manage.py import_charter FILE --as EMAIL [--publish [--ratified-by EMAIL]]`"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance import drafting
from governance.access import person_by_email
from workflows.charterimports import Brought, bring_in
from workflows.publishing import NotPublishable
from workflows.yamltext import FileProblems


class Command(BaseCommand):
    help = "Bring a whole charter in as drafts, or put it in force with --publish: all of it or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--as", dest="email", required=True, help="the leader who does this")
        parser.add_argument("--publish", action="store_true", help="put it in force at once")
        parser.add_argument("--ratified-by", dest="second", default="", help="the second leader, if anything loosens")

    def handle(self, *, file: Path, email: str, publish: bool, second: str, **options: Any) -> None:
        person, other = person_by_email(email), person_by_email(second) if second else None
        if not person.is_leader:
            raise CommandError(f"{person.name} leads no team; only leaders bring a charter in.")
        try:
            text = file.read_text(encoding="utf-8")
            brought = bring_in(text, person, timezone.now(), publish=publish, second=other)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
        except FileProblems as found:
            said = "\n".join(problem.at(str(file)) for problem in found.problems)
            raise CommandError(f"{said}\nNothing was brought in.") from None
        except (NotPublishable, drafting.NotPublishable, drafting.Stale) as error:
            raise CommandError(f"{error}\nNothing was brought in.") from None
        self._say(brought, publish)

    def _say(self, brought: Brought, publish: bool) -> None:
        state = "is in force" if publish else "is a draft"
        for sentence in brought.made:
            self.stdout.write(f"Made {sentence}.")
        if brought.rulebook is not None:
            self.stdout.write(f"{brought.rulebook} {state}.")
        for change in brought.rule_changes:
            self.stdout.write(f"  {change.direction.value:8} {change}")
        for version, changes in brought.versions:
            self.stdout.write(f"{version.workflow.slug}: version {version.number} {state}.")
            for change in changes:
                self.stdout.write(f"  {change.direction.value:8} {change}")
        for note in brought.notes:
            self.stdout.write(note)
        if not (brought.made or brought.rulebook or brought.versions):
            self.stdout.write("Everything in it is in force already; nothing changed.")
