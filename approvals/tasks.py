"""Doorways from Celery."""

from functools import partial

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from approvals.backtests.keeping import forget_old
from approvals.backtests.row import work_off
from approvals.endings import warn_leaders
from approvals.escalations import escalate_overdue, escalate_seats
from approvals.incidents import tell_owners
from approvals.notifications import deliver
from approvals.ratifications import tell_ratifiers
from approvals.reminders import remind
from governance.upkeep import in_turn


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
    now = timezone.now()
    parts = (escalate_overdue, remind, escalate_seats, tell_owners, tell_ratifiers, warn_leaders, forget_old)
    in_turn(*(partial(part, now) for part in parts), partial(deliver, timezone.now), partial(work_off, timezone.now))
