"""Which changes loosen, which tighten: tables over one step, and over a workflow as a whole."""

import pytest

from governance.publishing import Direction, changes, number, overall, percent, step_changes

LOOSENS, TIGHTENS, NEUTRAL = Direction.LOOSENS, Direction.TIGHTENS, Direction.NEUTRAL
REVIEW = {"when": "amounts.value > 5000", "effect": "review", "reason": "A large sum"}
REFUSE = {**REVIEW, "effect": "refuse"}


def step(key="send", **terms):
    plain = {
        "key": key, "title": key.capitalize(), "question": "Does this go out?", "capability": "email.send",
        "params": {"to": "=record.email"}, "after": [], "when": "", "ownership": "needs_approval", "assist": "insight",
        "confidence": "record.score", "min_confidence": 0.8, "sample_rate": 0.05, "guardrails": [], "data": [],
        "reviewers": "Growth", "escalation": "Growth, then Ada", "due_in": "4h", "on_reject": "stop",
    }  # fmt: skip
    return {**plain, **terms}


def workflow(*steps, **terms):
    plain = {"title": "Welcome", "purpose": "", "owner": "Growth", "automation_allowed": True, "input": {}}
    return {**plain, **terms, "steps": list(steps) or [step()]}


@pytest.mark.parametrize(
    ("was", "now", "direction"),
    [
        ({"ownership": "needs_approval"}, {"ownership": "automated"}, LOOSENS),
        ({"ownership": "human_owned"}, {"ownership": "needs_approval"}, LOOSENS),
        ({"ownership": "human_owned"}, {"ownership": "automated"}, LOOSENS),
        ({"ownership": "automated"}, {"ownership": "needs_approval"}, TIGHTENS),
        ({"ownership": "automated"}, {"ownership": "human_owned"}, TIGHTENS),
        ({"min_confidence": 0.8}, {"min_confidence": 0.79}, LOOSENS),
        ({"min_confidence": 0.8}, {"min_confidence": None}, LOOSENS),
        ({"min_confidence": 0.0}, {"min_confidence": None}, LOOSENS),
        ({"min_confidence": 0.8}, {"min_confidence": 0.81}, TIGHTENS),
        ({"min_confidence": None}, {"min_confidence": 0.0}, TIGHTENS),
        ({"confidence": "record.score"}, {"confidence": "1.0"}, LOOSENS),
        ({"sample_rate": 0.05}, {"sample_rate": 0.01}, LOOSENS),
        ({"sample_rate": 0.05}, {"sample_rate": 0.1}, TIGHTENS),
        ({"guardrails": []}, {"guardrails": [REVIEW]}, TIGHTENS),
        ({"guardrails": [REVIEW]}, {"guardrails": []}, LOOSENS),
        ({"guardrails": [REVIEW]}, {"guardrails": [REFUSE]}, TIGHTENS),
        ({"guardrails": [REFUSE]}, {"guardrails": [REVIEW]}, LOOSENS),
        ({"guardrails": [REVIEW, REFUSE]}, {"guardrails": [REVIEW]}, LOOSENS),
        ({"guardrails": [REFUSE, REVIEW]}, {"guardrails": [REVIEW]}, LOOSENS),
        ({"guardrails": [REVIEW]}, {"guardrails": [{**REVIEW, "reason": "Much money"}]}, NEUTRAL),
        ({"capability": "email.send"}, {"capability": "http.call"}, LOOSENS),
        ({"params": {}}, {"params": {"to": "=record.email"}}, LOOSENS),
        ({"when": ""}, {"when": "record.age > 18"}, LOOSENS),
        ({"after": []}, {"after": ["choose"]}, LOOSENS),
        ({"data": []}, {"data": ["usage"]}, LOOSENS),
        ({"reviewers": "Legal"}, {"reviewers": "Growth"}, LOOSENS),
        ({"on_reject": "stop"}, {"on_reject": "skip"}, LOOSENS),
        ({"on_reject": "skip"}, {"on_reject": "stop"}, TIGHTENS),
        ({"on_reject": "stop"}, {"on_reject": "redo"}, NEUTRAL),
        ({"escalation": "Growth, then Ada"}, {"escalation": ""}, NEUTRAL),
        ({"due_in": "4h"}, {"due_in": "6h"}, NEUTRAL),
        ({"due_sooner": []}, {"due_sooner": [{"in": "4h", "last": 10, "of": "quarter"}]}, NEUTRAL),
        ({"question": "Send?"}, {"question": "Does this go out?"}, NEUTRAL),
        ({"title": "Send"}, {"title": "Mail"}, NEUTRAL),
        ({"assist": "none"}, {"assist": "recommendation"}, NEUTRAL),
    ],
)
def test_one_change_of_a_step_has_one_direction(was, now, direction):
    (found,) = step_changes(step(**was), step(**now))
    assert found.direction is direction


@pytest.mark.parametrize(
    ("was", "now", "direction"),
    [
        ({"automation_allowed": False}, {"automation_allowed": True}, LOOSENS),
        ({"automation_allowed": True}, {"automation_allowed": False}, TIGHTENS),
        ({"owner": "Growth"}, {"owner": "Sales"}, LOOSENS),
        ({"title": "Welcome"}, {"title": "Hello"}, NEUTRAL),
        ({"purpose": ""}, {"purpose": "Greet"}, NEUTRAL),
        ({"input": {}}, {"input": {"type": "object"}}, NEUTRAL),
    ],
)
def test_one_change_of_a_workflow_has_one_direction(was, now, direction):
    (found,) = changes(workflow(**was), workflow(**now))
    assert (found.direction, found.where) == (direction, "")


def test_a_new_step_loosens_unless_a_person_does_it_and_a_removed_one_always_loosens():
    old = workflow(step("send"))
    assert [change.direction for change in changes(old, workflow(step("send"), step("call")))] == [LOOSENS]
    by_hand = workflow(step("send"), step("call", ownership="human_owned"))
    assert [change.direction for change in changes(old, by_hand)] == [NEUTRAL]
    assert [change.direction for change in changes(by_hand, old)] == [LOOSENS]


def test_what_loosens_is_said_first_and_what_is_neutral_last():
    found = step_changes(
        step(), step(due_in="6h", min_confidence=0.9, ownership="automated", guardrails=[REVIEW], on_reject="redo")
    )
    assert [change.direction for change in found] == [LOOSENS, TIGHTENS, TIGHTENS, NEUTRAL, NEUTRAL]


def test_one_change_that_loosens_makes_the_whole_loosen():
    assert overall(step_changes(step(), step(min_confidence=0.9, sample_rate=0.01))) is LOOSENS
    assert overall(step_changes(step(), step(min_confidence=0.9, due_in="6h"))) is TIGHTENS
    assert overall([]) is NEUTRAL


def test_what_is_the_same_changes_nothing():
    assert changes(workflow(), workflow()) == []


def test_a_first_version_says_of_every_step_who_owns_it():
    found = changes(None, workflow(step("send"), step("call", ownership="human_owned")))
    assert [str(change) for change in found] == [
        "Software may act alone: no → yes",
        "Send: New step, needs approval",
        "Call: New step, human-owned",
    ]


def test_release_to_software_is_said_with_its_floor_and_its_sample():
    (found,) = step_changes(step(), step(ownership="automated"))
    assert str(found) == "Send: Who decides: needs approval → automated"
    assert found.consequence == (
        "Software acts alone at confidence 0.80 or more, when no rule trips; of those, 5\u00a0% are asked "
        "all the same. Everything else goes to a person."
    )


def test_a_rule_is_said_by_its_reason_and_its_effect_with_the_condition_beside_it():
    (found,) = step_changes(step(), step(guardrails=[REVIEW]))
    assert str(found) == "Send: New rule: A large sum: a person approves"
    assert found.rule == "amounts.value > 5000"


@pytest.mark.parametrize(("value", "words"), [(None, "none"), (0.8, "0.80"), (0.85, "0.85"), (0.825, "0.825")])
def test_floors_have_two_places_and_more_only_where_they_are_used(value, words):
    assert number(value) == words


@pytest.mark.parametrize(("share", "words"), [(0.0, "0\u00a0%"), (0.07, "7\u00a0%"), (0.025, "2.5\u00a0%")])
def test_shares_keep_their_decimals(share, words):
    assert percent(share) == words
