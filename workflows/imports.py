"""Imports of CSV files into records: from the command line at once, from the browser through a job a worker does.

An import is one transaction: all of it, or nothing. While it is open nobody could read progress from the database, so
a job's progress stands in a small file beside the upload; that file's age is also the heartbeat by which a job whose
worker was killed is found again. Doing a job twice is harmless: it is an upsert, and only one worker can end it.
"""

from __future__ import annotations

import logging
import uuid
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.core.files import File
from django.core.validators import slug_re
from django.db import OperationalError, models, transaction
from django.db.models import Q

from governance.databases import lock_exclusive
from governance.ledger import record
from governance.people import SOFTWARE, Actor, Person, Team
from workflows.access import writable_teams
from workflows.csvfiles import UNPACKED_LIMIT, BadLinesError, FileError, Progress, Survey, numbered, survey
from workflows.heartbeats import Doing, Heartbeat
from workflows.upserts import Tally, Whose, upsert

log = logging.getLogger(__name__)

IMPORTS = 7_264_802
"""Key of the advisory lock: one import writes at a time, or two with the same keys could wait for each other."""
SILENCE = timedelta(seconds=30)
ATTEMPTS = 5


class LostError(Exception):
    """Another worker has taken the job over, or ended it."""


class State(models.TextChoices):
    WAITING = "waiting", "Waiting for a worker"
    RUNNING = "running", "Being imported"
    DONE = "done", "Imported"
    FAILED = "failed", "Not imported"


def kind_flaw(kind: str) -> str:
    """Return what is wrong with the name of a kind, or ""."""
    if not slug_re.match(kind) or len(kind) > 40:
        return (
            f"A kind is one word of letters, digits, - and _, 40 characters at most, such as client: {kind!r} is not."
        )
    return "A kind cannot be called import: its page would have the address of this form." if kind == "import" else ""


class ImportJobs(models.Manager["ImportJob"]):
    def column_order(self, kind: str) -> list[str]:
        """Return the columns of the last file of a kind in the file's order, which jsonb does not keep."""
        last = self.filter(kind=kind, state=State.DONE).order_by("-id").first()
        return [name for name, _ in last.columns] if last else []

    def claim(self, now: datetime) -> ImportJob | None:
        """Take the oldest job that waits or whose worker fell silent; none while another one is at work."""
        for job in self.filter(state__in=[State.WAITING, State.RUNNING]).order_by("id"):
            if job.is_at_work(now):
                return None
            with suppress(LostError):
                job.begin(now)
                return job
        return None


class ImportJob(models.Model):
    """One file to import and what came of it. `attempts` is also the fence: only the latest worker may end the job.

    `team` is for whom it is imported, without one for everybody. Without `by` the operator imports, who writes all.
    """

    upload = models.UUIDField(default=uuid.uuid4, editable=False)
    file_name = models.CharField(max_length=255)
    kind = models.SlugField(max_length=40)
    key_column = models.CharField(max_length=255, blank=True)
    delimiter = models.CharField(max_length=4, blank=True)
    skip_bad = models.BooleanField(default=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    sentences = models.JSONField(default=list)
    outcome = models.JSONField(default=dict)

    objects: ClassVar[ImportJobs] = ImportJobs()

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(state__in=State.values), name="import_state_known"),)
        indexes = (
            models.Index(fields=["id"], condition=Q(state__in=["waiting", "running"]), name="import_open"),
            models.Index(fields=["kind", "id"], name="import_of_kind"),
        )

    def __str__(self) -> str:
        return f"import of {self.file_name}"

    @property
    def path(self) -> Path:
        """Where the upload lies until the job has ended."""
        return settings.STATE_DIR / "imports" / f"{self.upload}.csv"

    @property
    def heartbeat(self) -> Heartbeat:
        return Heartbeat(self.path.with_suffix(".progress"))

    @property
    def actor(self) -> Actor:
        """Who asked for it: a person, or Remit where the command line named nobody."""
        return Actor.of(self.by) if self.by else SOFTWARE

    @property
    def progress(self) -> Doing:
        return self.heartbeat.read() or Doing("Waiting for a worker", 0, 0)

    @property
    def is_done(self) -> bool:
        return self.state == State.DONE

    @property
    def look(self) -> str:
        """The chip of the state."""
        return {"waiting": "waits", "running": "running", "done": "done"}.get(self.state, "failed")

    @property
    def columns(self) -> list[list[str]]:
        """The fields the file had, each with its type, in order."""
        return self.outcome.get("columns", [])  # type: ignore[no-any-return]

    @property
    def is_open(self) -> bool:
        return self.state in (State.WAITING, State.RUNNING)

    @property
    def summary(self) -> str:
        """What the import did, in one sentence: "Imported 3 client records: 1 new, 2 changed."."""
        counts = self.outcome
        parts = [f"{counts['new']:,} new", f"{counts['changed']:,} changed"]
        parts += [f"{counts['same']:,} as they were"] if counts["same"] else []
        total = counts["new"] + counts["changed"] + counts["same"]
        skipped = counts["skipped"]
        left_out = f" {skipped:,} bad line{'' if skipped == 1 else 's'} left out." if skipped else ""
        return f"Imported {total:,} {self.kind} record{'' if total == 1 else 's'}: {', '.join(parts)}.{left_out}"

    def is_at_work(self, now: datetime) -> bool:
        """Whether a worker has it and was heard of lately."""
        if self.state != State.RUNNING or self.started_at is None:
            return False
        return now - max(self.started_at, self.heartbeat.at or self.started_at) < SILENCE

    def hand_in(self, file: File[Any]) -> None:
        """Keep the upload, then the job that a worker will find."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("wb") as copy:
            for chunk in file.chunks():
                copy.write(chunk)
        self.save(force_insert=True)

    def begin(self, now: datetime) -> None:
        """Take the job for one attempt. Raises LostError when another worker was faster."""
        self._move(State.RUNNING, started_at=now, attempts=self.attempts + 1)
        self.heartbeat.beat("Starting", 0, 0)

    def run(self, now: datetime) -> None:
        """Do a job that was begun. It ends, or waits again, or is another worker's by now."""
        try:
            self._attempt(now)
        except LostError:
            log.warning("Import %s was taken over by another worker.", self.pk)
            return
        if not self.is_open:
            self.path.unlink(missing_ok=True)
            self.heartbeat.stop()

    def _attempt(self, now: datetime) -> None:
        try:
            if self.attempts > ATTEMPTS:
                raise FileError(f"The import broke off {ATTEMPTS} times. Nothing was imported.")
            if not self.path.exists():
                raise FileError(
                    f"The upload is not on this worker's disk ({self.path.parent}): hand the file in again."
                )
            self.take_in(self.path, now, self.heartbeat.beat, name=self.file_name)
        except LostError:
            raise
        except FileError as error:
            self._move(State.FAILED, ended_at=now, sentences=str(error).splitlines())
        except OperationalError:
            log.warning("Import %s waits again: the database was busy.", self.pk, exc_info=True)
            self._move(State.WAITING)
        except Exception as error:
            log.exception("Import %s failed.", self.pk)
            told = f"Remit itself failed here ({type(error).__name__}). Nothing was imported."
            self._move(State.FAILED, ended_at=now, sentences=[told])

    def take_in(self, path: Path, now: datetime, progress: Progress, *, name: str) -> None:
        """Import the file: records, Entry and the end of this job in one transaction. Raises FileError, LostError."""
        limit = getattr(settings, "IMPORT_LIMIT", UNPACKED_LIMIT)
        found = survey(path, name=name, delimiter=self.delimiter, key=self.key_column, limit=limit, progress=progress)
        if found.bad.count and not (self.skip_bad and found.good):
            raise BadLinesError(name, found.bad, found.good)
        columns = [[column, kind] for column, kind in found.columns.items() if column != "key"]
        with transaction.atomic():
            lock_exclusive(IMPORTS)
            tally = self._upsert(found, name, progress)
            bad = found.bad.with_(tally.refused)
            counts = {"new": tally.new, "changed": tally.changed, "same": tally.same, "skipped": bad.count}
            record(
                self.actor,
                "records.imported",
                now,
                kind=self.kind,
                file=self.file_name,
                sha256=found.text.sha256,
                team=self.team.name if self.team else "everybody",
                **counts,
            )
            outcome = {**counts, "columns": columns}
            self._end(now, outcome, bad.sentences)

    def _upsert(self, found: Survey, name: str, progress: Progress) -> Tally:
        """Write what the file holds. Raises BadLinesError for lines that are another team's to write."""
        names = dict(Team.objects.values_list("pk", "name"))
        whose = Whose.of(self.team_id, writable_teams(self.by) if self.by else None, names)
        tally = upsert(self.kind, numbered(found), found.good, progress, whose)
        if tally.refused.count and not (self.skip_bad and tally.total):
            raise BadLinesError(name, found.bad.with_(tally.refused), tally.total)
        return tally

    def _end(self, now: datetime, outcome: dict[str, Any], sentences: list[str]) -> None:
        ended = {"ended_at": now, "outcome": outcome, "sentences": sentences}
        if self.pk:
            self._move(State.DONE, **ended)
        else:
            self.state, self.ended_at, self.outcome, self.sentences = State.DONE, now, outcome, sentences
            self.save(force_insert=True)

    def _move(self, state: State, **values: Any) -> None:
        """Change the state if nobody else did since it was read. Raises LostError."""
        ours = ImportJob.objects.filter(pk=self.pk, state=self.state, attempts=self.attempts)
        if ours.update(state=state, **values) != 1:
            raise LostError
        self.refresh_from_db()


def work_off(now: datetime) -> bool:
    """Do the oldest job there is to do. Returns whether there was one: then there may be another."""
    job = ImportJob.objects.claim(now)
    if job is None:
        return False
    job.run(now)
    return True
