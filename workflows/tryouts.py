"""A tripwire tried on the past, before it is armed: when it would have tripped, where, and on how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from django.db.models import QuerySet
from django.urls import reverse

from governance.envelope.tripwires import Tripwire
from workflows.capabilities.registry import capabilities
from workflows.definitions import Workflow
from workflows.tripwires import tried

SPANS = (1, 4, 14, 45, 90)
"""Days looked back on, the longer only while the shorter left enough time."""
BUDGET = 2.0
"""Seconds a page may take for it."""


@dataclass(frozen=True)
class Trip:
    """One time it would have halted: `where` in words, `url` of the workflow if this person may open it."""

    at: datetime
    where: str
    much: float
    url: str


@dataclass(frozen=True)
class Tryout:
    """What came of it, newest first, over the last `days`; `asked` is how many were wanted."""

    days: int
    trips: Sequence[Trip]
    asked: int = SPANS[-1]

    @property
    def cut(self) -> bool:
        return self.days < self.asked


def tryout(wire: Tripwire, now: datetime, may_open: QuerySet[Workflow], budget: float = BUDGET) -> Tryout:
    """Try the wire on as many of the last days as fit in the budget (in seconds), and on one at least."""
    days, found = _looked_back(wire, now, budget)
    opens = set(may_open.values_list("slug", flat=True))
    titles = dict(Workflow.objects.values_list("slug", "title"))
    trips = [_trip(wire, at, target, much, opens, titles) for at, target, much in reversed(found)]
    return Tryout(days, trips)


def _looked_back(wire: Tripwire, now: datetime, budget: float) -> tuple[int, list[tuple[datetime, str, float]]]:
    until, last = monotonic() + budget, 0
    found: list[tuple[datetime, str, float]] = []
    for days in SPANS:
        begun = monotonic()
        found, last = tried(wire, days, now), days
        further = next((span for span in SPANS if span > days), days)
        if monotonic() + (monotonic() - begun) * further / days > until:
            break
    return last, found


def _trip(wire: Tripwire, at: datetime, target: str, much: float, opens: set[str], titles: dict[str, str]) -> Trip:
    if wire.halts == "capability":
        known = capabilities().get(target)
        return Trip(at, known.title if known else target, much, "")
    slug, _, step = target.partition("/")
    if slug not in opens:
        return Trip(at, "a workflow of another team", much, "")
    title = titles.get(slug, slug)
    return Trip(at, f"“{step}” in {title}" if step else title, much, reverse("workflow", args=[slug]))
