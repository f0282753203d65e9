"""Signatures: a leader's word on a draft that is to take force. What loosens needs two; what tightens, one.

A subject is named `version:12` or `rulebook:3`, as both kinds of document share this life.
"""

from __future__ import annotations

from datetime import datetime

from django.db import models

from governance.people import Membership, Person, Role


class Kind(models.TextChoices):
    PROPOSED = "proposed", "proposed it"
    RATIFIED = "ratified", "ratified it"
    SENT_BACK = "sent_back", "sent it back"
    WITHDRAWN = "withdrawn", "withdrew it"


class Signature(models.Model):
    """`seen` stands for exactly what was signed: the draft and what it would replace. `told_at`: of a proposal, when
    those who may ratify it got a mail."""

    subject = models.CharField(max_length=40)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    words = models.TextField(blank=True)
    seen = models.CharField(max_length=64, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=["subject", "id"], name="signatures_of_subject"),)
        constraints = (models.CheckConstraint(condition=models.Q(kind__in=Kind.values), name="signature_kind_known"),)

    def __str__(self) -> str:
        return f"{self.person.name} {self.get_kind_display()}"


def sign(subject: str, kind: Kind, person: Person, now: datetime, words: str = "", seen: str = "") -> Signature:
    return Signature.objects.create(subject=subject, kind=kind, person=person, at=now, words=words, seen=seen)


def standing(subject: str) -> Signature | None:
    """Return the proposal that stands: the last one, unless it was sent back or withdrawn since."""
    rows = Signature.objects.filter(subject=subject).select_related("person").order_by("-id")
    last = rows.exclude(kind=Kind.RATIFIED).first()
    return last if last is not None and last.kind == Kind.PROPOSED else None


def ratified(subject: str) -> Signature | None:
    """Return the signature of whoever ratified the proposal that stands."""
    proposed = standing(subject)
    if proposed is None:
        return None
    rows = Signature.objects.filter(subject=subject, kind=Kind.RATIFIED, pk__gt=proposed.pk)
    return rows.select_related("person").last()


def last_back(subject: str) -> Signature | None:
    """Return who sent the draft back or withdrew it last, if nobody proposed it again."""
    last = Signature.objects.filter(subject=subject).select_related("person").last()
    return last if last is not None and last.kind in (Kind.SENT_BACK, Kind.WITHDRAWN) else None


def ratifiers(proposer: Person, team_id: int | None = None) -> list[Person]:
    """Return who may give the second signature: other leaders of the team, or where it has none, of any team."""
    leading = Membership.objects.filter(role=Role.LEADER, person__is_active=True).exclude(person=proposer)
    of_team = leading.filter(team=team_id) if team_id else leading
    found = Person.objects.filter(memberships__in=of_team if of_team.exists() else leading)
    return list(found.distinct())
