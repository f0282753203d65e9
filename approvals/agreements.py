"""Who must agree to a review and who has: one row a need, for whoever reads the item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from approvals.reviews import Review
from approvals.votes import Vote, count
from governance.authorities import powers_of
from governance.judging.verdict import Need
from governance.people import Membership, Person, Team
from governance.powers import DECIDING
from governance.rulewords import measure_words, number

SHOWN = 4
"""So many names are written out."""


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
    teams = _teams([need.team for need in counted.needs])
    rows = []
    for need in counted.needs:
        given = [counted.votes[person] for person in counted.taken[need.key]]
        may = need.key in up or (powers is not None and powers.may_fill(need))
        who = _who(need, teams)
        title = need.title or teams.get(need.team, (need.key, []))[0]
        rows.append(Agreement(title, who, given, need.need - len(given), may and not gave))
    return rows


def _teams(slugs: Sequence[str]) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Return by slug the team's name, and who decides there with their role."""
    found = {slug: (name, []) for slug, name in Team.objects.filter(slug__in=slugs).values_list("slug", "name")}
    deciding = Membership.objects.filter(team__slug__in=found, role__in=DECIDING, person__is_active=True)
    for slug, name, role in deciding.order_by("person__name").values_list("team__slug", "person__name", "role"):
        found[slug][1].append((name, role))
    return found


def _who(need: Need, teams: dict[str, tuple[str, list[tuple[str, str]]]]) -> str:
    """Return who may give it, in words."""
    many = f"{need.need} of " if need.need > 1 else ""
    if need.team:
        _, people = teams.get(need.team, (need.team, []))
        names = list(dict.fromkeys(name for name, role in people if need.role != "leader" or role == "leader"))
        return f"{many}{one_of_names(names)}" if names else "Nobody of this team"
    if need.skill:
        return f"{many}those qualified for {need.skill.replace('-', ' ')}"
    if need.authority:
        measure = measure_words(need.authority)
        return f"{many}those who may decide {number(need.at_least or 0)} {measure} alone"
    return need.person


def one_of_names(names: Sequence[str]) -> str:
    """Return “Ben Hartley, Chen Wei or 3 others”."""
    if len(names) <= SHOWN:
        *first, last = names
        return f"{', '.join(first)} or {last}" if first else last
    return f"{', '.join(names[:SHOWN])} or {len(names) - SHOWN} other{'s' if len(names) > SHOWN + 1 else ''}"
