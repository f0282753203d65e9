"""Quiet hours, lead times, and work that resumes in order at the pace the allowances permit."""

from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.core import mail
from django.urls import reverse

from approvals.reviews import Review
from governance.halts import Scope, pull
from governance.ledger import Entry
from workflows.actions import Action

NOTE = """
workflow: note
title: Note
owner: growth
automation_allowed: true
category: marketing
input: {type: object, required: [to], properties: {to: {type: string}}}
steps:
  - key: send
    capability: email.send
    params:
      to: "=record.email"
      subject: "Hello {to}"
      body: Hello
      record: {kind: client, key: "=input.to"}
    ownership: OWNERSHIP
    reviewers: growth
    lead_days: LEAD
"""
OFFICE = {"key": "office", "title": "Office hours", "zone": "Europe/Berlin", "opens": "08:00", "closes": "18:00"}
MONDAY_EVENING = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)
TUESDAY_8 = datetime(2026, 3, 3, 7, tzinfo=UTC)  # in Berlin


def note(ownership="automated", lead=0):
    return NOTE.replace("OWNERSHIP", ownership).replace("LEAD", str(lead))


@pytest.fixture
def clients(world):
    for key, zone in (("tom", "Europe/Berlin"), ("ann", "America/New_York"), ("joe", "")):
        world.record("client", key, email=f"{key}@client.example", zone=zone)
    world.rules(open_hours=[OFFICE])
    world.load(note())
    return world


def send(world, to="tom"):
    return world.action(world.run("note", to=to), "send")


def approved(world, action):
    Review.objects.get(action=action, status="open").decide(world.ben, "approve", world.now, digest=action.digest)
    world.work()
    action.refresh_from_db()
    return action


def test_inside_office_hours_a_mail_goes_at_once(clients):
    assert send(clients).status == "done"


def test_outside_them_it_waits_for_the_next_opening_and_does_not_fail(clients):
    clients.now = MONDAY_EVENING
    action = send(clients)
    assert (action.status, action.not_before, mail.outbox) == ("ready", TUESDAY_8, [])
    waits = Entry.objects.get(verb="action.waits").data
    assert (waits["until"], waits["why"]) == (TUESDAY_8.isoformat(), "quiet hours (Office hours)")
    clients.now = TUESDAY_8
    clients.work()
    action.refresh_from_db()
    assert (action.status, len(mail.outbox)) == ("done", 1)


def test_what_waits_is_not_taken_up_again_before_its_time(clients):
    clients.now = MONDAY_EVENING
    send(clients)
    for _ in range(3):
        clients.later(hours=1)
        clients.work()
    assert Entry.objects.filter(verb="action.claimed").count() == 1


def test_an_approved_mail_waits_too_and_stays_approved(clients):
    clients.load(note("needs_approval"))
    clients.now = MONDAY_EVENING
    action = approved(clients, send(clients))
    assert (action.status, action.not_before) == ("ready", TUESDAY_8)
    clients.now = TUESDAY_8
    clients.work()
    action.refresh_from_db()
    assert action.status == "done"


def test_the_hours_are_those_of_the_records_market(clients):
    clients.rules(open_hours=[{**OFFICE, "zone": "UTC", "zone_field": "record.zone"}])
    clients.now = MONDAY_EVENING  # half past one in New York
    assert (send(clients, "tom").status, send(clients, "ann").status) == ("ready", "done")


def test_where_nobody_can_tell_the_hours_a_person_is_asked(clients):
    clients.rules(open_hours=[{**OFFICE, "zone_field": "record.zone"}])
    action = send(clients, "joe")
    assert [reason["words"] for reason in action.reasons] == [
        "The record has no “zone”, so it cannot be told when its hours are open"
    ]
    assert approved(clients, action).status == "done"


def test_hours_nobody_can_tell_do_not_open_the_others(clients):
    clients.rules(open_hours=[OFFICE, {**OFFICE, "key": "market", "zone_field": "record.zone"}])
    clients.now = MONDAY_EVENING
    action = approved(clients, send(clients, "joe"))
    assert (action.status, action.not_before) == ("ready", TUESDAY_8)


def test_another_category_has_no_quiet_hours(clients):
    clients.rules(open_hours=[{**OFFICE, "category": "service"}])
    clients.now = MONDAY_EVENING
    assert send(clients).status == "done"


def test_what_has_no_effect_outside_goes_on_at_night(clients):
    clients.load("""
workflow: mark
title: Mark
owner: growth
automation_allowed: true
steps:
  - {key: write, capability: data.set, params: {values: {a: 1}}, ownership: automated}
""")
    clients.now = MONDAY_EVENING
    assert clients.run("mark").status == "ended"


# --- lead times -------------------------------------------------------------------------------------------------------

FRIDAY_5 = datetime(2026, 3, 6, 16, tzinfo=UTC)  # 17:00 in Berlin


def test_approved_on_friday_at_five_it_goes_on_tuesday_at_five(clients):
    clients.load(note("needs_approval", 2))
    clients.now = FRIDAY_5
    action = approved(clients, send(clients))
    assert (action.status, action.not_before) == ("ready", FRIDAY_5 + timedelta(days=4))
    entry = Entry.objects.get(verb="action.approved")
    assert entry.data["why"] == "2 working days after the last approval"
    clients.now = action.not_before - timedelta(seconds=1)
    clients.work()
    assert mail.outbox == []
    clients.later(seconds=1)
    clients.work()
    assert len(mail.outbox) == 1


def test_a_longer_lead_in_force_holds_for_what_was_proposed_before(clients):
    clients.load(note("needs_approval", 1))
    clients.now = FRIDAY_5
    action = send(clients)
    clients.load(note("needs_approval", 3))
    assert approved(clients, action).not_before == FRIDAY_5 + timedelta(days=5)


def test_a_lead_made_longer_after_the_approval_holds_what_waits(clients):
    clients.load(note("needs_approval", 1))
    clients.now = FRIDAY_5
    action = approved(clients, send(clients))
    clients.load(note("needs_approval", 3))
    clients.now = action.not_before
    clients.work()
    action.refresh_from_db()
    assert (action.status, mail.outbox, action.not_before) == ("ready", [], FRIDAY_5 + timedelta(days=5))
    clients.now = action.not_before
    clients.work()
    assert len(mail.outbox) == 1


def test_what_nobody_has_to_approve_has_no_lead(clients):
    clients.load(note("automated", 2))
    assert send(clients).status == "done"


# --- scenario 3: lifting at 17:00 ----------------------------------------------------------------------------------

PACE = {"key": "pace", "title": "Mails an hour", "limit": 2, "over": "wait", "window": "hour"}


def lifted(world, halt):
    halt.ask_to_lift(world.ada, "It is over", world.now)
    halt.agree_to_lift(world.lea, world.now)


def test_after_a_halt_is_lifted_nothing_bursts_and_the_order_is_kept(clients):
    clients.rules(allowances=[PACE])
    clients.now = datetime(2026, 3, 2, 13, 30, tzinfo=UTC)
    halt = pull(clients.ada, Scope.EVERYTHING, "", "Complaints", clients.now)
    names = [f"client-{number}" for number in range(7)]
    for name in names:
        clients.record("client", name, email=f"{name}@client.example", zone="Europe/Berlin")
        clients.start("note", to=name)
        clients.later(minutes=1)
    urgent = clients.start("note", to="tom")
    Action.objects.filter(run=urgent).update(priority=0)
    clients.work()
    assert mail.outbox == []
    clients.now = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)  # 17:00 in Berlin, an hour before the hours close
    lifted(clients, halt)
    went = []
    for _ in range(18):
        clients.work()
        went.append(len(mail.outbox))
        clients.later(hours=1)
    assert went == [2] * 15 + [4, 6, 8]  # two at 17:00; at 18:00 it closes; two an hour from 08:00 on
    expected = ["tom", *names]
    assert [message.to[0].split("@")[0] for message in mail.outbox] == expected


def test_waiting_for_room_is_said_with_the_sum(clients):
    clients.rules(open_hours=[], allowances=[PACE])
    clients.now = datetime(2026, 3, 2, 13, 30, tzinfo=UTC)
    found = [send(clients) for _ in range(3)]
    assert [action.status for action in found] == ["done", "done", "ready"]
    entry = Entry.objects.get(verb="action.waits")
    assert entry.data["why"] == "Mails an hour: 2 + 1 > 2 in an hour"
    assert found[2].not_before == datetime(2026, 3, 2, 14, tzinfo=UTC)


def test_what_is_more_than_the_whole_allowance_is_asked_for_it_would_wait_for_ever(clients):
    clients.rules(allowances=[{**PACE, "limit": 0}])
    action = send(clients)
    assert action.status == "in_review"
    assert approved(clients, action).status == "done"


# --- said in words --------------------------------------------------------------------------------------------------


def page(client, *where):
    return " ".join(
        unescape(client.get(reverse(where[0], args=where[1])).content.decode()).replace("\u00a0", " ").split()
    )


@pytest.fixture
def clock(monkeypatch, clients):
    """What pages take for now."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: clients.now)
    return clients


def test_the_run_page_says_until_when_it_waits_and_why(clock, sign_in):
    clock.now = MONDAY_EVENING
    action = send(clock)
    text = page(sign_in("ada"), "run", [action.run_id])
    assert "“Send” waits until Tue 3 Mar, 07:00: quiet hours (Office hours)" in text
    assert "“Send” waits until 3 Mar, 07:00 UTC: quiet hours (Office hours)" in text  # the ledger


def test_the_review_says_when_asking_when_it_will_begin_at_the_earliest(clock, sign_in):
    clock.load(note("needs_approval", 2))
    clock.now = FRIDAY_5 + timedelta(hours=2)
    review = Review.objects.get(action=send(clock))
    text = page(sign_in("ben"), "review", [review.pk])
    assert "Approved now, it begins Wed 11 Mar, 07:00 at the earliest" in text
    assert "2 working days after the last approval, then quiet hours (Office hours)." in text
    review.decide(clock.ben, "approve", clock.now, digest=review.action.digest)
    assert "Waits until Tue 10 Mar, 18:00" in page(sign_in("ben"), "review", [review.pk])
    assert "it begins 10 Mar, 18:00 UTC at the earliest" in page(sign_in("ada"), "run", [review.action.run_id])


def test_a_review_that_begins_at_once_says_nothing_of_waiting(clock, sign_in):
    clock.load(note("needs_approval"))
    review = Review.objects.get(action=send(clock))
    assert "at the earliest" not in page(sign_in("ben"), "review", [review.pk])
