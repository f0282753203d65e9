"""Leaders hear of what waits for their signature, and of what they delegated that comes to its end."""

import pytest

from approvals.endings import warn_leaders
from approvals.notifications import Notification
from approvals.ratifications import tell_ratifiers
from workflows import publishing, ratifying
from workflows.definitions import Version, Workflow

CALLS = """
workflow: calls
title: Calls
owner: growth
automation_allowed: true
steps:
  - {key: note, title: Note it, capability: data.set, params: {values: {}}, ownership: automated, REVIEW}
"""


@pytest.fixture
def calls(world):
    world.load(CALLS.replace(", REVIEW", ""))
    return world


def test_lea_is_told_once_of_what_ada_proposed(calls):
    draft = publishing.draft(Workflow.objects.get(), calls.ada, calls.now)
    Version.objects.filter(pk=draft.pk).update(on_failure="undo")
    ratifying.propose(Version.objects.get(pk=draft.pk), calls.ada, calls.now, words="We take it back then")
    assert (tell_ratifiers(calls.now), tell_ratifiers(calls.now)) == (1, 0)
    (mail,) = Notification.objects.all()
    assert (mail.to, mail.subject) == ("lea@tideway.example", "Asked to ratify: Calls v2")
    assert "“We take it back then”" in mail.body and "/workflows/calls/draft/" in mail.body


def test_nobody_is_told_of_a_proposal_that_was_withdrawn_first(calls):
    draft = publishing.draft(Workflow.objects.get(), calls.ada, calls.now)
    Version.objects.filter(pk=draft.pk).update(on_failure="undo")
    held = Version.objects.get(pk=draft.pk)
    ratifying.propose(held, calls.ada, calls.now)
    ratifying.send_back(held, calls.ada, calls.now, "Wrong")
    tell_ratifiers(calls.now)
    assert not Notification.objects.exists()


@pytest.mark.parametrize(
    ("day", "subjects"),
    [
        ("2026-03-17", []),
        ("2026-03-16", ["Ends in 14 days: Calls, Note it"]),
        ("2026-03-10", ["Ends in 8 days: Calls, Note it"]),
        ("2026-03-05", ["Ends in 3 days: Calls, Note it"]),
        ("2026-03-03", ["Ends in 1 day: Calls, Note it"]),
        ("2026-03-02", []),
    ],
)
def test_leaders_are_warned_14_and_3_days_before_a_delegation_ends(world, day, subjects):
    world.load(CALLS.replace("REVIEW", f"review_by: '{day}'"))
    warn_leaders(world.now)
    assert warn_leaders(world.now) == 0
    found = Notification.objects.filter(to="ada@tideway.example").values_list("subject", flat=True)
    assert list(found) == subjects


def test_they_are_warned_twice_and_not_every_day(world):
    world.load(CALLS.replace("REVIEW", "review_by: '2026-03-16'"))
    for _ in range(14):
        warn_leaders(world.now)
        world.later(days=1)
    found = Notification.objects.filter(to="lea@tideway.example").values_list("subject", flat=True)
    assert list(found) == ["Ends in 14 days: Calls, Note it", "Ends in 3 days: Calls, Note it"]


def test_leaders_of_every_team_hear_that_a_stance_ends(world):
    world.rules(stances=[{"capability": "email.send", "stance": "approved", "review_by": "2026-03-04"}])
    warn_leaders(world.now)
    assert sorted(Notification.objects.values_list("to", flat=True)) == [
        "ada@tideway.example", "eve@tideway.example", "lea@tideway.example",
    ]  # fmt: skip
