"""The stop switch. After a halt has committed nothing in its scope begins; every begin takes the same lock, shared.

One leader pulls it. Lifting takes a reason and two leaders: one who asks, another who agrees.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.db.models import Q

from governance import databases
from governance.faultpoints import fault_point
from governance.ledger import Entry, record
from governance.memberships import leaders_besides
from governance.people import Actor, Person


class HaltRefused(Exception):
    """It cannot be halted or lifted like this; `str()` is a sentence."""


class AlreadyLifted(HaltRefused):
    """Somebody else lifted it first."""


class Scope(models.TextChoices):
    EVERYTHING = "everything", "Everything"
    WORKFLOW = "workflow", "One workflow"
    STEP = "step", "One step"
    CAPABILITY = "capability", "One capability"
    CATEGORY = "category", "One category of work"
    TEAM = "team", "One team"
    AGENT = "agent", "One agent"


class Halt(models.Model):
    """`target` is empty for everything, else a workflow slug, `slug/step`, a capability key, the category that
    versions of workflows name, a team slug, or the e-mail address of the account that asks over the API (the agent).

    `by` is nobody where a `tripwire` (its key) pulled it. `noticed_at` is when the first sign was seen, if whoever
    pulled it said so.

    `lifted_by` is who agreed, `lift_reason` what the one who asked had said; who asked is in `lifts`.
    """

    scope = models.CharField(max_length=12, choices=Scope.choices)
    target = models.CharField(max_length=254, blank=True)
    reason = models.TextField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    tripwire = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField()
    noticed_at = models.DateTimeField(null=True, blank=True)
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
    def who(self) -> str:
        """Who pulled it."""
        return self.by.name if self.by else "A tripwire"

    @property
    def is_in_force(self) -> bool:
        return self.lifted_at is None

    @property
    def pulled(self) -> Entry | None:
        """The Entry of the moment it took force. What the ledger says began later has the greater id."""
        return Entry.objects.filter(run=None, verb="halt.pulled", data__halt=self.pk).first()

    @property
    def asked(self) -> HaltLift | None:
        """The open request to lift it, if any."""
        return self.lifts.select_related("asked_by").filter(agreed_at=None, kept_at=None).first()

    def lift(self, person: Person, reason: str, now: datetime) -> bool:
        """Agree to lift it where another leader has asked, else ask. Return whether it is lifted now.

        One word is enough where there is no other leader. Raises HaltRefused, AlreadyLifted.
        """
        with transaction.atomic():
            asked = self._locked().asked
            if asked is not None and asked.asked_by_id != person.pk:
                self.agree_to_lift(person, now)
                return True
            self.ask_to_lift(person, reason, now)
        return not self.is_in_force

    def ask_to_lift(self, person: Person, reason: str, now: datetime) -> HaltLift:
        """Ask that work may begin again. Another leader agrees; where there is none it is lifted at once.

        Raises HaltRefused without a reason or when that is asked already, AlreadyLifted.
        """
        if not reason.strip():
            raise HaltRefused("Say why it may go on; others will read it.")
        with transaction.atomic():
            asked, others = self._locked().asked, leaders_besides(person)
            if asked is not None and (others or asked.asked_by_id != person.pk):
                raise HaltRefused(_asked_before(asked, person, leaders_besides(asked.asked_by)))
            if asked is None:
                asked = self.lifts.create(asked_by=person, asked_at=now, reason=reason)
                record(Actor.of(person), "halt.lift_asked", now, halt=self.pk, scope=str(self), reason=reason)
            if not others:
                self._lift(asked, person, now)
        return asked

    def agree_to_lift(self, person: Person, now: datetime) -> None:
        """Let work begin again, as another leader asked. Raises HaltRefused, AlreadyLifted."""
        with transaction.atomic():
            asked = self._locked().asked
            if asked is None:
                raise HaltRefused("Nobody asks to lift this halt any more. It still stands.")
            if asked.asked_by_id == person.pk:
                raise HaltRefused(_asked_before(asked, person, leaders_besides(person)))
            self._lift(asked, person, now)

    def keep(self, person: Person, now: datetime) -> None:
        """Close the request to lift it: whoever asked takes it back, or another leader says no. The halt stands.

        Raises HaltRefused, AlreadyLifted.
        """
        with transaction.atomic():
            asked = self._locked().asked
            if asked is None:
                raise HaltRefused("Nobody asks to lift this halt. It stands as before.")
            self.lifts.filter(pk=asked.pk).update(kept_by=person, kept_at=now)
            record(Actor.of(person), "halt.kept", now, halt=self.pk, scope=str(self), asked_by=asked.asked_by.name)

    def _locked(self) -> Halt:
        """Lock the row. The halts' own lock is for what stops work; letting it go on need not make begins wait."""
        halt = databases.locked(Halt.objects.filter(pk=self.pk)).get()
        if not halt.is_in_force:
            who = halt.lifted_by.name if halt.lifted_by else "Somebody"
            raise AlreadyLifted(f"{who} lifted this halt before your answer arrived.")
        return halt

    def _lift(self, asked: HaltLift, person: Person, now: datetime) -> None:
        self.lifts.filter(pk=asked.pk).update(agreed_by=person, agreed_at=now)
        self.lifted_at, self.lifted_by, self.lift_reason = now, person, asked.reason
        self.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
        facts = {"halt": self.pk, "scope": str(self), "reason": asked.reason}
        record(Actor.of(person), "halt.lifted", now, **facts, asked_by=asked.asked_by.name)


class HaltLift(models.Model):
    """A leader asked to lift a halt. Open until another one agrees, or somebody says that it is to stand."""

    halt = models.ForeignKey(Halt, on_delete=models.CASCADE, related_name="lifts")
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    reason = models.TextField()
    agreed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    agreed_at = models.DateTimeField(null=True, blank=True)
    kept_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    kept_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=["halt"], condition=Q(agreed_at=None, kept_at=None), name="one_open_lift_a_halt"
            ),
            models.CheckConstraint(condition=Q(agreed_at=None) | Q(kept_at=None), name="lift_agreed_or_kept"),
        )

    def __str__(self) -> str:
        return f"{self.asked_by} asks to lift {self.halt}"


def _asked_before(asked: HaltLift, person: Person, others: list[Person]) -> str:
    who = "You" if asked.asked_by_id == person.pk else asked.asked_by.name
    return f"{who} asked to lift this halt already; another leader agrees: {one_of(others)}. It still stands."


def one_of(people: Sequence[Person]) -> str:
    """Return the names as a choice: “Eve Marsh, Gita Rao or Lea Roth”."""
    *first, last = [person.name for person in people] or ["nobody"]
    return f"{', '.join(first)} or {last}" if first else last


def pull(
    person: Person, scope: str, target: str, reason: str, now: datetime, noticed_at: datetime | None = None
) -> Halt:
    """Stop everything in the scope from beginning. When this returns, nothing in it begins any more.

    `noticed_at` is when the first sign was seen. Raises HaltRefused without a reason or without an object, or when
    the sign is said to come later.
    """
    if noticed_at is not None and noticed_at > now:
        raise HaltRefused("The first sign cannot lie ahead. Nothing was halted.")
    return pull_by(Actor.of(person), scope, target, reason, now, noticed_at=noticed_at)


def pull_by(
    actor: Actor,
    scope: str,
    target: str,
    reason: str,
    now: datetime,
    *,
    tripwire: str = "",
    noticed_at: datetime | None = None,
) -> Halt:
    """Do the same as somebody who need not be a person."""
    if not reason.strip():
        raise HaltRefused("Say why; others will read it. Nothing was halted.")
    if scope not in Scope.values or (scope == Scope.EVERYTHING) == bool(target):
        raise HaltRefused("Say what should stop. Nothing was halted.")
    with transaction.atomic():
        databases.lock_exclusive(databases.HALTS)
        said = {"scope": scope, "target": target, "reason": reason, "tripwire": tripwire, "noticed_at": noticed_at}
        halt = Halt.objects.create(**said, by_id=actor.person_id, at=now)
        record(actor, "halt.pulled", now, halt=halt.pk, scope=str(halt), reason=reason)
        fault_point("halt.locked")
    fault_point("halt.committed")
    return halt


@dataclass(frozen=True)
class Holds:
    """The halts in force, read once for a whole batch."""

    everything: bool
    targets: frozenset[tuple[str, str]]

    @classmethod
    def now_in_force(cls) -> Holds:
        return cls.of(Halt.objects.filter(lifted_at=None).values_list("scope", "target"))

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Holds:
        """Return what these (scope, target) hold."""
        targets = frozenset(pairs)
        return cls(any(scope == Scope.EVERYTHING for scope, _ in targets), targets)

    @property
    def any(self) -> bool:
        return bool(self.targets)

    @property
    def agents(self) -> bool:
        """Whether an agent is halted, so that it must be known who asked for each run."""
        return any(scope == Scope.AGENT for scope, _ in self.targets)

    def stops(
        self, workflow: str, step: str, capability: str, teams: Iterable[str], agent: str = "", category: str = ""
    ) -> bool:
        """`agent` is the e-mail address of the account that asked for the run over the API; empty for other runs."""
        if self.everything or not self.targets:
            return self.everything
        return any(
            pair in self.targets
            for pair in (
                (Scope.WORKFLOW, workflow),
                (Scope.STEP, f"{workflow}/{step}"),
                (Scope.CAPABILITY, capability),
                (Scope.AGENT, agent),
                (Scope.CATEGORY, category),
                *((Scope.TEAM, team) for team in teams),
            )
        )
