"""The checker finds nothing where all is well, and finds every single thing that is doctored."""

from copy import deepcopy
from dataclasses import replace

import pytest

from approvals.reviews import Review
from governance.halts import pull
from tests.faults.checker import check
from tests.faults.doctored import DOCTORED, the
from tests.faults.evidence import Told, read
from tests.faults.witness import Arrival
from workflows.actions import Action

PROGRAM = """
workflow: letters
title: Letters
owner: growth
automation_allowed: true
input: {type: object, required: [order], properties: {order: {type: string}}}
steps:
  - {key: note, capability: data.set, params: {values: {order: "=input.order"}}, ownership: automated}
  - key: send
    after: [note]
    capability: email.send
    params: {to: tom@client.example, subject: "=input.order", body: "Dear Tom."}
    ownership: needs_approval
---
workflow: notices
title: Notices
owner: growth
automation_allowed: true
input: {type: object, required: [order], properties: {order: {type: string}}}
steps:
  - key: send
    capability: email.send
    params: {to: tom@client.example, subject: "=input.order", body: Hello}
    ownership: automated
---
workflow: moves
title: Moves
owner: growth
automation_allowed: true
steps:
  - key: move
    capability: records.transfer
    params: {source: {kind: pot, key: a}, target: {kind: pot, key: b}, field: amount, amount: 5}
    ownership: automated
"""


KEPT = []
"""The day as it was, once it has been made: every test doctors a copy."""


@pytest.fixture
def evidence(world):
    if not KEPT:
        KEPT.append(a_day(world))
    return deepcopy(KEPT[0])


def a_day(world):
    """A day on which all went well: Tom got a letter that Ben approved and a notice; one letter still waits."""
    world.record("pot", "a", amount=1_000_000)
    world.record("pot", "b", amount=1_000_000)
    world.load(PROGRAM)
    run = world.run("letters", order="first")
    review = Review.objects.get()
    review.decide(world.ben, "approve", world.later(seconds=1), digest=review.action.digest)
    world.work()
    notice = world.run("notices", order="second")
    halt = pull(world.ada, "everything", "", "Complaints", world.later(seconds=1))
    halt.lift(world.ada, "It is over", world.later(seconds=1))
    halt.lift(world.lea, "It is over", world.later(seconds=1))
    world.run("moves")
    world.run("letters", order="third")
    found = read()
    found.now = world.now
    found.arrivals = [arrival(action) for action in found.actions.values() if action.attempts]
    found.told = [
        Told("start", 201, world.now.timestamp(), {"run": run.pk, "order": "first", "sent": 0.0}),
        Told("start", 201, world.now.timestamp(), {"run": notice.pk, "order": "second", "sent": 0.0}),
        Told("decide", 200, 0.0, {"review": review.pk, "choice": "approve", "person": "ben@tideway.example"}),
        Told("halt", 201, 0.0, {"halt": halt.pk}),
    ]
    return found


def arrival(action):
    content = {
        "to": [action.payload["to"]],
        "subject": action.payload["subject"],
        "body": action.payload["body"] + "\n",
        "message_id": "",
    }
    at = action.attempts[0].begun_at.timestamp() + 0.1
    return Arrival("smtp", at, Action.objects.get(pk=action.id).idempotency_key, "", content, "ok", True)


def test_a_day_on_which_all_went_well_has_no_violation(evidence):
    assert check(evidence) == []
    assert len(evidence.arrivals) == 2


def test_what_a_leader_has_done_again_is_asked_for_again(evidence):
    first = next(run for run in evidence.runs.values() if run.workflow == "notices")
    first.parent = the(evidence, "letters").id
    evidence.runs[999] = replace(first, id=999, parent=the(evidence, "notices").id)
    assert [found.sentence for found in check(evidence) if found.promise == "twice"] == []


@pytest.mark.parametrize(("doctor", "promise", "words"), DOCTORED, ids=lambda value: getattr(value, "__name__", ""))
def test_what_is_doctored_is_found_out(evidence, doctor, promise, words):
    doctor(evidence)
    found = [violation.sentence for violation in check(evidence) if violation.promise == promise]
    assert any(words in sentence for sentence in found), found
