"""Readiness: six questions counted, standing questions answered, and the two traps; all from what is in force."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from approvals.backtests.row import Backtest
from approvals.decisions import Decision
from approvals.reviews import Review
from workflows.definitions import Workflow
from workflows.gaps import Question
from workflows.readiness import Readiness

SEND = """
workflow: %(slug)s
title: %(title)s
purpose: Tell people what is new.
owner: growth
automation_allowed: true
steps:
  - key: send
    capability: email.send
    params: {template: notice, to: "=record.email", record: {kind: contact, key: priya}}
    ownership: %(ownership)s
    escalation: growth-default
"""
NOTE = """
workflow: note
title: Note
purpose: Write it down.
owner: growth
automation_allowed: true
steps:
  - {key: note, capability: data.set, params: {values: {said: hello}}, ownership: needs_approval, escalation: growth-default}
"""  # noqa: E501


def sends(world, slug, ownership):
    world.load(SEND % {"slug": slug, "title": slug.capitalize(), "ownership": ownership})


@pytest.fixture
def noticed(world):
    world.asset("template", "notice", body={"subject": "Hello", "body": "Good day."})
    world.record("contact", "priya", email="priya@client.example", name="Priya")
    return world


def ready(world):
    return Readiness(world.now, Workflow.objects.all())


def answer(world, words):
    return next(answer for answer in ready(world).board if answer.asked.words == words)


def read(client):
    page = client.get("/readiness/")
    assert page.status_code == 200
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page.content.decode()))).replace("\u00a0", " ")


# --- standing questions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ownerships", "words", "mark"),
    [
        ([], "No workflow does it.", ""),
        (["automated"], "Yes, within bounds.", "automated"),
        (["needs_approval", "needs_approval"], "Only after a person approves.", "needs_approval"),
        (["human_owned"], "No. People do it.", "human_owned"),
        (
            ["automated", "automated", "needs_approval"],
            "Yes at 2 of 3 steps; elsewhere only after a person approves.",
            "needs_approval",
        ),
    ],
)
def test_can_it_send_that_is_answered_from_the_steps_in_force(noticed, ownerships, words, mark):
    for number, ownership in enumerate(ownerships):
        sends(noticed, f"flow-{number}", ownership)
    found = answer(noticed, "Can it send that?")
    assert (found.words, found.mark) == (words, mark)


def test_what_is_out_of_scope_or_undecided_is_told_as_such(noticed):
    sends(noticed, "launch", "automated")
    noticed.rules(stances=[{"capability": "email.send", "stance": "out_of_scope"}])
    assert answer(noticed, "Can it send that?").words == "No. It is out of scope."
    noticed.undefine("email.send")
    assert answer(noticed, "Can it send that?").words == "Nobody has decided."
    assert answer(noticed, "Can it call another system?").words == "Nobody has decided."


def test_an_answer_says_who_decides_within_what_and_who_hears(noticed):
    sends(noticed, "launch", "needs_approval")
    assert answer(noticed, "Can it send that?").detail == "Growth; unanswered: Growth, then Ada"


# --- the six questions ---------------------------------------------------------------------------------------------


def test_readiness_and_charter_count_the_same_gaps(noticed, sign_in):
    sends(noticed, "launch", "automated")
    rows = {row.question: row for row in ready(noticed).rows}
    assert {question: (row.settled, row.of) for question, row in rows.items()} == {
        Question.RIGHTS: (1, 1),
        Question.REASONS: (1, 1),
        Question.STAFFED: (2, 2),
        Question.OWNERS: (1, 1),
        Question.BOUNDS: (0, 1),
        Question.MEASURED: (0, 1),
    }
    assert sum(len(row.gaps) for row in rows.values()) == 2
    assert "2 gaps open" in read(sign_in("ada"))
    assert "Two gaps are open." in unescape(sign_in("ada").get("/charter/").content.decode())


def test_a_gap_has_a_link_that_mends_it_for_those_who_may_open_it(noticed, sign_in):
    sends(noticed, "launch", "automated")
    link = '<a href="/workflows/launch/steps/send/">Set it</a>'
    assert link in sign_in("ada").get("/readiness/").content.decode()
    assert link not in sign_in("eve").get("/readiness/").content.decode()


# --- the two traps -------------------------------------------------------------------------------------------------


def approved(world, times):
    for _ in range(times):
        run = world.run("note", person="lea")
        review = Review.objects.get(action=world.action(run, "note"))
        review.decide(world.ben, "approve", world.now, digest=review.action.digest)


@pytest.mark.parametrize(("times", "found"), [(29, []), (30, [(30, 30)])])
def test_a_step_approved_unchanged_thirty_times_of_thirty_is_a_candidate(world, times, found):
    world.load(NOTE)
    approved(world, times)
    assert [(one.share.hits, one.share.of) for one in ready(world).over_controlled] == found


def test_one_rejection_and_it_is_none(world):
    world.load(NOTE)
    approved(world, 30)
    Decision.objects.filter(pk=Decision.objects.first().pk).update(choice="reject")
    assert ready(world).over_controlled == []


def test_the_candidates_interval_is_wilsons(world, sign_in):
    world.load(NOTE)
    approved(world, 30)
    assert ready(world).over_controlled[0].at_least == pytest.approx(88.65, abs=0.01)


def test_ada_forecasts_such_a_step_with_one_press_and_nothing_changes(world, sign_in):
    world.now = timezone.now() - timedelta(hours=1)  # the page looks back from today
    world.load(NOTE)
    approved(world, 30)
    ada = sign_in("ada")
    assert 'action="/workflows/note/steps/note/release/"' in ada.get("/readiness/").content.decode()
    answer = ada.post("/workflows/note/steps/note/release/")
    found = Workflow.objects.get(slug="note")
    assert answer["Location"] == "/workflows/note/draft/"
    assert found.version_in_force.steps_by_key["note"].ownership == "needs_approval"
    assert found.draft.steps_by_key["note"].ownership == "automated"
    assert list(Backtest.objects.values_list("version", "state")) == [(found.draft.pk, "waiting")]


@pytest.mark.parametrize(("who", "status"), [("ben", 403), ("eve", 404), ("olga", 403)])
def test_others_do_not_forecast_it(world, sign_in, who, status):
    world.load(NOTE)
    assert sign_in(who).post("/workflows/note/steps/note/release/").status_code == status
    assert Workflow.objects.get(slug="note").draft is None


def test_what_was_refused_because_nobody_had_decided_is_told_until_somebody_does(noticed):
    sends(noticed, "launch", "automated")
    noticed.undefine("email.send")
    for _ in range(2):
        noticed.run("launch", person="lea")
    (one,) = ready(noticed).under_defined
    assert (one.title, one.workflow, one.refused, one.first) == ("Send a mail", "Launch", 2, noticed.now)
    noticed.rules(stances=[{"capability": "email.send", "stance": "approved"}])
    assert ready(noticed).under_defined == []


def test_what_is_out_of_scope_is_not_under_defined(noticed):
    sends(noticed, "launch", "automated")
    noticed.rules(stances=[{"capability": "email.send", "stance": "out_of_scope"}])
    noticed.run("launch", person="lea")
    assert ready(noticed).under_defined == []


def test_the_page_says_so_where_there_is_nothing_to_say(world, sign_in):
    text = read(sign_in("ada"))
    assert "No step was approved unchanged every time, nor nearly always just above a bound." in text
    assert "Nothing was refused for want of a decision in 30 days." in text
    assert "No average moved, of those with 30 actions and more in both quarters." in text
