"""What came of the steps of a version in all its runs, as counts. An undoing is no result of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count

from governance.backtest import wilson
from workflows.actions import Action, Status
from workflows.definitions import Step, Version
from workflows.trackrecord import FEW


@dataclass(frozen=True)
class Result:
    """How many actions of a step stand where, over every run of its version."""

    step: Step
    counts: Mapping[str, int]

    @property
    def done(self) -> int:
        return self.counts.get(Status.DONE, 0)

    @property
    def rejected(self) -> int:
        return self.counts.get(Status.REJECTED, 0)

    @property
    def broken(self) -> int:
        return self.counts.get(Status.FAILED, 0) + self.counts.get(Status.REFUSED, 0)

    @property
    def settled(self) -> int:
        return self.done + self.rejected + self.broken + self.counts.get(Status.EXPIRED, 0)

    @property
    def share(self) -> str:
        """The share done with its 95 % interval; empty where there is too little to say."""
        if self.settled < FEW:
            return ""
        low, high = (100 * end for end in wilson(self.done, self.settled))
        return f"{self.done / self.settled * 100:.1f} %, {low:.1f}–{high:.1f} %".replace(" %", "\u00a0%")


def results_of(version: Version) -> list[Result]:
    """Return the results of each step: two queries, answered from an index."""
    steps = [step.pk for step in version.ordered_steps]
    rows = Action.objects.filter(step__in=steps).order_by().values_list("step", "status").annotate(Count("pk"))
    counts: dict[int, Counter[str]] = {step: Counter() for step in steps}
    for step, status, count in rows:
        counts[step][status] += count
    for step, status, count in rows.filter(undo_of__isnull=False):
        counts[step][status] -= count
    return [Result(step, counts[step.pk]) for step in version.ordered_steps]
