"""`manage.py start WORKFLOW --as EMAIL [--input JSON] [--wait SECONDS]`"""

import json
import sys
import threading
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.access import person_by_email
from workflows import rest
from workflows.engine.starting import CannotStart, start
from workflows.runs import Run

LOOK_EVERY = 0.5
SENTENCES = 10
NOTHING_MOVES = 6.0
"""Seconds without any change after which the command says that no worker seems to run."""


class Command(BaseCommand):
    help = "Start a run of the version in force; with --wait, follow it until it and the runs it started rest."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("workflow")
        parser.add_argument("--as", dest="email", required=True, help="the person who starts it")
        parser.add_argument("--input", default="{}", help="the run's input, as JSON")
        parser.add_argument("--wait", type=float, default=None, metavar="SECONDS")

    def handle(self, *, workflow: str, email: str, input: str, wait: float | None, **options: Any) -> None:
        try:
            given = json.loads(input)
        except ValueError as error:
            raise CommandError(f"--input is not JSON: {error}") from None
        if not isinstance(given, dict):
            raise CommandError('--input must be a JSON object, such as {"client": "7"}.')
        try:
            run = start(workflow, given, person_by_email(email), timezone.now())
        except (CannotStart, ValueError) as error:
            raise CommandError(str(error)) from None
        if wait is None:
            self.stdout.write(json.dumps({"run": run.pk}))
        else:
            self._follow(run, wait)

    def _follow(self, run: Run, seconds: float) -> None:
        begun = moved = time.monotonic()
        last: list[dict[str, Any]] = []
        pause = threading.Event()
        warned = False
        while not (rested := rest.is_resting(run, timezone.now())) and time.monotonic() - begun < seconds:
            pause.wait(min(LOOK_EVERY, max(0.0, seconds - (time.monotonic() - begun))))
            counts = rest.counts(run)
            if counts != last:
                last, moved, warned = counts, time.monotonic(), False
                self._progress(counts)
            elif not warned and time.monotonic() - moved > NOTHING_MOVES:
                warned = True
                self._say("Nothing moves: no worker seems to be running. Start one with: uv run manage.py up")
        report = {
            "run": run.pk,
            "rested": rested,
            "seconds": round(time.monotonic() - begun, 1),
            "actions": rest.counts(run),
        }
        self.stdout.write(json.dumps(report))
        self._complain(run)

    def _complain(self, run: Run) -> None:
        """Say why actions failed or were refused, and end with code 1 when any did."""
        troubles = rest.troubles(run)
        for line in [f"{count:,} × {sentence}" for sentence, count in troubles[:SENTENCES]]:
            self.stderr.write(f"\n{line}" if sys.stderr.isatty() else line)
        if len(troubles) > SENTENCES:
            self.stderr.write(f"and {len(troubles) - SENTENCES:,} other reasons")
        if troubles:
            sys.exit(1)

    def _progress(self, counts: list[dict[str, Any]]) -> None:
        totals: dict[str, int] = {}
        for row in counts:
            totals[row["status"]] = totals.get(row["status"], 0) + row["count"]
        self._say(", ".join(f"{count:,} {status.replace('_', ' ')}" for status, count in totals.items()))

    def _say(self, line: str) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"\r\x1b[K{line}", ending="")
        else:
            self.stderr.write(line)
