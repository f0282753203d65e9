"""The rulebook: what the organisation says of software, as one versioned document; exactly one version is in force."""

from __future__ import annotations

from functools import cached_property

from django.db import models
from django.db.models import Q

from governance.envelope.whole import Envelope
from governance.people import Person


class Status(models.TextChoices):
    """The life that Rulebooks and workflow Versions share (design: draft → proposed → in force → superseded)."""

    DRAFT = "draft", "Draft"
    PROPOSED = "proposed", "Proposed, not in force"
    IN_FORCE = "in_force", "In force"
    SUPERSEDED = "superseded", "Superseded"


class Rulebook(models.Model):
    """`content` is an Envelope as JSON. Once it is no draft, a trigger refuses every other word."""

    number = models.PositiveIntegerField(unique=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.DRAFT)
    content = models.JSONField(default=dict)
    note = models.TextField(blank=True)
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    proposed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ratified_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    force_at = models.DateTimeField(null=True, blank=True)
    in_force_at = models.DateTimeField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)
    rejudged = models.BooleanField(default=True)

    class Meta:
        ordering = ("-number",)
        constraints = (
            models.UniqueConstraint(fields=["status"], condition=Q(status="in_force"), name="one_rulebook_in_force"),
        )

    def __str__(self) -> str:
        return f"Rulebook {self.number}"

    @cached_property
    def envelope(self) -> Envelope:
        return Envelope.of(self.content)


class StanceKind(models.TextChoices):
    APPROVED = "approved", "Approved"
    OUT_OF_SCOPE = "out_of_scope", "Out of scope"


class Effect(models.TextChoices):
    REVIEW = "review", "A person approves"
    HUMAN = "human", "A person does it"
    REFUSE = "refuse", "Refused"


def in_force() -> Rulebook | None:
    """Return the rulebook that applies now; None before the first one is published."""
    return Rulebook.objects.filter(status=Status.IN_FORCE).first()
