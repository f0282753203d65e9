"""Readiness names the records that software met and whose owner had to agree, when nobody answers for them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.people import Person
from workflows.definitions import Workflow
from workflows.readiness import Readiness
from workflows.records import Record
from workflows.unowned import owner_tracks, unowned

CALLS = """
workflow: calls
title: Calls
purpose: Keep in touch.
owner: growth
input: {type: object, required: [client], properties: {client: {type: string}}}
steps:
  - key: mark
    question: Do we call this client?
    capability: records.update
    params: {record: {kind: client, key: "=input.client"}, changes: {called: true}}
    ownership: needs_approval
    tracks: [{key: owner, title: Whose client it is, owners: record.team}]
"""


@pytest.fixture
def calls(world):
    world.now = timezone.now()
    world.rules()
    world.load(CALLS)
    for key, team in (("acme", "sales"), ("brunel", ""), ("cogs", "ghosts")):
        world.record("client", key, name=key.capitalize(), team=team)
    return world


def words(now):
    step = Workflow.objects.get().version_in_force.steps_by_key["mark"]
    return [one.words for one in unowned(step, owner_tracks(step, ()), now)]


def test_what_was_never_met_is_no_gap(calls):
    assert words(calls.now) == []


def test_a_record_without_a_team_and_one_of_a_team_nobody_answers_for_are_named_and_one_with_its_team_is_not(calls):
    for key in ("acme", "brunel", "cogs"):
        calls.run("calls", client=key)
    assert words(calls.now) == [
        "“Brunel” has no owner",
        "“Cogs” belongs to “ghosts”, where nobody can answer",
    ]
    assert words(calls.later(days=91)) == []


def test_whose_last_person_left_belongs_to_nobody_and_whose_record_is_mended_belongs_to_somebody(calls):
    for key in ("acme", "brunel"):
        calls.run("calls", client=key)
    Person.objects.filter(pk=calls.eve.pk).update(is_active=False)
    Record.objects.filter(key="brunel").update(fields={"team": "legal"})
    assert words(calls.now) == ["“Acme” belongs to “sales”, where nobody can answer"]


def test_of_many_five_are_named_in_as_many_queries_as_of_one(calls):
    for number in range(12):
        calls.record("client", f"new-{number:02}", team="")
        calls.start("calls", client=f"new-{number:02}")
    calls.work()
    step = Workflow.objects.get().version_in_force.steps_by_key["mark"]
    with CaptureQueriesContext(
        connection,
    ) as asked:
        found = unowned(step, owner_tracks(step, ()), calls.now)
    assert ([one.words for one in found][-1], len(found)) == ("7 more have no owner who can answer", 6)
    assert len(asked) == 3


def test_charter_and_readiness_list_the_same_gap(calls, sign_in):
    calls.run("calls", client="brunel")
    assert "“Brunel” has no owner" in [point.gap for point in Readiness(calls.now, Workflow.objects.all()).page.gaps]
    assert "“Brunel” has no owner" in sign_in("ada").get("/charter/").content.decode()
