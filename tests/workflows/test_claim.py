"""Who gets to work next: a fair share of every workflow, the urgent first, and nothing twice."""

import threading

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from workflows.actions import Action, Status
from workflows.definitions import Version
from workflows.engine.claim import SUSPECT, busy_workflows, claim, lock_inline, shares
from workflows.engine.inline import inline_batch
from workflows.versions import published

MARKS = """
workflow: {slug}
title: {slug}
owner: growth
automation_allowed: true
steps:
  - {{key: write, capability: data.set, params: {{values: {{a: 1}}}}, ownership: automated}}
"""
NOTICE = """
workflow: notice
title: Notice
owner: growth
automation_allowed: true
steps:
  - {key: send, capability: email.send, params: {template: note, to: tom@client.example}, ownership: automated}
"""


@pytest.fixture
def marks(world):
    for slug in ("big", "small"):
        world.load(MARKS.format(slug=slug))
    return world


def taken(world, limit):
    with transaction.atomic():
        return lock_inline(busy_workflows(True, world.now), limit, world.now)


def test_a_workflow_with_thousands_ready_leaves_half_of_a_batch_to_the_other(marks):
    for _ in range(40):
        marks.start("big")
    few = [marks.start("small").pk for _ in range(5)]
    found = taken(marks, 10)
    assert len(found) == 10
    assert {action.run_id for action in found} >= set(few)


def test_one_workflow_alone_gets_the_whole_batch(marks):
    for _ in range(12):
        marks.start("big")
    assert len(taken(marks, 10)) == 10


def test_what_is_not_due_yet_is_left_alone(marks):
    marks.start("big")
    Action.objects.update(not_before=marks.now.replace(year=2030))
    assert busy_workflows(True, marks.now) == []


def test_of_one_workflow_the_urgent_and_then_the_longest_due_go_first(marks):
    runs = [marks.start("big").pk for _ in range(3)]
    Action.objects.filter(run=runs[1]).update(not_before=marks.now.replace(hour=1))
    Action.objects.filter(run=runs[2]).update(priority=0)
    with transaction.atomic():
        high, normal = (taken_of(marks, priority) for priority in (0, 1))
    assert (high, normal) == ([runs[2]], [runs[1], runs[0]])


def taken_of(world, priority):
    pairs = [pair for pair in busy_workflows(True, world.now) if pair[1] == priority]
    return [action.run_id for action in lock_inline(pairs, 10, world.now)]


@given(st.lists(st.tuples(st.integers(1, 99), st.sampled_from([0, 1, 2])), min_size=1, max_size=30, unique=True))
def test_everybody_gets_something_and_the_urgent_at_least_as_much(busy):
    found = dict(zip(busy, shares(busy, 150), strict=True))
    assert min(found.values()) >= 1
    by_priority = [{share for (_, each), share in found.items() if each == priority} for priority in (0, 1, 2)]
    assert all(len(amounts) <= 1 for amounts in by_priority)
    amounts = [amount for found in by_priority for amount in found]
    assert amounts == sorted(amounts, reverse=True)


def test_what_a_newer_remit_published_is_left_to_a_newer_worker(marks):
    run = marks.start("big")
    Version.objects.filter(pk=run.version_id).update(schema=99)
    published.cache_clear()
    assert inline_batch(marks.now) == 0
    assert marks.action(run, "write").status == Status.READY


def test_an_action_that_was_claimed_twice_for_nothing_is_claimed_alone(world):
    world.asset("template", "note", body={"subject": "A", "body": "B"})
    world.load(NOTICE)
    runs = [world.start("notice").pk for _ in range(3)]
    Action.objects.filter(run=runs[1]).update(claims=SUSPECT)
    assert [work.run.pk for work in claim("worker 1", 10, world.now)] == [runs[1]]
    assert {work.run.pk for work in claim("worker 1", 10, world.now)} == {runs[0], runs[2]}


def statements(world, size):
    """Start so many runs and return how many statements the batch took that brought them to their end."""
    before = Action.objects.filter(status=Status.DONE).count()
    for _ in range(size):
        world.start("big")
    with CaptureQueriesContext(connection) as seen:
        inline_batch(world.now)
    assert Action.objects.filter(status=Status.DONE).count() == before + size
    return len(seen)


def test_a_batch_takes_the_same_number_of_statements_whatever_its_size(marks):
    statements(marks, 1)  # compiles rules and versions, once a process
    assert statements(marks, 5) == statements(marks, 100) <= 20


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_take_each_action_once_and_no_more_than_they_asked_for(marks):
    for _ in range(200):
        marks.start("big")
    found, gate = [], threading.Barrier(8)

    def take():
        gate.wait()
        with transaction.atomic():
            mine = lock_inline(busy_workflows(True, marks.now), 20, marks.now)
            gate.wait()
        found.append([action.pk for action in mine])
        connection.close()

    workers = [threading.Thread(target=take) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    everything = [pk for mine in found for pk in mine]
    assert len(everything) == len(set(everything))
    assert max(map(len, found)) <= 20
