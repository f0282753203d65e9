"""`manage.py signal NAME (--key KEY | --run ID) --as EMAIL [--data JSON]`"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError
from django.http import Http404
from django.utils import timezone

from governance.access import person_by_email
from workflows.access import run_or_404
from workflows.signals import RunIsOver, send


class Command(BaseCommand):
    help = "Send a signal to the runs that wait for it, or will."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--key", default="", help="what it is about, as the workflow's key says it")
        parser.add_argument("--run", type=int, default=None, help="the one run it is for, instead of a key")
        parser.add_argument("--as", dest="email", required=True, help="the person who sends it")
        parser.add_argument("--data", default="{}", help="what came with it, as JSON")

    def handle(self, *, name: str, key: str, run: int | None, email: str, data: str, **options: Any) -> None:
        try:
            given = json.loads(data)
        except ValueError as error:
            raise CommandError(f"--data is not JSON: {error}") from None
        if not isinstance(given, dict):
            raise CommandError('--data must be a JSON object, such as {"text": "Yes"}.')
        person = person_by_email(email)
        try:
            found = run_or_404(person, run) if run is not None else None
            signal = send(name, key, given, person, timezone.now(), run=found)
        except (ValueError, Http404, PermissionDenied, RunIsOver) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(json.dumps({"signal": signal.pk}))
