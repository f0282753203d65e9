"""Telling leaders, 14 and 3 days before, that something they delegated falls back to a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from approvals.notifications import Notification
from governance.people import Person, Role
from governance.rulebook import Status, in_force
from workflows.definitions import Step

DAYS = (14, 3)


@dataclass(frozen=True)
class Ending:
    """What ends, on which day, where to go on with it, and whose leaders hear of it (every team's: None)."""

    key: str
    title: str
    day: date
    link: str
    team: int | None = None


def endings(today: date) -> Iterator[Ending]:
    """Yield what ends within the next fortnight."""
    last = today + timedelta(days=max(DAYS))
    steps = Step.objects.filter(version__status=Status.IN_FORCE, review_by__gt=today, review_by__lte=last)
    for step in steps.select_related("version__workflow"):
        workflow = step.version.workflow
        link = f"{settings.SITE_URL}{reverse('terms', args=[workflow.slug, step.key])}"
        title = f"{workflow.title}, {step.title}"
        assert step.review_by is not None
        yield Ending(f"{workflow.slug}:{step.key}:{step.review_by}", title, step.review_by, link, workflow.owner_id)
    book = in_force()
    for stance in book.envelope.stances if book else ():
        if stance.review_by and today < stance.review_by <= last:
            title = f"{stance.capability}{f' in {stance.workflow}' if stance.workflow else ''}"
            link = f"{settings.SITE_URL}{reverse('rulebook')}"
            yield Ending(f"{stance.capability}:{stance.workflow}:{stance.review_by}", title, stance.review_by, link)


def warn_leaders(now: datetime) -> int:
    """Write the mails that are due; return how many are new. The same is never written twice."""
    today = now.date()
    mails = [mail for ending in endings(today) for mail in _mails(ending, today, now)]
    if not mails:
        return 0
    known = set(Notification.objects.filter(key__in=[mail.key for mail in mails]).values_list("key", flat=True))
    new = [mail for mail in mails if mail.key not in known]
    Notification.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def _mails(ending: Ending, today: date, now: datetime) -> Iterator[Notification]:
    left = (ending.day - today).days
    days = min((days for days in DAYS if left <= days), default=None)
    if days is None:
        return
    leaders = Person.objects.filter(memberships__role=Role.LEADER, is_active=True)
    if ending.team is not None:
        leaders = leaders.filter(memberships__team=ending.team, memberships__role=Role.LEADER)
    for person in leaders.distinct():
        context = {"ending": ending, "person": person, "left": left}
        yield Notification(
            key=f"ending:{ending.key}:{days}:{person.pk}"[:160],
            to=person.email,
            subject=f"Ends in {left} day{'' if left == 1 else 's'}: {ending.title}"[:300],
            body=render_to_string("mails/ending.txt", context),
            due_at=now,
        )
