"""Add a person: `manage.py add_person ben@example.com "Ben Hartley" --team growth --role reviewer`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.utils import timezone

from governance.access import person_by_email
from governance.memberships import NotPossible, add_person
from governance.people import Actor, Role, Team


class Command(BaseCommand):
    help = "Add a person to a team and print the password to hand over, unless one is given."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("name")
        parser.add_argument("--team", required=True, help="the team's key, such as growth")
        parser.add_argument("--role", choices=Role.values, default=Role.REVIEWER)
        parser.add_argument("--password", default="", help="left out: one is made and printed")
        parser.add_argument("--as", dest="by", default="", help="e-mail of the leader who adds them")

    def handle(self, *args: Any, **options: Any) -> None:
        team = Team.objects.filter(slug=options["team"]).first()
        if team is None:
            known = ", ".join(Team.objects.values_list("slug", flat=True)) or "none"
            raise CommandError(f"There is no team “{options['team']}”; there are: {known}.")
        actor = Actor.of(person_by_email(options["by"])) if options["by"] else Actor("operator", "manage.py")
        given = {name: options[name] for name in ("email", "name", "role", "password")}
        try:
            validate_email(given["email"])
            person, password = add_person(actor, timezone.now(), team=team, **given)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except (NotPossible, PermissionDenied) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{person.name} can sign in as {person.email}.")
        if not given["password"]:
            self.stdout.write(f"First password, shown only now: {password}")
