"""The track record of a workflow's steps: what software did alone, and what people decided. Computed from the rows.

Decisions belong to the package above; they are read by the names under which actions are related to them
(`reviews__decisions`), so that the database can count them together with what software did alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Coalesce

from governance.backtest import wilson
from workflows.actions import WAITING, Action, Status
from workflows.definitions import Workflow

WEEKS = 13
PAST = 2000
FEW = 30
_ALONE, _KEPT, _EDITED, _REJECTED, _BY_HAND = range(5)
_CHOICES = {None: _ALONE, "approve": _KEPT, "edit": _EDITED, "left_out": _EDITED, "reject": _REJECTED, "done": _BY_HAND}


class Record:
    """Of one step: five counts for each of 13 weeks, the oldest first."""

    def __init__(self) -> None:
        self._weeks = [[0] * 5 for _ in range(WEEKS)]

    def add(self, kind: int, counts: Sequence[int]) -> None:
        for week, count in zip(self._weeks, counts, strict=True):
            week[kind] += count

    def _sum(self, *kinds: int) -> int:
        return sum(week[kind] for week in self._weeks for kind in kinds)

    @property
    def weeks(self) -> list[tuple[int, int, int]]:
        """(kept, edited, rejected) of each week; what was done alone or by hand counts as kept."""
        return [(alone + kept + hand, edited, rejected) for alone, kept, edited, rejected, hand in self._weeks]

    @property
    def alone(self) -> int:
        return self._sum(_ALONE)

    @property
    def kept(self) -> int:
        return self._sum(_KEPT)

    @property
    def by_hand(self) -> int:
        return self._sum(_BY_HAND)

    @property
    def rejected(self) -> int:
        return self._sum(_REJECTED)

    @property
    def decided(self) -> int:
        """How many proposals people answered."""
        return self._sum(_KEPT, _EDITED, _REJECTED)

    @property
    def total(self) -> int:
        return self._sum(_ALONE, _KEPT, _EDITED, _REJECTED, _BY_HAND)

    @property
    def kept_share(self) -> float:
        return self.kept / self.decided * 100 if self.decided else 0.0

    @property
    def alone_share(self) -> float:
        return self.alone / self.total * 100 if self.total else 0.0

    @property
    def words(self) -> str:
        """The drawing in words."""
        return (
            f"13 weeks: {self.alone:,} done alone, {self.kept:,} approved unchanged, {self._sum(_EDITED):,} edited, "
            f"{self.rejected:,} rejected, {self.by_hand:,} done by people"
        )


def records_of(workflow: Workflow, now: datetime) -> dict[str, Record]:
    """Return the record of each step by its key, over all versions: one query."""
    since = now - timedelta(weeks=WEEKS)
    rows = (
        Action.objects.filter(workflow=workflow, undo_of=None)
        .annotate(choice=F("reviews__decisions__choice"), moment=Coalesce("reviews__decisions__at", "settled_at"))
        .filter(Q(choice__in=[key for key in _CHOICES if key]) | Q(reviews=None, status=Status.DONE))
        .filter(moment__gt=since, moment__lte=now)
        .values_list("step__key", "choice")
        .annotate(**{f"week_{week:02}": Count("pk", filter=_within(since, week)) for week in range(WEEKS)})
        .order_by()
    )
    found: dict[str, Record] = defaultdict(Record)
    for key, choice, *counts in rows:
        found[key].add(_CHOICES[choice], counts)
    return found


def _within(since: datetime, week: int) -> Q:
    begin = since + timedelta(weeks=week)
    return Q(moment__gt=begin, moment__lte=begin + timedelta(weeks=1))


def together(records: dict[str, Record]) -> Record:
    """Return the records of all steps as one."""
    whole = Record()
    for record in records.values():
        for week, counts in zip(whole._weeks, record._weeks, strict=True):
            week[:] = [mine + more for mine, more in zip(week, counts, strict=True)]
    return whole


def waiting(workflow: Workflow, now: datetime) -> dict[str, tuple[int, int]]:
    """Return how many actions wait for people at each step, and how many of those are overdue."""
    late = Q(reviews__status="open", reviews__due_at__lt=now)
    rows = (
        Action.objects.filter(workflow=workflow, status__in=WAITING)
        .values_list("step__key")
        .annotate(count=Count("pk", distinct=True), overdue=Count("pk", filter=late, distinct=True))
        .order_by()
    )
    return {key: (count, overdue) for key, count, overdue in rows}


@dataclass(frozen=True)
class PastConfidence:
    """How sure software was of the last actions of a step, and which of them people had rejected."""

    seen: Sequence[tuple[float, bool]]

    @property
    def enough(self) -> bool:
        return len(self.seen) >= FEW

    @property
    def low(self) -> float:
        """Where the scale begins: at one half, unless much lies below it."""
        below = sum(1 for confidence, _ in self.seen if confidence < 0.5)
        return 0.0 if below * 20 > len(self.seen) else 0.5

    @property
    def bins(self) -> list[int]:
        """Counts in 20 equal bins of the scale; the little that lies below it stands in the first."""
        counts = [0] * 20
        for confidence, _ in self.seen:
            counts[min(19, max(0, int((confidence - self.low) / (1 - self.low) * 20 + 1e-9)))] += 1
        return counts

    def at(self, floor: float) -> Release:
        released = [rejected for confidence, rejected in self.seen if confidence >= floor]
        return Release(len(self.seen), len(released), sum(released))


@dataclass(frozen=True)
class Release:
    """What a floor would have let software do alone, and how many of those people had rejected."""

    past: int
    alone: int
    rejected: int

    @property
    def to_person(self) -> int:
        return self.past - self.alone

    @property
    def words(self) -> str:
        return f"{self.to_person:,} to a person, {self.alone:,} alone"

    @property
    def share(self) -> float:
        return self.alone / self.past * 100 if self.past else 0.0

    @property
    def rejected_share(self) -> float:
        return self.rejected / self.alone * 100 if self.alone else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share rejected, in percent."""
        low, high = wilson(self.rejected, self.alone)
        return low * 100, high * 100


def past_confidence(workflow: Workflow, key: str) -> PastConfidence:
    """Return the last actions of the step that say how sure software was, at most 2,000."""
    found = _sure(workflow, key).values_list("confidence", "status")[:PAST]
    return PastConfidence([(confidence or 0.0, status == Status.REJECTED) for confidence, status in found])


def _sure(workflow: Workflow, key: str) -> QuerySet[Action]:
    """The actions of the step that say how sure software was, the newest first."""
    rows = Action.objects.filter(workflow=workflow, step__key=key, undo_of=None, confidence__isnull=False)
    return rows.order_by("-pk")


def rejected_above(workflow: Workflow, key: str, floor: float) -> list[Action]:
    """Return those of the actions that `past_confidence` counts which people had rejected at or above this floor."""
    found = _sure(workflow, key).values_list("pk", "confidence", "status")[:PAST]
    ids = [pk for pk, confidence, status in found if status == Status.REJECTED and (confidence or 0.0) >= floor]
    return list(Action.objects.filter(pk__in=ids).select_related("step").order_by("-pk"))
