"""`manage.py load_rulebook FILE.yaml --as EMAIL [--note WORDS] [--ratified-by EMAIL]`"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from governance import drafting
from governance.access import person_by_email
from governance.drafting import NotPublishable, Stale
from governance.envelope.whole import Envelope
from governance.people import Person
from governance.ratifying import publish
from governance.rulebook import Rulebook, in_force
from governance.rulechanges import changes
from workflows.capabilities.registry import capabilities
from workflows.rulebookfiles import read
from workflows.yamltext import FileProblems


class Command(BaseCommand):
    help = "Put the rulebook of a YAML file in force and say what it changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--as", dest="email", required=True, help="the leader who does this")
        parser.add_argument("--ratified-by", dest="second", default="", help="the second leader, if anything loosens")
        parser.add_argument("--note", default="", help="why, in words others will read")

    def handle(self, *, file: Path, email: str, note: str, second: str, **options: Any) -> None:
        person = person_by_email(email)
        if not person.is_leader:
            raise CommandError(f"{person.name} leads no team; only leaders change the rulebook.")
        try:
            content = read(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
        except FileProblems as found:
            said = "\n".join(problem.at(file.name) for problem in found.problems)
            raise CommandError(f"{said}\nNothing was loaded.") from None
        titles = {key: capability.title for key, capability in capabilities().items()}
        changed = changes(drafting.content_of(in_force()), content, titles)
        if not changed:
            self.stdout.write(f"{in_force()} says this already; nothing changed.")
            return
        other = person_by_email(second) if second else None
        self.stdout.write(f"{_publish(content, person, titles, note, other)} is in force.")
        for change in changed:
            self.stdout.write(f"  {change.direction.value:8} {change}")


def _publish(content: Envelope, person: Person, titles: dict[str, str], note: str, second: Person | None) -> Rulebook:
    now = timezone.now()
    if drafting.current() is not None:
        raise CommandError("A draft of the rulebook stands. Publish or discard it first; nothing was loaded.")
    try:
        with transaction.atomic():
            draft = drafting.keep(content, person, now, seen=drafting.seen_now())
            seen = drafting.seen_now()
            return publish(draft.pk, person, now, seen=seen, titles=titles, note=note, second=second)
    except (NotPublishable, Stale) as error:
        raise CommandError(str(error)) from None
