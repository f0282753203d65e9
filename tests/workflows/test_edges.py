"""The number up to which software acts alone: found in the terms, lowered, raised; and what the record says of it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.reviews import Review
from governance import boundchanges
from governance.backtest import Share
from governance.publishing import Direction
from workflows.definitions import Step, Workflow
from workflows.drift import drifts_of
from workflows.edges import CannotMove, Edge, edges_of, lowered, raised
from workflows.publishing import differences
from workflows.stretches import stretches_of

SPEND = """
workflow: spend
title: Spend
owner: growth
automation_allowed: true
input: {type: object, required: [amount], properties: {amount: {type: number}}}
steps:
  - key: move
    question: Do we move this amount?
    capability: records.transfer
    params:
      source: {kind: pot, key: big}
      target: {kind: pot, key: small}
      field: euro
      amount: "=input.amount"
    ownership: automated
    limits: [{measure: amounts.amount, at_most: 100}]
"""
TABLE = """    bands:
      measure: amounts.amount
      whole: %s
      bands: [%s]
"""


@pytest.fixture
def spend(world):
    world.record("pot", "big", euro=10_000_000)
    world.record("pot", "small", euro=0)
    world.rules(tracks=[{"key": "lead", "team": "growth"}, {"key": "legal", "team": "legal"}])
    world.load(SPEND)
    return world


def step():
    return Workflow.objects.get(slug="spend").version_in_force.steps_by_key["move"]


def version():
    return Workflow.objects.get(slug="spend").version_in_force


def move(world, *amounts, ago=0):
    """Let Ada's runs propose these, so many days before."""
    asked = world.now - timedelta(days=ago)
    world.now, back = asked, world.now
    runs = [world.start("spend", amount=amount) for amount in amounts]
    world.work()
    world.now = back
    return [run.actions.get() for run in runs]


# --- edges ---------------------------------------------------------------------------------------------------------


def banded(world, rows, whole="false"):
    world.load(SPEND.replace("    limits: [{measure: amounts.amount, at_most: 100}]\n", TABLE % (whole, rows)))
    return step()


def test_a_limit_is_an_edge_and_so_is_the_end_of_the_band_in_which_nobody_is_asked(spend):
    limit = Edge("amounts.amount", 100, frozenset({"limit:amounts.amount:100"}))
    assert list(edges_of(step())) == [limit]
    found = banded(spend, "{range: '<= 50'}, {range: '<= 80', tracks: [lead]}, {range: else, tracks: [legal]}")
    assert list(edges_of(found)) == [Edge("amounts.amount", 50, frozenset({"track:lead"}), of_table=True, end=80)]


def test_a_table_that_always_asks_somebody_has_none(spend):
    assert not list(edges_of(banded(spend, "{range: '<= 50', tracks: [lead]}, {range: else, tracks: [legal]}")))


@pytest.mark.parametrize(
    ("rows", "whole", "ranges"),
    [
        ("{range: '<= 50'}, {range: else, tracks: [lead]}", "false", ["<= 60", "else"]),
        ("{range: '< 50'}, {range: 'from 50', tracks: [lead]}", "false", ["< 60", "from 60"]),
        ("{range: '<= 50'}, {range: '> 50', tracks: [lead]}", "false", ["<= 60", "> 60"]),
        ("{range: '0-50'}, {range: 51-90, tracks: [lead]}, {range: else, tracks: [lead, legal]}", "true",
         ["0-60", "61-90", "else"]),
    ],
)  # fmt: skip
def test_raising_the_edge_of_a_table_moves_both_bands_that_meet_there(spend, rows, whole, ranges):
    found = raised(banded(spend, rows, whole), "amounts.amount", 60)
    assert [band["range"] for band in found["bands"]["bands"]] == ranges


@pytest.mark.parametrize(
    ("measure", "to", "words"),
    [
        ("amounts.amount", 95, "would not fit together"),
        ("amounts.amount", 40, "No bound of this step lies below that"),
        ("amounts.other", 60, "No bound of this step lies below that"),
        ("amounts.amount", float("inf"), "Say a number"),
    ],
)
def test_what_cannot_be_raised_is_said(spend, measure, to, words):
    found = banded(spend, "{range: '<= 50'}, {range: '<= 90', tracks: [lead]}, {range: else, tracks: [legal]}")
    with pytest.raises(CannotMove, match=words):
        raised(found, measure, to)


@given(
    marks=st.lists(st.integers(1, 60), min_size=1, max_size=4, unique=True).map(sorted),
    one_up=st.lists(st.sampled_from(["amounts.arr > 5", "amounts.arr > 9"]), unique=True),
    limits=st.lists(st.integers(1, 60), max_size=2),
    to=st.integers(0, 70),
)
def test_what_is_lowered_tightens_whatever_the_terms(marks, one_up, limits, to):
    """Never anything else than a tightening, or nothing: then the number lies above what is in force."""
    bands = [{"range": f"<= {mark}", "tracks": [f"track-{place}"] if place else []} for place, mark in enumerate(marks)]
    bands.append({"range": "else", "tracks": ["top"]})
    terms = {
        "bands": {"measure": "amounts.pct", "bands": bands, "one_up": one_up},
        "limits": [{"measure": "amounts.pct", "at_most": limit} for limit in limits],
    }
    made = Step(key="offer", title="Offer", capability="offer", ownership="automated", **terms)
    lowest = min([*limits, marks[0]])
    if to >= lowest:
        return
    was = {"title": "Offer", "ownership": "automated", **terms}
    changed = {**was, **lowered(made, "amounts.pct", to)}
    assert {change.direction for change in boundchanges.of_step(was, changed)} == {Direction.TIGHTENS}


# --- what the record says ------------------------------------------------------------------------------------------


def test_an_average_that_fell_is_a_drift_without_a_proposal(spend):
    move(spend, *[60, 70, 80] * 10, ago=95)
    move(spend, *[30, 40, 50] * 10, ago=5)
    (found,) = drifts_of(version(), spend.now)
    assert (found.words, found.bound) == ("amount fell from 70 to 40 on average", None)


def test_the_bound_that_is_proposed_is_what_the_earlier_ones_kept_to_and_below_the_one_in_force(spend):
    move(spend, *[40] * 20, *[60] * 9, 100, ago=95)
    move(spend, *[90, 95] * 15, ago=5)
    (found,) = drifts_of(version(), spend.now)
    assert (found.bound, found.beyond) == (60, 30)  # 29 of the 30 earlier ones were at most 60


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ([40] * 30, [80] * 29),  # too few
        ([40] * 29, [80] * 30),
        ([60, 70, 80] * 10, [65, 75, 85] * 10),  # certain, but 5 of 70
        ([10, 90] * 20, [20, 95] * 20),  # more than a tenth, but it may be chance
    ],
)
def test_too_few_a_trifle_and_chance_are_no_drift(spend, earlier, later):
    move(spend, *earlier, ago=95)
    move(spend, *later, ago=5)
    assert drifts_of(version(), spend.now) == []


def test_of_many_actions_an_even_sample_is_compared(spend, monkeypatch):
    monkeypatch.setattr("workflows.drift.MOST", 40)
    move(spend, *[40, 60] * 112, ago=95)
    move(spend, *[70, 90] * 112, ago=5)
    (found,) = drifts_of(version(), spend.now)
    assert (found.sampled, found.before.size, found.after.size) == (True, 32, 32)
    assert (found.before.mean, found.after.mean) == (50, 80)


def test_what_people_approved_is_not_what_software_does_alone(spend):
    move(spend, *[40] * 30, ago=95)
    for action in move(spend, *[150, 160] * 15, ago=5):
        review(action).decide(spend.ben, "approve", spend.now, digest=action.digest)
    spend.work()
    assert drifts_of(version(), spend.now) == []


def answered(world, amounts, no=0):
    for place, action in enumerate(move(world, *amounts, ago=5)):
        choice, more = ("reject", {"note": "No"}) if place < no else ("approve", {})
        review(action).decide(world.ben, choice, world.now, digest=action.digest, **more)


def review(action):
    return Review.objects.get(action=action)


def test_the_shortest_stretch_above_a_limit_with_enough_decisions_is_named(spend):
    answered(spend, [110] * 20 + [130] * 15 + [190] * 10, no=2)
    (found,) = stretches_of(version(), spend.now)
    assert (found.words, found.share) == ("100 to 140 amount", Share(33, 35))


@pytest.mark.parametrize(("count", "no"), [(29, 0), (40, 12)])
def test_few_decisions_and_many_a_no_name_nothing(spend, count, no):
    answered(spend, [110] * count, no=no)
    assert stretches_of(version(), spend.now) == []


def test_what_another_rule_had_brought_to_them_does_not_count(spend):
    rails = "    guardrails: [{when: amounts.amount > 105, effect: review, reason: Look at it}]\n"
    spend.load(SPEND + rails)
    answered(spend, [110] * 30)
    assert stretches_of(version(), spend.now) == []


def test_only_leaders_of_the_team_move_an_edge_and_only_in_a_draft(spend, sign_in):
    where, sent = "/workflows/spend/steps/move/edge/", {"measure": "amounts.amount", "raise": "140.0"}
    assert sign_in("ben").post(where, sent).status_code == 403
    assert sign_in("eve").post(where, sent).status_code == 404
    assert sign_in("ada").post(where, {**sent, "raise": "much"}).status_code == 404
    said = sign_in("ada").post(where, {**sent, "raise": "90"}, follow=True).content.decode()
    assert "No bound of this step lies below that" in said
    sign_in("ada").post(where, sent)
    draft = Workflow.objects.get(slug="spend").draft
    assert [change.new for change in differences(draft)] == ["at most 140 amount; beyond: a person approves"]
    assert step().limits[0]["at_most"] == 100
