"""Who must agree to a review and who has: one row a need, for whoever reads the item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from approvals.reviews import Review
from approvals.votes import Vote, count
from governance.authorities import powers_of
from governance.judging.verdict import Need
from governance.people import Person, Team
from governance.rulewords import measure_words, number


@dataclass(frozen=True)
class Agreement:
    """`mine`: the reader may give it. `missing` counts who is still to come."""

    title: str
    who: str
    votes: Sequence[Vote]
    missing: int
    mine: bool

    @property
    def is_open(self) -> bool:
        return self.missing > 0


def agreements(review: Review, reader: Person, now: datetime) -> list[Agreement]:
    counted = count(review.action, now)
    powers, up = powers_of([reader.pk], now.date()).get(reader.pk), review.came_up_for(reader)
    gave = reader.pk in counted.voters
    names = dict(Team.objects.values_list("slug", "name"))
    rows = []
    for need in counted.needs:
        given = [counted.votes[person] for person in counted.taken[need.key]]
        may = need.key in up or (powers is not None and powers.may_fill(need))
        who = _who(need, names)
        rows.append(Agreement(need.title or who, who, given, need.need - len(given), may and not gave))
    return rows


def _who(need: Need, teams: dict[str, str]) -> str:
    """Return who may give it, in words."""
    many = f"{need.need} of " if need.need > 1 else ""
    if need.team:
        team = teams.get(need.team, need.team)
        return f"{many}{f'a leader of {team}' if need.role == 'leader' else team}"
    if need.skill:
        return f"{many}those qualified for {need.skill.replace('-', ' ')}"
    if need.authority:
        measure = measure_words(need.authority)
        return f"{many}those who may decide {number(need.at_least or 0)} {measure} alone"
    return need.person
