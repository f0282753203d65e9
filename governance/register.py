"""The register: approved templates, claims, offers and tactics, each with a life."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import F, Q

from governance.ledger import record
from governance.people import Actor, Person, Team

PLACE = re.compile(r"\{\{\s*([A-Za-z_][\w.]*)\s*\}\}")
"""A place in a template that a field of the record fills: `{{ name }}`."""


class AlreadyThere(Exception):
    """Somebody was first; `str()` is a sentence."""


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

    @property
    def last_moment(self) -> datetime | None:
        """The last moment it may be used, as people say it: “until 31 March” ends as 1 April begins."""
        return self.approved_until - timedelta(microseconds=1) if self.approved_until else None

    def withdraw(self, person: Person, reason: str, now: datetime) -> bool:
        """Let nothing use this version from now on. False when somebody else withdrew it first."""
        with transaction.atomic():
            withdrawn = Asset.objects.filter(pk=self.pk, withdrawn_at=None).update(
                withdrawn_at=now, withdrawn_by=person
            )
            if withdrawn:
                record(Actor.of(person), "asset.withdrawn", now, **self._names, reason=reason)
        return bool(withdrawn)

    @property
    def _names(self) -> dict[str, Any]:
        return {"kind": self.kind, "key": self.key, "version": self.version, "title": self.title}

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


def approve(asset: Asset, now: datetime) -> Asset:
    """Put a new asset, or the next version of one, into the register. Raises AlreadyThere."""
    verb = "asset.approved" if asset.version == 1 else "asset.renewed"
    until = asset.approved_until.isoformat() if asset.approved_until else None
    try:
        with transaction.atomic():
            asset.save(force_insert=True)
            record(Actor.of(asset.approved_by), verb, now, **asset._names, owner=asset.owner.name, until=until)
    except IntegrityError:
        raise AlreadyThere(_who_was_first(asset)) from None
    return asset


def _who_was_first(asset: Asset) -> str:
    other = Asset.objects.select_related("approved_by").get(kind=asset.kind, key=asset.key, version=asset.version)
    kind = other.get_kind_display().lower()
    if other.version == 1:
        return f"There is a {kind} “{other.key}” already: {other.title}. Make a new version of it instead."
    return f"{other.approved_by.name} made version {other.version} of this {kind} meanwhile. Yours was not kept."


def unclosed_place(text: str) -> str:
    """Return what of the text looks like a place but is none, such as `{{ name }`; empty when all is well."""
    rest = PLACE.sub("", text)
    found = re.search(r".{0,12}(\{\{|\}\}).{0,12}", rest)
    return found[0].strip() if found else ""


def place_in_record(text: str) -> str:
    """Return the field of the first place written `{{ record.field }}`; empty when there is none."""
    return next((name.removeprefix("record.") for name in PLACE.findall(text) if name.startswith("record.")), "")


def places(texts: Mapping[str, str]) -> list[str]:
    """Return the names of the fields the texts need, each once, in order."""
    return list(dict.fromkeys(name for text in texts.values() for name in PLACE.findall(text)))
