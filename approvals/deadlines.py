"""When a review is due, and what happens then: who is told next. Never that it is approved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from approvals.reviews import Review
from governance.templatetags.look import due_tone, nbsp


@dataclass(frozen=True)
class Deadline:
    """`when` is absolute and relative time, `then` what follows; `tone` is `late`, `soon` or nothing."""

    when: str
    then: str
    tone: str


def deadline(review: Review, now: datetime) -> Deadline:
    left = review.due_at - now
    if left < timedelta(0):
        when = f"Was due {moment(review.due_at, now)}, {nbsp(span(-left))} ago."
    else:
        when = f"Due {moment(review.due_at, now)}, in {nbsp(span(left))}."
    return Deadline(when, _then(review, now), due_tone(review.due_at, now))


def _then(review: Review, now: datetime) -> str:
    levels = list(review.path.levels.select_related("team", "person")) if review.path else []
    if review.escalates_at is None or review.level >= len(levels):
        last = levels[review.level - 1].who if levels and review.level else ""
        return f"It has gone up to {last}, the last level." if last else "If nobody answers it stays here, overdue."
    who = levels[review.level].who
    late = review.escalates_at > max(review.due_at, now)
    return f"If nobody answers it goes to {who}{f' at {moment(review.escalates_at, now)}' if late else ''}."


def moment(when: datetime, now: datetime) -> str:
    """Return "14:00" today, else "Thu 26 Nov, 14:00"."""
    there, here = timezone.localtime(when), timezone.localtime(now)
    if there.date() == here.date():
        return f"{there:%H:%M}"
    return f"{there:%a} {there.day} {there:%b}, {there:%H:%M}"


def day_or_hour(when: datetime, now: datetime) -> str:
    """Return "14:00" today, else "26 Nov"."""
    there = timezone.localtime(when)
    return f"{there:%H:%M}" if there.date() == timezone.localtime(now).date() else f"{there.day} {there:%b}"


def span(length: timedelta) -> str:
    """Return "48 min", "1 h 25", "3 h", "2 days"."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        hours, rest = divmod(minutes, 60)
        return f"{hours} h {rest:02d}" if rest and hours < 4 else f"{hours} h"
    return f"{length.days} day" if length.days == 1 else f"{length.days} days"
