"""Stretches: where, just above an edge, people are asked and nearly always say yes.

A step can be rightly bounded and yet over-controlled at its edge: at 10 to 12 %, 78 % of reviews approved unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from governance.backtest import Share, numbers
from governance.rulewords import valued
from workflows.actions import Action
from workflows.definitions import Ownership, Step, Version
from workflows.edges import Edge, edges_of
from workflows.trackrecord import FEW, WEEKS

PARTS = 5
"""A stretch ends at a fifth of the edge above it, or at two fifths, and so on: above 10 at 12, 14, … 20."""
LEAST = 0.6
"""From this lower end of the interval on, a stretch is named."""
MOST = 2000
"""So many of the newest decisions of a step are looked at."""
Asked = tuple[float, bool]
"""How much was asked for, and whether it was approved unchanged."""


@dataclass(frozen=True)
class Stretch:
    """`share` of the reviews between `low` (an edge, not itself in it) and `high` was approved unchanged."""

    step: Step
    measure: str
    low: float
    high: float
    share: Share

    @property
    def words(self) -> str:
        return valued(self.measure, self.low, self.high)

    @property
    def high_words(self) -> str:
        return valued(self.measure, self.high)

    @property
    def at_least(self) -> float:
        """The lower end of the 95 % interval, in percent."""
        return self.share.interval[0] * 100


def stretches_of(version: Version, now: datetime) -> list[Stretch]:
    """Return the over-controlled stretches above the edges of a version's automated steps, of 13 weeks. One bounded
    query a step that has an edge."""
    found = []
    for step in version.ordered_steps:
        edges = list(edges_of(step)) if step.ownership == Ownership.AUTOMATED and version.automation_allowed else []
        rows = list(_decided(step, now)) if edges else []
        found += [stretch for edge in edges if (stretch := _above(step, edge, rows))]
    return found


Row = tuple[str, dict[str, object], frozenset[str]]


def _decided(step: Step, now: datetime) -> Iterator[Row]:
    """Yield choice, amounts as they were proposed, and what had tripped, of each decision."""
    rows = Action.objects.filter(
        workflow=step.version.workflow_id,
        step__key=step.key,
        undo_of=None,
        reviews__decisions__choice__in=("approve", "edit", "left_out", "reject"),
        reviews__decisions__at__gt=now - timedelta(weeks=WEEKS),
        reviews__decisions__at__lte=now,
    ).order_by("-pk")
    names = ("reviews__decisions__choice", "facts__amounts", "proposed__facts__amounts", "reasons")
    for choice, amounts, proposed, reasons in rows.values_list(*names)[:MOST]:
        yield choice, proposed or amounts or {}, frozenset(str(reason["rule"]) for reason in reasons)


def _above(step: Step, edge: Edge, rows: Sequence[Row]) -> Stretch | None:
    """Return the shortest stretch from the edge on with enough decisions, if people nearly always said yes there.

    Only what nothing but this edge had brought to them counts: moving it would release nothing else.
    """
    asked = sorted(_asked(edge, rows))
    for part in range(1, PARTS + 1):
        high = round(edge.at * (1 + part / PARTS), 9)
        within = [kept for value, kept in asked if edge.at < value <= high]
        if edge.at <= 0 or (edge.end is not None and high > edge.end):
            return None
        if len(within) >= FEW:
            share = Share(sum(within), len(within))
            return Stretch(step, edge.measure, edge.at, high, share) if share.interval[0] >= LEAST else None
    return None


def _asked(edge: Edge, rows: Sequence[Row]) -> Iterator[Asked]:
    for choice, amounts, rules in rows:
        for value in numbers([amounts.get(edge.measure.removeprefix("amounts."))]):
            if rules <= edge.rules:
                yield value, choice == "approve"
