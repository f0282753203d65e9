"""The one door to an effect: what must still be true in the moment something begins."""

from datetime import UTC, datetime

import pytest
from django.core import mail
from django.utils import timezone

from approvals.reviews import Review
from governance.people import Membership
from workflows.actions import Action, Attempt
from workflows.capabilities.contract import Done
from workflows.engine.begin import begin
from workflows.engine.claim import LEASE, claim
from workflows.engine.drive import record
from workflows.engine.propose import propose
from workflows.engine.sweep import sweep

NOTICE = """
workflow: notice
title: Notice
owner: growth
automation_allowed: true
steps:
  - key: send
    capability: email.send
    params: {template: note, to: tom@client.example}
    ownership: needs_approval
    reviewers: growth
    escalation: growth-default
"""


@pytest.fixture
def notice(world):
    world.asset("template", "note", body={"subject": "A", "body": "B"})
    world.load(NOTICE)
    return world


@pytest.fixture
def approved(notice):
    """Ben has approved a mail; no worker has begun it."""
    notice.start("notice")
    notice.work()
    review = Review.objects.get()
    review.decide(notice.ben, "approve", notice.now, digest=review.action.digest)
    return notice


def test_what_ben_approved_begins(approved):
    approved.work()
    assert len(mail.outbox) == 1


def test_an_approval_of_somebody_who_has_left_the_team_no_longer_counts(approved):
    Membership.objects.filter(person=approved.ben).delete()
    approved.work()
    assert mail.outbox == []
    assert Action.objects.get().status == "in_review"
    assert Review.objects.filter(status="open").count() == 1


def test_an_approval_of_somebody_whose_account_was_closed_no_longer_counts(approved):
    type(approved.ben).objects.filter(pk=approved.ben.pk).update(is_active=False)
    approved.work()
    assert (mail.outbox, Action.objects.get().status) == ([], "in_review")


def test_an_approval_of_ada_to_whom_it_went_up_counts_though_she_is_in_no_team(notice):
    notice.start("notice", "lea")
    notice.work()
    review = Review.objects.get()
    Membership.objects.filter(person=notice.ada).delete()
    escalation = review.escalations.create(level=1, at=notice.now)
    escalation.people.add(notice.ada)
    ada = type(notice.ada).objects.get(pk=notice.ada.pk)
    review.decide(ada, "approve", notice.now, digest=review.action.digest)
    notice.work()
    assert len(mail.outbox) == 1


def test_a_payload_changed_behind_the_approval_is_not_sent(approved):
    payload = {**Action.objects.get().payload, "body": "Something else"}
    Action.objects.update(payload=payload)
    approved.work()
    assert (mail.outbox, Action.objects.get().status) == ([], "in_review")


def test_a_worker_whose_lease_ran_out_while_it_proposed_does_not_begin(approved):
    works = claim("slow worker", 10, approved.now)
    propose(works, approved.now)
    approved.later(seconds=LEASE.total_seconds() + 1)
    sweep(approved.now)
    assert begin(works, approved.now) == []
    assert (Attempt.objects.count(), Action.objects.get().status) == (0, "ready")


def test_what_somebody_else_has_claimed_since_is_left_to_them(approved):
    slow = claim("slow worker", 10, approved.now)
    propose(slow, approved.now)
    approved.later(seconds=LEASE.total_seconds() + 1)
    sweep(approved.now)
    quick = claim("quick worker", 10, approved.now)
    propose(quick, approved.now)
    assert [len(begin(works, approved.now)) for works in (slow, quick)] == [0, 1]
    assert Attempt.objects.get().fence == quick[0].action.fence


def test_the_result_of_a_worker_that_was_overtaken_is_not_written(approved):
    works = claim("slow worker", 10, approved.now)
    propose(works, approved.now)
    begun = begin(works, approved.now)
    approved.later(minutes=5)
    sweep(approved.now)
    record([(begun[0], Done({}))], timezone.now)
    assert Action.objects.get().status == "uncertain"


def test_every_attempt_of_an_action_carries_the_same_key(approved):
    works = claim("worker", 10, approved.now)
    propose(works, approved.now)
    first = begin(works, approved.now)[0].context.idempotency_key
    approved.later(minutes=5)
    sweep(approved.now)
    Review.objects.get(status="open").decide(approved.chen, "try_again", approved.now, note="Not in Tom's inbox")
    again = claim("worker", 10, approved.now)
    propose(again, approved.now)
    assert begin(again, approved.now)[0].context.idempotency_key == first
    assert Attempt.objects.count() == 2


def test_the_action_of_the_same_number_in_another_installation_has_another_key():
    first, second = (
        Action(pk=7, created_at=datetime(2026, 3, 2, 12, tzinfo=UTC) + step) for step in (LEASE, 2 * LEASE)
    )
    assert first.idempotency_key != second.idempotency_key


def test_the_key_is_the_same_however_the_action_was_read(approved):
    action = Action.objects.get()
    born = Action(pk=action.pk, created_at=action.created_at)
    assert action.idempotency_key == born.idempotency_key == Action.objects.get(pk=action.pk).idempotency_key
