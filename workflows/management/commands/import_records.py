"""manage.py import_records KIND FILE: records from a CSV file, all of it or nothing."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.utils import timezone

from governance.people import Person, Team
from workflows.access import writable_teams
from workflows.csvfiles import BadLinesError, FileError
from workflows.imports import ImportJob, kind_flaw

EPILOG = """
Delimiter, encoding, gzip and numeric columns are recognised. The first line names the columns. A record is known by its
key: a known key has its fields replaced, a new one is made. Without --key a row's key is the number of its line in the
file (the header is line 1, so the first row is 2). Each record belongs to a team, or to everybody: a line whose column
`owner` names a team by its slug is that team's, a known record stays whose it is, new ones are whose you say.
Bad lines are listed, and nothing is imported unless --skip-bad.
"""


class Command(BaseCommand):
    help = "Import records from a CSV file, all of it or nothing."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.epilog = EPILOG
        parser.add_argument("kind", help="what the records are: client, account, contact …")
        parser.add_argument("file", type=Path, help="the CSV file, also packed with gzip")
        parser.add_argument(
            "--key", default="", metavar="COLUMN", help="column with the keys; without it, line numbers"
        )
        parser.add_argument(
            "--delimiter", default="", metavar="D", help="one character, or tab; without it, recognised"
        )
        whose = parser.add_mutually_exclusive_group()
        whose.add_argument("--team", default="", metavar="SLUG", help="the team that new records belong to")
        whose.add_argument("--everybody", action="store_true", help="new records are shared by everybody")
        parser.add_argument("--skip-bad", action="store_true", help="leave out bad lines and import the others")
        parser.add_argument(
            "--as", dest="email", default="", metavar="EMAIL", help="the person who imports; without, the operator"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        kind, file = options["kind"], options["file"]
        if flaw := kind_flaw(kind):
            raise CommandError(flaw)
        by = _person(options["email"])
        job = ImportJob(
            file_name=file.name[-255:],
            kind=kind,
            key_column=options["key"],
            delimiter=options["delimiter"],
            skip_bad=options["skip_bad"],
            by=by,
            team=_team(options["team"], by, everybody=options["everybody"]),
            asked_at=timezone.now(),
        )
        self._import(job, file)
        for sentence in job.sentences:
            self.stderr.write(f"Left out: {sentence}")
        self.stdout.write(job.summary)
        self.stdout.write(f"New records are {f'those of {job.team}' if job.team else 'shared by everybody'}.")
        self.stdout.write("Columns: " + ", ".join(f"{name} ({kind})" for name, kind in job.columns))

    def _import(self, job: ImportJob, file: Path) -> None:
        bar = Bar(self.stderr)
        try:
            job.take_in(file, job.asked_at, bar, name=str(file))
        except BadLinesError as error:
            hint = "" if job.skip_bad else "\n--skip-bad leaves out bad lines and imports the others."
            raise CommandError(f"{error}{hint}") from error
        except FileError as error:
            raise CommandError(str(error)) from error
        finally:
            bar.close()


def _person(email: str) -> Person | None:
    person = Person.objects.filter(email=email.lower()).first() if email else None
    if email and person is None:
        raise CommandError(f"There is no person with the address {email}.")
    return person


def _team(slug: str, by: Person | None, *, everybody: bool) -> Team | None:
    """Return whose new records are, None for everybody's: the operator's, unless they say so, are shared.

    Raises CommandError when somebody leads several teams and does not say for which it is.
    """
    teams = Team.objects.filter(pk__in=writable_teams(by)) if by else Team.objects.all()
    if slug:
        if team := teams.filter(slug=slug).first():
            return team
        known = ", ".join(teams.values_list("slug", flat=True)) or "none"
        raise CommandError(f"There is no team “{slug}” to import for. There are: {known}.")
    if everybody or by is None or not teams:
        return None
    if len(teams) == 1:
        return teams[0]
    raise CommandError("Say whose these records are: --team SLUG for one team’s, --everybody for shared ones.")


class Bar:
    """A progress bar on a terminal; elsewhere one short line for each phase, a mark for every tenth of it."""

    WIDTH = 30

    def __init__(self, stream: OutputWrapper) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._doing = ""
        self._tenths = 0

    def __call__(self, doing: str, done: int, total: int) -> None:
        share = min(1.0, done / total) if total else 1.0
        if doing != self._doing:
            self.close()
            self._doing, self._tenths = doing, 0
            self._show("" if self._terminal else f"{doing:<8} ")
        if self._terminal:
            filled = "█" * int(share * self.WIDTH)
            self._show(f"\r{doing:<8} {filled:·<{self.WIDTH}} {share:>4.0%}")
        else:
            self._show("." * (int(share * 10) - self._tenths))
            self._tenths = int(share * 10)

    def close(self) -> None:
        if self._doing:
            self._show("\n")
            self._doing = ""

    def _show(self, text: str) -> None:
        self._stream.write(text, str, ending="")
        self._stream.flush()
