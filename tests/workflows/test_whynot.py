"""Why not alone: the smallest change of a step's bounds, what else it would release, and a draft of it."""

import pytest

from approvals.reviews import Review
from governance.people import Person
from workflows.definitions import Workflow
from workflows.ratifying import propose
from workflows.whynot import why_not

OFFERS = """
workflow: offers
title: Offers
owner: growth
automation_allowed: ALLOWED
input: {type: object, required: [amount, sure], properties: {amount: {type: number}, sure: {type: number}}}
steps:
  - key: move
    title: Move it
    capability: records.transfer
    params: {source: {kind: pot, key: a}, target: {kind: pot, key: b}, field: amount, amount: "=input.amount"}
    ownership: OWNERSHIP
    confidence: input.sure
    min_confidence: 0.8
    limits: [{measure: amounts.amount, at_most: 100}]
    guardrails: [{when: input.amount > 200, effect: review, reason: A large one}]
"""


@pytest.fixture
def offers(world):
    world.record("pot", "a", amount=1_000_000)
    world.record("pot", "b", amount=0)
    return world


def publish(world, allowed="true", ownership="automated"):
    world.load(OFFERS.replace("ALLOWED", allowed).replace("OWNERSHIP", ownership))


def asked(world, amount=50, sure=0.9):
    return world.action(world.run("offers", amount=amount, sure=sure), "move")


@pytest.mark.parametrize(
    ("amount", "sure", "words"),
    [
        (50, 0.713, ["Confidence floor: 0.8 → 0.71"]),
        (120, 0.9, ["At most 100 amount → 120"]),
        (120, 0.5, ["At most 100 amount → 120", "Confidence floor: 0.8 → 0.5"]),
        (250, 0.9, ["At most 100 amount → 250", "Rule “A large one”: > 200 → > 250"]),
        (50, 0.9, []),
    ],
)
def test_the_smallest_change_that_would_have_let_it_act(offers, amount, sure, words):
    publish(offers)
    found = why_not(asked(offers, amount, sure))
    assert ([change.words for change in found.changes], found.obstacles) == (words, [])


def test_who_decides_and_whether_software_may_are_bounds_too(offers):
    publish(offers, "true", "needs_approval")
    assert [change.words for change in why_not(asked(offers)).changes] == ["Who decides: needs approval → automated"]
    publish(offers, "false", "automated")
    assert [change.words for change in why_not(asked(offers)).changes] == ["Software may act alone: no → yes"]


def test_a_change_that_brings_up_another_bound_moves_that_too(offers):
    publish(offers, "false", "needs_approval")
    found = why_not(asked(offers))
    assert [change.words for change in found.changes] == [
        "Who decides: needs approval → automated",
        "Software may act alone: no → yes",
    ]
    assert found.is_possible


def test_a_guardrail_of_the_organisation_is_no_bound_of_the_step(offers):
    publish(offers)
    offers.guardrail("input.amount > 10", "review", "Too much for everybody")
    found = why_not(asked(offers, 50, 0.7))
    assert (found.obstacles, found.is_possible) == (["Too much for everybody"], False)


def test_what_else_it_would_release_is_counted_with_what_people_had_said(offers):
    publish(offers)
    for sure, choice in ((0.75, "approve"), (0.74, "reject"), (0.72, None), (0.6, "approve"), (0.95, None)):
        action = asked(offers, sure=sure)
        if choice:
            Review.objects.get(action=action).decide(
                offers.ben, choice, offers.now, digest=action.digest, note="So I say"
            )
    found = why_not(asked(offers, sure=0.72))
    assert (found.released, found.looked_at) == (3, 5)
    assert (found.rejected.hits, found.rejected.of) == (1, 2)


def test_ada_makes_a_draft_of_it_with_one_click_and_lea_must_ratify(offers, sign_in):
    publish(offers)
    action = asked(offers, 120, 0.72)
    ada = sign_in("ada")
    page = ada.get(f"/actions/{action.pk}/why-not/").content.decode()
    assert "Confidence floor: 0.8 → 0.72" in page and "Make it a draft" in page
    assert ada.post(f"/actions/{action.pk}/why-not/draft/")["Location"] == "/workflows/offers/draft/"
    draft = Workflow.objects.get().draft
    step = draft.steps_by_key["move"]
    assert (step.min_confidence, step.limits) == (0.72, [{"measure": "amounts.amount", "at_most": 120}])
    assert not propose(draft, offers.ada, offers.now)


def test_only_leaders_make_a_draft_and_strangers_see_nothing(offers, sign_in):
    publish(offers)
    action = asked(offers, sure=0.7)
    address = f"/actions/{action.pk}/why-not/"
    ben = sign_in("ben")
    assert "Make it a draft" not in ben.get(address).content.decode()
    assert ben.post(f"{address}draft/").status_code == 403
    assert sign_in("eve").get(address).status_code == 404
    assert Person.objects.count() and Workflow.objects.get().draft is None
    assert f"/actions/{action.pk}/why-not/" in ben.get(f"/queue/{Review.objects.get().pk}/").content.decode()
