"""What a person may agree to today: by team and role, by name, by qualification, by authority, or as a cover. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from governance.judging.verdict import Need

DECIDING = ("leader", "reviewer")


@dataclass(frozen=True)
class Powers:
    """`roles` are (team's slug, role); `authority` says how far by measure; `covers` whom they stand in for today."""

    person: int
    email: str
    roles: frozenset[tuple[str, str]] = frozenset()
    skills: frozenset[str] = frozenset()
    authority: Mapping[str, float] = field(default_factory=dict)
    covers: Sequence[Powers] = ()

    def may_fill(self, need: Need) -> bool:
        """Whether this person, or one they cover, can give the agreement.

        A cover has the lesser of the two authorities: where both have a limit, their own counts as well, for what is
        in question.
        """
        if self._may_alone(need):
            return True
        asked = need.at_least if need.amount is None else need.amount
        return any(absent._may_alone(need) and self._reaches(need, asked) for absent in self.covers)

    def _may_alone(self, need: Need) -> bool:
        if need.team:
            roles = (need.role,) if need.role == "leader" else DECIDING
            return any((need.team, role) in self.roles for role in roles)
        if need.person:
            return need.person.lower() == self.email.lower()
        if need.skill:
            return need.skill in self.skills
        return bool(need.authority) and need.authority in self.authority and self._reaches(need, need.at_least)

    def _reaches(self, need: Need, asked: float | None) -> bool:
        """Whether nothing is asked beyond this person's own limit. Who covers somebody needs a limit of their own."""
        if not need.authority:
            return True
        own = self.authority.get(need.authority)
        return own is not None and asked is not None and own >= asked
