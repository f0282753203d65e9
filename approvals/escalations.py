"""Escalation: a review nobody answered goes up its path, one level at a time, and the people there get a mail."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models, transaction
from django.template.loader import render_to_string
from django.urls import reverse

from approvals.notifications import Notification
from approvals.reviews import Review, Status
from approvals.seats import Seat
from governance import databases
from governance.ledger import record
from governance.paths import EscalationPath, Level
from governance.people import CLOCK, Person

log = logging.getLogger(__name__)


class Escalation(models.Model):
    """A review, or one of its seats, that has come up to a level. The database holds that it happens once."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="escalations")
    level = models.PositiveSmallIntegerField()
    seat = models.CharField(max_length=200, blank=True)
    who = models.CharField(max_length=160)
    people = models.ManyToManyField(Person, related_name="escalations")
    at = models.DateTimeField()

    class Meta:
        ordering = ("level",)
        constraints = (models.UniqueConstraint(fields=["review", "seat", "level"], name="escalated_once_a_level"),)

    def __str__(self) -> str:
        return f"to {self.who}"


def escalate_overdue(now: datetime, limit: int = 100) -> int:
    """Take every review whose time ran out one level up; return how many went up."""
    due = Review.objects.filter(status=Status.OPEN, escalates_at__lte=now).order_by("escalates_at")
    return sum(_escalate_or_log(key, now) for key in list(due.values_list("pk", flat=True)[:limit]))


def _escalate_or_log(review_id: int, now: datetime) -> int:
    """One review that cannot go up, for whatever reason, must not keep the others down."""
    try:
        return _escalate(review_id, now)
    except Exception:
        log.exception("Review %s could not go up; it is tried again", review_id)
        return 0


def _escalate(review_id: int, now: datetime) -> int:
    with transaction.atomic():
        rows = Review.objects.filter(pk=review_id, status=Status.OPEN, escalates_at__lte=now)
        review = databases.locked(rows, skip=True).first()
        if review is None or review.path is None:
            return 0
        level, next_at = _climbed(review, review.path, review.level, now)
        Review.objects.filter(pk=review.pk).update(level=level, escalates_at=next_at)
    return 1


def escalate_seats(now: datetime, limit: int = 100) -> int:
    """Take every agreement nobody gave in time one level up its own path; return how many went up."""
    due = Seat.objects.filter(missing__gt=0, review__status=Status.OPEN, escalates_at__lte=now)
    return sum(
        _seat_or_log(key, now) for key in list(due.order_by("escalates_at").values_list("pk", flat=True)[:limit])
    )


def _seat_or_log(key: int, now: datetime) -> int:
    try:
        return _escalate_seat(key, now)
    except Exception:
        log.exception("Seat %s could not go up; it is tried again", key)
        return 0


def _escalate_seat(key: int, now: datetime) -> int:
    with transaction.atomic():
        rows = Seat.objects.filter(pk=key, missing__gt=0, escalates_at__lte=now)
        seat = databases.locked(rows, skip=True).first()
        if seat is None or seat.path is None:
            return 0
        level, next_at = _climbed(seat.review, seat.path, seat.level, now, seat.key)
        Seat.objects.filter(pk=key).update(level=level, escalates_at=next_at)
    return 1


def _climbed(
    review: Review, path: EscalationPath, level: int, now: datetime, seat: str = ""
) -> tuple[int, datetime | None]:
    """Go one rung up, and with it all those above that follow at once: they are asked together.

    Returns how far up it is now, and when the next rung is asked.
    """
    for above, rung in enumerate(path.levels.select_related("team", "person")):
        if above < level:
            continue
        if above > level and rung.after:
            return above, now + timedelta(seconds=rung.after)
        _go_up(review, rung, now, seat)
    return path.levels.count(), None


def _go_up(review: Review, rung: Level, now: datetime, seat: str = "") -> None:
    """Write the escalation, its Entry, and a mail to each person of the rung."""
    escalation = Escalation.objects.create(review=review, level=rung.position, seat=seat, who=rung.who, at=now)
    people = list(rung.people())
    escalation.people.set(people)
    action = review.action
    record(
        CLOCK,
        "review.escalated",
        now,
        workflow=action.workflow_id,
        run=action.run_id,
        action=action.pk,
        level=rung.position,
        to=rung.who,
        people=[person.name for person in people],
    )
    for person in people:
        Notification.objects.create(
            key=f"review:{review.pk}:{seat[:60]}level:{rung.position}:person:{person.pk}",
            to=person.email,
            subject=f"Waits for an answer: {review.headline}"[:300],
            body=_mail(review, rung, person, now),
            team=review.team.slug,
            review=review,
            due_at=now,
        )


def _mail(review: Review, rung: Level, person: Person, now: datetime) -> str:
    return render_to_string(
        "mails/escalation.txt",
        {
            "review": review,
            "rung": rung,
            "person": person,
            "reasons": review.action.reasons,
            "now": now,
            "link": f"{settings.SITE_URL}{reverse('review', args=[review.pk])}",
        },
    )
