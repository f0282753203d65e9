"""Races with real threads, on PostgreSQL: one decision wins, nothing begins after a halt, no batch is done twice."""

from functools import partial

import pytest
from django.core import mail
from django.db import connection

from approvals.decisions import Decision
from approvals.reviews import AlreadyDecided, Review
from governance import halts
from governance.ledger import Entry
from tests.together import at_once
from workflows.actions import Action, Attempt
from workflows.engine.drive import drive
from workflows.runs import Run

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="two writers at once need PostgreSQL; on SQLite a writer is alone"
    ),
]

NOTICE = """
workflow: notice
title: Notice
owner: growth
automation_allowed: true
input: {type: object, required: [to], properties: {to: {type: string}}}
steps:
  - {key: send, capability: email.send, params: {template: notice, to: "=input.to"}, ownership: %s}
"""
FAN = """
workflow: mark
title: Mark
owner: growth
automation_allowed: true
input: {type: object, required: [key], properties: {key: {type: string}}}
steps:
  - {key: one, capability: content.render, params: {template: notice}, ownership: automated}
  - {key: two, after: [one], capability: content.render, params: {template: notice}, ownership: automated}
  - {key: three, after: [one], capability: content.render, params: {template: notice}, ownership: automated}
  - {key: join, after: [two, three], capability: content.render, params: {template: notice}, ownership: automated}
"""


@pytest.fixture
def notice(world):
    world.asset("template", "notice", body={"subject": "Notice", "body": "Hello."})
    return world


def test_of_two_reviewers_at_the_same_instant_one_wins_and_the_other_is_told_who(notice):
    notice.load(NOTICE % "needs_approval")
    for number in range(12):
        notice.run("notice", to=f"c{number}@client.example")
    for review in Review.objects.all():
        found = at_once(
            partial(review.decide, notice.ben, "approve", notice.now, digest=review.action.digest),
            partial(review.decide, notice.chen, "reject", notice.now, note="No"),
        )
        winner = next(item for item in found if isinstance(item, Decision))
        loser = next(item for item in found if isinstance(item, AlreadyDecided))
        assert loser.decision.person == winner.person
    assert Decision.objects.count() == 12
    notice.work()
    assert len(mail.outbox) == Decision.objects.filter(choice="approve").count()


def test_four_workers_do_everything_once_and_every_join_goes_on(notice):
    notice.load(FAN)
    for number in range(300):
        notice.start("mark", key=str(number))
    found = at_once(*[lambda: drive(lambda: notice.now)] * 4)
    assert not any(isinstance(item, Exception) for item in found), found
    notice.work()
    assert Run.objects.filter(status="ended").count() == 300
    assert Action.objects.filter(status="done").count() == 1200
    assert Entry.objects.filter(verb="action.done").count() == 1200
    assert Entry.objects.filter(verb="run.ended").count() == 300


def test_nothing_begins_after_a_halt_has_returned(notice):
    notice.load(NOTICE % "automated")
    for number in range(200):
        notice.start("notice", to=f"c{number}@client.example")

    def pull():
        halts.pull(notice.ada, "everything", "", "The offer is wrong", notice.now)
        return Attempt.objects.count()

    *_, begun = at_once(*[lambda: drive(lambda: notice.now)] * 3, pull)
    assert Attempt.objects.count() == begun
    assert len(mail.outbox) == begun
    halts.Halt.objects.get().ask_to_lift(notice.lea, "The offer is right", notice.now)
    halts.Halt.objects.get().agree_to_lift(notice.ada, notice.now)
    notice.later(seconds=5)
    notice.work()
    assert len(mail.outbox) == 200


def test_two_workers_never_send_the_same_mail(notice):
    notice.load(NOTICE % "automated")
    for number in range(100):
        notice.start("notice", to=f"c{number}@client.example")
    at_once(*[lambda: drive(lambda: notice.now)] * 3)
    notice.work()
    assert sorted(message.to[0] for message in mail.outbox) == sorted(
        f"c{number}@client.example" for number in range(100)
    )


def test_two_answers_that_both_stop_one_run_do_not_wait_for_each_other(notice):
    step = "{key: %s, capability: content.render, params: {template: notice}, ownership: needs_approval}"
    notice.load(f"workflow: two\ntitle: Two\nowner: growth\nsteps:\n  - {step % 'one'}\n  - {step % 'two'}\n")
    for _ in range(4):
        first, second = Review.objects.filter(action__run=notice.run("two"))
        found = at_once(
            partial(first.decide, notice.ben, "reject", notice.now, note="No"),
            partial(second.decide, notice.chen, "reject", notice.now, note="No"),
        )
        assert {type(answer) for answer in found} == {Decision, AlreadyDecided}
