"""Steps without an effect go to the end of their run in one transaction, and are told in full all the same."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approvals.reviews import Review
from governance.ledger import Entry
from workflows.actions import TRANSITIONS, Action, Status
from workflows.engine.inline import inline_batch

CHAIN = """
workflow: chain
title: Chain
owner: growth
automation_allowed: true
input: {type: object, properties: {n: {type: integer}}}
steps:
  - {key: one, capability: data.set, params: {values: {n: "=input.n + 1"}}, ownership: automated}
  - {key: two, after: [one], capability: data.set, params: {values: {n: "=steps.one.n * 2"}}, ownership: automated}
  - {key: three, after: [two], when: "steps.two.n > 10", capability: data.set, params: {values: {n: "=steps.two.n"}},
     ownership: needs_approval}
  - {key: four, after: [three], capability: data.set, params: {values: {n: 4}}, ownership: automated}
"""


@pytest.fixture
def chain(world):
    world.load(CHAIN)
    return world


def test_a_run_of_pure_steps_ends_in_one_batch(chain):
    run = chain.start("chain", n=1)
    assert inline_batch(chain.now) == 1
    run.refresh_from_db()
    assert run.status == "ended"
    assert [chain.action(run, key).status for key in ("one", "two", "three", "four")] == [
        "done", "done", "skipped", "skipped",
    ]  # fmt: skip


def test_the_ledger_tells_each_step_as_if_it_had_been_alone(chain):
    run = chain.start("chain", n=1)
    inline_batch(chain.now)
    assert chain.verbs(run) == [
        "run.started", "action.ready", "action.done", "action.ready", "action.done", "action.skipped",
        "action.skipped", "run.ended",
    ]  # fmt: skip


def test_a_step_that_needs_approval_ends_the_way_and_ben_is_asked_what_it_came_to(chain):
    run = chain.start("chain", n=9)
    inline_batch(chain.now)
    review = Review.objects.get()
    assert (review.action.payload, chain.action(run, "three").status) == ({"values": {"n": 20}}, "in_review")
    review.decide(chain.ben, "approve", chain.now, digest=review.action.digest)
    chain.work()
    assert chain.action(run, "four").status == "done"


def test_runs_of_one_batch_do_not_see_each_others_values(chain):
    runs = [chain.start("chain", n=n) for n in range(30)]
    inline_batch(chain.now)
    assert [chain.action(run, "two").output["n"] for run in runs] == [2 * (n + 1) for n in range(30)]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.lists(st.integers(0, 12), min_size=1, max_size=12))
def test_entries_of_each_action_replay_to_its_state(chain, numbers):
    runs = [chain.start("chain", n=n) for n in numbers]
    chain.work()
    for action in Action.objects.filter(run__in=runs):
        verbs = list(Entry.objects.filter(action=action.pk).order_by("pk").values_list("verb", flat=True))
        states = [STATE[verb] for verb in verbs]
        assert states[-1] == action.status
        for was, to in pairwise(states):
            assert to in TRANSITIONS[Status(was)]


STATE = {
    "action.ready": "ready",
    "action.done": "done",
    "action.skipped": "skipped",
    "action.to_review": "in_review",
}
