"""A Dossier: everything one person needs to answer one review, put together for the item page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from approvals.chains import Chain, chain
from approvals.deadlines import Deadline, deadline
from approvals.decisions import Choice, Decision
from approvals.escalations import Escalation
from approvals.grounds import Ground, grounds, number
from approvals.previews import Shown, dressed, pairs
from approvals.reviews import Kind, Review
from approvals.separation import barred
from governance.halts import Halt, Holds, Scope
from governance.people import Person, Role
from workflows.actions import Action, Attempt, Status
from workflows.capabilities.contract import Capability, CapabilityError
from workflows.definitions import OnReject, Ownership, Step
from workflows.engine.work import Work, capability_of, gather
from workflows.runs import Run


@dataclass
class Dossier:
    """One review before one reader. Templates ask it; it never writes."""

    review: Review
    reader: Person
    now: datetime

    @cached_property
    def _work(self) -> Work:
        (work,) = gather([self.review.action], self.now)
        return work

    @property
    def action(self) -> Action:
        return self._work.action

    @property
    def run(self) -> Run:
        return self._work.run

    @property
    def step(self) -> Step:
        return self._work.step

    @cached_property
    def capability(self) -> Capability | None:
        try:
            return capability_of(self.step)
        except CapabilityError:
            return None

    # --- what is asked

    @property
    def is_approval(self) -> bool:
        return self.review.kind == Kind.APPROVAL

    @property
    def is_todo(self) -> bool:
        return self.review.kind == Kind.TODO

    @property
    def is_uncertain(self) -> bool:
        return self.review.kind == Kind.UNCERTAIN

    @property
    def question(self) -> str:
        return self.review.headline

    @property
    def deed(self) -> str:
        """What the question is about, without asking."""
        return self.review.headline.removeprefix("Did this happen? ").rstrip("?")

    @property
    def because(self) -> str:
        """Why a person at all, in a sentence or two."""
        if self.is_uncertain:
            return "We do not know whether this was done. Only a person can find out and say."
        asked = "" if self.step.question == self.review.headline else f"{self.step.question} "
        return asked + (self._because_todo() if self.is_todo else self._because_approval())

    def _because_todo(self) -> str:
        if self.step.ownership == Ownership.HUMAN_OWNED:
            return (
                f"This step belongs to people; software {'only recommends' if self.preview else 'does nothing here'}."
            )
        if any(ground.outcome == "human" for ground in self.grounds):
            return "A rule gives this to a person, so software does nothing here."
        return "A person took this over, so it is done by hand."

    def _because_approval(self) -> str:
        crossed = len([ground for ground in self.grounds if not ground.is_ownership])
        bounds = {0: "", 1: "One rule tripped, too."}.get(crossed, f"{crossed} rules tripped, too.")
        if self.step.ownership == Ownership.NEEDS_APPROVAL:
            return f"This step always asks a person. {bounds}".strip()
        if self.rules == {"sample"}:
            return "This step acts alone inside its bounds. This one was drawn to be looked at."
        if self.rules == {"eligibility"}:
            return "This workflow may not act alone yet, so a person decides."
        many = "One is crossed" if crossed == 1 else f"{crossed} are crossed"
        return f"This step acts alone inside its bounds. {many}, so a person decides."

    @property
    def chain(self) -> Chain:
        waits = f"{self.decision.person.first_name} {self.decision.verb}" if self.decision else self.waits_for
        return chain(self.run, self.step.version, self.action, waits)

    @property
    def waits_for(self) -> str:
        if not self.review.is_open:
            return "No longer asked"
        return f"Waits for {self.review.team.name if self.locked else 'you'}"

    # --- what would happen

    @cached_property
    def preview(self) -> Shown | None:
        """What would be done, or None when nothing is proposed or it cannot be shown (then `trouble` says why)."""
        capability, context = self.capability, self._work.context
        if capability is None or context is None or not self.action.payload:
            return None
        try:
            payload = capability.Payload.model_validate(self.action.payload)
            return dressed(capability.preview(payload, context))
        except (CapabilityError, ValidationError) as error:
            self._trouble = str(error)
            return None

    _trouble = ""

    @property
    def trouble(self) -> str:
        """Why what would be done cannot be shown. What cannot be shown cannot be approved."""
        return "" if self.preview else self._trouble

    @property
    def effect_words(self) -> str:
        if self.capability is None or not self.review.is_open:
            return ""
        if self.capability.reversible:
            return "Can be undone later"
        return "Cannot be taken back once done" if self.capability.effect else "Changes nothing outside Remit"

    @property
    def can_edit(self) -> bool:
        return self.is_approval and self.capability is not None and bool(self.capability.editable and self.preview)

    @cached_property
    def about(self) -> list[tuple[str, str]]:
        """Whom or what a to-do is about: the record, then the run's input."""
        record = {name: value for name, value in self._work.record.items() if name not in ("kind", "key")}
        return pairs({**record, **self.run.input})

    @property
    def on_reject_words(self) -> str:
        return OnReject(self.step.on_reject).label

    @property
    def reject_words(self) -> str:
        """The button that rejects, by what it leads to."""
        return _REJECTS[OnReject(self.step.on_reject)]

    @property
    def seen(self) -> str:
        """The payload as the reader has it before them; sent back with an answer, to show what changed meanwhile."""
        return json.dumps(self.action.payload)

    # --- why it is here

    @cached_property
    def grounds(self) -> list[Ground]:
        return grounds(self.action.reasons, self.action.facts)

    @cached_property
    def rules(self) -> set[str]:
        return {str(reason["rule"]) for reason in self.action.reasons}

    @property
    def rules_judged(self) -> int:
        return max(self.action.judged, len(self.action.reasons))

    @property
    def passed(self) -> int:
        return self.rules_judged - len(self.action.reasons)

    @property
    def sure_enough(self) -> Ground | None:
        """The confidence where it is inside its floor, or where no floor is set."""
        confidence, floor = self.action.confidence, self.step.min_confidence
        if confidence is None or "confidence" in self.rules:
            return None
        return Ground("How sure the software is", "", "act", False, confidence, floor, "floor" if floor else "")

    @property
    def confidence_words(self) -> str:
        return number(self.action.confidence)

    # --- who decides

    @cached_property
    def locked(self) -> str:
        """Why the reader must not answer; empty when they may."""
        return self.review.barred(self.reader)

    @cached_property
    def _members(self) -> list[Person]:
        roles = (Role.LEADER, Role.REVIEWER)
        found = Person.objects.filter(memberships__team=self.review.team_id, memberships__role__in=roles)
        return list(found.filter(is_active=True).distinct())

    def _barred(self, person: Person) -> bool:
        return bool(barred(person.pk, kind=self.review.kind, started_by=self.run.started_by_id))

    @property
    def deciders(self) -> str:
        """Who may answer, the reader first: “You, Chen Wei or Lea Roth”."""
        names = [person.name for person in self._members if not self._barred(person) and person != self.reader]
        if not self.locked and self.reader in self._members:
            names.insert(0, "You")
        return " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:]))) or "Nobody of this team"

    @property
    def excluded(self) -> str:
        names = [person.name for person in self._members if self._barred(person)]
        return f"Not {' or '.join(names)}, who started this run." if names else ""

    @cached_property
    def escalations(self) -> list[Escalation]:
        return list(self.review.escalations.all())

    @cached_property
    def decision(self) -> Decision | None:
        return None if self.review.is_open else self.review.decision

    @property
    def deadline(self) -> Deadline:
        return deadline(self.review, self.now)

    # --- what it uses

    @property
    def data(self) -> str:
        return ", ".join(str(name).replace("_", " ") for name in self.step.data).capitalize()

    @property
    def assets(self) -> list[dict[str, Any]]:
        return [_asset(asset) for asset in self.action.facts.get("assets", ())]

    # --- what stands in the way, what is known

    @cached_property
    def halts(self) -> list[Halt]:
        """The halts in force that keep this action from beginning."""
        version = self.step.version
        place = (version.workflow.slug, self.step.key, self.step.capability)
        teams = (version.owner.slug, self.step.reviewers.slug)
        standing = Halt.objects.filter(lifted_at=None).select_related("by")
        return [
            halt
            for halt in standing
            if Holds(halt.scope == Scope.EVERYTHING, frozenset({(halt.scope, halt.target)})).stops(*place, teams)
        ]

    @cached_property
    def attempts(self) -> list[tuple[Attempt, bool]]:
        """Each attempt, and whether its result is unknown."""
        known = (Attempt.Result.OK, Attempt.Result.NOT_SENT, Attempt.Result.REFUSED)
        return [(attempt, attempt.result not in known) for attempt in self.action.attempts.all()]

    @property
    def status_words(self) -> str:
        """How it went on after the decision."""
        return _SINCE.get(Status(self.action.status), "It is being done.")

    @property
    def receiver(self) -> str:
        """Whom a repeated effect would reach twice."""
        data = self.preview.data if self.preview else {}
        return str(data.get("to_name") or data.get("to") or data.get("url") or "the receiver")

    @property
    def revision_words(self) -> str:
        return f"Revision {self.action.revision}" if self.action.revision > 1 else ""

    @property
    def claims_by_looking(self) -> bool:
        """Whether opening this says “on it” to colleagues."""
        return self.review.is_open and not self.is_todo and not self.locked and self.review.claimed_by != self.reader

    @property
    def claim_words(self) -> str:
        return f"{self.review.claimed_by.first_name} is on it" if self.review.claimed_by else ""

    @property
    def outcome_words(self) -> str:
        """What became of a closed review: “Approved by Chen”."""
        if self.decision is None:
            return "Withdrawn"
        who = "you" if self.decision.person == self.reader else self.decision.person.first_name
        return f"{self.decision.verb.capitalize()} by {who}"

    @property
    def outcome(self) -> str:
        """The state of a closed review, as chips name it."""
        if self.decision is None:
            return "withdrawn"
        return _OUTCOMES.get(Choice(self.decision.choice), "done")


_REJECTS = {
    OnReject.STOP: "Reject and stop the run",
    OnReject.SKIP: "Reject and skip the step",
    OnReject.REDO: "Reject and ask for another proposal",
}
_SINCE = {
    Status.DONE: "It was done.",
    Status.FAILED: "It failed since.",
    Status.REFUSED: "The rules refused it since.",
    Status.REJECTED: "Nothing was done.",
    Status.CANCELLED: "It was cancelled since.",
    Status.IN_REVIEW: "It waits for people again.",
    Status.WITH_PERSON: "It is with a person.",
    Status.UNCERTAIN: "Whether it was done is not known.",
}
_OUTCOMES = {
    Choice.APPROVE: "approved",
    Choice.EDIT: "edited",
    Choice.REJECT: "rejected",
    Choice.TAKE_OVER: "taken_over",
    Choice.GIVE_UP: "neutral",
}
_ICONS = {"template": "file-text", "offer": "tag", "claim": "file-certificate", "tactic": "route"}


def _asset(asset: dict[str, Any]) -> dict[str, Any]:
    """Return an asset of the register with its icon and its last day, or what is wrong with it."""
    until = datetime.fromisoformat(asset["until"]) if asset.get("until") else None
    return {
        **asset,
        "icon": _ICONS.get(asset["kind"], "file-text"),
        "last_day": until,
        "wrong": "" if asset["standing"] == "approved" else asset["standing"],
        "tone": "warn" if asset["standing"] in ("expired", "future") else "bad",
    }
