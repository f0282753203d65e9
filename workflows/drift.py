"""Drift: a measure of what software does alone whose average has moved since the quarter before.

Nothing trips when every single number stays within its bound, and yet 12 % becomes 18 %. A drift is named when there
are enough items on both sides, the 95 % interval of the difference leaves 0 out, and it is more than a trifle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db.models import F, Value
from django.db.models.functions import Mod

from governance.backtest import Sample, numbers, welch
from governance.rulewords import measure_words, number, rounded, valued
from workflows.actions import Action, Status
from workflows.definitions import Ownership, Step, Version
from workflows.edges import edges_of

PERIOD = timedelta(days=90)
FEW = 30
"""Of fewer items in one of the two periods nothing is said."""
MOST = 1000
"""Of more items in a period about so many are looked at, evenly spread over it."""
PRIMES = (7, 13, 29, 59, 127, 257, 509, 1021, 2053, 4099)
"""One run in so many is taken: a prime that is not small, so that no rhythm in which runs begin decides which."""
LEAST = 0.1
"""A difference below this share of the earlier average is a trifle, however certain."""
LEVELS = (0.95, 0.9, 0.75, 0.5)
"""To tighten, the bound is set to what so large a part of the earlier items kept to: the first that lies lower."""


@dataclass(frozen=True)
class Drift:
    """`interval` is of the difference of the averages. `bound`, where it rose, would bring the earlier habit back;
    beyond it lie `beyond` of the later items."""

    step: Step
    measure: str
    before: Sample
    after: Sample
    interval: tuple[float, float]
    bound: float | None
    beyond: int
    sampled: bool = False

    @property
    def rose(self) -> bool:
        return self.after.mean > self.before.mean

    @property
    def words(self) -> str:
        """“discount pct rose from 6 to 9 on average”."""
        was, now = (number(rounded(sample.mean)) for sample in (self.before, self.after))
        return f"{measure_words(self.measure)} {'rose' if self.rose else 'fell'} from {was} to {now} on average"

    @property
    def difference(self) -> str:
        low, high = sorted(abs(end) for end in self.interval)
        return f"{number(rounded(low))} to {number(rounded(high))}"

    @property
    def bound_words(self) -> str:
        return valued(self.measure, self.bound) if self.bound is not None else ""


def drifts_of(version: Version, now: datetime) -> list[Drift]:
    """Return what drifted at the automated steps of a version. two bounded queries a step."""
    return [drift for step in version.ordered_steps if _acts(step) for drift in _of_step(step, now)]


def _acts(step: Step) -> bool:
    return step.ownership == Ownership.AUTOMATED and bool(step.capability) and not step.wait


def _of_step(step: Step, now: datetime) -> Iterator[Drift]:
    after, some = _amounts(step, now)
    if all(len(values) < FEW for values in after.values()):
        return
    before, some_before = _amounts(step, now - PERIOD)
    for measure, values in sorted(after.items()):
        found = _compared(step, f"amounts.{measure}", before.get(measure, []), values)
        if found:
            yield replace(found, sampled=some or some_before)


def _amounts(step: Step, until: datetime) -> tuple[Mapping[str, list[float]], bool]:
    """Return by measure the numbers of what the step did alone in the period that ends here, over all versions; and
    whether they are a sample."""
    rows = Action.objects.filter(
        workflow=step.version.workflow_id, step__key=step.key, undo_of=None, status=Status.DONE, reviews=None
    )
    rows = rows.filter(settled_at__gt=until - PERIOD, settled_at__lte=until)
    every = _every(rows.count())
    if every > 1:
        rows = rows.annotate(turn=Mod(F("run_id"), Value(every))).filter(turn=0)
    found: dict[str, list[Any]] = {}
    for amounts in rows.order_by().values_list("facts__amounts", flat=True):
        for measure, value in (amounts or {}).items():
            found.setdefault(measure, []).append(value)
    return {measure: numbers(values) for measure, values in found.items()}, every > 1


def _every(count: int) -> int:
    """Return which share of so many items brings them to about MOST: one in so many."""
    if count <= MOST:
        return 1
    return next((prime for prime in PRIMES if count / prime <= MOST), PRIMES[-1])


def _compared(step: Step, measure: str, earlier: list[float], later: list[float]) -> Drift | None:
    if min(len(earlier), len(later)) < FEW:
        return None
    before, after = Sample.of(earlier), Sample.of(later)
    low, high = welch(before, after)
    if low <= 0 <= high or abs(after.mean - before.mean) < LEAST * abs(before.mean):
        return None
    bound = _bound(step, measure, earlier) if after.mean > before.mean else None
    beyond = sum(value > bound for value in later) if bound is not None else 0
    return Drift(step, measure, before, after, (low, high), bound, beyond)


def _bound(step: Step, measure: str, earlier: list[float]) -> float | None:
    """Return to what the step would be bound: below its own edge, and what most of the earlier items kept to."""
    edge = min((each.at for each in edges_of(step) if each.measure == measure), default=None)
    ranked = sorted(earlier)
    for level in LEVELS:
        value = rounded(ranked[ceil(level * len(ranked)) - 1], 4)
        if edge is None or value < edge:
            return value
    return None
