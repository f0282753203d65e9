"""A tripwire is tried on the past before it is armed, within a bounded time."""

import pytest

from governance.envelope.tripwires import Tripwire
from governance.halts import Halt
from tests.workflows.test_tripwires import MAILS
from workflows.definitions import Workflow
from workflows.tryouts import SPANS, tryout

SAID = {"key": "w", "title": "Too much", "seen": "repeats", "times": "3", "within": "1d", "halts": "step"}


@pytest.fixture
def mails(world):
    world.record("client", "tom", name="Tom", email="tom@client.example")
    world.load(MAILS)
    for _ in range(3):
        world.action(world.run("mails", client="tom"), "send")
    world.later(seconds=60)
    return world


def test_it_says_when_where_and_on_how_much_it_would_have_tripped(mails):
    found = tryout(Tripwire.model_validate(SAID), mails.now, Workflow.objects.all(), budget=60)
    assert (found.days, found.cut) == (90, False)
    assert [(trip.where, trip.much, trip.url) for trip in found.trips] == [("“send” in Mails", 3, "/workflows/mails/")]
    assert not Halt.objects.exists()


def test_who_may_not_open_the_workflow_reads_only_that_it_was_there(mails):
    found = tryout(Tripwire.model_validate(SAID), mails.now, Workflow.objects.none())
    assert [(trip.where, trip.url) for trip in found.trips] == [("a workflow of another team", "")]


def test_a_calm_past_trips_nothing(mails):
    assert not tryout(Tripwire.model_validate({**SAID, "times": 4}), mails.now, Workflow.objects.all()).trips


def test_where_time_is_short_fewer_days_are_looked_at_and_it_says_so(mails):
    found = tryout(Tripwire.model_validate(SAID), mails.now, Workflow.objects.all(), budget=0)
    assert (found.days, found.cut) == (SPANS[0], True)


def test_ada_tries_a_wire_before_she_keeps_it_in_the_draft(mails, sign_in, monkeypatch):
    monkeypatch.setattr("workflows.views.rulebookparts.timezone.now", lambda: mails.now)
    answer = sign_in("ada").post("/rulebook/draft/tripwires/new/", {**SAID, "try": "1"})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "it would have tripped 1 time." in text and "3 seen" in text and "Nothing was halted." in text
    assert "Keep in the draft" in text


def test_the_built_in_wires_are_named_and_tried_too(mails, sign_in):
    text = sign_in("ada").get("/rulebook/tripwires/").content.decode()
    assert "Mails that bounce" in text and "Built in, key repeats" in text
    assert "it would not have tripped once" in text


def test_only_leaders_try_tripwires(mails, sign_in):
    assert sign_in("ben").get("/rulebook/tripwires/").status_code == 403
