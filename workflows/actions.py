"""An Action is one step of one run: what is proposed, judged, reviewed and executed. Its states and their changes."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from governance.people import Person
from workflows.definitions import Step, Workflow
from workflows.runs import Run

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Status(models.TextChoices):
    READY = "ready", "Ready"
    CLAIMED = "claimed", "Being judged"
    STARTED = "started", "Running"
    IN_REVIEW = "in_review", "In review"
    WITH_PERSON = "with_person", "With a person"
    UNCERTAIN = "uncertain", "Uncertain"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    REFUSED = "refused", "Refused"
    REJECTED = "rejected", "Rejected"
    SKIPPED = "skipped", "Skipped"
    CANCELLED = "cancelled", "Cancelled"
    EXPIRED = "expired", "Expired"


S = Status
TRANSITIONS: dict[Status, frozenset[Status]] = {
    # capabilities without an outside effect go from ready to their end inside one transaction
    S.READY: frozenset(
        {S.CLAIMED, S.DONE, S.FAILED, S.IN_REVIEW, S.WITH_PERSON, S.REFUSED, S.SKIPPED, S.CANCELLED, S.EXPIRED}
    ),
    S.CLAIMED: frozenset(
        {S.STARTED, S.READY, S.IN_REVIEW, S.WITH_PERSON, S.UNCERTAIN, S.REFUSED, S.FAILED, S.CANCELLED}
    ),
    S.STARTED: frozenset({S.DONE, S.FAILED, S.READY, S.UNCERTAIN}),
    S.IN_REVIEW: frozenset({S.READY, S.REJECTED, S.WITH_PERSON, S.SKIPPED, S.CANCELLED, S.EXPIRED}),
    S.WITH_PERSON: frozenset({S.DONE, S.REJECTED, S.SKIPPED, S.CANCELLED, S.EXPIRED}),
    S.UNCERTAIN: frozenset({S.DONE, S.FAILED, S.READY}),
    S.FAILED: frozenset(),
    S.REFUSED: frozenset(),
    S.DONE: frozenset(),
    S.REJECTED: frozenset(),
    S.SKIPPED: frozenset(),
    S.CANCELLED: frozenset(),
    S.EXPIRED: frozenset(),
}
WORKING = (S.READY, S.CLAIMED, S.STARTED)
"""Software has something to do."""
WAITING = (S.IN_REVIEW, S.WITH_PERSON, S.UNCERTAIN)
"""A person has something to do."""
CAME_TO_NOTHING = (S.FAILED, S.REFUSED, S.REJECTED, S.CANCELLED, S.EXPIRED)
PASSED = (S.DONE, S.SKIPPED)
"""What comes after may begin."""


class IllegalMove(Exception):
    """A change of state that the table does not know; `str()` is a sentence for people."""


class LostRace(Exception):
    """Somebody else changed the action first; `str()` is a sentence for people."""


class Action(models.Model):
    """The unit of work.

    `round` counts how often the step was begun anew (by a loop, or redone by a leader); the newest one counts.
    `not_before` is also the durable timer of a wait; `awaits` the `name:key` of the signal that ends it early.
    `payload` is what would be done, `digest` binds an approval to exactly that payload, `facts` is all the judge saw,
    `reasons` the tripped rules, `needs` who must agree (`judging.Need` as JSON), `output` what later steps
    read as `steps.KEY`.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="actions")
    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="actions", db_index=False)
    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="+")
    round = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.READY)
    priority = models.PositiveSmallIntegerField(default=1)
    inline = models.BooleanField(help_text="no outside effect: judged and executed in one transaction")
    undo_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="undoings", db_index=False
    )
    asked_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    not_before = models.DateTimeField()
    awaits = models.CharField(max_length=330, blank=True)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    revision = models.PositiveIntegerField(default=0)
    payload = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True)
    facts = models.JSONField(default=dict)
    confidence = models.FloatField(null=True, blank=True)
    verdict = models.CharField(max_length=8, blank=True)
    reasons = models.JSONField(default=list)
    needs = models.JSONField(default=list)
    judged = models.PositiveSmallIntegerField(default=0)
    approved_digest = models.CharField(max_length=64, blank=True)
    approved_reasons = models.JSONField(default=list)
    output = models.JSONField(default=dict)
    progress = models.JSONField(default=dict)
    trouble = models.TextField(blank=True)

    attempts_made = models.PositiveSmallIntegerField(default=0)
    counted = models.BooleanField(default=False, help_text="it may have taken something of an allowance")
    claims = models.PositiveSmallIntegerField(default=0)
    claimed_by = models.CharField(max_length=80, blank=True)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=["run", "step", "round"], condition=Q(undo_of=None), name="one_action_a_step_and_round"
            ),
            models.UniqueConstraint(
                fields=["undo_of"],
                condition=Q(undo_of__isnull=False)
                & ~Q(status__in=["failed", "refused", "rejected", "cancelled", "expired"]),
                name="undone_once",
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="action_status_known"),
        )
        indexes = (
            models.Index(
                fields=["inline", "workflow", "priority", "not_before", "id"],
                condition=Q(status="ready"),
                name="action_to_claim",
            ),
            models.Index(fields=["awaits"], condition=Q(status="ready") & ~Q(awaits=""), name="action_awaiting"),
            models.Index(fields=["lease_until"], condition=Q(status__in=["claimed", "started"]), name="action_leased"),
            models.Index(fields=["step", "status"], name="action_of_step"),
            models.Index(
                fields=["settled_at"], condition=Q(status__in=["failed", "refused"]), name="action_gone_wrong"
            ),
            models.Index(fields=["undo_of"], condition=Q(undo_of__isnull=False), name="action_undoing"),
        )

    def __str__(self) -> str:
        return f"Action {self.pk}"

    @property
    def idempotency_key(self) -> str:
        """One key for all attempts of this action, and of no other, in whatever installation."""
        moment = (self.created_at - _EPOCH) // timedelta(microseconds=1)
        return f"remit-{self.pk}-{moment:x}"

    @property
    def is_approved(self) -> bool:
        return bool(self.digest) and self.approved_digest == self.digest

    @property
    def is_undo(self) -> bool:
        return self.undo_of_id is not None

    def compute_digest(self) -> str:
        """SHA-256 over the capability, the action and the payload in canonical JSON: what an approval binds to."""
        content = json.dumps(
            [self.step.capability, self.pk, self.payload], sort_keys=True, separators=(",", ":"), cls=DjangoJSONEncoder
        )
        return hashlib.sha256(content.encode()).hexdigest()


class Proposed(models.Model):
    """What software had proposed of an action that a person then edited: what the rules saw of it, for the past to be
    judged again as it was proposed. `facts` are as `Action.facts`."""

    action = models.OneToOneField(Action, on_delete=models.CASCADE, related_name="proposed")
    facts = models.JSONField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"As proposed: {self.action}"


class Attempt(models.Model):
    """One begun execution of an action. `result` stays empty until it is known."""

    class Result(models.TextChoices):
        OK = "ok", "Done"
        NOT_SENT = "not_sent", "Certainly not sent"
        REFUSED = "refused", "Certainly refused"
        UNKNOWN = "unknown", "Not known"

    action = models.ForeignKey(Action, on_delete=models.CASCADE, related_name="attempts", db_index=False)
    number = models.PositiveSmallIntegerField()
    fence = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    begun_at = models.DateTimeField()
    deadline = models.DateTimeField()
    result = models.CharField(max_length=8, choices=Result.choices, blank=True)
    answer = models.JSONField(default=dict)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=["action", "number"], name="attempt_number_once"),)

    def __str__(self) -> str:
        return f"Attempt {self.number} of {self.action_id}"
