"""What waits for whom, in which order, and what a queue costs to read."""

from datetime import timedelta

import pytest

from approvals import queue
from approvals.escalations import escalate_overdue
from approvals.filters import Filters
from approvals.grounds import brief, grounds
from approvals.previews import difference, dressed
from approvals.reviews import Review
from workflows.capabilities.contract import Preview

PROGRAM = """
workflow: greet
title: Greetings
owner: growth
automation_allowed: true
input: {type: object, required: [contact], properties: {contact: {type: string}}}
steps:
  - key: tag
    question: Does this contact get the tag?
    capability: records.update
    params: {record: {kind: contact, key: "=input.contact"}, changes: {tag: warm}}
    ownership: automated
    confidence: record.score
    min_confidence: 0.5
    reviewers: growth
    escalation: growth-default
    due_in: 4h
"""


@pytest.fixture
def greet(world):
    for key, score in (("priya", 0.2), ("tom", 0.3), ("kim", 0.1)):
        world.record("contact", key, name=key.capitalize(), score=score)
    world.load(PROGRAM)
    return world


def ask(world, *contacts):
    """Let a run of each contact come to its review, an hour apart."""
    for contact in contacts:
        world.run("greet", contact=contact)
        world.later(hours=1)


def questions(world, person, **asked):
    found = queue.page(world.people[person], Filters(**asked), world.now)
    return [(group.name, [row.review.headline for row in group.rows]) for group in found.groups]


def test_what_is_due_first_stands_first_under_its_hour(greet):
    ask(greet, "priya", "tom", "kim")
    assert questions(greet, "ben") == [
        ("Next two hours", ["Set tag of Priya to warm?"]),
        ("Today", ["Set tag of Tom to warm?", "Set tag of Kim to warm?"]),
    ]
    greet.later(hours=2)
    assert questions(greet, "ben")[0] == ("Overdue", ["Set tag of Priya to warm?"])


def test_eve_of_another_team_and_olga_who_audits_have_nothing_to_answer(greet):
    ask(greet, "priya")
    assert questions(greet, "eve") == questions(greet, "olga") == []
    assert (queue.waiting(greet.ben, greet.now), queue.waiting(greet.olga, greet.now)) == (1, 0)


def test_what_went_up_to_eve_stands_once_in_her_queue(greet):
    ask(greet, "priya")
    greet.later(hours=5)
    escalate_overdue(greet.now)
    Review.objects.get().escalations.get().people.add(greet.eve)
    assert questions(greet, "eve") == [("Overdue", ["Set tag of Priya to warm?"])]


def test_words_workflow_and_kind_narrow_the_queue_and_the_count_stays_whole(greet):
    ask(greet, "priya", "tom")
    assert questions(greet, "ben", q="tom") == [("Today", ["Set tag of Tom to warm?"])]
    assert questions(greet, "ben", workflow="other") == questions(greet, "ben", kind="todo") == []
    assert queue.page(greet.ben, Filters(q="tom"), greet.now).waiting == 2


def test_pages_follow_one_another_without_a_gap(greet, monkeypatch):
    monkeypatch.setattr(queue, "PAGE", 2)
    ask(greet, "priya", "tom", "kim")
    first = queue.page(greet.ben, Filters(), greet.now)
    place = first.rows[-1]
    after = Filters(after=f"{place.due_at.isoformat()}~{place.key}")
    second = queue.page(greet.ben, after, greet.now)
    assert [row.review.headline for row in second.rows] == ["Set tag of Kim to warm?"]
    assert first.older == after.query
    assert (second.older, second.matching) == ("", 3)


def test_after_a_decision_the_next_one_is_opened_and_after_the_last_the_first(greet):
    ask(greet, "priya", "tom", "kim")
    priya, tom, kim = Review.objects.order_by("due_at")
    assert queue.following(greet.ben, Filters(), tom, greet.now) == kim.pk
    assert queue.following(greet.ben, Filters(), kim, greet.now) == priya.pk


def test_the_fingerprint_changes_with_a_claim_a_decision_and_a_newcomer_and_with_nothing_else(greet):
    ask(greet, "priya", "tom")
    review = Review.objects.order_by("due_at").first()
    seen = [queue.fingerprint(greet.ben, greet.now), queue.fingerprint(greet.ben, greet.now)]
    review.claim(greet.chen)
    seen.append(queue.fingerprint(greet.ben, greet.now))
    review.decide(greet.chen, "approve", greet.now, digest=review.action.digest)
    seen.append(queue.fingerprint(greet.ben, greet.now))
    ask(greet, "kim")
    seen.append(queue.fingerprint(greet.ben, greet.now))
    assert seen[0] == seen[1]
    assert len(set(seen)) == 4


def test_a_page_costs_the_same_whatever_waits(greet, django_assert_max_num_queries):
    ask(greet, "priya")
    review = Review.objects.get()
    for number in range(120):
        action = review.action
        action.pk = None
        action.run.pk = None
        action.run.save(force_insert=True)
        action.run_id = action.run.pk
        action.save(force_insert=True)
        Review.objects.create(
            action=action, kind="approval", headline=f"Question {number}?", team=review.team, path=review.path,
            opened_at=greet.now, due_at=greet.now + timedelta(hours=number),
        )  # fmt: skip
    with django_assert_max_num_queries(4):
        found = queue.page(greet.ben, Filters(), greet.now)
        assert [row.why for row in found.rows] == ["Confidence 0.20, floor 0.50"] * 50
    assert found.matching == 121


def test_a_ground_shows_the_value_beside_its_bound():
    reasons = [
        {"rule": "ownership", "outcome": "review", "words": "This step needs approval", "source": "v1"},
        {"rule": "when:amounts.recipients > 200", "outcome": "review", "words": "Too many", "source": "v1"},
    ]
    many, always = grounds(reasons, {"amounts": {"recipients": 214}})
    assert (many.value_words, many.bound_words, many.kind) == ("214", "recipients, limit 200", "limit")
    assert always.is_ownership
    assert brief(reasons) == "Too many"


def test_a_ground_that_compares_nothing_numeric_has_no_bar():
    (found,) = grounds([{"rule": "when:record.open == true", "outcome": "human", "words": "Open", "source": "v1"}], {})
    assert not found.has_bar


def test_an_amount_that_moves_is_shown_with_its_change_and_its_sum():
    rows = [
        {"field": "Search", "before": 42000, "after": 34000},
        {"field": "Webinars", "before": 12000, "after": 20000},
    ]
    data = dressed(Preview("changes", {"title": "Budget", "rows": rows})).data
    assert [row["change"] for row in data["rows"]] == ["−8,000", "+8,000"]
    assert data["total"] == {"before": "54,000", "after": "54,000"}


def test_the_difference_names_only_what_changed():
    assert difference({"a": 1, "b": "x"}, {"a": 1, "b": None}) == [{"field": "b", "before": "x", "after": "nothing"}]
