"""The stop switch. After a halt has committed nothing in its scope begins; every begin takes the same lock, shared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction

from governance import databases
from governance.ledger import Entry, record
from governance.memberships import leaders_besides
from governance.people import Actor, Person


class HaltRefused(Exception):
    """It cannot be halted or lifted like this; `str()` is a sentence."""


class Scope(models.TextChoices):
    EVERYTHING = "everything", "Everything"
    WORKFLOW = "workflow", "One workflow"
    STEP = "step", "One step"
    CAPABILITY = "capability", "One capability"
    TEAM = "team", "One team"


class Halt(models.Model):
    """`target` is empty for everything, else a workflow slug, `slug/step`, a capability key or a team slug."""

    scope = models.CharField(max_length=12, choices=Scope.choices)
    target = models.CharField(max_length=160, blank=True)
    reason = models.TextField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    lift_reason = models.TextField(blank=True)

    class Meta:
        ordering = ("-at",)

    def __str__(self) -> str:
        return "everything" if self.scope == Scope.EVERYTHING else f"the {self.scope} {self.target}"

    @property
    def words(self) -> str:
        return "Everything" if self.scope == Scope.EVERYTHING else self.target

    @property
    def is_in_force(self) -> bool:
        return self.lifted_at is None

    @property
    def pulled(self) -> Entry | None:
        """The Entry of the moment it took force. What the ledger says began later has the greater id."""
        return Entry.objects.filter(run=None, verb="halt.pulled", data__halt=self.pk).first()

    def lift(self, person: Person, reason: str, now: datetime) -> bool:
        """Let work begin again. False when somebody else lifted it first.

        Raises HaltRefused without a reason, or when whoever pulled it lifts it though another leader could.
        """
        if not reason.strip():
            raise HaltRefused("Say why it may go on; others will read it.")
        with transaction.atomic():
            databases.lock_exclusive(databases.HALTS)
            if others := self.must_be_lifted_by(person):
                names = " or ".join(other.name for other in others)
                raise HaltRefused(f"You pulled this halt, so another leader lifts it: {names}. It still stands.")
            lifted = Halt.objects.filter(pk=self.pk, lifted_at=None).update(
                lifted_at=now, lifted_by=person, lift_reason=reason
            )
            if lifted:
                record(Actor.of(person), "halt.lifted", now, halt=self.pk, scope=str(self), reason=reason)
        return bool(lifted)

    def must_be_lifted_by(self, person: Person) -> list[Person]:
        """Return the leaders who may lift it instead of this person; empty when this person may.

        Whoever pulled it may lift it only where there is no other leader.
        """
        return leaders_besides(person) if person.pk == self.by_id else []


def pull(person: Person, scope: str, target: str, reason: str, now: datetime) -> Halt:
    """Stop everything in the scope from beginning. When this returns, nothing in it begins any more.

    Raises HaltRefused without a reason or without an object.
    """
    if not reason.strip():
        raise HaltRefused("Say why; others will read it. Nothing was halted.")
    if scope not in Scope.values or (scope == Scope.EVERYTHING) == bool(target):
        raise HaltRefused("Say what should stop. Nothing was halted.")
    with transaction.atomic():
        databases.lock_exclusive(databases.HALTS)
        halt = Halt.objects.create(scope=scope, target=target, reason=reason, by=person, at=now)
        record(Actor.of(person), "halt.pulled", now, halt=halt.pk, scope=str(halt), reason=reason)
    return halt


@dataclass(frozen=True)
class Holds:
    """The halts in force, read once for a whole batch."""

    everything: bool
    targets: frozenset[tuple[str, str]]

    @classmethod
    def now_in_force(cls) -> Holds:
        standing = set(Halt.objects.filter(lifted_at=None).values_list("scope", "target"))
        return cls(any(scope == Scope.EVERYTHING for scope, _ in standing), frozenset(standing))

    @property
    def any(self) -> bool:
        return bool(self.targets)

    def stops(self, workflow: str, step: str, capability: str, teams: Iterable[str]) -> bool:
        if self.everything or not self.targets:
            return self.everything
        return any(
            pair in self.targets
            for pair in (
                (Scope.WORKFLOW, workflow),
                (Scope.STEP, f"{workflow}/{step}"),
                (Scope.CAPABILITY, capability),
                *((Scope.TEAM, team) for team in teams),
            )
        )
