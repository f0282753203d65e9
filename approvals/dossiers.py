"""A Dossier: everything one person needs to answer one review, put together for the item page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from approvals.agreements import Agreement, agreements
from approvals.because import because
from approvals.chains import Chain, chain
from approvals.deadlines import Deadline, deadline
from approvals.deciders import Deciders
from approvals.decisions import Choice, Decision
from approvals.escalations import Escalation
from approvals.evidence import Fact, evidence
from approvals.grounds import Ground, grounds, number
from approvals.outcomes import REJECTS, Outcome
from approvals.previews import Shown, dressed, pairs
from approvals.reviews import Kind, Review
from approvals.uses import bounds_words, data_words, shown_asset
from approvals.withheld import reasons_without_values, withheld, withhold
from governance.halts import Halt
from governance.people import Person
from workflows.actions import Action, Status
from workflows.capabilities.contract import Capability, CapabilityError
from workflows.definitions import OnReject, Step
from workflows.delays import delays_of, until_words
from workflows.engine.answers import answerable_from
from workflows.engine.pace import Wait, once_approved
from workflows.engine.work import Work, capability_of, gather
from workflows.runs import Run
from workflows.scopes import agents_of, halts_over
from workflows.whose import Foreign, foreign_to


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

    @cached_property
    def withheld(self) -> Foreign:
        """The records of other teams it is about, as far as they are not for this reader."""
        foreign = foreign_to(self.reader, [self.action]).get(self.action.pk)
        return withheld(self.review, self.reader, foreign, self.now)

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
        return self.step.question if self.withheld else self.review.headline

    @property
    def deed(self) -> str:
        """What was decided, as a sentence: the question itself where it was about a fact."""
        return self.question if self.is_uncertain else f"{self.question.rstrip('?')}."

    @property
    def because(self) -> str:
        """The step's question where it is another one, and why a person at all."""
        asked = "" if self.is_uncertain or self.step.question == self.question else f"{self.step.question} "
        return asked + because(self.review.kind, self.step, self.action.reasons, recommends=bool(self.preview))

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
            return dressed(withhold(capability.preview(payload, context), self.withheld))
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
    def is_folded(self) -> bool:
        """Whether what was proposed only helps to answer, and a form is to stay in sight below it."""
        return self.review.is_open and not self.is_approval

    @property
    def can_edit(self) -> bool:
        if self.withheld:
            return False
        return self.is_approval and self.capability is not None and bool(self.capability.editable and self.preview)

    @cached_property
    def about(self) -> list[tuple[str, str]]:
        """Whom or what a to-do is about: the record, then the run's input."""
        if self.withheld:
            return pairs({"about": self.withheld.words})
        record = {name: value for name, value in self._work.record.items() if name not in ("kind", "key")}
        return pairs({**record, **self.run.input})

    @property
    def on_reject_words(self) -> str:
        return OnReject(self.step.on_reject).label

    @property
    def reject_words(self) -> str:
        """The button that rejects, by what it leads to."""
        return REJECTS[OnReject(self.step.on_reject)]

    @property
    def seen(self) -> str:
        """The payload as the reader has it before them; sent back with an answer, to show what changed meanwhile."""
        return json.dumps({} if self.withheld else self.action.payload)

    # --- why it is here

    @cached_property
    def grounds(self) -> list[Ground]:
        if self.withheld:
            return grounds(reasons_without_values(self.action.reasons))
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
        return self.review.barred(self.reader, self.now)

    @cached_property
    def may_edit(self) -> bool:
        """Whether the reader may change what is proposed, perhaps without being one of those who must agree."""
        return self.can_edit and not self.review.barred(self.reader, self.now, Choice.EDIT)

    @cached_property
    def deciders(self) -> Deciders:
        return Deciders(self.review, self.reader, self.run.started_by_id, self.action.asked_by_id)

    @cached_property
    def escalations(self) -> list[Escalation]:
        return list(self.review.escalations.all())

    @cached_property
    def decision(self) -> Decision | None:
        return None if self.review.is_open else self.review.decision

    @property
    def recalled(self) -> str:
        """Why this is no longer asked, where the rules refused it since; else empty."""
        if self.review.is_open or self.decision or self.action.status != Status.REFUSED:
            return ""
        return next((str(reason["words"]) for reason in self.action.reasons), "")

    @property
    def deadline(self) -> Deadline:
        return deadline(self.review, self.now)

    # --- what it uses

    @property
    def data(self) -> str:
        return data_words(self.step.data)

    @property
    def assets(self) -> list[dict[str, Any]]:
        return [shown_asset(asset) for asset in self.action.facts.get("assets", ())]

    @property
    def bounds(self) -> str:
        """What a reviewer may change of a template that binds its places; empty where it binds none."""
        context = self._work.context
        return bounds_words(self.action.facts.get("assets", ()), context.shelf) if context else ""

    # --- what stands in the way, what is known

    @cached_property
    def halts(self) -> list[Halt]:
        """The halts in force that keep this action from beginning."""
        standing = list(Halt.objects.filter(lifted_at=None).select_related("by"))
        return halts_over(standing, self.step, agents_of([self.run]).get(self.run.pk, "")) if standing else []

    @cached_property
    def begins(self) -> Wait | None:
        """Until when it waits if it is approved now, or does wait, now that it is; None when it begins at once."""
        if self.review.is_open:
            return once_approved(self._work, self.now) if self.is_approval and self.action.payload else None
        return delays_of([self.action], self.now).get(self.action.pk)

    @property
    def begins_words(self) -> str:
        return until_words(self.begins.until, self.now) if self.begins else ""

    @property
    def evidence(self) -> list[Fact]:
        return evidence(self.action, self.action.attempts.all(), self.review.opened_at)

    @cached_property
    def opens_at(self) -> datetime | None:
        """When it may be said what came of it, while that lies ahead: what has begun may still be under way."""
        opens = answerable_from(self.action) if self.is_uncertain and self.review.is_open else None
        return opens if opens and opens > self.now else None

    @property
    def opens_in(self) -> int:
        """In how many seconds, rounded up."""
        return int((self.opens_at - self.now).total_seconds()) + 1 if self.opens_at else 0

    @property
    def as_sent(self) -> str:
        """The payload to the letter, as every attempt was given it."""
        if self.withheld:
            return self.withheld.words
        return json.dumps(self.action.payload, indent=2, ensure_ascii=False)

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

    @cached_property
    def agreements(self) -> list[Agreement]:
        return agreements(self.review, self.reader, self.now)

    @property
    def outcome(self) -> Outcome:
        """What became of a closed review."""
        return Outcome(self.decision, self.reader, Status(self.action.status))
