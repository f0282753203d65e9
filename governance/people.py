"""People, their teams, and the roles they hold in them. Software that asks for permission is an Actor, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.functional import cached_property


class PersonManager(BaseUserManager["Person"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Person:
        person = self.model(email=self.normalize_email(email).lower(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def get_by_natural_key(self, username: str | None) -> Person:
        return self.get(email=(username or "").lower())


class Person(AbstractBaseUser):
    """Somebody who signs in with an e-mail address."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects: ClassVar[PersonManager] = PersonManager()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def first_name(self) -> str:
        return self.name.split()[0] if self.name.strip() else self.email

    @property
    def initials(self) -> str:
        words = self.name.split() or [self.email]
        return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()

    @cached_property
    def roles(self) -> list[tuple[int, str]]:
        """Every (team id, role) this person holds; read once a request."""
        return [(membership.team_id, membership.role) for membership in self.held]

    @cached_property
    def held(self) -> list[Membership]:
        return list(self.memberships.select_related("team").order_by("pk"))

    @property
    def role_words(self) -> str:
        """The first role in words: “Leader, Growth”."""
        return f"{self.held[0].get_role_display()}, {self.held[0].team.name}" if self.held else "In no team"

    @property
    def team_ids(self) -> set[int]:
        return {team for team, _ in self.roles}

    @property
    def is_leader(self) -> bool:
        return any(role == Role.LEADER for _, role in self.roles)

    @property
    def is_auditor(self) -> bool:
        return any(role == Role.AUDITOR for _, role in self.roles)

    def leads(self, team_id: int) -> bool:
        return (team_id, Role.LEADER) in self.roles

    def decides_for(self, team_id: int | None) -> bool:
        """Whether this person may answer what waits for the team."""
        return any(team == team_id and role in (Role.LEADER, Role.REVIEWER) for team, role in self.roles)


class Team(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    people: models.ManyToManyField[Person, Membership] = models.ManyToManyField(
        Person, through="Membership", related_name="teams"
    )

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    LEADER = "leader", "Leader"
    REVIEWER = "reviewer", "Reviewer"
    AUDITOR = "auditor", "Auditor"


class Membership(models.Model):
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["person", "team", "role"], name="membership_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        )

    def __str__(self) -> str:
        return f"{self.person} · {self.get_role_display()}, {self.team}"


@dataclass(frozen=True)
class Actor:
    """Who does something: a person, or Remit itself. Always an explicit argument."""

    kind: str
    name: str
    person_id: int | None = None

    @classmethod
    def of(cls, person: Person) -> Actor:
        return cls("person", person.name, person.pk)


SOFTWARE = Actor("software", "Remit")
CLOCK = Actor("clock", "The clock")
