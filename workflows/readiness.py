"""Readiness: the six management questions counted, and the two traps, from what is in force and what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import QuerySet

from governance.backtest.shares import Share
from governance.envelope.stances import decided
from workflows import trackrecord
from workflows.actions import Action, Status
from workflows.capabilities.registry import capabilities
from workflows.charterpage import CharterPage
from workflows.definitions import Ownership, Step, Workflow
from workflows.drift import Drift, drifts_of
from workflows.gaps import Point, Question
from workflows.standingquestions import Answer, board
from workflows.stretches import Stretch, stretches_of

LATELY = timedelta(days=30)
FEW = trackrecord.FEW


@dataclass(frozen=True)
class Row:
    """One management question: how many of its points are settled, and the gaps of the others."""

    question: Question
    of: int
    gaps: Sequence[Point]

    @property
    def settled(self) -> int:
        return self.of - len(self.gaps)

    @property
    def is_fine(self) -> bool:
        return not self.gaps


@dataclass(frozen=True)
class OverControlled:
    """A step whose approvals all went through unchanged."""

    step: Step
    share: Share

    @property
    def at_least(self) -> float:
        """The lower end of the 95 % interval, in percent."""
        return self.share.interval[0] * 100

    @property
    def bar(self) -> float:
        """Where that stands on a scale from 80 to 100, from 0 to 100."""
        return max(0.0, min(100.0, (self.at_least - 80) * 5))


@dataclass(frozen=True)
class UnderDefined:
    """A capability that was refused because nobody had decided, and still nobody has."""

    capability: str
    workflow: str
    refused: int
    first: datetime

    @property
    def title(self) -> str:
        known = capabilities().get(self.capability)
        return known.title if known else self.capability


class Readiness:
    """What is settled and what is not, now, of these workflows."""

    def __init__(self, now: datetime, workflows: QuerySet[Workflow]) -> None:
        self.now, self.workflows = now, workflows
        self.page = CharterPage(now, workflows)

    @cached_property
    def rows(self) -> list[Row]:
        found: dict[Question, list[Point]] = {question: [] for question in Question}
        for point in self.page.points.all:
            found[point.question].append(point)
        return [Row(question, len(own), [one for one in own if one.gap]) for question, own in found.items()]

    @cached_property
    def board(self) -> list[Answer]:
        return board(self.page)

    @cached_property
    def over_controlled(self) -> list[OverControlled]:
        """The steps that need approval and were approved unchanged every time, of at least 30 times."""
        found = []
        for version in self.page.versions:
            records = trackrecord.records_of(version.workflow, self.now)
            for step in version.ordered_steps:
                record = records.get(step.key)
                if record and step.ownership == Ownership.NEEDS_APPROVAL and record.kept == record.decided >= FEW:
                    found.append(OverControlled(step, Share(record.kept, record.decided)))
        return sorted(found, key=lambda one: -one.at_least)

    @cached_property
    def stretches(self) -> list[Stretch]:
        """Where, just above an edge, people nearly always say yes; the surest first."""
        found = [stretch for version in self.page.versions for stretch in stretches_of(version, self.now)]
        return sorted(found, key=lambda one: -one.at_least)

    @cached_property
    def drifts(self) -> list[Drift]:
        """What of the work done alone moved since the quarter before."""
        return [drift for version in self.page.versions for drift in drifts_of(version, self.now)]

    @cached_property
    def under_defined(self) -> list[UnderDefined]:
        """What was refused in the last 30 days because nobody had decided, most often first."""
        refused = Action.objects.filter(
            workflow__in=self.workflows, status=Status.REFUSED, settled_at__gt=self.now - LATELY
        )
        seen: dict[tuple[str, str, str], list[datetime]] = {}
        rows = refused.values_list("step__capability", "workflow__slug", "workflow__title", "settled_at", "reasons")
        for capability, slug, title, at, reasons in rows.iterator(chunk_size=2000):
            if at and any(_is_undecided(reason) for reason in reasons):
                seen.setdefault((capability, slug, title), []).append(at)
        return sorted(
            (
                UnderDefined(capability, title, len(moments), min(moments))
                for (capability, slug, title), moments in seen.items()
                if not decided(self.page.envelope.stances, capability, slug).stance
            ),
            key=lambda one: -one.refused,
        )


def _is_undecided(reason: dict[str, object]) -> bool:
    return reason.get("rule") == "stance" and str(reason.get("words", "")).startswith("Nobody has decided")
