"""A step inside the database that takes longer than its connection may stand still stops nobody but itself."""

import time

import pytest
from django.db import connection

from workflows.capabilities.registry import capability

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL ends what stands still"),
]
NOTES = """
workflow: notes
title: Notes
owner: growth
automation_allowed: true
input: {type: object, required: [word], properties: {word: {type: string}}}
steps:
  - {key: note, capability: data.set, params: {values: {word: "=input.word"}}, ownership: automated}
"""


@pytest.fixture
def impatient(monkeypatch):
    """A database that waits no longer than a tenth of a second."""
    options = {**connection.settings_dict["OPTIONS"], "options": "-c idle_in_transaction_session_timeout=100ms"}
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    yield
    connection.close()


@pytest.fixture
def dawdle(monkeypatch):
    """Let the step take its time where it is to note "slow", so many times."""
    kind = type(capability("data.set"))
    plain, left = kind.execute, {}

    def execute(self, payload, context):
        if payload.values["word"] == "slow" and left["times"]:
            left["times"] -= 1
            time.sleep(0.4)  # what is slow is a step's own work
        return plain(self, payload, context)

    monkeypatch.setattr(kind, "execute", execute)
    return lambda times: left.update(times=times)


def outcome(world, run):
    action = world.action(run, "note")
    return action.status, action.trouble


def test_one_that_is_always_too_slow_fails_and_the_others_go_on(world, impatient, dawdle):
    world.load(NOTES)
    dawdle(99)
    runs = [world.start("notes", word=word) for word in ("one", "slow", "two")]
    world.work()
    assert outcome(world, runs[0]) == outcome(world, runs[2]) == ("done", "")
    assert outcome(world, runs[1]) == ("failed", "it took longer than a step inside the database may take")


def test_one_whose_machine_stood_still_is_tried_again(world, impatient, dawdle):
    world.load(NOTES)
    dawdle(2)
    run = world.start("notes", word="slow")
    world.work()
    assert outcome(world, run) == ("done", "")
