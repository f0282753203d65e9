"""`manage.py load_demo`: Tideway, with its people, records, workflows, and a fortnight behind it."""

from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from approvals.demo import accounts, company, posts, programs, shelf, waiting
from approvals.demo.history import Fortnight
from approvals.demo.past import without_a_bell
from governance.people import Person, Team
from governance.rulebook import Rulebook
from workflows.records import Record


class Command(BaseCommand):
    help = "Load the demo world: all of it or nothing. A second time changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        if Person.objects.filter(email=company.email("ada")).exists():
            self.stdout.write("The demo world is already here; nothing was changed.")
        else:
            self._load(timezone.now())
        self._sign_ins()

    def _load(self, now: datetime) -> None:
        if Team.objects.exists() or Rulebook.objects.exists():
            raise CommandError(
                "This installation has teams or rules of its own, so the demo world was not loaded. "
                "Load it into an empty one: set REMIT_STATE to another folder."
            )
        begun = now - timedelta(days=15)
        with without_a_bell(), posts.nowhere(), transaction.atomic():
            tideway = company.found(begun)
            company.agree_on_rules(tideway, begun)
            shelf.fill(tideway, begun, now)
            accounts.write()
            programs.write(tideway)
            fortnight = Fortnight(tideway, now)
            fortnight.plan()
            waiting.plan(fortnight)
            fortnight.past.pass_by(fortnight.ago(minutes=10))
        count = {kind: Record.objects.filter(kind=kind).count() for kind in ("account", "contact")}
        self.stdout.write(
            f"The demo world is here: Tideway, {count['account']:,} accounts, {count['contact']:,} contacts, "
            "and a fortnight of history."
        )

    def _sign_ins(self) -> None:
        self.stdout.write(f"\nSign in with any of these; the password is {company.PASSWORD}\n")
        for key, name, team, role in company.PEOPLE:
            self.stdout.write(f"  {company.email(key):<24} {name:<16} {role.label}, {company.TEAMS[team]}")
        self.stdout.write("")
