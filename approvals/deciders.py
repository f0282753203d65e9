"""Who may answer a review and who must not, in words for the one who reads it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from approvals.reviews import Review
from approvals.separation import barred
from governance.people import Person, Role


@dataclass
class Deciders:
    review: Review
    reader: Person
    started_by: int | None
    asked_by: int | None = None

    @cached_property
    def members(self) -> list[Person]:
        """The leaders and reviewers of the team that is asked."""
        roles = (Role.LEADER, Role.REVIEWER)
        found = Person.objects.filter(memberships__team=self.review.team_id, memberships__role__in=roles)
        return list(found.filter(is_active=True).distinct())

    @property
    def may(self) -> str:
        """Who may answer, the reader first: “You, Chen Wei or Lea Roth”."""
        free = [person for person in self.members if not self._barred(person)]
        names = [person.name for person in free if person != self.reader]
        if self.reader in free:
            names.insert(0, "You")
        return _or(names) or "Nobody of this team"

    @property
    def must_not(self) -> str:
        names = [person.name for person in self.members if self._barred(person)]
        why = "who asked for this" if self.asked_by else "who started this run"
        return f"Not {_or(names)}, {why}." if names else ""

    def _barred(self, person: Person) -> bool:
        return bool(barred(person.pk, kind=self.review.kind, started_by=self.started_by, asked_by=self.asked_by))


def _or(names: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
