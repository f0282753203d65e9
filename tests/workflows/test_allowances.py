"""Spending over a line, counted over a year and a programme: scenario 5 through the real engine."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.reviews import Review
from governance.allowances import Meter, Reservation
from governance.people import Actor
from workflows.actions import Action
from workflows.engine.begin import begin
from workflows.engine.claim import claim
from workflows.engine.interventions import cancel_run, cancel_step
from workflows.engine.propose import propose
from workflows.engine.sweep import GRACE
from workflows.rejudging import judge_again

BOOKING = """
workflow: booking
title: Booking
owner: growth
automation_allowed: true
category: %s
input:
  type: object
  required: [campaign, spend]
  properties: {campaign: {type: string}, spend: {type: number}}
steps:
  - key: book
    capability: http.request
    params:
      url: "%s"
      json: {spend: "=input.spend"}
      record: {kind: campaign, key: "=input.campaign"}
    ownership: %s
    reviewers: growth
    data: []
"""
SPEND = {
    "key": "programme-spend",
    "title": "Programme spend",
    "measure": "amounts.spend",
    "limit": 100_000,
    "below": True,
    "per": "record.programme",
    "window": {"every": "year", "begins": "04-01", "zone": "Europe/London"},
    "track": "central",
}
CENTRAL = {"key": "central", "title": "Central approval", "team": "legal", "role": "reviewer"}
MAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 9, 12, tzinfo=UTC)


@pytest.fixture
def desk(world, supplier):
    """Campaigns of two programmes; bookings act alone up to the allowance."""
    for key, programme in (("posters", "Spring"), ("radio", "spring "), ("films", "Autumn")):
        world.record("campaign", key, programme=programme)
    world.record("campaign", "odd")
    world.rules(tracks=[CENTRAL], allowances=[SPEND])
    world.load(BOOKING % ('""', supplier.url, "automated"))
    world.now = MAY
    return world


def book(world, spend, campaign="posters"):
    return world.action(world.run("booking", campaign=campaign, spend=spend), "book")


def used(name="spring"):
    meter = Meter.objects.get(allowance="programme-spend", name=name)
    return meter.level


def said(action):
    return [reason["words"] for reason in action.reasons if reason["rule"].startswith("allowance:")]


def decided(world, action, choice="approve", **more):
    """Ben answers and, where the allowance asks for central approval besides, Dora agrees."""
    review = Review.objects.get(action=action, status="open")
    review.decide(world.ben, choice, world.now, digest=action.digest, **more)
    if rest := Review.objects.filter(pk=review.pk, status="open").first():
        rest.decide(world.dora, "approve", world.now, digest=rest.action.digest)
    world.work()
    action.refresh_from_db()
    return action


def test_60_000_in_may_and_39_999_in_november_go_alone(desk):
    assert book(desk, 60_000).status == "done"
    desk.now = NOVEMBER
    assert (book(desk, 39_999).status, used()) == ("done", 99_999)


def test_40_000_instead_is_asked_of_central_with_the_sum(desk):
    book(desk, 60_000)
    desk.now = NOVEMBER
    asked = book(desk, 40_000)
    assert (asked.status, used()) == ("in_review", 60_000)
    assert said(asked) == ["Programme spend (spring): 60,000 + 40,000 ≥ 100,000 in a year from 04-01 (Europe/London)"]
    assert "central" in [need["key"] for need in asked.needs]


def test_cents_are_counted_as_people_write_them(desk):
    assert [book(desk, spend).status for spend in (60_000, 39_999.99, 0.01)] == ["done", "done", "in_review"]


def test_one_campaign_cut_into_five_under_one_programme_is_asked_at_the_fifth(desk):
    found = [book(desk, 24_000, campaign).status for campaign in ("posters", "radio") * 2]
    assert found == ["done"] * 4
    assert book(desk, 24_000).status == "in_review"
    assert book(desk, 24_000, "films").status == "done"


def test_what_begins_in_one_batch_counts_for_the_next_in_it(desk):
    book(desk, 60_000)
    for _ in range(2):
        desk.start("booking", campaign="posters", spend=25_000)
    desk.work()
    assert sorted(Action.objects.values_list("status", flat=True)) == ["done", "done", "in_review"]
    assert used() == 85_000


def test_what_was_approved_over_the_line_begins_and_counts(desk):
    book(desk, 60_000)
    approved = decided(desk, book(desk, 40_000))
    assert (approved.status, used()) == ("done", 100_000)


def test_approved_and_then_certainly_not_done_it_is_given_back(desk, supplier):
    book(desk, 60_000)
    asked = book(desk, 40_000)
    supplier.status = 400
    assert decided(desk, asked).status == "failed"
    assert used() == 60_000
    assert Reservation.objects.get(action=asked.pk).state == "returned"


def test_tried_again_it_is_counted_once(desk, supplier):
    supplier.status = 429
    action = book(desk, 30_000)
    assert (action.status, used()) == ("ready", 30_000)
    supplier.status = 200
    desk.later(hours=1)
    desk.work()
    action.refresh_from_db()
    assert (action.status, action.attempts_made, used()) == ("done", 2, 30_000)


def test_given_up_after_all_attempts_it_is_given_back(desk, supplier):
    supplier.status = 429
    action = book(desk, 30_000)
    while action.status == "ready":
        desk.later(hours=1)
        desk.work()
        action.refresh_from_db()
    assert (action.status, used()) == ("failed", 0)


@pytest.mark.parametrize(("happened", "left"), [(True, 30_000), (False, 0)])
def test_what_nobody_knows_counts_until_a_person_says(desk, supplier, happened, left):
    supplier.status = 500
    action = book(desk, 30_000)
    assert (action.status, used()) == ("uncertain", 30_000)
    desk.now = action.attempts.get().deadline + GRACE + timedelta(seconds=1)
    review = Review.objects.get(action=action, status="open")
    review.decide(desk.ben, "happened" if happened else "give_up", desk.now, note="Asked them")
    assert used() == left


def test_on_the_1st_of_april_the_counters_begin_anew(desk):
    desk.now = datetime(2027, 3, 31, 22, 59, tzinfo=UTC)  # a minute before midnight in London
    book(desk, 99_000)
    assert book(desk, 2_000).status == "in_review"
    desk.later(minutes=1)
    assert (book(desk, 2_000).status, used()) == ("done", 2_000)


def test_reserved_in_march_and_settled_in_april_it_counts_for_march(desk, supplier):
    desk.now = datetime(2027, 3, 31, 22, 30, tzinfo=UTC)
    supplier.status = 429
    action = book(desk, 60_000)
    supplier.status = 200
    desk.later(hours=1)
    desk.work()
    action.refresh_from_db()
    assert action.status == "done"
    assert book(desk, 99_000).status == "done"
    assert used() == 99_000
    march, april = sorted(Meter.objects.get().slots.items())
    assert (march[1], april[1]) == ("60000", "99000")


def test_without_a_programme_it_cannot_be_counted_and_is_asked(desk):
    asked = book(desk, 10, "odd")
    assert asked.status == "in_review"
    assert said(asked) == ["Programme spend: the record has no “programme”, so it cannot be counted"]
    assert decided(desk, asked).status == "done"


def test_less_than_nothing_frees_nothing(desk):
    asked = book(desk, -50_000)
    assert said(asked) == ["Programme spend: it takes spend away (-50000), so it cannot be counted"]


def test_a_lower_limit_goes_on_with_what_is_used(desk):
    book(desk, 60_000)
    desk.rules(allowances=[{**SPEND, "limit": 70_000}])
    assert book(desk, 15_000).status == "in_review"


def test_what_waits_for_people_is_told_of_a_lower_limit_at_once(desk, supplier):
    book(desk, 60_000)
    desk.load(BOOKING % ('""', supplier.url, "needs_approval"))
    asked = book(desk, 30_000)
    assert said(asked) == []
    desk.rules(allowances=[{**SPEND, "limit": 70_000}])
    assert judge_again(desk.now).rebadged == 1
    asked.refresh_from_db()
    assert said(asked)[0].startswith("Programme spend (spring): 60,000 + 30,000 ≥ 70,000")
    assert used() == 60_000


def test_another_window_begins_with_nothing(desk):
    book(desk, 90_000)
    desk.rules(allowances=[{**SPEND, "window": {"every": "month"}}])
    assert book(desk, 90_000).status == "done"
    assert Meter.objects.count() == 2


def test_a_category_does_not_starve_another(desk, supplier):
    desk.rules(allowances=[{**SPEND, "category": "marketing"}])
    desk.load(BOOKING % ("marketing", supplier.url, "automated"))
    assert [book(desk, spend).status for spend in (99_000, 99_000)] == ["done", "in_review"]
    desk.load(BOOKING % ("service", supplier.url, "automated"))
    assert book(desk, 99_000).status == "done"


MARK = """
workflow: mark
title: Mark
owner: growth
automation_allowed: true
input: {type: object, properties: {points: {type: number}}}
steps:
  - {key: one, capability: data.set, params: {values: {points: "=input.points"}}, ownership: automated}
  - {key: two, after: [one], capability: data.set, params: {values: {points: 1}}, ownership: automated}
"""


def test_steps_without_an_outside_effect_are_counted_in_their_one_transaction(world):
    row = {"key": "points", "title": "Points", "measure": "amounts.points", "limit": 25}
    world.rules(allowances=[row])
    world.load(MARK)
    for _ in range(4):
        world.start("mark", points=10)
    world.work()
    found = Action.objects.order_by("pk").values_list("step__key", "status")
    assert sorted(found) == [("one", "done")] * 2 + [("one", "in_review")] * 2 + [("two", "done")] * 2
    assert Meter.objects.get().level == 22


def test_what_ben_edits_is_counted_as_he_leaves_it(desk, supplier):
    desk.load(BOOKING % ('""', supplier.url, "needs_approval"))
    decided(desk, book(desk, 20_000))
    asked = book(desk, 5_000)
    decided(desk, asked, "edit", payload={"body": {"spend": 70_000}})
    assert (asked.status, used()) == ("done", 90_000)
    asked = book(desk, 1)
    decided(desk, asked, "edit", payload={"body": {"spend": 50_000}})
    assert said(asked) == ["Programme spend (spring): 90,000 + 50,000 ≥ 100,000 in a year from 04-01 (Europe/London)"]
    assert (asked.status, used()) == ("done", 140_000)


# --- committed at approval -------------------------------------------------------------------------------------------


@pytest.fixture
def committing(desk, supplier):
    """Every booking is approved, and counts from then on."""
    desk.rules(allowances=[{**SPEND, "counted_from": "approval"}])
    desk.load(BOOKING % ('""', supplier.url, "needs_approval"))
    return desk


def approve(world, action):
    Review.objects.get(action=action, status="open").decide(world.ben, "approve", world.now, digest=action.digest)


def test_an_approval_commits_before_anything_is_spent(committing):
    first, second = book(committing, 60_000), book(committing, 60_000)
    approve(committing, first)
    row = Reservation.objects.get()
    assert (row.state, used()) == ("committed", 60_000)
    approve(committing, second)  # it had seen no reason, so there is no room for it
    committing.work()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status, used()) == ("done", "in_review", 60_000)
    assert said(second)[0].startswith("Programme spend (spring): 60,000 + 60,000 ≥ 100,000")
    assert Reservation.objects.get().state == "used"
    assert decided(committing, second).status == "done"
    assert used() == 120_000


def test_committed_in_march_it_counts_for_march_though_it_begins_in_april(committing):
    committing.now = datetime(2027, 3, 31, 22, 30, tzinfo=UTC)
    action = book(committing, 60_000)
    approve(committing, action)
    committing.later(hours=1)
    committing.work()
    action.refresh_from_db()
    meter = Meter.objects.get()
    assert (action.status, list(meter.slots.values()), float(meter.used(committing.now))) == ("done", ["60000"], 0)


@pytest.mark.parametrize("cancel", [cancel_run, cancel_step])
def test_cancelled_before_it_begins_a_commitment_is_given_back(committing, cancel):
    action = book(committing, 60_000)
    approve(committing, action)
    key = action.run_id if cancel is cancel_run else action.pk
    cancel(key, Actor.of(committing.ada), committing.now, "Not needed")
    assert (Reservation.objects.get().state, used()) == ("returned", 0)


# --- per contact, per text, different contacts ---------------------------------------------------------------------

NEWS = """
workflow: news
title: News
owner: growth
automation_allowed: true
input: {type: object, required: [to], properties: {to: {type: string}, words: {type: string}}}
steps:
  - key: send
    capability: email.send
    params: {to: "=input.to", subject: News, body: "=input.words"}
    ownership: automated
"""
WORDS = (
    "We open a new office in Porto on the first of May and would like to see you there with your team for an evening"
)


@pytest.fixture
def news(world):
    world.load(NEWS)
    return world


def sent(world, to="tom@client.example", words=WORDS):
    return world.action(world.run("news", to=to, words=words), "send").status


TWICE = {"key": "twice", "title": "Mails to one person", "limit": 2, "per": "contact"}


def test_no_more_than_two_mails_in_seven_days_to_one_person(news):
    news.rules(allowances=[{**TWICE, "window": {"every": "day", "count": 7, "kind": "rolling"}}])
    assert [sent(news, to) for to in ("tom@client.example", "Tom+news@Client.example")] == ["done", "done"]
    assert (sent(news), sent(news, "ann@client.example")) == ("in_review", "done")
    news.later(days=7)
    assert sent(news) == "in_review"  # a slot counts until all of it is out
    news.later(hours=3)
    assert [sent(news), sent(news), sent(news)] == ["done", "done", "in_review"]


def test_nearly_the_same_text_counts_together(news):
    news.rules(allowances=[{"key": "same", "title": "The same text", "limit": 2, "per": "content"}])
    found = [sent(news, f"{name}@client.example", f"Dear {name}, {WORDS}") for name in ("tom", "ann", "joe")]
    assert found == ["done", "done", "in_review"]
    other = "Your invoice for March is ready and you find it in your account under documents as every month"
    assert sent(news, words=other) == "done"


def test_different_contacts_are_counted_once_each(news):
    few = {"key": "few", "title": "People reached", "measure": "contacts", "limit": 2, "window": "day"}
    news.rules(allowances=[few])
    found = [sent(news, f"{name}@client.example") for name in ("tom", "ann", "tom", "joe", "ann")]
    assert found == ["done", "done", "done", "in_review", "done"]


def test_refused_where_the_rule_says_so(news):
    news.rules(allowances=[{**TWICE, "limit": 0, "over": "refuse"}])
    assert sent(news) == "refused"


def test_conditions_read_what_is_used(news):
    news.rules(allowances=[{**TWICE, "limit": 100}])
    news.guardrail("usage.twice.would_be > 1", "human", "One mail is enough")
    assert [sent(news), sent(news)] == ["done", "with_person"]


# --- what it costs ---------------------------------------------------------------------------------------------------


def statements(world, many):
    """How many it takes to begin so many mails to people nobody has written to."""
    for _ in range(many):
        world.start("news", to=f"{uuid4().hex}@client.example", words=WORDS)
    works = claim("worker", many, world.now)
    propose(works, world.now)
    with CaptureQueriesContext(connection) as queries:
        assert len(begin(works, world.now)) == many
    return len(queries)


def test_the_number_of_statements_does_not_depend_on_the_batch(news):
    per = [{**TWICE, "key": f"a{number}", "per": kind} for number, kind in enumerate(("contact", "", "workflow"))]
    news.rules(allowances=[{**row, "limit": 1000} for row in per])
    statements(news, 1)  # the rules are read once
    assert statements(news, 2) == statements(news, 30)


def test_without_an_allowance_begin_asks_nothing_more(news):
    plain = statements(news, 3)
    news.rules(allowances=[{**TWICE, "capability": "http.request"}])
    assert statements(news, 3) == plain
    news.rules(allowances=[{**TWICE, "limit": 1000}])
    assert statements(news, 3) > plain
