"""The rulebook: the organisation's stances and guardrails, versioned; exactly one version is in force."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from governance.people import Person


class Status(models.TextChoices):
    """The life that Rulebooks and workflow Versions share (design: draft → proposed → in force → superseded)."""

    DRAFT = "draft", "Draft"
    PROPOSED = "proposed", "Proposed, not in force"
    IN_FORCE = "in_force", "In force"
    SUPERSEDED = "superseded", "Superseded"


class Rulebook(models.Model):
    number = models.PositiveIntegerField(unique=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.DRAFT)
    note = models.TextField(blank=True)
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    in_force_at = models.DateTimeField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-number",)
        constraints = (
            models.UniqueConstraint(fields=["status"], condition=Q(status="in_force"), name="one_rulebook_in_force"),
        )

    def __str__(self) -> str:
        return f"Rulebook {self.number}"


class StanceKind(models.TextChoices):
    APPROVED = "approved", "Approved"
    OUT_OF_SCOPE = "out_of_scope", "Out of scope"


class Stance(models.Model):
    """What the organisation says of one capability. None at all means undefined, which is refused."""

    rulebook = models.ForeignKey(Rulebook, on_delete=models.CASCADE, related_name="stances")
    capability = models.CharField(max_length=80)
    stance = models.CharField(max_length=12, choices=StanceKind.choices)

    class Meta:
        ordering = ("capability",)
        constraints = (models.UniqueConstraint(fields=["rulebook", "capability"], name="one_stance_each"),)

    def __str__(self) -> str:
        return f"{self.capability}: {self.get_stance_display()}"


class Effect(models.TextChoices):
    REVIEW = "review", "A person approves"
    HUMAN = "human", "A person does it"
    REFUSE = "refuse", "Refused"


class Guardrail(models.Model):
    """A condition (CEL) under which a person is needed or nothing happens, and the reason in plain words."""

    rulebook = models.ForeignKey(Rulebook, on_delete=models.CASCADE, related_name="guardrails")
    position = models.PositiveSmallIntegerField(default=0)
    when = models.TextField()
    effect = models.CharField(max_length=8, choices=Effect.choices)
    reason = models.CharField(max_length=240)
    capability = models.CharField(max_length=80, blank=True, help_text="empty: every capability")

    class Meta:
        ordering = ("position", "id")

    def __str__(self) -> str:
        return self.reason


def in_force() -> Rulebook | None:
    """Return the rulebook that applies now, with its parts; None before the first one is published."""
    return Rulebook.objects.filter(status=Status.IN_FORCE).prefetch_related("stances", "guardrails").first()
