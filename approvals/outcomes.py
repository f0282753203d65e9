"""What became of a review, and what a rejection leads to, in words."""

from __future__ import annotations

from dataclasses import dataclass

from approvals.decisions import Choice, Decision
from governance.people import Person
from workflows.actions import Status
from workflows.definitions import OnReject

REJECTS = {
    OnReject.STOP: "Reject and stop the run",
    OnReject.SKIP: "Reject and skip the step",
    OnReject.REDO: "Reject and ask for another proposal",
    OnReject.LEAVE: "Reject and leave your part out",
}
CHIPS = {
    Choice.APPROVE: "approved",
    Choice.EDIT: "edited",
    Choice.LEFT_OUT: "edited",
    Choice.REJECT: "rejected",
    Choice.TAKE_OVER: "taken_over",
    Choice.GIVE_UP: "neutral",
}
SINCE = {
    Status.DONE: "It was done.",
    Status.FAILED: "It failed since.",
    Status.REFUSED: "The rules refused it since.",
    Status.REJECTED: "Nothing was done.",
    Status.CANCELLED: "It was cancelled since.",
    Status.IN_REVIEW: "It waits for people again.",
    Status.WITH_PERSON: "It is with a person.",
    Status.UNCERTAIN: "Whether it was done is not known.",
}


@dataclass(frozen=True)
class Outcome:
    """`decision` is None when the review was withdrawn; `status` is where the action stands now."""

    decision: Decision | None
    reader: Person
    status: Status

    @property
    def chip(self) -> str:
        return CHIPS.get(Choice(self.decision.choice), "done") if self.decision else "withdrawn"

    @property
    def words(self) -> str:
        """“Approved by Chen”."""
        if self.decision is None:
            return "Withdrawn"
        who = "you" if self.decision.person == self.reader else self.decision.person.first_name
        return f"{self.decision.verb.capitalize()} by {who}"

    @property
    def since(self) -> str:
        """How it went on after the decision."""
        return SINCE.get(self.status, "It is being done.")
