"""0 twice: nothing was done twice, but where repeating is safe or a person said so."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from tests.faults.case import Case

START = 1_000_000
"""What every pot holds at first."""


def done_twice(case: Case) -> Iterator[str]:
    """No effect is taken twice, but where repeating is safe or a person said “it did not happen, try again”."""
    for key, arrivals in case.came.items():
        action = case.actions[key]
        taken = sum(arrival.took for arrival in arrivals)
        if taken > 1 + case.person_said_again(action) and not action.retry_safe:
            yield f"action {key} was done {taken} times under one key"
        if len({json.dumps(arrival.content, sort_keys=True) for arrival in arrivals}) > 1:
            yield f"action {key} arrived with different content under one key"


def same_step_twice(case: Case) -> Iterator[str]:
    """A step of a run has one action a round, and an order one run.

    Runs that another run's step started are its own: a leader who has that step done again asks for all of them again.
    """
    steps = Counter(
        (action.run, action.step.key, action.round) for action in case.actions.values() if action.undo_of is None
    )
    for (run, key, number), count in steps.items():
        if count > 1:
            yield f"run {run} has {count} actions of step {key} in round {number}"
    orders = Counter((run.parent, str(run.input["order"])) for run in case.runs.values() if "order" in run.input)
    for (_, order), count in orders.items():
        if count > 1:
            yield f"order {order} was asked for once and has {count} runs"


def pots_do_not_add_up(case: Case) -> Iterator[str]:
    """What software moved inside the database it moved exactly once."""
    if not case.evidence.pots:
        return
    due: Counter[str] = Counter()
    for action in case.actions.values():
        if action.step.capability == "records.transfer" and action.status == "done":
            amount = int(float(action.payload["amount"]))
            due[action.payload["source"]["key"]] -= amount
            due[action.payload["target"]["key"]] += amount
    for key, amount in case.evidence.pots.items():
        if amount != START + due[key]:
            yield f"pot {key} holds {amount}, and the finished moves say {START + due[key]}"
