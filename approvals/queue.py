"""The queue as one person reads it: order, filters, groups, counts, keyset pages. It only reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from approvals.decisions import Decision
from approvals.filters import Filters
from approvals.reviews import Review, answerable_by, visible_to
from approvals.rows import WITH_REVIEW, Row, decided_rows, open_rows
from governance.people import Person
from workflows.access import workflows_for
from workflows.definitions import Workflow

PAGE = 50
RECENT = 5_000


@dataclass(frozen=True)
class Group:
    name: str
    count: int | None
    rows: list[Row]


@dataclass(frozen=True)
class Page:
    """One page of the list. `waiting` counts the whole queue of the person, whatever is filtered."""

    groups: list[Group]
    waiting: int
    matching: int
    newest: int
    older: str

    @property
    def rows(self) -> list[Row]:
        return [row for group in self.groups for row in group.rows]

    @property
    def shown(self) -> str:
        """The ids of the open rows, for the question what became of them."""
        return ",".join(str(row.key) for row in self.rows if not row.is_gone)


def waiting(person: Person, now: datetime) -> int:
    """Return how many reviews wait for this person."""
    return answerable_by(person, now).count()


def page(person: Person, filters: Filters, now: datetime) -> Page:
    return _decided_page(person, filters, now) if filters.wants_decided else _waiting_page(person, filters, now)


def _waiting_page(person: Person, filters: Filters, now: datetime) -> Page:
    spans = _spans(now)
    sizes = {f"group_{place}": Count("pk", filter=Q(**span)) for place, (_, span) in enumerate(spans)}
    counted = filters.on(answerable_by(person, now)).aggregate(matching=Count("pk"), newest=Max("pk"), **sizes)
    rows, older = _keyset(person, filters, now)
    groups = [
        Group(name, counted[f"group_{place}"], [row for row in rows if row.is_due(**span)])
        for place, (name, span) in enumerate(spans)
    ]
    total = waiting(person, now) if filters.is_narrowed else counted["matching"]
    shown = [group for group in groups if group.rows]
    return Page(shown, total, counted["matching"], counted["newest"] or 0, older)


def _keyset(person: Person, filters: Filters, now: datetime) -> tuple[list[Row], str]:
    reviews = filters.on(answerable_by(person, now)).order_by("due_at", "id")
    if filters.place:
        reviews = reviews.filter(_beyond(*filters.place))
    rows = open_rows(reviews[: PAGE + 1], person, now)
    more, rows = len(rows) > PAGE, rows[:PAGE]
    last = f"{rows[-1].due_at.isoformat()}~{rows[-1].key}" if more else ""
    return rows, replace(filters, after=last).query if more else ""


def _decided_page(person: Person, filters: Filters, now: datetime) -> Page:
    """The newest decisions the person may see among the last RECENT of all, so that it stays cheap."""
    newest = Decision.objects.aggregate(newest=Max("pk"))["newest"] or 0
    seen = Exists(filters.on(visible_to(person, now)).filter(pk=OuterRef("review_id")).order_by())
    decisions = Decision.objects.filter(seen, pk__gt=newest - RECENT).order_by("-id")
    rows = decided_rows(decisions.select_related("person", *WITH_REVIEW)[:PAGE], person, now)
    groups = [Group("Newest first", None, rows)] if rows else []
    return Page(groups, waiting(person, now), len(rows), 0, "")


def _beyond(due: datetime, key: int) -> Q:
    return Q(due_at__gt=due) | Q(due_at=due, pk__gt=key)


def _spans(now: datetime) -> list[tuple[str, dict[str, datetime]]]:
    """Return the groups of the list, each as bounds on `due_at`; a group may be empty late in the day."""
    soon = now + timedelta(hours=2)
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    today = max(midnight, soon)
    week = midnight + timedelta(days=6)
    return [
        ("Overdue", {"due_at__lt": now}),
        ("Next two hours", {"due_at__gte": now, "due_at__lt": soon}),
        ("Today", {"due_at__gte": soon, "due_at__lt": today}),
        ("This week", {"due_at__gte": today, "due_at__lt": week}),
        ("Later", {"due_at__gte": week}),
    ]


@dataclass(frozen=True)
class Neighbours:
    """Where a review stands in the queue. `next` and `previous` are ids or None."""

    place: int
    total: int
    next: int | None
    previous: int | None


def neighbours(person: Person, filters: Filters, review: Review, now: datetime) -> Neighbours:
    reviews = filters.on(answerable_by(person, now)).order_by("due_at", "id")
    earlier = Q(due_at__lt=review.due_at) | Q(due_at=review.due_at, pk__lt=review.pk)
    counted = reviews.aggregate(total=Count("pk"), before=Count("pk", filter=earlier))
    keys = reviews.values_list("pk", flat=True)
    after = keys.filter(_beyond(review.due_at, review.pk)).first()
    return Neighbours(counted["before"] + 1, counted["total"], after, keys.filter(earlier).last())


def following(person: Person, filters: Filters, review: Review, now: datetime) -> int | None:
    """Return what to open after this review was decided: the next one, or else the most urgent of all."""
    reviews = filters.on(answerable_by(person, now)).exclude(pk=review.pk).order_by("due_at", "id")
    keys = reviews.values_list("pk", flat=True)
    return keys.filter(_beyond(review.due_at, review.pk)).first() or keys.first()


def fingerprint(person: Person, now: datetime) -> str:
    """Return what changes whenever the person's queue does: one cheap aggregate."""
    found = answerable_by(person, now).aggregate(
        count=Count("pk"), newest=Max("pk"), claims=Count("claimed_by"), who=Sum("claimed_by"), levels=Sum("level")
    )
    decided = Decision.objects.aggregate(newest=Max("pk"))["newest"]
    return ".".join(str(value or 0) for value in (*found.values(), decided))


def arrived_since(person: Person, filters: Filters, newest: int, now: datetime) -> int:
    """Return how many reviews have come into the queue since the newest that the reader's page knows."""
    return filters.on(answerable_by(person, now)).filter(pk__gt=newest).count()


def rows_now(person: Person, keys: Iterable[int], now: datetime) -> list[Row]:
    """Return these rows as they stand now, also those that are no longer open."""
    reviews = visible_to(person, now).filter(pk__in=list(keys)).prefetch_related("decisions__person")
    return open_rows(reviews, person, now)


def workflows_to_choose(person: Person) -> QuerySet[Workflow]:
    return workflows_for(person).order_by("title").only("slug", "title")


def today(person: Person, now: datetime) -> list[tuple[str, str]]:
    """Return what the person, and everybody else they see, decided since midnight, in words."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    recent = Decision.objects.filter(review__closed_at__gte=midnight, review__in=visible_to(person, now).order_by())
    mine = Counter(recent.filter(person=person).order_by().values_list("choice", flat=True))
    others = recent.exclude(person=person).count()
    words = [f"{size:,} {Decision.VERBS[choice]}" for choice, size in mine.most_common()]
    return [("You decided today", " · ".join(words) or "nothing yet"), ("Others decided today", f"{others:,}")]
