"""Unowned: records that software met lately whose owner had to agree, and for which nobody answers.

Where a track asks the owners of what an action touches, a part without an owner goes up to the leaders each time. That
is no answer to whose it is: it is a gap, until the record names a team in which somebody can answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.urls import reverse

from governance.envelope.tracks import Track
from governance.people import Membership, Role
from workflows.actions import Action
from workflows.definitions import Step
from workflows.fields import named
from workflows.records import Record

PAST = timedelta(days=90)
MOST = 1000
"""So many of the newest actions of a step are looked at."""
NAMED = 5
"""So many records are named for a step; of the others it is said how many there are."""
Name = tuple[str, str]
FIELD = "owner"
"""The field of a touched record that names the team it belongs to."""


@dataclass(frozen=True)
class Unowned:
    """`words` say what is missing, `url` leads to the record, or to the list of its kind."""

    words: str
    url: str


def owner_tracks(step: Step, everywhere: Sequence[Track]) -> list[Track]:
    """Return the tracks that ask the owners of what the step touches: its own, else those of the rulebook."""
    own = [track for track in map(Track.model_validate, step.tracks) if track.owners]
    return own + [track for track in everywhere if track.owners and track.key not in {one.key for one in own}]


def unowned(step: Step, tracks: Sequence[Track], now: datetime) -> list[Unowned]:
    """Return what the step met in 90 days and nobody answers for today. Three bounded queries.

    Of the step's own record the fields count that the tracks name, of what it touched besides the field `owner`.
    """
    met = _met(step, {track.key for track in tracks}, now)
    rows = Record.objects.filter(_any(met)).order_by("kind", "key") if met else []
    fields = sorted({name for track in tracks for name in named({}, track.owners)})
    answering = _answering() if met else frozenset()
    found = [one for row in rows if (one := _gap(row, [FIELD] if met[row.kind, row.key] else fields, answering))]
    if len(found) > NAMED:
        more = Unowned(f"{len(found) - NAMED:,} more have no owner who can answer", reverse("records"))
        return [*found[:NAMED], more]
    return found


def _met(step: Step, keys: set[str], now: datetime) -> dict[Name, bool]:
    """Return the records of which a part had no owner who answers, and whether they were touched besides its own."""
    rows = Action.objects.filter(workflow=step.version.workflow_id, step__key=step.key, created_at__gt=now - PAST)
    names = ("needs", "facts__record__kind", "facts__record__key", "facts__touches")
    found: dict[Name, bool] = {}
    for needs, kind, key, touches in rows.order_by("-pk").values_list(*names)[:MOST]:
        if any(_of_owner(need, keys) for need in needs):
            found.update({(kind, key): False} if kind else {})
            found.update(((one["kind"], one["key"]), True) for one in touches or ())
    return dict(list(found.items())[:MOST])


def _of_owner(need: Mapping[str, Any], keys: set[str]) -> bool:
    return str(need["key"]).partition(":")[0] in keys and ":" in str(need["key"])


def _any(names: Mapping[Name, bool]) -> Q:
    kinds: dict[str, list[str]] = {}
    for kind, key in names:
        kinds.setdefault(kind, []).append(key)
    found = Q()
    for kind, keys in kinds.items():
        found |= Q(kind=kind, key__in=keys)
    return found


def _answering() -> frozenset[str]:
    """Return the teams in which somebody can answer."""
    held = Membership.objects.filter(role__in=(Role.LEADER, Role.REVIEWER), person__is_active=True)
    return frozenset(held.values_list("team__slug", flat=True))


def _gap(record: Record, fields: Sequence[str], answering: frozenset[str]) -> Unowned | None:
    url = reverse("record", args=[record.kind, record.key])
    for team in _owners(record, fields):
        if not team:
            return Unowned(f"“{record.title}” has no owner", url)
        if team not in answering:
            return Unowned(f"“{record.title}” belongs to “{team}”, where nobody can answer", url)
    return None


def _owners(record: Record, fields: Sequence[str]) -> Iterator[str]:
    for name in fields:
        value = record.fields.get(name)
        yield from map(str, value) if isinstance(value, list) and value else [str(value or "").strip()]
