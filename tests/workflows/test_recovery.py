"""What stands still is found by the sweep: nothing is lost, and nothing happens twice without a person saying so."""

from datetime import timedelta

import pytest
from django.core import mail

from approvals.reviews import Review
from workflows.capabilities.contract import Done, NotSent, Refused, Unknown
from workflows.engine.begin import attempt_time, begin
from workflows.engine.claim import LEASE, MOST_CLAIMS, claim
from workflows.engine.drive import record
from workflows.engine.propose import propose
from workflows.engine.sweep import GRACE, sweep
from workflows.retries import MOST_ATTEMPTS, MOST_UNSENT, after

NOTICE = """
workflow: notice
title: Notice
owner: growth
automation_allowed: true
input: {type: object, required: [to], properties: {to: {type: string}}}
steps:
  - {key: send, capability: email.send, params: {template: notice, to: "=input.to"}, ownership: automated}
"""


@pytest.fixture
def notice(world):
    world.asset("template", "notice", body={"subject": "Notice", "body": "Hello."})
    world.load(NOTICE)
    return world


def begun(world):
    """Start a run and bring its mail as far as begun: the worker dies now."""
    run = world.start("notice", to="tom@client.example")
    works = claim("worker 1", 10, world.now)
    propose(works, world.now)
    return run, begin(works, world.now)


def pass_the_deadline(world):
    world.later(seconds=(attempt_time() + GRACE).total_seconds() + 1)


def test_a_claim_whose_worker_went_away_is_taken_by_another(notice):
    run = notice.start("notice", to="tom@client.example")
    claim("worker 1", 10, notice.now)
    notice.work()
    assert mail.outbox == []
    notice.later(seconds=LEASE.total_seconds() + 1)
    assert sweep(notice.now) == 1
    notice.work()
    assert len(mail.outbox) == 1
    assert "action.unclaimed" in notice.verbs(run)


def test_an_action_that_kills_every_worker_is_given_up_and_the_others_go_on(notice):
    run = notice.start("notice", to="tom@client.example")
    for _ in range(MOST_CLAIMS):
        claim("worker", 10, notice.now)
        notice.later(seconds=LEASE.total_seconds() + 1)
        sweep(notice.now)
    assert notice.action(run, "send").status == "failed"
    assert notice.run("notice", to="priya@client.example").status == "ended"


def test_a_mail_that_was_begun_when_the_worker_died_waits_for_a_person(notice):
    run, _ = begun(notice)
    pass_the_deadline(notice)
    sweep(notice.now)
    notice.work()
    assert mail.outbox == []
    review = Review.objects.get()
    assert (notice.action(run, "send").status, review.kind) == ("uncertain", "uncertain")
    review.decide(notice.ben, "happened", notice.now, note="Tom confirmed it by phone")
    run.refresh_from_db()
    assert (run.status, mail.outbox) == ("ended", [])


def test_ben_says_it_did_not_happen_and_only_then_it_is_sent(notice):
    run, _ = begun(notice)
    pass_the_deadline(notice)
    sweep(notice.now)
    Review.objects.get().decide(notice.ben, "try_again", notice.now, note="Not in the log of the mail server")
    notice.work()
    assert len(mail.outbox) == 1
    assert notice.action(run, "send").attempts_made == 2


def test_the_worker_that_was_thought_dead_cannot_write_any_more(notice):
    run, works = begun(notice)
    pass_the_deadline(notice)
    sweep(notice.now)
    record([(works[0], Done({}))], lambda: notice.now)
    assert notice.action(run, "send").status == "uncertain"
    assert notice.verbs(run)[-1] == "action.uncertain"


@pytest.mark.parametrize(
    ("result", "status"),
    [(NotSent("no route"), "ready"), (Refused("550 no such user"), "failed"), (Unknown("reset"), "uncertain")],
)
def test_the_results_of_an_attempt_are_told_apart(notice, result, status):
    run, works = begun(notice)
    record([(works[0], result)], lambda: notice.now)
    action = notice.action(run, "send")
    assert (action.status, action.trouble) == (status, result.trouble)
    assert (action.not_before > notice.now) == (status == "ready")


def test_what_certainly_was_not_sent_is_sent_later(notice):
    run, works = begun(notice)
    record([(works[0], NotSent("no route"))], lambda: notice.now)
    notice.work()
    assert mail.outbox == []
    notice.later(minutes=1)
    notice.work()
    assert len(mail.outbox) == 1
    run.refresh_from_db()
    assert run.status == "ended"


@pytest.mark.parametrize(
    ("result", "attempts", "safe", "unknown", "then"),
    [
        ("ok", 1, False, False, "done"),
        ("ok", 9, False, True, "done"),
        ("not_sent", 1, False, False, "again"),
        ("not_sent", MOST_ATTEMPTS, False, False, "again"),
        ("not_sent", MOST_UNSENT, False, False, "failed"),
        ("not_sent", MOST_UNSENT, True, True, "uncertain"),
        ("refused", 1, False, False, "failed"),
        ("refused", 2, True, True, "uncertain"),
        ("unknown", 1, False, False, "uncertain"),
        ("unknown", 1, True, False, "again"),
        ("unknown", MOST_ATTEMPTS, True, True, "uncertain"),
    ],
)
def test_what_follows_an_attempt(result, attempts, safe, unknown, then):
    found = after(result, attempts, retry_safe=safe, earlier_unknown=unknown, draw=0.5)
    assert found.then == then
    assert timedelta(0) <= found.delay <= timedelta(minutes=10)
