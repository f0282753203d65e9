"""The database itself holds the states of an action: raw SQL changes only what the table in the code allows."""

import pytest
from django.db import DatabaseError, connection, transaction

from tests.states import put
from workflows.actions import TRANSITIONS, Action, Status

ONE_STEP = """
workflow: note
title: Note
owner: growth
automation_allowed: true
steps:
  - {key: write, capability: content.render, params: {template: note}, ownership: automated}
"""
UNBORN = {Status.CLAIMED, Status.STARTED, Status.UNCERTAIN}


@pytest.fixture
def action(world):
    world.asset("template", "note", body={"subject": "A", "body": "B"})
    world.load(ONE_STEP)
    return world.action(world.start("note"), "write")


def tell(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def set_to(action, status):
    tell("UPDATE workflows_action SET status = %s WHERE id = %s", status.value, action.pk)


def is_allowed(change, *arguments):
    """Try it, and take it back. Whether the database let it happen."""
    try:
        with transaction.atomic():
            change(*arguments)
            transaction.set_rollback(True)
    except DatabaseError:
        return False
    return True


def moves_from(action, was):
    """Return what the database lets an action in this state become."""
    with transaction.atomic():
        put(action, was)
        found = {to for to in Status if is_allowed(set_to, action, to)}
        transaction.set_rollback(True)
    return found


def begin(action, status):
    """Insert a copy of the action that begins in this state."""
    columns = [field.column for field in Action._meta.concrete_fields if field.column != "id"]
    given = {"status": "%s", "round": "round + 1"}
    copied = ", ".join(given.get(column, column) for column in columns)
    insert = f"INSERT INTO workflows_action ({', '.join(columns)}) SELECT {copied} FROM workflows_action WHERE id = %s"
    tell(insert, status, action.pk)


def test_over_the_whole_matrix_the_database_allows_what_the_table_says_and_standing_still(action):
    held = {was: moves_from(action, was) for was in Status}
    assert held == {was: to | {was} for was, to in TRANSITIONS.items()}, "change the table by a migration, too"


def test_an_action_may_begin_in_every_state_but_under_way(action):
    assert {status for status in Status if is_allowed(begin, action, status.value)} == set(Status) - UNBORN


def test_a_state_nobody_knows_is_refused(action):
    assert not is_allowed(begin, action, "lost")
    assert not is_allowed(tell, "UPDATE workflows_action SET status = 'lost' WHERE id = %s", action.pk)


def test_the_refusal_is_a_sentence(action):
    put(action, Status.DONE)
    with pytest.raises(DatabaseError, match=r"What is done in workflows_action stays done\. Nothing was changed\."):
        set_to(action, Status.READY)


def test_a_refused_birth_says_what_would_be_right(action):
    with pytest.raises(DatabaseError, match=r"Nothing in .* begins otherwise than ready, .* or expired\."):
        begin(action, "started")


def test_one_wrong_row_of_many_leaves_all_as_they_were(world, action):
    other = world.action(world.start("note"), "write")
    put(other, Status.DONE)
    with pytest.raises(DatabaseError), transaction.atomic():
        tell("UPDATE workflows_action SET status = 'claimed'")
    assert Action.objects.get(pk=action.pk).status == "ready"


def test_what_leaves_the_state_alone_may_change_on_a_settled_action(action):
    put(action, Status.DONE)
    assert is_allowed(tell, "UPDATE workflows_action SET trouble = 'seen to', status = 'done' WHERE id = %s", action.pk)
