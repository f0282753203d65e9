"""Lift a halt: one leader asks with a reason, another agrees. `manage.py lift 3 --reason "Mended" --as lea@…`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.access import person_by_email
from governance.halts import Halt, HaltRefused, one_of
from governance.memberships import leaders_besides
from workflows import doorbell
from workflows.scopes import title_of


class Command(BaseCommand):
    help = "Ask to lift a halt, or agree to what another leader asked. Where there is no other leader, one is enough."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("halt", type=int, help="its number")
        parser.add_argument("--reason", default="", help="why it may go on, in words that others will read")
        parser.add_argument("--as", dest="by", required=True, help="e-mail address of the leader who asks or agrees")

    def handle(self, *args: Any, halt: int, reason: str, by: str, **options: Any) -> None:
        person, found = person_by_email(by), Halt.objects.filter(pk=halt).first()
        if found is None:
            standing = ", ".join(map(str, Halt.objects.filter(lifted_at=None).values_list("pk", flat=True)))
            raise CommandError(f"There is no halt {halt}; in force: {standing or 'none'}.")
        if not person.is_leader:
            raise CommandError(f"Only leaders halt and lift. {person.name} is none; the halt still stands.")
        try:
            lifted = found.lift(person, reason, timezone.now())
        except HaltRefused as error:
            raise CommandError(str(error)) from None
        if lifted:
            doorbell.ring()
            self.stdout.write(f"Lifted: {title_of(found)}. What holds is judged again under what is now in force.")
        else:
            others = one_of(leaders_besides(person))
            self.stdout.write(f"Asked to lift: {title_of(found)}. It still stands until {others} agrees.")
