"""Telling the owner of a step, once, that something was refused or broke there."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from approvals.notifications import Notification
from governance.people import Person, Role
from workflows.incidents import Incident


def tell_owners(now: datetime, limit: int = 20) -> int:
    """Write a mail to the leaders of the owning team for each incident they were not told of; return how many."""
    untold = Incident.objects.filter(told_at=None, settled_at=None).values_list("pk", flat=True)
    return sum(_tell(key, now) for key in list(untold[:limit]))


def _tell(key: int, now: datetime) -> int:
    with transaction.atomic():
        if not Incident.objects.filter(pk=key, told_at=None).update(told_at=now):
            return 0
        incident = Incident.objects.select_related("step__version__workflow").get(pk=key)
        workflow = incident.step.version.workflow
        leaders = Person.objects.filter(
            memberships__team=workflow.owner_id, memberships__role=Role.LEADER, is_active=True
        ).distinct()
        link = f"{settings.SITE_URL}{reverse('workflow', args=[workflow.slug])}"
        Notification.objects.bulk_create(
            Notification(
                key=f"incident:{key}:person:{leader.pk}",
                to=leader.email,
                subject=f"{workflow.title}, {incident.step.title}: {incident.cause}"[:300],
                body=render_to_string(
                    "mails/incident.txt", {"incident": incident, "workflow": workflow, "person": leader, "link": link}
                ),
                team=workflow.owner.slug,
                due_at=now,
            )
            for leader in leaders
        )
    return 1
