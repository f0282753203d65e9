"""0 lost: what was accepted is over or has an owner and a due time; what clients were told is true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from tests.faults.case import Case
from tests.faults.evidence import ActionRow
from tests.faults.permitted import holds

UNDER_WAY = ("ready", "claimed", "started")
WITH_PEOPLE = ("in_review", "with_person", "uncertain")
EFFECTS = ("http.request", "email.send")
PATIENCE = timedelta(seconds=30)
"""So long after its time something ready may stand, when all is calm again."""


def nobody_has_it(case: Case) -> Iterator[str]:
    """Every run is over, or each of its actions stands in a state with an owner and a due time."""
    halts = [halt for halt in case.evidence.halts.values() if not halt.lifted]
    open_steps: Counter[int] = Counter()
    for action in case.actions.values():
        if action.status in UNDER_WAY + WITH_PEOPLE:
            open_steps[action.run] += 1
            yield from _stands_still(action, case, any(holds(halt, action, case) for halt in halts))
        elif action.settled_at is None:
            yield f"action {action.id} is {action.status} and says nothing of when"
    for run in case.runs.values():
        if run.status == "open" and not open_steps[run.id]:
            yield f"run {run.id} ({run.workflow}) is open and nothing in it is under way"
        if run.status != "open" and open_steps[run.id]:
            yield f"run {run.id} ({run.workflow}) is {run.status} and {open_steps[run.id]} actions are under way"


def _stands_still(action: ActionRow, case: Case, halted: bool) -> Iterator[str]:
    late = case.evidence.now - PATIENCE
    if action.status in WITH_PEOPLE and action.open_reviews != 1:
        yield f"action {action.id} is {action.status} and {action.open_reviews} reviews of it are open"
    if action.status in ("claimed", "started") and (action.lease_until is None or action.lease_until < late):
        yield f"action {action.id} is {action.status} since before {action.lease_until} and nobody took it up"
    if action.status == "ready" and action.not_before < late and not halted:
        yield f"action {action.id} is ready since {action.not_before} and nobody took it up"


def told_and_gone(case: Case) -> Iterator[str]:
    """What a client was told was done stands in the database."""
    for told in case.evidence.told:
        if not 200 <= told.code < 300:
            continue
        facts = told.facts
        run = case.runs.get(int(facts.get("run", 0)))
        if told.op == "start" and (run is None or run.input.get("order") != facts["order"]):
            yield f"a client was told that run {facts['run']} was started for {facts['order']}; it is not there"
        kept = case.evidence.decisions.get(int(facts.get("review", 0)))
        if told.op == "decide" and (kept is None or kept[1:] != (facts["choice"], facts["person"])):
            yield f"{facts['person']} was told that review {facts['review']} is answered; what stands there is {kept}"
        if told.op == "halt" and int(facts["halt"]) not in case.evidence.halts:
            yield f"a leader was told that halt {facts['halt']} is in force; it is not there"


def done_and_never_came(case: Case) -> Iterator[str]:
    """What is done arrived, and what failed did not, unless a person said so."""
    for action in case.actions.values():
        if action.inline or action.step.capability not in EFFECTS or case.person_settled(action):
            continue
        taken = any(arrival.took for arrival in case.came.get(action.id, ()))
        by_hand = any(e.verb == "action.done" and e.kind == "person" for e in case.of_action[action.id])
        if action.status == "done" and not taken and not by_hand:
            yield f"action {action.id} is done and never arrived"
        if action.status == "failed" and taken:
            yield f"action {action.id} is failed, though it was done: nobody was asked"
