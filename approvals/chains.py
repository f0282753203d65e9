"""The chain of a run as an item shows it: one link per step, with its result in a word or two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from approvals.decisions import Choice, Decision
from workflows.actions import PASSED, Action, Status
from workflows.capabilities.registry import capabilities
from workflows.definitions import Step, Version
from workflows.runs import Run

SHOWN = 7


@dataclass(frozen=True)
class Link:
    step: Step
    words: str
    is_current: bool
    is_reached: bool


@dataclass(frozen=True)
class Chain:
    """At most seven links around the current one; `before` and `after` count those left out at either end."""

    links: list[Link]
    before: int
    after: int


def chain(run: Run, version: Version, current: Action, waits: str) -> Chain:
    """Return the chain of the run; `waits` says what the current step waits for."""
    rows = Action.objects.filter(run=run).only("step_id", "status", "output", "run_id", "undo_of_id")
    actions = {action.step_id: action for action in rows if not action.is_undo}
    people = Decision.objects.filter(review__action__run=run).select_related("person", "review")
    decided = {decision.review.action_id: decision for decision in people.order_by("id")}
    links, coming = [], False
    for step in version.ordered_steps:
        action = actions.get(step.pk)
        here = step.pk == current.step_id
        words = waits if here else _words(step, action, decided)
        if action is None and not coming:
            words, coming = "Next", True
        links.append(Link(step, words, here, action is not None))
    return _around(links)


def _words(step: Step, action: Action | None, decided: Mapping[int, Decision]) -> str:
    if action is None:
        return "Later"
    decision = decided.get(action.pk)
    if action.status in PASSED:
        return _result(step, action.output) or (_by(decision) if decision else Status(action.status).label)
    if decision is not None and decision.choice == Choice.REJECT:
        return _by(decision)
    return Status(action.status).label


def _result(step: Step, output: Mapping[str, Any]) -> str:
    found = capabilities().get(step.capability)
    if output.get("by"):
        return f"{str(output['by']).split()[0]} did it"
    return found.summary(output) if found and output else ""


def _by(decision: Decision) -> str:
    return f"{decision.person.first_name} {decision.verb}"


def _around(links: list[Link]) -> Chain:
    here = next((index for index, link in enumerate(links) if link.is_current), 0)
    start = max(0, min(here - SHOWN // 2, len(links) - SHOWN))
    return Chain(links[start : start + SHOWN], start, max(0, len(links) - start - SHOWN))
