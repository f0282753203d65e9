"""Doorways from Celery."""

from celery import shared_task
from django.utils import timezone

from approvals.escalations import escalate_overdue, escalate_seats
from approvals.incidents import tell_owners
from approvals.notifications import deliver


@shared_task
def sweep() -> None:
    escalate_overdue(timezone.now())
    escalate_seats(timezone.now())
    tell_owners(timezone.now())
    deliver(timezone.now)
