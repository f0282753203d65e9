"""Two actions of one batch change the same record: the second is proposed again on what the first has written."""

import pytest

from approvals.reviews import NotAllowed, Review
from governance.people import Actor
from workflows.engine.answers import undo
from workflows.records import Record

SET = """
workflow: set-stage
title: Set the stage
owner: growth
automation_allowed: true
input: {type: object, required: [stage], properties: {stage: {type: string}}}
steps:
  - key: write
    capability: records.update
    params: {record: {kind: lead, key: tom}, changes: {stage: "=input.stage"}}
    ownership: automated
"""


def test_the_second_writer_of_a_batch_sees_what_the_first_wrote(world):
    world.record("lead", "tom", stage="new")
    world.load(SET)
    first, second = (world.start("set-stage", stage=stage) for stage in ("qualified", "customer"))
    world.work()
    actions = [world.action(run, "write") for run in (first, second)]
    assert [action.status for action in actions] == ["done", "done"]
    assert [action.payload["before"] for action in actions] == [{"stage": "new"}, {"stage": "qualified"}]
    assert Record.objects.get(key="tom").fields == {"stage": "customer"}


def test_an_approved_change_of_a_record_that_changed_meanwhile_is_asked_again(world):
    world.record("lead", "tom", stage="new")
    world.load(SET.replace("ownership: automated", "ownership: needs_approval"))
    run = world.run("set-stage", stage="qualified")
    review = world.action(run, "write").reviews.get()
    Record.objects.filter(key="tom").update(fields={"stage": "lost"})
    review.decide(world.ben, "approve", world.now, digest=review.action.digest)
    world.work()
    action = world.action(run, "write")
    assert (action.status, action.payload["before"]) == ("in_review", {"stage": "lost"})
    assert Record.objects.get(key="tom").fields == {"stage": "lost"}
    assert action.reviews.filter(status="open").count() == 1


def test_chen_who_asked_for_an_undo_must_not_approve_it(world):
    world.record("lead", "tom", stage="new")
    world.load(SET.replace("ownership: automated", "ownership: needs_approval"))
    run = world.run("set-stage", stage="qualified")
    review = world.action(run, "write").reviews.get()
    review.decide(world.ben, "approve", world.now, digest=review.action.digest)
    world.work()
    undo(world.action(run, "write").pk, Actor.of(world.chen), world.now)
    world.work()
    waiting = Review.objects.get(status="open")
    with pytest.raises(NotAllowed, match="You asked for this"):
        waiting.decide(world.chen, "approve", world.now, digest=waiting.action.digest)
    waiting.decide(world.ben, "approve", world.now, digest=waiting.action.digest)
    world.work()
    assert Record.objects.get(key="tom").fields == {"stage": "new"}


def test_a_run_whose_step_is_gone_from_the_version_in_force_asks_a_person(world):
    world.record("lead", "tom", stage="new")
    world.load(SET)
    run = world.start("set-stage", stage="qualified")
    world.load(SET.replace("key: write", "key: note"))
    world.work()
    action = world.action(run, "write")
    assert action.status == "in_review"
    assert "no longer has this step" in action.reasons[0]["words"]
