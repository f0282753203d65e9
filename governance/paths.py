"""Escalation paths: who is asked next when nobody answers, and after how long."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, models, transaction
from django.db.models import Q, QuerySet

from governance import databases
from governance.durations import short
from governance.ledger import record
from governance.people import Actor, Person, Role, Team


class PathRefused(Exception):
    """The path cannot be kept like this; `str()` is a sentence."""


class EscalationPath(models.Model):
    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=120)

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.title

    @property
    def digest(self) -> str:
        """What a leader saw of it, so that two who change it do not undo each other's work."""
        content = [self.title, [level.content for level in self.levels.all()]]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def rewrite(self, title: str, rungs: Sequence[Rung], person: Person, now: datetime, *, seen: str) -> None:
        """Give the path other levels. Raises PathRefused when it changed since it was seen."""
        with transaction.atomic():
            databases.locked(EscalationPath.objects.filter(pk=self.pk)).get()
            path = EscalationPath.objects.get(pk=self.pk)
            if path.digest != seen:
                raise PathRefused("Another leader changed this path since you opened it. Nothing of yours was kept.")
            old = path.words
            path.title = title
            path.save(update_fields=["title"])
            path.levels.all().delete()
            _write(path, rungs)
            new = EscalationPath.objects.get(pk=self.pk).words
            record(Actor.of(person), "path.changed", now, path=self.slug, title=title, old=old, levels=new)

    @property
    def words(self) -> list[str]:
        return [str(level) for level in self.levels.select_related("team", "person")]


class Level(models.Model):
    """One rung. `after` counts in seconds from the moment the rung below ran out of time."""

    path = models.ForeignKey(EscalationPath, on_delete=models.CASCADE, related_name="levels")
    position = models.PositiveSmallIntegerField()
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    role = models.CharField(max_length=12, choices=Role.choices, blank=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    after = models.PositiveIntegerField(help_text="seconds after the rung below ran out of time")

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=["path", "position"], name="level_position_once"),
            models.CheckConstraint(
                condition=Q(team__isnull=False) ^ Q(person__isnull=False), name="level_team_or_person"
            ),
        )

    def __str__(self) -> str:
        return f"{self.who}, after {short(self.after)}"

    @property
    def after_words(self) -> str:
        return f"after {short(self.after)}" if self.after else "at once"

    @property
    def content(self) -> tuple[int | None, str, int | None, int]:
        return (self.team_id, self.role, self.person_id, self.after)

    @property
    def who(self) -> str:
        if self.person:
            return self.person.name
        assert self.team is not None
        return f"{self.team.name} {Role(self.role).label.lower()}s" if self.role else self.team.name

    def people(self) -> QuerySet[Person]:
        """Everybody of this rung who can sign in."""
        if self.person is not None:
            return Person.objects.filter(pk=self.person.pk, is_active=True)
        assert self.team_id is not None
        roles = [self.role] if self.role else [Role.LEADER, Role.REVIEWER]
        return Person.objects.filter(
            memberships__team_id=self.team_id, memberships__role__in=roles, is_active=True
        ).distinct()


@dataclass(frozen=True)
class Rung:
    """A level as a form says it: a person, or a team with a role (empty: leaders and reviewers), after seconds."""

    after: int
    team_id: int | None = None
    role: str = ""
    person_id: int | None = None


def add_path(slug: str, title: str, rungs: Sequence[Rung], person: Person, now: datetime) -> EscalationPath:
    """Add a path. Raises PathRefused when there is one of that slug."""
    try:
        with transaction.atomic():
            path = EscalationPath.objects.create(slug=slug, title=title)
            _write(path, rungs)
            record(Actor.of(person), "path.added", now, path=slug, title=title, levels=path.words)
    except IntegrityError:
        raise PathRefused(f"There is an escalation path “{slug}” already.") from None
    return path


def _write(path: EscalationPath, rungs: Sequence[Rung]) -> None:
    Level.objects.bulk_create(
        Level(
            path=path,
            position=position,
            team_id=rung.team_id,
            role=rung.role,
            person_id=rung.person_id,
            after=rung.after,
        )
        for position, rung in enumerate(rungs, 1)
    )
