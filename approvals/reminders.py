"""Reminders: a while before it is due, an open review tells those asked that it still waits. Nothing else changes."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from approvals.notifications import Notification
from approvals.reviews import Review, Status
from approvals.votes import needs_of
from governance import databases
from governance.authorities import powers_of
from governance.ledger import record
from governance.people import CLOCK, Person


def remind(now: datetime, limit: int = 100) -> int:
    """Write a mail to everybody whose answer is still missing on reviews whose time to remind has come; return how
    many reviews."""
    due = Review.objects.filter(status=Status.OPEN, remind_at__lte=now).order_by("remind_at")
    return sum(_remind(key, now) for key in list(due.values_list("pk", flat=True)[:limit]))


def _remind(key: int, now: datetime) -> int:
    with transaction.atomic():
        rows = Review.objects.filter(pk=key, status=Status.OPEN, remind_at__lte=now)
        review = databases.locked(rows, skip=True).first()
        if review is None:
            return 0
        people = asked(review, now)
        for person in people:
            Notification.objects.create(
                key=f"review:{review.pk}:reminder:person:{person.pk}",
                to=person.email,
                subject=f"Still waits for you: {review.headline}"[:300],
                body=_mail(review, person, now),
                team=review.team.slug,
                review=review,
                due_at=now,
            )
        action = review.action
        ids = {"workflow": action.workflow_id, "run": action.run_id, "action": action.pk}
        record(CLOCK, "review.reminded", now, **ids, people=[person.name for person in people])
        Review.objects.filter(pk=key).update(remind_at=None)
    return 1


def asked(review: Review, now: datetime) -> list[Person]:
    """Return whose answer the review waits for, those first who came first."""
    everybody = Person.objects.filter(is_active=True).order_by("pk").prefetch_related("memberships__team")
    if not review.tracked:
        return [person for person in everybody if person.decides_for(review.team_id) and not review.barred(person, now)]
    open_seats = set(review.seats.filter(missing__gt=0).values_list("key", flat=True))
    needs = [need for need in needs_of(review.action) if need.key in open_seats]
    powers = powers_of([person.pk for person in everybody], now.date())
    free = [person for person in everybody if any(powers[person.pk].may_fill(need) for need in needs)]
    return [person for person in free if not review.barred(person, now)]


def _mail(review: Review, person: Person, now: datetime) -> str:
    link = f"{settings.SITE_URL}{reverse('review', args=[review.pk])}"
    given = {"review": review, "person": person, "reasons": review.action.reasons, "now": now, "link": link}
    return render_to_string("mails/reminder.txt", given)
