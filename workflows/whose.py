"""Whose records an action is about: for a reader who may not see all of them, how many there are and of which team.

A page that shows fields of records asks `foreign_to` first, and shows of foreign ones that they exist and whose they
are. Nothing here says what stands in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from governance.people import Person
from workflows.access import is_foreign
from workflows.actions import Action
from workflows.records import Audience, Record

Name = tuple[str, str]
"""Kind and key."""


@dataclass(frozen=True)
class Foreign:
    """Records of other teams: by (kind, key), the slug and the name of their team."""

    records: Mapping[Name, tuple[str, str]]

    def __bool__(self) -> bool:
        return bool(self.records)

    @property
    def teams(self) -> set[str]:
        return {slug for slug, _ in self.records.values()}

    @property
    def words(self) -> str:
        """“2 account records of Sales and 1 contact record of Legal”."""
        counts = Counter((kind, team) for (kind, _), (_, team) in self.records.items())
        parts = [f"{n:,} {kind} record{'' if n == 1 else 's'} of {team}" for (kind, team), n in sorted(counts.items())]
        return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))

    def of(self, teams: Iterable[str]) -> Foreign:
        chosen = set(teams)
        return Foreign({name: whose for name, whose in self.records.items() if whose[0] in chosen})


NONE = Foreign({})


def foreign_to(person: Person, actions: Sequence[Action]) -> dict[int, Foreign]:
    """Return by action the records it is about that this person does not see; actions without any are left out.

    One query for each kind of record, and one for each audience.
    """
    if person.is_auditor:
        return {}
    named = {action.pk: set(_named(action)) for action in actions}
    whose = _foreign(person, {name for names in named.values() for name in names})
    found = {}
    for action in actions:
        records = {name: whose[name] for name in named[action.pk] if name in whose}
        audience = action.payload.get("audience")
        if isinstance(audience, int) and 0 < audience < 2**63:
            records |= _members(person, audience)
        if records:
            found[action.pk] = Foreign(records)
    return found


def _named(action: Action) -> Iterator[Name]:
    """Give the records that its facts and its payload name: `{kind, key}` at the top of them."""
    for place in (action.facts.get("record"), *action.payload.values()):
        if isinstance(place, Mapping) and isinstance(place.get("kind"), str) and isinstance(place.get("key"), str):
            yield place["kind"], place["key"]


def _foreign(person: Person, names: set[Name]) -> dict[Name, tuple[str, str]]:
    keys: dict[str, set[str]] = {}
    for kind, key in names:
        keys.setdefault(kind, set()).add(key)
    columns = ("key", "team_id", "team__slug", "team__name")
    return {
        (kind, key): (slug, team)
        for kind, chosen in keys.items()
        for key, id, slug, team in Record.objects.filter(kind=kind, key__in=chosen).order_by().values_list(*columns)
        if is_foreign(person, id)
    }


def _members(person: Person, audience: int) -> dict[Name, tuple[str, str]]:
    """Return the foreign members of an audience; of a kind that nobody else has records of, without reading it."""
    kind = Audience.objects.filter(pk=audience).values_list("kind", flat=True).first()
    others = Record.objects.filter(kind=kind).exclude(team=None).exclude(team__in=person.team_ids)
    if kind is None or not others.exists():
        return {}
    members = set(Audience.objects.values_list("members", flat=True).get(pk=audience))
    rows = others.order_by().values_list("pk", "key", "team__slug", "team__name").iterator(chunk_size=2000)
    return {(kind, key): (slug, team) for pk, key, slug, team in rows if pk in members}
