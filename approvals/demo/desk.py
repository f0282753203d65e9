"""How the people of Tideway decide: who sits down, what they answer, and how they put it. Drawn from a fixed seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from approvals.decisions import Choice
from approvals.demo.company import Company
from approvals.reviews import Review, Status
from governance.people import Person

SITS = {"growth": ("ben", "chen"), "sales": ("sam", "eve"), "customer-success": ("idris", "hanna"), "legal": ("dora",)}
"""Who answers for a team, the usual person first."""
ABOVE = {"growth": ("gita", "ada"), "sales": ("eve",), "customer-success": ("hanna",), "legal": ("dora",)}
"""Who answers what came up the path."""
ALWAYS_APPROVED = ("records.select", "workflows.start_each")
PACE = timedelta(minutes=2)

REJECTIONS = (
    "She asked last week to be left alone until spring",
    "Wrong month: the renewal talks have begun",
    "This account talks to Eve already",
    "The figure does not match the usage page",
)
DONE = {
    "growth": ("Talked it through with the owner", "Done by hand, numbers checked"),
    "sales": ("Called, they want a demo next week", "Left a message, calling again on Friday", "Called, not now"),
    "customer-success": ("Slowed down, and told them", "Rang them: the fix is out, they know", "Monthly from now on"),
    "legal": ("Read it; the figures are in the log", "Answered by letter"),
}
APPROVALS = ("", "", "", "Reads well", "Checked against the usage page", "Go")
SHORTER = {
    "Does Thursday at 14:00 suit for 30 minutes?": "Would Tuesday at 10:00 suit? Fifteen minutes are enough.",
    "Shall I send you a sample report?": "Tell me if you want to see a sample report.",
    "Would a look at yours help? It takes 20 minutes.": "Shall we look at yours together?",
    "It is free, and written": "It was written",
}
"""What people put differently in the mails."""


@dataclass
class Desk:
    company: Company
    kept: set[int] = field(default_factory=set)
    """Runs whose reviews nobody answers: they wait for whoever signs in first."""
    draw: Random = field(default_factory=lambda: Random(7))

    def sit(self, now: datetime) -> datetime:
        """Answer everything that waits, one after the other; return when the last answer was given."""
        waiting = Review.objects.filter(status=Status.OPEN).exclude(action__run__in=self.kept)
        waiting = waiting.select_related("action__run", "action__step", "team").prefetch_related("escalations__people")
        for review in waiting.order_by("opened_at", "pk"):
            now += PACE
            self.answer(review, now)
        return now

    def answer(self, review: Review, now: datetime) -> None:
        choice, note, changes = self._choose(review)
        person = self._person(review, now)
        review.decide(person, choice, now, digest=review.action.digest, note=note, payload=changes)

    def _person(self, review: Review, now: datetime) -> Person:
        names = ABOVE if review.escalations.all() else SITS
        able = [self.company.people[name] for name in names[review.team.slug]]
        able = [person for person in able if not review.barred(person, now)] or [
            person for person in self.company.people.values() if not review.barred(person, now)
        ]
        return able[0] if len(able) == 1 or self.draw.random() < 0.6 else able[1]

    def _choose(self, review: Review) -> tuple[str, str, Mapping[str, Any] | None]:
        if review.kind == "todo":
            return Choice.DONE, self.draw.choice(DONE[review.team.slug]), None
        luck = self.draw.random()
        if luck < 0.62 or review.action.step.capability in ALWAYS_APPROVED:
            return Choice.APPROVE, self.draw.choice(APPROVALS), None
        if luck < 0.82 and (changes := self._changes(review)):
            return Choice.EDIT, "", changes
        if luck < 0.95:
            return Choice.REJECT, self.draw.choice(REJECTIONS), None
        return Choice.TAKE_OVER, "I know them, I write myself", None

    def _changes(self, review: Review) -> Mapping[str, Any] | None:
        """Return what the person puts differently, if this is something to put differently."""
        payload = review.action.payload
        if "amount" in payload:
            return {"amount": str(int(float(payload["amount"]) * 0.75) // 100 * 100)}
        for old, new in SHORTER.items():
            if old in str(payload.get("body", "")):
                return {"body": payload["body"].replace(old, new)}
        return None
