"""A Vote: one person's agreement to what they saw, where several must agree. Enough of them decide the review."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from approvals.quorum import Seats, open_needs, seated
from governance.authorities import powers_of
from governance.judging.verdict import Need
from governance.people import Person
from workflows.actions import Action


class Vote(models.Model):
    """`covered` says, by need, which words exactly the person saw: when only others change, the vote `stands`.

    It covers nothing where the person said no to the part they answer for, which was left out then."""

    review = models.ForeignKey("approvals.Review", on_delete=models.CASCADE, related_name="votes")
    action = models.ForeignKey(Action, on_delete=models.CASCADE, related_name="votes")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="votes")
    covered = models.JSONField(default=dict)
    note = models.TextField(blank=True)
    at = models.DateTimeField()
    stands = models.BooleanField(default=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=["person", "review"], name="votes_of_person"),)

    def __str__(self) -> str:
        return f"{self.person} agreed"


@dataclass(frozen=True)
class Count:
    """`taken` says by need whose votes stand for it; `open` which needs wait for somebody."""

    needs: Sequence[Need]
    taken: Seats
    votes: Mapping[int, Vote]

    @property
    def open(self) -> list[Need]:
        return open_needs(self.needs, self.taken)

    @property
    def is_enough(self) -> bool:
        return not self.open

    @property
    def voters(self) -> set[int]:
        return {person for found in self.taken.values() for person in found}


def need_of(row: Mapping[str, Any]) -> Need:
    """Return the need as an action keeps it."""
    return Need(**{**row, "covers": tuple(row.get("covers", ()))})


def needs_of(action: Action) -> list[Need]:
    return [need_of(row) for row in action.needs]


def covered_digest(need: Need, payload: Mapping[str, Any]) -> str:
    """Return what stands for the fields the need covers; all of the payload, where it names none."""
    seen = {name: payload.get(name) for name in need.covers} if need.covers else payload
    text = json.dumps(seen, sort_keys=True, separators=(",", ":"), cls=DjangoJSONEncoder)
    return hashlib.sha256(text.encode()).hexdigest()


def cast(review: Any, action: Action, person: Person, now: datetime, note: str) -> Vote:
    """Write down that the person agrees to the action as it now stands."""
    needs, powers = needs_of(action), powers_of([person.pk], now.date()).get(person.pk)
    came_up = review.came_up_for(person)
    mine = [need for need in needs if need.key in came_up or (powers is not None and powers.may_fill(need))]
    covered = {need.key: covered_digest(need, action.payload) for need in mine}
    return Vote.objects.create(review=review, action=action, person=person, covered=covered, note=note, at=now)


def count(action: Action, now: datetime) -> Count:
    """Count the votes that stand: of people who still may, on words that have not changed, the newest of each."""
    return count_all([action], now)[action.pk]


def count_all(actions: Sequence[Action], now: datetime) -> dict[int, Count]:
    """Count for many actions with a fixed number of queries."""
    found: dict[int, dict[int, Vote]] = {action.pk: {} for action in actions}
    rows = Vote.objects.filter(action__in=found).select_related("person", "review").order_by("id")
    for vote in rows.prefetch_related("review__escalations__people"):
        found[vote.action_id].pop(vote.person_id, None)
        found[vote.action_id][vote.person_id] = vote
    people = {person for votes in found.values() for person in votes}
    powers = powers_of(people, now.date()) if people else {}
    return {action.pk: _count(action, found[action.pk], powers) for action in actions}


def _count(action: Action, votes: Mapping[int, Vote], powers: Mapping[int, Any]) -> Count:
    needs = needs_of(action)
    now_covered = {need.key: covered_digest(need, action.payload) for need in needs}
    may: dict[int, list[str]] = {}
    for person, vote in votes.items():
        own = powers.get(person)
        if own is None:  # no longer here
            continue
        up = vote.review.came_up_for(vote.person)
        may[person] = [
            need.key
            for need in needs
            if vote.covered.get(need.key) == now_covered[need.key] and (need.key in up or own.may_fill(need))
        ]
    return Count(needs, seated(needs, may), votes)
