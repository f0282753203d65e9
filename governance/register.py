"""The register: approved templates, claims, offers and tactics, each with a life."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import F, Q

from governance import databases
from governance.ledger import Entry, record
from governance.people import Actor, Person, Team
from governance.whereabouts import Whereabouts
from governance.wording import Wording


class AlreadyThere(Exception):
    """Somebody was first; `str()` is a sentence."""


class Kind(models.TextChoices):
    TEMPLATE = "template", "Template"
    CLAIM = "claim", "Claim"
    OFFER = "offer", "Offer"
    TACTIC = "tactic", "Tactic"


class Asset(models.Model):
    """One version of an approved thing. `body` is what a capability reads of it; only a withdrawal changes a version.

    template: `{subject, body}` with `{{ field }}` places, `claims` (keys), `fields` (`{place: {choices: […]}}` or
    `{place: {fixed: text}}`) · offer: `{eligible: CEL, rank, value}` · claim: `{text}`.
    `segments`, `markets` and `channels` are what it holds for, none of them: everywhere. `evidence` proves a claim.
    """

    kind = models.CharField(max_length=10, choices=Kind.choices)
    key = models.SlugField(max_length=80)
    version = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=160)
    body = models.JSONField(default=dict)
    segments = models.JSONField(default=list, blank=True)
    markets = models.JSONField(default=list, blank=True)
    channels = models.JSONField(default=list, blank=True)
    evidence = models.TextField(blank=True)
    evidence_link = models.URLField(max_length=400, blank=True)
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
        """Let nothing use this version or an earlier one from now on. False when somebody else withdrew it first.

        When this returns, nothing that names it begins any more: every begin holds the same lock, shared, while it
        looks whether what it names still stands.
        """
        with transaction.atomic():
            databases.lock_exclusive(databases.HALTS)
            rows = databases.locked(Asset.objects.filter(self._withdrawn_with, withdrawn_at=None))
            versions = sorted(rows.values_list("version", flat=True))
            if self.version not in versions:
                return False
            Asset.objects.filter(self._withdrawn_with, withdrawn_at=None).update(withdrawn_at=now, withdrawn_by=person)
            record(Actor.of(person), "asset.withdrawn", now, **self._names, versions=versions, reason=reason)
        self.withdrawn_at, self.withdrawn_by = now, person
        return True

    @property
    def _withdrawn_with(self) -> Q:
        """What goes with this version: what was approved under an earlier one is not better."""
        return Q(kind=self.kind, key=self.key, version__lte=self.version)

    @property
    def withdrawal(self) -> Entry | None:
        """The Entry of its withdrawal, which says why."""
        if self.withdrawn_at is None:
            return None
        rows = Entry.objects.filter(run=None, verb="asset.withdrawn", data__kind=self.kind, data__key=self.key)
        return next((row for row in rows.order_by("-pk") if self.version in _versions(row)), None)

    @property
    def _names(self) -> dict[str, Any]:
        return {"kind": self.kind, "key": self.key, "version": self.version, "title": self.title}

    @property
    def holds_for(self) -> dict[str, list[str]]:
        return {"segment": self.segments, "market": self.markets, "channel": self.channels}

    @property
    def wording(self) -> Wording:
        """The words of a template, with what may stand in their places."""
        return Wording.of(self.body)

    @property
    def claims(self) -> list[str]:
        """The keys of the claims a template makes."""
        return [str(key) for key in self.body.get("claims", ())]

    def standing(self, now: datetime) -> str:
        """Return `approved`, `future`, `expired` or `withdrawn`, as the envelope judges it.

        What is withdrawn is so by whatever clock: a worker whose clock is behind must not use it a moment longer.
        """
        if self.withdrawn_at:
            return "withdrawn"
        if self.approved_from > now:
            return "future"
        if self.approved_until and self.approved_until <= now:
            return "expired"
        return "approved"

    def facts(self, now: datetime, place: Whereabouts | None = None) -> dict[str, object]:
        """What the envelope has to know of this asset, used at this place; stored with the Action."""
        where = place.outside(self.holds_for) if place else []
        found: dict[str, object] = {
            "kind": self.kind,
            "key": self.key,
            "version": self.version,
            "title": self.title,
            "standing": standing_at(self.standing(now), where),
            "until": self.approved_until.isoformat() if self.approved_until else None,
        }
        if where:
            found["where"] = where
        if self.kind == Kind.CLAIM:
            found["text"] = str(self.body.get("text", ""))
        return found


def standing_at(standing: str, where: Iterable[str]) -> str:
    """Return how it stands where it is used: `elsewhere` is approved, but not there."""
    return "elsewhere" if standing == "approved" and any(where) else standing


def versions_of(kind: str) -> dict[str, list[Asset]]:
    """Return every version of every asset of the kind, by key, the newest first."""
    found: dict[str, list[Asset]] = {}
    for asset in Asset.objects.filter(kind=kind).select_related("owner").order_by("key", "-version"):
        found.setdefault(asset.key, []).append(asset)
    return found


def in_use(versions: Iterable[Asset], now: datetime) -> Asset | None:
    """Return, of versions with the newest first, the one that new proposals use: the newest that has begun."""
    rows = list(versions)
    return next((one for one in rows if one.approved_from <= now), rows[0] if rows else None)


def named(names: Iterable[tuple[str, str, int]]) -> dict[tuple[str, str, int], Asset]:
    """Return the versions under these names (kind, key, version), read now: one query."""
    wanted = set(names)
    kinds, keys = {kind for kind, _, _ in wanted}, {key for _, key, _ in wanted}
    rows = Asset.objects.filter(kind__in=kinds, key__in=keys).defer("body", "evidence")
    found = {(row.kind, row.key, row.version): row for row in rows}
    return {name: found[name] for name in wanted if name in found}


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


def _versions(entry: Entry) -> list[Any]:
    data: Mapping[str, Any] = entry.data
    return list(data.get("versions", ())) or [data.get("version")]


def _who_was_first(asset: Asset) -> str:
    other = Asset.objects.select_related("approved_by").get(kind=asset.kind, key=asset.key, version=asset.version)
    kind = other.get_kind_display().lower()
    if other.version == 1:
        return f"There is a {kind} “{other.key}” already: {other.title}. Make a new version of it instead."
    return f"{other.approved_by.name} made version {other.version} of this {kind} meanwhile. Yours was not kept."
