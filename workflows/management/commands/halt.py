"""Stop software at once: `manage.py halt workflow nurture-launch --reason "Complaints" --as ada@tideway.example`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.access import person_by_email
from governance.halts import HaltRefused, Scope, pull
from workflows.scopes import reach, target_or_refuse, title_of


class Command(BaseCommand):
    help = "Halt everything, or one workflow, step, capability, team or agent. Nothing in it begins after this returns."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("scope", choices=Scope.values)
        parser.add_argument(
            "target",
            nargs="?",
            default="",
            help="a workflow’s key, WORKFLOW/STEP, a capability’s or a team’s key, an agent’s e-mail address",
        )
        parser.add_argument("--reason", required=True, help="in words that others will read")
        parser.add_argument("--as", dest="by", required=True, help="e-mail address of the leader who halts")

    def handle(self, *args: Any, scope: str, target: str, reason: str, by: str, **options: Any) -> None:
        person = person_by_email(by)
        if not person.is_leader:
            raise CommandError(f"Only leaders halt and lift. {person.name} is none; nothing was halted.")
        try:
            halt = pull(person, scope, target_or_refuse(scope, target, person), reason, timezone.now())
        except HaltRefused as error:
            raise CommandError(str(error)) from None
        found = reach(scope, halt.target)
        hold = "1 action holds" if found.holds == 1 else f"{found.holds:,} actions hold"
        self.stdout.write(f"Halted: {title_of(halt)} (halt {halt.pk}). {hold}.")
        self.stdout.write(f"In flight, to finish or turn uncertain: {found.begun:,}.")
        self.stdout.write(f"To lift it, two leaders each run: manage.py lift {halt.pk} --reason … --as …")
