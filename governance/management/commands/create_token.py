"""`manage.py create_token EMAIL --label LABEL`"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from governance.access import person_by_email
from governance.ledger import record
from governance.people import Actor
from governance.tokens import Token


class Command(BaseCommand):
    help = "Make an API token for a person and print its secret, which nobody can read again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--label", required=True, help="what it is for; shown beside it")

    def handle(self, *, email: str, label: str, **options: Any) -> None:
        person, now = person_by_email(email), timezone.now()
        with transaction.atomic():
            secret = Token.issue(person, label, now)
            record(Actor.of(person), "token.issued", now, label=label)
        self.stdout.write(secret)
