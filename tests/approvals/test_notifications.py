"""What is told to people: one mail that cannot go out, or one review that cannot go up, holds nobody else up."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from approvals import escalations
from approvals.escalations import escalate_overdue
from approvals.notifications import Notification, deliver
from approvals.reviews import Review

ASK = """
workflow: ask
title: Ask
owner: growth
steps:
  - key: ask
    capability: content.render
    params: {template: notice}
    ownership: needs_approval
    escalation: growth-default
    due_in: 1h
"""


class Choosy(EmailBackend):
    def send_messages(self, messages):
        if messages[0].to == ["odd@tideway.example"]:
            raise ValueError("this address cannot be written into a header")
        return super().send_messages(messages)


@pytest.fixture
def outbox(world):
    for name in ("odd", "ben", "chen"):
        Notification.objects.create(
            key=name, to=f"{name}@tideway.example", subject="Hello", body="Hello.", due_at=world.now
        )
    return world


def test_a_mail_that_cannot_be_sent_ends_the_turn_and_the_others_go_out_in_the_next(outbox, monkeypatch):
    monkeypatch.setattr("django.core.mail.get_connection", lambda *args, **kwargs: Choosy())
    assert deliver(lambda: outbox.now) == 0
    assert deliver(lambda: outbox.now) == 2
    odd = Notification.objects.get(key="odd")
    assert (odd.sent_at, odd.trouble) == (None, "this address cannot be written into a header")
    assert odd.due_at > outbox.now
    assert [message.to for message in mail.outbox] == [["ben@tideway.example"], ["chen@tideway.example"]]


def test_a_review_that_cannot_go_up_does_not_keep_the_others_down(world, monkeypatch):
    world.asset("template", "notice", body={"subject": "Notice", "body": "Hello."})
    world.load(ASK)
    world.run("ask")
    world.run("ask")
    stuck, other = Review.objects.order_by("pk")
    go_up = escalations._go_up

    def breaks(review, rung, now, seat=""):
        if review == stuck:
            raise RuntimeError("no words for this mail")
        go_up(review, rung, now, seat)

    monkeypatch.setattr(escalations, "_go_up", breaks)
    assert escalate_overdue(world.now + timedelta(hours=2)) == 1
    other.refresh_from_db()
    assert other.level == 1
