"""How one action travels: proposed, judged, reviewed, executed, recorded."""

import pytest
from django.core import mail

from approvals.reviews import AlreadyDecided, NotAllowed, Review, Stale
from workflows.actions import Action

PROGRAM = """
workflow: welcome
title: Welcome
owner: growth
automation_allowed: true
input: {type: object, required: [contact], properties: {contact: {type: string}}}
steps:
  - key: choose
    question: Which offer does this contact get?
    capability: offers.choose
    params: {record: {kind: contact, key: "=input.contact"}, offers: [starter]}
    ownership: automated
    confidence: record.score
    min_confidence: 0.5
    reviewers: growth
  - key: send
    after: [choose]
    when: "steps.choose.offer != ''"
    question: Does this go out?
    capability: email.send
    params: {template: welcome, to: "=record.email", record: {kind: contact, key: "=input.contact"}}
    ownership: needs_approval
    reviewers: growth
    escalation: growth-default
    due_in: 4h
"""


@pytest.fixture
def welcome(world):
    world.asset("offer", "starter", body={"eligible": "record.age >= 18", "value": 100})
    world.asset("template", "welcome", body={"subject": "Hello {{ name }}", "body": "Dear {{ name }},\n\nwelcome."})
    world.record("contact", "priya", name="Priya Raman", email="priya@client.example", age=30, score=0.9)
    world.record("contact", "tom", name="Tom Vance", email="tom@client.example", age=30, score=0.2)
    world.record("contact", "kid", name="Kim", email="kim@client.example", age=12, score=0.9)
    world.load(PROGRAM)
    return world


def test_an_automated_step_inside_its_bounds_acts_and_the_next_one_asks(welcome):
    run = welcome.run("welcome", contact="priya")
    assert welcome.action(run, "choose").status == "done"
    assert welcome.action(run, "send").status == "in_review"
    assert mail.outbox == []
    assert welcome.verbs(run) == [
        "run.started", "action.ready", "action.done", "action.ready", "action.claimed", "action.to_review",
    ]  # fmt: skip


def test_what_ben_approved_is_sent_once_and_the_run_ends(welcome):
    run = welcome.run("welcome", contact="priya")
    review = Review.objects.get()
    review.decide(welcome.ben, "approve", welcome.now, digest=review.action.digest)
    welcome.work()
    welcome.work()
    assert [(message.to, message.subject) for message in mail.outbox] == [
        (["priya@client.example"], "Hello Priya Raman")
    ]
    run.refresh_from_db()
    assert run.status == "ended"
    assert welcome.verbs(run)[-5:] == [
        "action.approved", "action.claimed", "action.started", "action.done", "run.ended",
    ]  # fmt: skip


def test_what_arrives_is_the_edited_text(welcome):
    run = welcome.run("welcome", contact="priya")
    review = Review.objects.get()
    review.decide(
        welcome.ben, "edit", welcome.now, digest=review.action.digest, payload={"body": "Dear Priya, good morning."}
    )
    welcome.work()
    assert mail.outbox[0].body == "Dear Priya, good morning."
    assert "action.edited" in welcome.verbs(run)


def test_a_rejection_sends_nothing_and_stops_the_run(welcome):
    run = welcome.run("welcome", contact="priya")
    Review.objects.get().decide(welcome.ben, "reject", welcome.now, note="Wrong month")
    welcome.work()
    run.refresh_from_db()
    assert mail.outbox == []
    assert run.status == "stopped"


def test_low_confidence_goes_to_a_person_with_value_and_bound(welcome):
    run = welcome.run("welcome", contact="tom")
    (reason,) = welcome.action(run, "choose").reasons
    assert (reason["rule"], reason["value"], reason["bound"]) == ("confidence", 0.2, 0.5)
    assert Review.objects.get().headline == "Offer Starter to Tom Vance?"


def test_a_step_whose_condition_is_not_met_is_skipped_and_the_run_ends(welcome):
    run = welcome.run("welcome", contact="kid")
    assert welcome.action(run, "send").status == "skipped"
    assert run.status == "ended"


def test_the_second_of_two_answers_is_told_who_was_first(welcome):
    welcome.run("welcome", contact="priya")
    review = Review.objects.get()
    review.decide(welcome.ben, "approve", welcome.now, digest=review.action.digest)
    with pytest.raises(AlreadyDecided, match="Ben Hartley approved this"):
        review.decide(welcome.chen, "reject", welcome.now, note="No")


def test_an_approval_of_what_has_changed_since_decides_nothing(welcome):
    welcome.run("welcome", contact="priya")
    review = Review.objects.get()
    with pytest.raises(Stale):
        review.decide(welcome.ben, "approve", welcome.now, digest="0" * 64)
    review.refresh_from_db()
    assert review.is_open


def test_ada_who_started_the_run_must_not_approve_it(welcome):
    welcome.run("welcome", contact="priya", person="ada")
    review = Review.objects.get()
    with pytest.raises(NotAllowed, match="You started this run"):
        review.decide(welcome.ada, "approve", welcome.now, digest=review.action.digest)


def test_a_capability_nobody_decided_about_is_refused(welcome):
    welcome.undefine("offers.choose")
    run = welcome.run("welcome", contact="priya")
    action = welcome.action(run, "choose")
    assert action.status == "refused"
    assert "Nobody has decided" in action.reasons[0]["words"]
    assert run.status == "stopped"


def test_actions_of_a_batch_need_the_same_number_of_statements_whatever_its_size(
    welcome, django_assert_max_num_queries
):
    for _ in range(60):
        welcome.start("welcome", contact="kid")
    with django_assert_max_num_queries(40):
        welcome.work()
    assert Action.objects.filter(status="done").count() == 60
