"""Scenario 5: spending over a line, counted over a year and a programme (UK Government Communication Service).

How allowances count in every other respect stands in `tests/workflows/test_allowances.py`.
"""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import connection

from approvals.notifications import Notification
from approvals.reminders import remind
from governance.allowances import Meter, Reservation
from governance.ledger import Entry
from governance.people import Person
from tests.approvals.test_races import at_once
from workflows import rejudging
from workflows.actions import Attempt
from workflows.capabilities.registry import capabilities
from workflows.engine.drive import drive

MAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 9, 12, tzinfo=UTC)
PANEL = ["panel-growth", "panel-legal", "panel-sales"]
at_the_same_instant = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="two writers at once need PostgreSQL; on SQLite a writer is alone"
)


@pytest.fixture
def spend(world):
    """The programme “spring” is rated green, “autumn” nobody planned."""
    world.spring = world.record("programme", "spring", programme="spring", rating="green")
    world.record("programme", "autumn", programme="autumn")
    world.charter("spend")
    world.now = MAY
    return world


def asked(world, spend, campaign="posters", programme="spring", justification=""):
    given = {"programme": programme, "campaign": campaign, "spend": spend, "justification": justification}
    return world.propose("booking", **given)


def booked(world, spend, campaign="posters"):
    """Proposed and given the normal approval, as a green programme needs it."""
    return world.agree(asked(world, spend, campaign), world.ben)


def used(name="spring"):
    return float(Meter.objects.get(name=name).level)


def reasons(action):
    return [reason["words"] for reason in action.reasons]


def test_60_000_in_may_and_39_999_in_november_need_no_more_than_the_normal_approval(spend):
    assert booked(spend, 60_000).status == "done"
    spend.now = NOVEMBER
    action = asked(spend, 39_999)
    assert spend.seats(action) == ["one"]
    assert (spend.agree(action, spend.ben).status, used()) == ("done", 99_999)


def test_40_000_instead_needs_central_approval_and_the_reason_shows_the_sum(spend):
    booked(spend, 60_000)
    spend.now = NOVEMBER
    action = asked(spend, 40_000)
    assert spend.seats(action) == ["one", "central"]
    words = "Programme spend (spring): 60,000 + 40,000 ≥ 100,000 in a year from 04-01 (Europe/London)"
    assert words in reasons(action)
    assert (spend.agree(action, spend.ben).status, used()) == ("in_review", 60_000)
    assert (spend.agree(action, spend.dora).status, used()) == ("done", 100_000)


def test_one_campaign_cut_into_five_of_24_000_is_asked_at_the_fifth_for_the_programme_counts(spend):
    for campaign in ("north", "south", "east", "west"):
        assert booked(spend, 24_000, campaign).status == "done"
    assert spend.seats(asked(spend, 24_000, "centre")) == ["one", "central"]


def test_approved_40_000_that_certainly_failed_at_the_supplier_are_given_back(spend, monkeypatch):
    booked(spend, 60_000)
    action = asked(spend, 40_000)
    monkeypatch.setattr(capabilities()["media.book"], "refuses", True)
    assert (spend.agree(action, spend.ben, spend.dora).status, used()) == ("failed", 60_000)
    assert Reservation.objects.get(action=action.pk).state == "returned"


def test_on_the_1st_of_april_the_counters_begin_anew(spend):
    spend.now = datetime(2027, 3, 31, 22, 59, tzinfo=UTC)  # a minute before midnight in London
    booked(spend, 99_000)
    assert spend.seats(asked(spend, 1_000)) == ["one", "central"]
    spend.later(minutes=1)
    assert spend.seats(asked(spend, 99_000)) == ["one"]


def test_reserved_in_march_and_settled_in_april_it_counts_for_march(spend):
    """The money is begun a minute before midnight; its result is written after it."""
    spend.now = datetime(2027, 3, 31, 22, 59, tzinfo=UTC)
    action = asked(spend, 60_000)
    review = spend.review(action)
    review.decide(spend.ben, "approve", spend.now, digest=action.digest)
    march, april = spend.now, spend.now + timedelta(minutes=31)
    drive(lambda: april if Attempt.objects.exists() else march)
    attempt = Attempt.objects.get()
    assert (attempt.begun_at, attempt.ended_at) == (march, april)
    action.refresh_from_db()
    spend.now = datetime(2027, 4, 1, 12, tzinfo=UTC)
    assert action.status == "done"
    assert float(Meter.objects.get().used(spend.now)) == 0
    assert spend.seats(asked(spend, 99_000)) == ["one"]


@pytest.mark.parametrize(("rating", "who"), [("green", ["one"]), ("amber", ["two"]), ("red", PANEL)])
def test_the_rating_of_the_programme_sets_the_scrutiny(spend, rating, who):
    spend.spring.fields["rating"] = rating
    spend.spring.save()
    assert spend.seats(asked(spend, 10)) == who


def test_amber_needs_two_different_people(spend):
    spend.spring.fields["rating"] = "amber"
    spend.spring.save()
    action = asked(spend, 10)
    assert spend.agree(action, spend.ben).status == "in_review"
    assert spend.agree(action, spend.chen).status == "done"


def three_wait_and_the_rating_turns_red(world):
    waiting = [asked(world, 10, campaign) for campaign in ("north", "south", "east")]
    world.spring.fields["rating"] = "red"
    world.spring.save()
    return waiting


def test_a_rating_raised_to_red_holds_at_once_for_the_three_that_wait(spend, sent):
    """A yes given under green begins nothing: at the door it is judged again, and the panel is asked."""
    for action in three_wait_and_the_rating_turns_red(spend):
        assert spend.agree(action, spend.ben).status == "in_review"
        assert spend.open_seats(action) == PANEL
        assert spend.agree(action, spend.lea, spend.dora, spend.eve).status == "done"
    assert len(sent()) == 3


def test_a_rating_raised_to_red_shows_in_the_queue_before_anybody_answers(spend):
    rejudging.judge_again(spend.now)  # of the charter that took force
    waiting = three_wait_and_the_rating_turns_red(spend)
    rejudging.judge_again(spend.now)
    assert [spend.seats(action) for action in waiting] == [PANEL] * 3


def test_a_programme_without_rating_is_refused_as_not_in_the_plan(spend, sent):
    action = asked(spend, 10, programme="autumn")
    assert (action.status, reasons(action)[0], sent()) == ("refused", "Not in the plan", [])


def test_with_a_justification_it_goes_before_the_full_panel(spend):
    action = asked(spend, 10, programme="autumn", justification="A flood; people must know where to go.")
    assert spend.seats(action) == PANEL
    assert spend.agree(action, spend.lea, spend.dora).status == "in_review"
    assert spend.agree(action, spend.eve).status == "done"


def test_an_answer_is_due_in_21_days_and_those_still_asked_are_reminded_at_14(spend):
    action = asked(spend, 10, programme="autumn", justification="A flood")
    spend.agree(action, spend.dora)
    assert spend.review(action).due_at == spend.now + timedelta(days=21)
    assert remind(spend.now + timedelta(days=14, seconds=-1)) == 0
    assert remind(spend.now + timedelta(days=14)) == 1
    assert remind(spend.now + timedelta(days=15)) == 0
    told = Notification.objects.filter(key__contains="reminder")
    assert sorted(told.values_list("to", flat=True)) == [spend.people[who].email for who in ("ada", "eve", "lea")]
    assert told.first().subject == "Still waits for you: Spend £10 on posters?"
    assert Entry.objects.get(verb="review.reminded").data["people"] == ["Ada Lund", "Lea Roth", "Eve Marsh"]
    assert spend.review(action).is_open


@at_the_same_instant
@pytest.mark.django_db(transaction=True)
def test_of_two_agents_with_25_000_each_at_the_same_instant_exactly_one_passes(world):
    world.record("programme", "spring", programme="spring", rating="green")
    world.charter("spend")
    world.now = MAY
    booked(world, 60_000)
    mia = Person.objects.create(email="mia@tideway.example", name="Mia (agent)", password="!")
    world.people["mia"] = mia
    given = {"programme": "spring", "spend": 25_000, "justification": ""}
    actions = [world.propose("booking", who, campaign=who, **given) for who in ("max", "mia")]
    for action in actions:
        world.review(action).decide(world.ben, "approve", world.now, digest=action.digest)
    found = at_once(*[partial(drive, lambda: world.now)] * 2)
    assert not any(isinstance(each, Exception) for each in found), found
    for action in actions:
        action.refresh_from_db()
    assert sorted(action.status for action in actions) == ["done", "in_review"]
    assert used() == 85_000
    (asked_again,) = (action for action in actions if action.status == "in_review")
    assert world.open_seats(asked_again) == ["central"]
