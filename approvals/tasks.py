"""Doorways from Celery."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from approvals.backtests.row import work_off
from approvals.endings import warn_leaders
from approvals.escalations import escalate_overdue, escalate_seats
from approvals.incidents import tell_owners
from approvals.notifications import deliver
from approvals.ratifications import tell_ratifiers
from approvals.reminders import remind


def announce() -> None:
    """Say that a backtest waits. Lost, it is found by the next sweep."""
    if settings.RING:
        backtest.apply_async(expires=60)


@shared_task
def backtest() -> None:
    if work_off(timezone.now):
        announce()


@shared_task
def sweep() -> None:
    escalate_overdue(timezone.now())
    remind(timezone.now())
    escalate_seats(timezone.now())
    tell_owners(timezone.now())
    tell_ratifiers(timezone.now())
    warn_leaders(timezone.now())
    deliver(timezone.now)
    work_off(timezone.now)
