"""Escalation paths: who is asked next when nobody answers, and after how long."""

from __future__ import annotations

from django.db import models
from django.db.models import Q, QuerySet

from governance.durations import short
from governance.people import Person, Role, Team


class EscalationPath(models.Model):
    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=120)

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.title


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
