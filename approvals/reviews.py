"""A Review: an item in the queue. It is opened by the gate, decided once, or withdrawn when it is no longer asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import Q, QuerySet

from approvals.answering import answered
from approvals.decisions import Choice, Decision
from approvals.seats import Seat, seats_for
from approvals.separation import barred
from approvals.votes import Vote, count
from governance import databases
from governance.faultpoints import fault_point
from governance.jsontext import short_digest
from governance.paths import EscalationPath
from governance.people import Person, Role, Team
from workflows.actions import Action
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
    """`due_at` is when the next level is told; `level` how far up it has gone; at `remind_at` those asked get a mail.

    `tracked`: not simply one of the team decides; who must agree stands in `seats`, and their votes are counted.
    """

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
    remind_at = models.DateTimeField(null=True, blank=True)
    tracked = models.BooleanField(default=False)
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
            models.Index(fields=["remind_at"], condition=Q(status="open"), name="review_to_remind"),
        )

    def __str__(self) -> str:
        return self.headline

    @property
    def is_open(self) -> bool:
        return self.status == Status.OPEN

    @property
    def decision(self) -> Decision | None:
        return self.decisions.select_related("person").first()

    @property
    def asked(self) -> str:
        """What stands for the reasons it is asked for, and for who must agree: it may be judged again meanwhile."""
        action = self.action
        said = [[str(reason["rule"]) for reason in action.reasons], [str(need["key"]) for need in action.needs]]
        return short_digest(said)

    def barred(self, person: Person, now: datetime, choice: str = "") -> str:
        """Return why the person must not decide this (so); empty when they may.

        The team's own reviewers may edit, although others must agree: what they made of it is judged again, and goes
        on only if their word is enough for that.
        """
        edits = choice == Choice.EDIT and self.kind == Kind.APPROVAL and person.decides_for(self.team_id)
        if not edits and (reason := self._is_not_asked(person, now)):
            return reason
        action = self.action
        return barred(person.pk, kind=self.kind, started_by=action.run.started_by_id, asked_by=action.asked_by_id)

    def asks(self, person: Person, now: datetime) -> bool:
        """Whether this person is asked to decide it, or has answered: then they see all of what it is about."""
        if any(made.person_id == person.pk for made in self.decisions.all()) or self.came_up_to(person):
            return True
        action = self.action
        if barred(person.pk, kind=self.kind, started_by=action.run.started_by_id, asked_by=action.asked_by_id):
            return False
        if not self.tracked:
            return person.decides_for(self.team_id)
        return self.seats.filter(seats_for(person, now.date())).exists()

    def _is_not_asked(self, person: Person, now: datetime) -> str:
        if self.came_up_to(person):
            return ""
        if not self.tracked:
            words = f"Only leaders and reviewers of {self.team.name}, and people it went up to, decide this."
            return "" if person.decides_for(self.team_id) else words
        if not self.seats.filter(seats_for(person, now.date())).exists():
            asked = ", ".join(str(seat) for seat in self.seats.all())
            return f"Those asked are: {asked}. You are none of them."
        return "You agreed already; the others are still asked." if self.agreed(person, now) else ""

    def agreed(self, person: Person, now: datetime) -> bool:
        """Whether a vote of this person stands."""
        return self.is_open and person.pk in count(self.action, now).voters

    def came_up_to(self, person: Person) -> bool:
        """Whether the review was escalated to this person."""
        return any(person in escalation.people.all() for escalation in self.escalations.all())

    def came_up_for(self, person: Person) -> set[str]:
        """Return the seats that this person may fill because they were escalated to them; all of them by a whole
        review that went up."""
        went_up = [each for each in self.escalations.all() if person in each.people.all()]
        if any(not each.seat for each in went_up):
            return {row["key"] for row in self.action.needs}
        return {each.seat for each in went_up}

    def decide(
        self,
        person: Person,
        choice: str,
        now: datetime,
        *,
        digest: str = "",
        asked: str = "",
        note: str = "",
        payload: Mapping[str, Any] | None = None,
        knowing: str = "",
    ) -> Decision | Vote:
        """Answer the review. One transaction; the review's row is locked first, so that one answer wins.

        `digest` and, if given, `asked` are of what the person looked at: the payload, and why it is asked of whom.
        `knowing` is what EditAsks told of an edit that trips rules not seen before.

        Where several must agree, an agreement that is not the last is a Vote, and the review stays open.
        Raises AlreadyDecided, NotAllowed, Stale (what was seen has changed), EditRefused, EditAsks,
        CapabilityError, and ValueError for an answer that does not fit.
        """
        with transaction.atomic():
            # the run before the review, as a run that stops does, or two answers in one run wait for each other
            list(databases.locked(Run.objects.filter(pk=self.action.run_id)))
            locked = databases.locked(Review.objects.filter(pk=self.pk)).get()
            fault_point("review.locked")
            locked._check(person, choice, now, digest, asked)
            _check_answer(locked, choice, note)
            made = answered(locked, person, choice, now, digest=digest, note=note, payload=payload, knowing=knowing)
        fault_point("review.decided")
        return made

    def _check(self, person: Person, choice: str, now: datetime, digest: str, asked: str) -> None:
        if not self.is_open:
            raise AlreadyDecided(self.decision)
        if reason := self.barred(person, now, choice):
            raise NotAllowed(reason)
        if len(digest) > 64 or (asked and asked != self.asked):  # longer ones are none of ours
            raise Stale

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


def visible_to(person: Person, now: datetime) -> QuerySet[Review]:
    """Return the reviews this person may see: their teams', those that came up to them; auditors see all."""
    if person.is_auditor:
        return Review.objects.all()
    led = [team for team, role in person.roles if role == Role.LEADER]
    asked = Q(pk__in=Seat.objects.filter(seats_for(person, now.date())).values("review"))
    mine = _of_teams(person) | asked | _came_up(person) | Q(action__workflow__owner__in=led)
    return Review.objects.filter(mine).distinct()


def answerable_by(person: Person, now: datetime) -> QuerySet[Review]:
    """Return the open reviews that wait for this person."""
    free = Seat.objects.filter(seats_for(person, now.date()), missing__gt=0)
    given = Vote.objects.filter(person=person, stands=True).values("review")
    asked = Q(tracked=True, pk__in=free.values("review")) & ~Q(pk__in=given)
    plain = Q(tracked=False) & _of_teams(person)
    return Review.objects.filter(plain | asked | _came_up(person), status=Status.OPEN)


def _of_teams(person: Person) -> Q:
    return Q(team__in=[team for team, role in person.roles if role in (Role.LEADER, Role.REVIEWER)])


def _came_up(person: Person) -> Q:
    """What was escalated to this person (without a join: each stands once)."""
    return Q(pk__in=Review.objects.filter(escalations__people=person).values("pk"))


__all__ = ["AlreadyDecided", "Kind", "NotAllowed", "Review", "Stale", "Status", "answerable_by", "visible_to"]
