"""The register: approved templates, claims, offers and tactics, each with a life."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from governance.people import Person, Team


class Kind(models.TextChoices):
    TEMPLATE = "template", "Template"
    CLAIM = "claim", "Claim"
    OFFER = "offer", "Offer"
    TACTIC = "tactic", "Tactic"


class Asset(models.Model):
    """One version of an approved thing. `body` is what a capability reads of it.

    template: `{subject, body}` with `{{ field }}` places · offer: `{eligible: CEL, rank, value}` · claim: `{text}`.
    """

    kind = models.CharField(max_length=10, choices=Kind.choices)
    key = models.SlugField(max_length=80)
    version = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=160)
    body = models.JSONField(default=dict)
    owner = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="assets")
    approved_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    approved_from = models.DateTimeField()
    approved_until = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("kind", "key", "-version")
        constraints = (
            models.UniqueConstraint(fields=["kind", "key", "version"], name="asset_version_once"),
            models.CheckConstraint(
                condition=Q(approved_until__isnull=True) | Q(approved_until__gt=F("approved_from")),
                name="asset_ends_after_it_begins",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.title}, version {self.version}"

    def standing(self, now: datetime) -> str:
        """Return `approved`, `future`, `expired` or `withdrawn`, as the envelope judges it."""
        if self.withdrawn_at and self.withdrawn_at <= now:
            return "withdrawn"
        if self.approved_from > now:
            return "future"
        if self.approved_until and self.approved_until <= now:
            return "expired"
        return "approved"

    def facts(self, now: datetime) -> dict[str, object]:
        """What the envelope has to know of this asset; stored with the Action."""
        return {
            "kind": self.kind,
            "key": self.key,
            "version": self.version,
            "title": self.title,
            "standing": self.standing(now),
            "until": self.approved_until.isoformat() if self.approved_until else None,
        }


def newest(kind: str) -> dict[str, Asset]:
    """Return the newest version of every asset of the kind, by key."""
    return {asset.key: asset for asset in Asset.objects.filter(kind=kind).order_by("key", "version")}
