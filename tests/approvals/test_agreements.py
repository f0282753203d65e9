"""Several must agree: bands say who, everybody counts once, and a later change asks only those whom it concerns."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.decisions import Decision
from approvals.escalations import escalate_seats
from approvals.queue import waiting
from approvals.reviews import NotAllowed, Review, visible_to
from approvals.seats import Seat, seats_for
from approvals.votes import Vote
from governance.authorities import Absence, Authority, Qualification, powers_of
from governance.judging import Need
from governance.ledger import Entry
from governance.people import Membership, Role, Team

MOVES = """
workflow: moves
title: Moves
owner: growth
automation_allowed: true
input: {type: object, required: [amount], properties: {amount: {type: number}}}
steps:
  - key: move
    title: Move it
    capability: records.transfer
    params: {source: {kind: pot, key: a}, target: {kind: pot, key: b}, field: amount, amount: "=input.amount"}
    ownership: OWNERSHIP
    bands:
      measure: amounts.amount
      bands:
        - {range: "<= 1000", tracks: [owner]}
        - {range: "<= 4999", tracks: [owner, legal]}
        - {range: else, tracks: [owner, legal, director]}
    tracks:
      - {key: owner, title: Growth, team: growth}
      - {key: legal, title: Legal, team: legal, covers: [target]}
      - {key: director, title: A director, skill: director}
    due_in: 1d
"""


@pytest.fixture
def moves(world):
    world.record("pot", "a", amount=1_000_000)
    world.record("pot", "b", amount=0)
    world.load(MOVES.replace("OWNERSHIP", "automated"))
    return world


def asked(world, amount):
    run = world.run("moves", amount=amount)
    return Review.objects.get(action__run=run, status="open")


def agree(review, person, world):
    review = Review.objects.get(pk=review.pk)
    return review.decide(person, "approve", world.now, digest=review.action.digest)


def keys(review):
    return list(review.seats.values_list("key", flat=True))


def open_keys(review):
    return list(review.seats.filter(missing__gt=0).values_list("key", flat=True))


@pytest.mark.parametrize(
    ("amount", "tracks"),
    [(999, ["owner"]), (1000, ["owner"]), (1001, ["owner", "legal"]), (4999, ["owner", "legal"]),
     (5000, ["owner", "legal", "director"])],
)  # fmt: skip
def test_the_larger_it_is_the_more_must_agree(moves, amount, tracks):
    assert keys(asked(moves, amount)) == tracks


def test_nothing_begins_before_everybody_has_agreed(moves):
    Qualification.objects.create(person=moves.eve, skill="director")
    review = asked(moves, 6000)
    assert isinstance(agree(review, moves.eve, moves), Vote)
    assert isinstance(agree(review, moves.ben, moves), Vote)
    moves.work()
    assert moves.action(review.action.run, "move").status == "in_review"
    assert isinstance(agree(review, moves.dora, moves), Decision)
    moves.work()
    assert moves.action(review.action.run, "move").status == "done"
    verbs = moves.verbs(review.action.run)
    assert (verbs.count("review.agreed"), verbs.count("action.approved")) == (3, 1)


def test_ben_who_is_both_counts_once(moves):
    legal = Team.objects.get(slug="legal")
    Membership.objects.create(person=moves.ben, team=legal, role=Role.REVIEWER)
    review = asked(moves, 2000)
    agree(review, moves.ben, moves)
    assert len(open_keys(review)) == 1
    with pytest.raises(NotAllowed, match="You agreed already"):
        agree(review, moves.ben, moves)
    assert isinstance(agree(review, moves.chen, moves), Decision)


def test_one_rejection_is_enough(moves):
    review = asked(moves, 6000)
    review.decide(moves.dora, "reject", moves.now, note="Not this quarter")
    assert moves.action(review.action.run, "move").status == "rejected"


def test_only_those_asked_see_it_in_their_queue_and_no_longer_once_they_agreed(moves):
    review = asked(moves, 2000)
    assert [waiting(moves.people[who], moves.now) for who in ("ben", "dora", "eve")] == [1, 1, 0]
    assert list(visible_to(moves.eve, moves.now)) == []
    agree(review, moves.dora, moves)
    assert [waiting(moves.people[who], moves.now) for who in ("ben", "dora", "eve")] == [1, 0, 0]
    with pytest.raises(NotAllowed, match="Those asked are: Growth, Legal"):
        agree(review, moves.eve, moves)


def test_an_edit_asks_again_only_those_whom_it_concerns(moves):
    review = asked(moves, 2000)
    agree(review, moves.dora, moves)
    digest = Review.objects.get(pk=review.pk).action.digest
    made = review.decide(moves.ben, "edit", moves.now, digest=digest, payload={"amount": "1500"})
    assert isinstance(made, Decision)  # Legal covers the target, which did not change, and Ben agrees to what he wrote
    moves.work()
    assert moves.action(review.action.run, "move").output["amount"] == 1500


def test_an_edit_beyond_the_editors_own_reach_asks_the_next(moves):
    review = asked(moves, 500)
    made = review.decide(moves.ben, "edit", moves.now, digest=review.action.digest, payload={"amount": "6000"})
    assert isinstance(made, Vote)
    assert open_keys(review) == ["legal", "director"]
    moves.work()
    assert moves.action(review.action.run, "move").status == "in_review"


def test_an_edit_that_only_its_editor_must_agree_to_falls_when_the_editor_leaves(world):
    world.record("pot", "a", amount=1_000_000)
    world.record("pot", "b", amount=0)
    world.load(MOVES.replace("OWNERSHIP", "needs_approval").replace("tracks: [owner]", "tracks: [director]"))
    Qualification.objects.create(person=world.ben, skill="director")
    review = asked(world, 500)
    made = review.decide(world.ben, "edit", world.now, digest=review.action.digest, payload={"amount": "400"})
    assert isinstance(made, Decision)
    Qualification.objects.all().delete()
    world.work()
    assert world.action(review.action.run, "move").status == "in_review"


def test_an_edit_of_what_legal_covers_asks_legal_again(world):
    world.load(MOVES.replace("OWNERSHIP", "automated").replace("covers: [target]", "covers: [amount]"))
    world.record("pot", "a", amount=1_000_000)
    world.record("pot", "b", amount=0)
    review = asked(world, 2000)
    agree(review, world.dora, world)
    digest = Review.objects.get(pk=review.pk).action.digest
    assert isinstance(review.decide(world.ben, "edit", world.now, digest=digest, payload={"amount": "1500"}), Vote)
    assert open_keys(review) == ["legal"]
    assert waiting(world.dora, world.now) == 1
    assert isinstance(agree(review, world.dora, world), Decision)


def test_an_approval_falls_when_whoever_gave_it_may_no_longer(moves):
    review = asked(moves, 2000)
    agree(review, moves.ben, moves)
    agree(review, moves.dora, moves)
    Membership.objects.filter(person=moves.dora).delete()
    moves.work()
    again = Review.objects.get(action=review.action_id, status="open")
    assert open_keys(again) == ["legal"]
    assert moves.action(review.action.run, "move").status == "in_review"


def test_max_who_started_it_does_not_agree_to_it(moves):
    run = moves.run("moves", "ben", amount=500)
    review = Review.objects.get(action__run=run)
    with pytest.raises(NotAllowed, match="You started this run"):
        agree(review, moves.ben, moves)


LADDER = (
    MOVES.replace("OWNERSHIP", "automated")
    .replace("tracks: [owner, legal, director]", "tracks: [limit]")
    .replace("{key: director, title: A director, skill: director}", "{key: limit, authority: amounts.amount}")
)


@pytest.mark.parametrize(("limit", "may"), [(5000, True), (7999.99, True), (4999, False)])
def test_an_authority_reaches_as_far_as_its_limit(world, limit, may):
    world.load(LADDER)
    world.record("pot", "a", amount=1_000_000)
    world.record("pot", "b", amount=0)
    Authority.objects.create(person=world.eve, measure="amounts.amount", at_most=limit)
    review = asked(world, 5000)
    assert (waiting(world.eve, world.now), review.barred(world.eve, world.now) == "") == (int(may), may)


def test_a_cover_decides_within_the_lesser_of_two_limits(world):
    world.load(LADDER)
    world.record("pot", "a", amount=1_000_000)
    world.record("pot", "b", amount=0)
    day = world.now.date()
    today = timezone.now().date()
    Absence.objects.create(person=world.eve, cover=world.dora, first=min(day, today), last=max(day, today))
    Authority.objects.create(person=world.eve, measure="amounts.amount", at_most=9000)
    Authority.objects.create(person=world.dora, measure="amounts.amount", at_most=6000)
    assert [asked(world, amount).barred(world.dora, world.now) == "" for amount in (5500, 6000, 6001)] == [
        True,
        True,
        False,
    ]


def test_an_agreement_nobody_gives_goes_up_its_own_path(world):
    world.load(MOVES.replace("OWNERSHIP", "automated").replace("covers: [target]", "escalation: growth-default"))
    world.record("pot", "a", amount=1_000_000)
    world.record("pot", "b", amount=0)
    review = asked(world, 2000)
    assert escalate_seats(world.later(hours=23)) == 0
    assert escalate_seats(world.later(hours=2)) == 1
    entry = Entry.objects.get(verb="review.escalated")
    assert entry.data["people"] == ["Ada Lund", "Lea Roth"]
    agree(review, world.lea, world)
    assert len(open_keys(review)) == 1
    assert isinstance(
        agree(review, world.ben, world), Decision
    )  # Ben for Growth, so Lea for Legal, which came up to her


PEOPLE = ("ada", "ben", "dora", "eve", "olga")
NEEDS = [
    {"team": "growth"},
    {"team": "growth", "role": "leader"},
    {"team": "legal", "role": "reviewer"},
    {"person": "eve@tideway.example"},
    {"skill": "director"},
    {"authority": "amounts.amount", "at_least": 5000},
    {"authority": "amounts.amount", "at_least": 7000},
    {"authority": "amounts.amount", "at_least": 7000, "amount": 5500},
    {"authority": "amounts.amount", "at_least": 7000, "amount": 6500},
    {"authority": "amounts.other", "at_least": 1},
]


def test_the_queue_and_the_count_agree_on_who_may_fill_a_seat(moves):
    """What the database is asked and what is worked out of a person's powers is the same, for every kind of need."""
    today = timezone.now().date()
    Qualification.objects.create(person=moves.eve, skill="director", until=today)
    Qualification.objects.create(person=moves.ada, skill="director", until=today - timedelta(days=1))
    Authority.objects.create(person=moves.eve, measure="amounts.amount", at_most=8000)
    Authority.objects.create(person=moves.dora, measure="amounts.amount", at_most=6000)
    Absence.objects.create(person=moves.eve, cover=moves.dora, first=today, last=today)
    Absence.objects.create(person=moves.ada, cover=moves.olga, first=today, last=today)
    review = asked(moves, 500)
    review.seats.all().delete()
    seats = [Seat.objects.create(review=review, key=str(place), **need) for place, need in enumerate(NEEDS)]
    powers = powers_of([moves.people[who].pk for who in PEOPLE], today)
    for who in PEOPLE:
        person = moves.people[who]
        found = set(Seat.objects.filter(seats_for(person, today)).values_list("key", flat=True))
        expected = {
            seat.key
            for seat, need in zip(seats, NEEDS, strict=True)
            if powers[person.pk].may_fill(Need(seat.key, "", **need))
        }
        assert found == expected, who
    assert any(powers[moves.dora.pk].covers) and not powers[moves.ben.pk].covers
