"""The states of an action: over the whole matrix only what the table knows happens, and has one Entry."""

from itertools import product

import pytest

from governance.ledger import Entry
from tests.states import put
from workflows.actions import PASSED, TRANSITIONS, WAITING, WORKING, Action, IllegalMove, LostRace, Status
from workflows.engine.record import save
from workflows.engine.work import gather

ONE_STEP = """
workflow: note
title: Note
owner: growth
automation_allowed: true
steps:
  - {key: write, capability: content.render, params: {template: note}, ownership: automated}
"""


@pytest.fixture
def action(world):
    world.asset("template", "note", body={"subject": "A", "body": "B"})
    world.load(ONE_STEP)
    return world.action(world.start("note"), "write")


@pytest.mark.parametrize(("was", "to"), list(product(Status, Status)), ids=lambda status: status.value)
def test_only_what_the_table_knows_may_happen(world, action, was, to):
    put(action, was)
    (work,) = gather([Action.objects.get(pk=action.pk)], world.now)
    entries = Entry.objects.count()
    work.move(to, f"action.{to}", world.now)
    if to == was or to in TRANSITIONS[was]:
        save([work], world.now)
        assert Entry.objects.count() == entries + 1
    else:
        with pytest.raises(IllegalMove):
            save([work], world.now)
        assert Entry.objects.count() == entries
    expected = to if to in TRANSITIONS[was] else was
    assert Action.objects.get(pk=action.pk).status == expected


def test_who_comes_second_loses_and_writes_nothing(world, action):
    (first,), (second,) = (gather([Action.objects.get(pk=action.pk)], world.now) for _ in range(2))
    first.move(Status.DONE, "action.done", world.now)
    save([first], world.now)
    entries = Entry.objects.count()
    second.move(Status.FAILED, "action.failed", world.now)
    with pytest.raises(LostRace):
        save([second], world.now)
    assert Entry.objects.count() == entries


def test_a_worker_whose_fence_is_old_writes_nothing(world, action):
    (work,) = gather([Action.objects.get(pk=action.pk)], world.now)
    Action.objects.filter(pk=action.pk).update(fence=5)
    work.move(Status.DONE, "action.done", world.now)
    with pytest.raises(LostRace):
        save([work], world.now)


def test_every_state_is_in_the_table_and_every_end_is_final():
    assert set(TRANSITIONS) == set(Status)
    assert not any(TRANSITIONS[status] for status in PASSED)
    assert all(TRANSITIONS[status] for status in (*WORKING, *WAITING))
