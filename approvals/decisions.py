"""A Decision: one person's answer to a review. A row, never a flag."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from governance.people import Person


class Choice(models.TextChoices):
    APPROVE = "approve", "Approve"
    EDIT = "edit", "Edit and approve"
    REJECT = "reject", "Reject"
    LEFT_OUT = "left_out", "Leave their part out"
    TAKE_OVER = "take_over", "Take over"
    DONE = "done", "Done by hand"
    HAPPENED = "happened", "It happened"
    TRY_AGAIN = "try_again", "It did not happen: try again"
    GIVE_UP = "give_up", "It did not happen: give up"


PERMITTING = (Choice.APPROVE, Choice.EDIT, Choice.LEFT_OUT)
"""After these it goes on, or the rest of it does."""


class Decision(models.Model):
    review = models.ForeignKey("approvals.Review", on_delete=models.CASCADE, related_name="decisions")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="decisions")
    choice = models.CharField(max_length=10, choices=Choice.choices)
    note = models.TextField(blank=True)
    digest = models.CharField(max_length=64, blank=True)
    payload = models.JSONField(default=dict)
    at = models.DateTimeField()

    VERBS: ClassVar[dict[str, str]] = {
        Choice.APPROVE: "approved",
        Choice.EDIT: "edited and approved",
        Choice.REJECT: "rejected",
        Choice.LEFT_OUT: "left their part out of",
        Choice.TAKE_OVER: "took over",
        Choice.DONE: "did",
        Choice.HAPPENED: "settled",
        Choice.TRY_AGAIN: "settled",
        Choice.GIVE_UP: "settled",
    }

    class Meta:
        ordering = ("-at", "-id")
        constraints = (
            models.UniqueConstraint(fields=["review"], name="one_decision_a_review"),
            models.CheckConstraint(condition=models.Q(choice__in=Choice.values), name="choice_known"),
        )

    def __str__(self) -> str:
        return f"{self.person} {self.verb} it"

    @property
    def stands(self) -> bool:
        """Whether whoever decided could still decide so: is here, and of the team or asked by escalation.

        Where several had to agree, their votes are counted again instead.
        """
        person, review = self.person, self.review
        entitled = review.tracked or person.decides_for(review.team_id) or review.came_up_to(person)
        return person.is_active and entitled

    @property
    def verb(self) -> str:
        return self.VERBS[self.choice]
