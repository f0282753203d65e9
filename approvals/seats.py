"""A Seat: one of the agreements an open review waits for, where it is not simply one of the step's reviewers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from approvals.votes import Count, Vote, count_all, need_of
from governance.authorities import Absence, Authority, Qualification
from governance.judging.agreements import REVIEWERS
from governance.paths import EscalationPath
from governance.people import Membership, Person, Role
from governance.powers import DECIDING


class Seat(models.Model):
    """A need, kept beside the review so that the queue finds it; `people` counts how many of it are still to come."""

    review = models.ForeignKey("approvals.Review", on_delete=models.CASCADE, related_name="seats")
    key = models.CharField(max_length=200)
    title = models.CharField(max_length=200, blank=True)
    team = models.CharField(max_length=80, blank=True)
    role = models.CharField(max_length=12, blank=True)
    person = models.CharField(max_length=254, blank=True)
    skill = models.CharField(max_length=60, blank=True)
    authority = models.CharField(max_length=80, blank=True)
    at_least = models.FloatField(null=True, blank=True)
    amount = models.FloatField(null=True, blank=True)
    need = models.PositiveSmallIntegerField(default=1)
    missing = models.PositiveSmallIntegerField(default=1)
    path = models.ForeignKey(EscalationPath, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    level = models.PositiveSmallIntegerField(default=0)
    escalates_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=["review", "key"], name="one_seat_a_need"),)
        indexes = (
            models.Index(fields=["team", "review"], condition=Q(missing__gt=0), name="seats_of_team"),
            models.Index(fields=["escalates_at"], condition=Q(missing__gt=0), name="seats_to_escalate"),
        )

    def __str__(self) -> str:
        return self.title or self.key


def is_plain(needs: Sequence[Any], reviewers: str) -> bool:
    """Whether any one of the step's reviewers is enough, so that no seats are needed."""
    if not needs:
        return True
    (first, *rest) = needs
    alone = first.get("need", 1) == 1 and first.get("team") == reviewers and not first.get("role")
    return not rest and first["key"] == REVIEWERS and alone


def arrange(reviews: Sequence[Any], now: datetime) -> None:
    """Give these open reviews the seats their actions need now; votes that stand keep theirs."""
    tracked = [review for review in reviews if review.tracked]
    if not tracked:
        return
    counts = count_all([review.action for review in tracked], now)
    paths = EscalationPath.objects.in_bulk(field_name="slug")
    firsts = {path.pk: path.levels.first() for path in paths.values()}
    known = {(seat.review_id, seat.key): seat for seat in Seat.objects.filter(review__in=tracked)}
    Seat.objects.filter(review__in=tracked).delete()
    made = []
    for review in tracked:
        for row in review.action.needs:
            path = paths.get(row.get("escalation", ""))
            first = firsts.get(path.pk) if path else None
            due = review.due_at + timedelta(seconds=first.after) if first else None
            before = known.get((review.pk, row["key"]))
            seat = _seat(review, row, counts[review.action_id])
            seat.path, seat.escalates_at = path, before.escalates_at if before else due
            seat.level = before.level if before else 0
            made.append(seat)
    Seat.objects.bulk_create(made)
    for review in tracked:
        _note_votes(counts[review.action_id])


def _seat(review: Any, row: Any, counted: Count) -> Seat:
    need = need_of(row)
    names = ("key", "title", "team", "role", "person", "skill", "authority", "at_least", "amount", "need")
    missing = need.need - len(counted.taken[need.key])
    return Seat(review=review, missing=missing, **{name: getattr(need, name) for name in names})


def note_count(review: Any, counted: Count) -> None:
    """Write how many are still to come, after a vote."""
    for need in counted.needs:
        missing = need.need - len(counted.taken[need.key])
        Seat.objects.filter(review=review, key=need.key).update(missing=missing)
    _note_votes(counted)


def _note_votes(counted: Count) -> None:
    for person, vote in counted.votes.items():
        if vote.stands != (person in counted.voters):
            Vote.objects.filter(pk=vote.pk).update(stands=not vote.stands)


def seats_for(person: Person, day: date) -> Q:
    """Return the condition on seats that this person, or one they cover, may fill. It asks nothing by itself.

    The same as `governance.powers.Powers.may_fill`, said to the database; a test compares the two.
    """
    absent = Absence.objects.filter(cover=person, first__lte=day, last__gte=day, person__is_active=True)
    covered = Person.objects.filter(pk__in=absent.values("person"))
    me = Person.objects.filter(pk=person.pk, is_active=True)
    asked = Coalesce(OuterRef("amount"), OuterRef("at_least"))
    return _alone(me, day) | _alone(covered, day) & (Q(authority="") | _reaches(me, day, asked))


def _alone(people: QuerySet[Person], day: date) -> Q:
    held = Membership.objects.filter(person__in=people, role__in=DECIDING)
    led, teams = held.filter(role=Role.LEADER).values("team__slug"), held.values("team__slug")
    skills = Qualification.objects.filter(_still(day), person__in=people).values("skill")
    of_team = Q(team__in=led) | ~Q(role=Role.LEADER) & Q(team__in=teams)
    return (
        of_team
        | Q(person__in=people.values("email"))
        | Q(skill__in=skills)
        | _reaches(people, day, OuterRef("at_least"))
    )


def _reaches(people: QuerySet[Person], day: date, asked: Any) -> Q:
    enough = Authority.objects.filter(_still(day), person__in=people, measure=OuterRef("authority"))
    return ~Q(authority="") & Q(Exists(enough.filter(at_most__gte=asked)))


def _still(day: date) -> Q:
    return Q(until=None) | Q(until__gte=day)
