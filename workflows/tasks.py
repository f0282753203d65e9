"""Doorways from Celery. A message says that there may be work; the work itself stands in the database."""

from celery import shared_task
from django.utils import timezone

from governance import databases
from workflows import doorbell, schedules, signals
from workflows.engine import sweep as sweeping
from workflows.engine.drive import drive
from workflows.imports import work_off

TURN = 2.0
"""Seconds a worker drives before it lets other messages in."""


@shared_task
def work() -> None:
    imported = work_off(timezone.now())
    if drive(timezone.now, seconds=TURN) or imported:
        doorbell.ring()


@shared_task
def refresh_statistics() -> None:
    databases.refresh_statistics()


@shared_task
def sweep() -> None:
    sweeping.sweep(timezone.now())
    schedules.tick(timezone.now())
    signals.tell(timezone.now())
    work_off(timezone.now())
