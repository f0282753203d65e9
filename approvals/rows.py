"""A row of the queue: what a review says of itself in two lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from approvals.deadlines import day_or_hour
from approvals.decisions import Choice, Decision
from approvals.grounds import asks_always, brief
from approvals.reviews import Kind, Review
from governance.people import Person
from workflows.capabilities.registry import capabilities

ICONS = {Kind.TODO: "user", Kind.UNCERTAIN: "help-hexagon"}
READ = (
    "kind", "status", "headline", "due_at", "closed_at", "claimed_by__name", "claimed_by__email", "action__reasons",
    "action__trouble", "action__step__ownership", "action__step__capability", "action__workflow__title",
)  # fmt: skip
JOINED = ("action__step", "action__workflow", "claimed_by")
WITH_REVIEW = tuple(f"review__{name}" for name in JOINED)


@dataclass(frozen=True)
class Row:
    """`decision` is there when somebody has answered; `by_you` when that was the reader."""

    review: Review
    reader: Person
    now: datetime
    decision: Decision | None = None

    @property
    def key(self) -> int:
        return self.review.pk

    @property
    def due_at(self) -> datetime:
        return self.review.due_at

    @property
    def mark(self) -> str:
        return self.review.action.step.ownership

    @property
    def is_gone(self) -> bool:
        return not self.review.is_open

    @property
    def is_uncertain(self) -> bool:
        return self.review.kind == Kind.UNCERTAIN and not self.is_gone

    @property
    def icon(self) -> str:
        if self.is_gone:
            return "user-check"
        found = capabilities().get(self.review.action.step.capability)
        return ICONS.get(Kind(self.review.kind)) or (found.icon if found else "user")

    @property
    def closed_words(self) -> str:
        """When it was closed: the hour today, the day before that."""
        return day_or_hour(self.review.closed_at, self.now) if self.review.closed_at else ""

    @property
    def why(self) -> str:
        """The second line: what became of it, who is on it, or the strongest reason."""
        review, action = self.review, self.review.action
        if self.is_gone:
            return self._answer(self.decision) if self.decision else "No longer asked"
        if review.claimed_by not in (None, self.reader):
            return f"{review.claimed_by.first_name} is on it"
        if review.kind == Kind.UNCERTAIN:
            return action.trouble.split(":")[0] or action.workflow.title
        if review.kind == Kind.TODO:
            return f"To-do · {action.workflow.title}"
        found = brief(action.reasons)
        return found if found and not asks_always(action.reasons) else f"Needs approval · {action.workflow.title}"

    def is_due(self, due_at__lt: datetime | None = None, due_at__gte: datetime | None = None) -> bool:
        return (due_at__lt is None or self.due_at < due_at__lt) and (due_at__gte is None or self.due_at >= due_at__gte)

    def _answer(self, decision: Decision) -> str:
        who = "You" if decision.person == self.reader else decision.person.first_name
        did = "took it over" if decision.choice == Choice.TAKE_OVER else f"{decision.verb} it"
        return f"{who} {did}"


def open_rows(reviews: QuerySet[Review], reader: Person, now: datetime) -> list[Row]:
    found = reviews.select_related(*JOINED).only(*READ)
    return [Row(review, reader, now, None if review.is_open else _decision(review)) for review in found]


def decided_rows(decisions: Iterable[Decision], reader: Person, now: datetime) -> list[Row]:
    return [Row(decision.review, reader, now, decision) for decision in decisions]


def _decision(review: Review) -> Decision | None:
    return next(iter(review.decisions.all()), None)
