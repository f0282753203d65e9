"""Schedules: workflows that start by the clock, at the moments a cron line names in its time zone.

The sweep calls `tick`; any number of clocks, on any number of machines, start one run a moment.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from django.db import IntegrityError, InterfaceError, OperationalError, models, transaction
from django.db.models import OuterRef, Subquery

from governance.faultpoints import fault_point
from governance.ledger import record
from governance.people import SOFTWARE
from governance.rulebook import Status
from workflows.definitions import SCHEMA, Version, Workflow
from workflows.engine.starting import CannotStart, start_many
from workflows.incidents import open_incidents
from workflows.runs import Run
from workflows.versions import published

log = logging.getLogger(__name__)
TRIGGER = "by schedule"
SECOND = timedelta(seconds=1)


class Tick(models.Model):
    """A moment at which a schedule was due. Unique, so that two clocks start one run.

    It has its run, or `trouble`: why none could be started.
    """

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="ticks")
    at = models.DateTimeField()
    run = models.ForeignKey(Run, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    trouble = models.TextField(blank=True)

    class Meta:
        ordering = ("-at",)
        constraints = (models.UniqueConstraint(fields=["workflow", "at"], name="tick_once"),)

    def __str__(self) -> str:
        return f"{self.workflow_id} at {self.at:%Y-%m-%d %H:%M}"


def latest(cron: str, zone: str, now: datetime) -> datetime | None:
    """Return the last moment up to `now` at which the line is due, in UTC. Raises ValueError with a sentence.

    A line of fixed hours (neither its minute nor its hour begins with a star) is due once on every day it names: a
    time that the clocks skip in spring comes at the first moment after the gap, one that they repeat in autumn comes
    the first time. A line with a star there goes by the time that passes: nothing in the skipped hour, and the
    repeated hour twice. So does Debian's cron.
    """
    end = now.replace(microsecond=0) + SECOND
    try:
        found = next(CronSim(cron, end.astimezone(ZoneInfo(zone)), reverse=True), None)
        later = (
            found  # looking back from within a repeated hour misses what was due the first time; looking on does not
        )
        while later is not None and later.astimezone(UTC) <= now:
            found, later = later, next(CronSim(cron, later), None)
    except CronSimError as error:
        raise ValueError(f"“{cron}” is no cron line: {error}.") from None
    return found and found.astimezone(UTC)


def following(cron: str, zone: str, moment: datetime) -> datetime | None:
    """Return the first moment after this one at which the line is due, in UTC."""
    found = next(CronSim(cron, moment.astimezone(ZoneInfo(zone))), None)
    return found and found.astimezone(UTC)


def tick(now: datetime) -> int:
    """Start a run of every workflow whose schedule is due; return how many. Safe to call from any number of clocks.

    Due is the last moment since the newest Tick, and since the schedule took force. After a time without any clock
    only that last one is made up for: five missed mornings make one run, and the ledger says so. The Tick is written
    in the transaction that starts the run, so that a moment has both or neither.
    """
    newest = Tick.objects.filter(workflow=OuterRef("workflow")).order_by("-at").values("at")[:1]
    versions = Version.objects.filter(status=Status.IN_FORCE, schema__lte=SCHEMA).exclude(schedule={})
    rows = versions.annotate(newest=Subquery(newest)).values_list("pk", "workflow", "schedule", "newest")
    return sum(_tick(*row, now) for row in rows)


def _tick(version: int, workflow: int, schedule: Mapping[str, Any], newest: datetime | None, now: datetime) -> int:
    line = str(schedule["cron"]), str(schedule["zone"])
    try:
        due = latest(*line, now)
        if due is None or (newest is not None and due <= newest) or due <= (since := _since(workflow, *line)):
            return 0
        missed = following(*line, max(newest or since, since))
    except (ValueError, KeyError) as error:  # a zone that this machine does not know, for one
        _complain(version, str(error))
        return 0
    return _start(version, due, missed, now)


@cache
def _complain(version: int, words: str) -> None:
    """Say it once a process, not every time a clock asks."""
    log.error("The schedule of %s cannot be read, so nothing starts by it: %s", published(version), words)


def _since(workflow: int, cron: str, zone: str) -> datetime:
    """Return since when this line is in force without a break, through however many versions."""
    versions = Version.objects.filter(workflow=workflow, in_force_at__isnull=False).order_by("-in_force_at")
    begun = datetime.max.replace(tzinfo=UTC)
    for schedule, at in versions.values_list("schedule", "in_force_at"):
        if at is None or (schedule.get("cron"), schedule.get("zone")) != (cron, zone):
            break
        begun = at
    return begun


def _start(version_id: int, due: datetime, missed: datetime | None, now: datetime) -> int:
    """Start the run of this moment, unless another clock did. Nobody starts it: software does."""
    version = published(version_id)
    zone = ZoneInfo(version.schedule["zone"])
    with transaction.atomic():
        try:
            with transaction.atomic():
                tick = Tick.objects.create(workflow_id=version.workflow_id, at=due)
        except IntegrityError:
            return 0
        if missed is not None and missed < due:
            facts = {"first": _words(missed, zone), "at": _words(due, zone)}
            record(SOFTWARE, "schedule.missed", now, workflow=version.workflow_id, **facts)
        tick.trouble = _run(version, tick, now)
        tick.save()
        fault_point("tick.started")
        if tick.trouble:
            open_incidents([(version.ordered_steps[0].pk, tick.trouble)], now)
            facts = {"at": _words(due, zone), "trouble": tick.trouble}
            record(SOFTWARE, "schedule.failed", now, workflow=version.workflow_id, **facts)
    return 0 if tick.trouble else 1


def _run(version: Version, tick: Tick, now: datetime) -> str:
    """Start the run and note it on the tick; return why that was not possible, and then nothing has begun."""
    given = dict(version.schedule.get("input") or {})
    try:
        with transaction.atomic():
            (tick.run,) = start_many(version, [given], SOFTWARE, now, trigger=TRIGGER)
    except (OperationalError, InterfaceError):  # the database is away: the next sweep tries again
        raise
    except (CannotStart, ValueError) as error:
        return f"The run could not start by schedule: {error}"
    except Exception as error:
        log.exception("The scheduled run of %s could not start", version)
        return f"The run could not start by schedule, in a way nobody foresaw: {type(error).__name__}: {error}"
    return ""


def _words(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
