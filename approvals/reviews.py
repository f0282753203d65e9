"""A Review: an item in the queue. It is opened by the gate, decided once, or withdrawn when it is no longer asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import Q, QuerySet

from approvals.decisions import Choice, Decision
from approvals.separation import barred
from governance import databases
from governance.faultpoints import fault_point
from governance.paths import EscalationPath
from governance.people import Actor, Person, Role, Team
from workflows.actions import Action
from workflows.engine import answers
from workflows.engine.answers import Stale
from workflows.runs import Run


class Kind(models.TextChoices):
    APPROVAL = "approval", "Approval"
    TODO = "todo", "To-do"
    UNCERTAIN = "uncertain", "Uncertain"


class Status(models.TextChoices):
    OPEN = "open", "Waits"
    DECIDED = "decided", "Decided"
    WITHDRAWN = "withdrawn", "Withdrawn"


CHOICES: dict[str, tuple[Choice, ...]] = {
    Kind.APPROVAL: (Choice.APPROVE, Choice.EDIT, Choice.REJECT, Choice.TAKE_OVER),
    Kind.TODO: (Choice.DONE, Choice.REJECT),
    Kind.UNCERTAIN: (Choice.HAPPENED, Choice.TRY_AGAIN, Choice.GIVE_UP),
}
"""What may be answered, by the kind of review."""


class AlreadyDecided(Exception):
    """Somebody was first. `decision` is theirs, or None when the review was withdrawn."""

    def __init__(self, decision: Decision | None) -> None:
        who = f"{decision.person.name} {decision.verb} this" if decision else "This is no longer asked"
        super().__init__(f"{who}; your answer was not counted.")
        self.decision = decision


class NotAllowed(Exception):
    """This person must not decide this; `str()` is a sentence."""


class Review(models.Model):
    """`due_at` is when the next level is told; `level` how far up it has gone. `digest` is what was asked about."""

    action = models.ForeignKey(Action, on_delete=models.CASCADE, related_name="reviews")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    headline = models.CharField(max_length=300)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="reviews")
    path = models.ForeignKey(EscalationPath, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    level = models.PositiveSmallIntegerField(default=0)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    escalates_at = models.DateTimeField(null=True, blank=True)
    claimed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("due_at", "id")
        constraints = (
            models.UniqueConstraint(fields=["action"], condition=Q(status="open"), name="one_open_review_an_action"),
        )
        indexes = (
            models.Index(fields=["team", "due_at", "id"], condition=Q(status="open"), name="review_queue"),
            models.Index(fields=["escalates_at"], condition=Q(status="open"), name="review_to_escalate"),
        )

    def __str__(self) -> str:
        return self.headline

    @property
    def is_open(self) -> bool:
        return self.status == Status.OPEN

    @property
    def decision(self) -> Decision | None:
        return self.decisions.select_related("person").first()

    def barred(self, person: Person) -> str:
        """Return why the person must not decide this; empty when they may."""
        if not person.decides_for(self.team_id) and not self.came_up_to(person):
            return f"Only leaders and reviewers of {self.team.name}, and people it went up to, decide this."
        action = self.action
        return barred(person.pk, kind=self.kind, started_by=action.run.started_by_id, asked_by=action.asked_by_id)

    def came_up_to(self, person: Person) -> bool:
        """Whether the review was escalated to this person."""
        return any(person in escalation.people.all() for escalation in self.escalations.all())

    def decide(
        self,
        person: Person,
        choice: str,
        now: datetime,
        *,
        digest: str = "",
        note: str = "",
        payload: Mapping[str, Any] | None = None,
    ) -> Decision:
        """Answer the review. One transaction; the review's row is locked first, so that one answer wins.

        Raises AlreadyDecided, NotAllowed, Stale (what was seen has changed), EditRefused, CapabilityError, and
        ValueError for an answer that does not fit.
        """
        with transaction.atomic():
            # the run before the review, as a run that stops does, or two answers in one run wait for each other
            list(databases.locked(Run.objects.filter(pk=self.action.run_id)))
            locked = databases.locked(Review.objects.filter(pk=self.pk)).get()
            fault_point("review.locked")
            if not locked.is_open:
                raise AlreadyDecided(locked.decision)
            if reason := locked.barred(person):
                raise NotAllowed(reason)
            if len(digest) > 64:  # no digest of ours, and more than its column holds
                raise Stale
            _check_answer(locked, choice, note)
            decision = locked.close(person, choice, now, digest=digest, note=note, payload=payload)
            _apply(locked, Actor.of(person), choice, now, digest, note, payload)
            if choice == Choice.TAKE_OVER:
                Review.objects.filter(action=locked.action_id, status=Status.OPEN).update(claimed_by=person)
        fault_point("review.decided")
        return decision

    def close(
        self, person: Person, choice: str, now: datetime, *, digest: str, note: str, payload: Mapping[str, Any] | None
    ) -> Decision:
        Review.objects.filter(pk=self.pk).update(status=Status.DECIDED, closed_at=now)
        return Decision.objects.create(
            review=self, person=person, choice=choice, at=now, digest=digest, note=note, payload=dict(payload or {})
        )

    def claim(self, person: Person) -> bool:
        """Say that one is on it. Nobody is shut out by that; it spares others the reading."""
        return bool(Review.objects.filter(pk=self.pk, claimed_by=None, status=Status.OPEN).update(claimed_by=person))

    def release(self, person: Person) -> bool:
        return bool(Review.objects.filter(pk=self.pk, claimed_by=person).update(claimed_by=None))


def _check_answer(review: Review, choice: str, note: str) -> None:
    if choice not in CHOICES[review.kind]:
        raise ValueError(f"“{choice}” is no answer here; these are: {', '.join(CHOICES[review.kind])}.")
    if choice in (Choice.REJECT, Choice.DONE, Choice.HAPPENED, Choice.TRY_AGAIN, Choice.GIVE_UP) and not note.strip():
        raise ValueError("Say in a few words why, or what was done; it goes into the ledger.")


def _apply(
    review: Review,
    actor: Actor,
    choice: str,
    now: datetime,
    digest: str,
    note: str,
    payload: Mapping[str, Any] | None,
) -> None:
    """Hand the answer to the engine."""
    action = review.action_id
    match choice:
        case Choice.APPROVE:
            answers.approve(action, digest, actor, now, note)
        case Choice.EDIT:
            answers.edited(action, digest, payload or {}, actor, now, note)
        case Choice.REJECT:
            answers.reject(action, actor, now, note)
        case Choice.TAKE_OVER:
            answers.take_over(action, actor, now, note)
        case Choice.DONE:
            answers.completed(action, actor, now, note, payload)
        case _:
            answers.resolved(
                action,
                actor,
                now,
                happened=choice == Choice.HAPPENED,
                again=choice == Choice.TRY_AGAIN,
                note=note,
            )


def visible_to(person: Person) -> QuerySet[Review]:
    """Return the reviews this person may see: their teams', those that came up to them; auditors see all."""
    if person.is_auditor:
        return Review.objects.all()
    led = [team for team, role in person.roles if role == Role.LEADER]
    return Review.objects.filter(_waits_for(person) | Q(action__workflow__owner__in=led)).distinct()


def answerable_by(person: Person) -> QuerySet[Review]:
    """Return the open reviews that wait for this person."""
    return Review.objects.filter(_waits_for(person), status=Status.OPEN)


def _waits_for(person: Person) -> Q:
    """Reviews of a team they decide for, and those that came up to them (without a join: each stands once)."""
    teams = [team for team, role in person.roles if role in (Role.LEADER, Role.REVIEWER)]
    return Q(team__in=teams) | Q(pk__in=Review.objects.filter(escalations__people=person).values("pk"))


__all__ = ["AlreadyDecided", "Kind", "NotAllowed", "Review", "Stale", "Status", "answerable_by", "visible_to"]
