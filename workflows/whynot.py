"""Why not: the smallest change of a step's bounds that would have let an action act, and what else it would release."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil, floor
from typing import Any

from governance.backtest import Share
from governance.envelope.whole import Envelope
from governance.judging import Outcome, Reason
from governance.people import Person
from governance.rulebook import in_force
from governance.rulewords import measure_words, number
from workflows import publishing
from workflows.actions import Action
from workflows.definitions import Version
from workflows.files import StepPart, WorkflowPart
from workflows.partterms import verdict_on_part
from workflows.publishing import NotPublishable, part_of
from workflows.revisions import revise, revise_whole

PAST = 2000
"""So many earlier actions of the step are judged under the change."""
ROUNDS = 3
"""A change may bring up another bound, as automation does that a workflow is not eligible."""
Judged = tuple[WorkflowPart, StepPart]
_BOUND = re.compile(r"(.*?\b[a-z]+\.[A-Za-z_]\w*\s*)(>=|>|<=|<)(\s*)(-?\d+(?:\.\d+)?)(\s*)")


@dataclass(frozen=True)
class Change:
    """One bound, in words, with what it would become in the step or (`of_workflow`) in the workflow."""

    words: str
    values: Mapping[str, Any]
    of_workflow: bool = False


@dataclass
class WhyNot:
    """`changes` together would have let it act, unless there are `obstacles`, which no bound of the step removes."""

    action: Action
    changes: list[Change] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)
    released: int = 0
    rejected: Share = field(default_factory=lambda: Share(0, 0))
    looked_at: int = 0

    @property
    def is_possible(self) -> bool:
        return bool(self.changes) and not self.obstacles


def why_not(action: Action) -> WhyNot:
    """Return what would have let the action act under the version in force. It only reads."""
    found = WhyNot(action)
    version, book = action.workflow.version_in_force, in_force()
    part = part_of(version) if version else None
    step = _step(part, action.step.key)
    if part is None or step is None or book is None:
        found.obstacles.append("Nothing in force speaks of this step any more.")
        return found
    before = after = (part, step)
    for _ in range(ROUNDS):
        reasons = verdict_on_part(action.facts, book.envelope, str(book), *after).reasons
        if not reasons or found.obstacles:
            break
        after = _changed(found, reasons, after)
    else:
        found.obstacles.append("One bound after the other stands against it.")
    if found.is_possible:
        _release(found, before, after, book.envelope)
    return found


def _changed(found: WhyNot, reasons: Sequence[Reason], judged: Judged) -> Judged:
    """Move every bound that tripped and return what is judged by then; what is no bound of the step is an obstacle."""
    part, step = judged
    for reason in reasons:
        changes = [_moved(change, found.action.facts) for change in _changes(reason.rule, reason.value, part, step)]
        known = [change for change in changes if change]
        found.changes += known
        part, step = applied(part, step, known)
        if not known:
            found.obstacles.append(reason.words)
    return part, step


def _step(part: WorkflowPart | None, key: str) -> StepPart | None:
    return next((step for step in part.steps if step.key == key), None) if part else None


def _changes(rule: str, value: Any, part: WorkflowPart, step: StepPart) -> Iterator[Change]:
    """Yield the smallest change of the bound that this rule is; none for what is no bound of the step."""
    kind, _, rest = rule.partition(":")
    if kind == "ownership" and step.ownership == "needs_approval":
        yield Change("Who decides: needs approval → automated", {"ownership": "automated"})
    elif kind == "eligibility":
        yield Change("Software may act alone: no → yes", {"automation_allowed": True}, of_workflow=True)
    elif kind == "confidence" and isinstance(value, int | float) and not isinstance(value, bool):
        lower = floor(value * 100) / 100
        yield Change(f"Confidence floor: {step.min_confidence:g} → {lower:g}", {"min_confidence": lower})
    elif kind == "limit" and isinstance(value, int | float):
        yield from _limit(rest, value, step)
    elif kind == "when":
        yield from _rule(rest, value, step)


def _limit(rest: str, value: float, step: StepPart) -> Iterator[Change]:
    measure, _, bound = rest.rpartition(":")
    rows = [row.model_dump() for row in step.limits]
    for place, limit in enumerate(step.limits):
        if limit.measure == measure and f"{limit.at_most:g}" == bound:
            rows[place] = {**rows[place], "at_most": value}
            words = f"At most {number(limit.at_most)} {measure_words(measure)} → {number(value)}"
            yield Change(words, {"limits": rows})


def _rule(when: str, value: Any, step: StepPart) -> Iterator[Change]:
    """A condition of the step that compares one fact with a number: its number moves just beyond the fact."""
    match = _BOUND.fullmatch(when)
    place = next((index for index, rail in enumerate(step.guardrails) if rail.when == when), None)
    if match is None or place is None or step.guardrails[place].rows is not None:
        return
    rows = [rail.model_dump() for rail in step.guardrails]
    yield Change(f"Rule “{step.guardrails[place].reason}”", {"guardrails": rows, "_bound": (place, match)})


def _moved(change: Change, facts: Mapping[str, Any]) -> Change | None:
    """Return a rule's change with the number worked out of the facts; None where there is none."""
    if "_bound" not in change.values:
        return change
    place, match = change.values["_bound"]
    fact: Any = facts
    for name in match[1].strip().split("."):
        fact = fact.get(name) if isinstance(fact, Mapping) else None
    if isinstance(fact, bool) or not isinstance(fact, int | float):
        return None
    operator, rows = match[2], list(change.values["guardrails"])
    bound = {">": fact, "<": fact, ">=": floor(fact) + 1, "<=": ceil(fact) - 1}[operator]
    rows[place] = {**rows[place], "when": f"{match[1]}{operator}{match[3]}{bound:g}{match[5]}"}
    return Change(f"{change.words}: {operator} {match[4]} → {operator} {bound:g}", {"guardrails": rows})


def applied(part: WorkflowPart, step: StepPart, changes: Sequence[Change]) -> tuple[WorkflowPart, StepPart]:
    """Return the workflow and the step with the changes."""
    values, whole = step.model_dump(), part.model_dump()
    for change in changes:
        (whole if change.of_workflow else values).update(change.values)
    whole["steps"] = [values if row["key"] == step.key else row for row in whole["steps"]]
    made = WorkflowPart.model_validate(whole)
    found = _step(made, step.key)
    assert found is not None
    return made, found


def _release(found: WhyNot, before: Judged, after: Judged, envelope: Envelope) -> None:
    action = found.action
    rows = Action.objects.filter(workflow=action.workflow_id, step__key=action.step.key, undo_of=None)
    rows = rows.exclude(pk=action.pk).exclude(digest="").order_by("-id")
    choices = rows.values_list("pk", "facts", "reviews__decisions__choice")[:PAST]
    last: dict[int, tuple[Any, str | None]] = {pk: (facts, choice) for pk, facts, choice in choices}
    answered = no = 0
    for facts, choice in last.values():
        was, now = (verdict_on_part(facts, envelope, "", *each).outcome for each in (before, after))
        if was is Outcome.ACT or now is not Outcome.ACT:
            continue
        found.released += 1
        answered += choice is not None
        no += choice == "reject"
    found.looked_at, found.rejected = len(last), Share(no, answered)


def make_draft(found: WhyNot, person: Person, now: datetime) -> Version:
    """Keep the change in the workflow's draft. Nothing is in force by that. Raises NotPublishable."""
    if not found.is_possible:
        raise NotPublishable("No change of a bound of this step would have let it act. Nothing was kept.")
    workflow, key = found.action.workflow, found.action.step.key
    draft = publishing.draft(workflow, person, now)
    terms = {name: value for change in found.changes if not change.of_workflow for name, value in change.values.items()}
    if terms:
        revise(draft, key, terms, person, now)
    if any(change.of_workflow for change in found.changes):
        revise_whole(draft, {"automation_allowed": True}, person, now)
    return draft
