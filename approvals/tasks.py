"""Doorways from Celery."""

from celery import shared_task
from django.utils import timezone

from approvals.endings import warn_leaders
from approvals.escalations import escalate_overdue, escalate_seats
from approvals.incidents import tell_owners
from approvals.notifications import deliver
from approvals.ratifications import tell_ratifiers


@shared_task
def sweep() -> None:
    escalate_overdue(timezone.now())
    escalate_seats(timezone.now())
    tell_owners(timezone.now())
    tell_ratifiers(timezone.now())
    warn_leaders(timezone.now())
    deliver(timezone.now)
