"""The judge: deny by default, the strictest rule wins, and a rule that cannot be checked has tripped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.judging import Condition, Outcome, Rules, Terms, judge, stricter

FACTS = {
    "record": {"campaign": 3, "default": "no", "name": "Priya"},
    "action": {"id": 7},
    "confidence": 0.9,
    "assets": [],
    "amounts": {"audience": 120},
}


def terms(**changes):
    return Terms(**{"ownership": "automated", "source": "Welcome v1 · Send", "automation_allowed": True, **changes})


def rules(*conditions, stance="approved"):
    made = [Condition(when, Outcome(outcome), f"because of {when}", "Rulebook 1") for when, outcome in conditions]
    return Rules("email.send", stance, "Rulebook 1", made)


def asset(standing):
    return {"kind": "offer", "key": "summer", "title": "Summer", "version": 1, "standing": standing, "until": None}


@pytest.mark.parametrize(
    ("what", "facts", "terms_", "rules_", "outcome"),
    [
        ("inside every bound", {}, terms(), rules(), "act"),
        ("nobody decided about the capability", {}, terms(), rules(stance=None), "refuse"),
        ("the capability is out of scope", {}, terms(), rules(stance="out_of_scope"), "refuse"),
        ("the workflow may not be automated", {}, terms(automation_allowed=False), rules(), "review"),
        ("needs approval", {}, terms(ownership="needs_approval"), rules(), "review"),
        ("human-owned", {}, terms(ownership="human_owned"), rules(), "human"),
        ("an ownership nobody knows", {}, terms(ownership="whatever"), rules(), "human"),
        ("at the floor", {}, terms(min_confidence=0.9), rules(), "act"),
        ("below the floor", {}, terms(min_confidence=0.91), rules(), "review"),
        ("no confidence counts as below", {"confidence": None}, terms(min_confidence=0.1), rules(), "review"),
        ("a confidence that is no number", {"confidence": "high"}, terms(min_confidence=0.1), rules(), "review"),
        ("not a number at all", {"confidence": float("nan")}, terms(min_confidence=0.1), rules(), "review"),
        ("an approved asset", {"assets": [asset("approved")]}, terms(), rules(), "act"),
        ("an expired asset", {"assets": [asset("expired")]}, terms(), rules(), "review"),
        ("an asset not yet approved", {"assets": [asset("future")]}, terms(), rules(), "review"),
        ("a withdrawn asset", {"assets": [asset("withdrawn")]}, terms(), rules(), "refuse"),
        ("an asset nobody registered", {"assets": [asset("unknown")]}, terms(), rules(), "refuse"),
        ("a guardrail that holds", {}, terms(), rules(("record.campaign > 2", "review")), "review"),
        ("a guardrail that does not", {}, terms(), rules(("record.campaign > 6", "refuse")), "act"),
        ("a guardrail for people", {}, terms(), rules(("amounts.audience >= 120", "human")), "human"),
        ("a field that is missing trips the rule", {}, terms(), rules(("record.age < 18", "refuse")), "refuse"),
        ("a wrong type trips the rule", {}, terms(), rules(("record.name > 3", "review")), "review"),
        ("the strictest wins", {}, terms(), rules(("true", "review"), ("true", "refuse"), ("true", "human")), "refuse"),
        ("every sample is asked about", {}, terms(sample_rate=1.0), rules(), "review"),
    ],
)
def test_the_verdict(what, facts, terms_, rules_, outcome):
    assert judge({**FACTS, **facts}, terms_, rules_).outcome == outcome, what


def test_every_reason_is_kept_strictest_first():
    verdict = judge({**FACTS, "confidence": 0.1}, terms(min_confidence=0.5), rules(("true", "human")))
    assert [reason.outcome for reason in verdict.reasons] == ["human", "review"]
    assert (verdict.reasons[1].value, verdict.reasons[1].bound) == (0.1, 0.5)


def test_the_faulty_rule_is_named_and_the_others_still_hold():
    verdict = judge(FACTS, terms(), rules(("record.campaign > 6", "refuse"), ("record.age > 1", "review")))
    (reason,) = verdict.reasons
    assert "could not be checked: there is no “age”" in reason.words


def test_the_sample_is_the_same_share_every_time_one_asks():
    def drawn():
        facts = ({**FACTS, "action": {"id": number}} for number in range(2000))
        return [judge(fact, terms(sample_rate=0.1), rules()).outcome == Outcome.REVIEW for fact in facts]

    first = drawn()
    assert first == drawn()
    assert 140 <= sum(first) <= 260


OUTCOMES = st.sampled_from(["review", "human", "refuse"])
CONDITIONS = st.lists(st.tuples(st.sampled_from(["true", "false", "record.nothing > 1"]), OUTCOMES), max_size=5)
TERMS = st.builds(
    terms,
    ownership=st.sampled_from(["automated", "needs_approval", "human_owned"]),
    automation_allowed=st.booleans(),
    min_confidence=st.none() | st.floats(0, 1),
)


@given(CONDITIONS, CONDITIONS, TERMS)
def test_no_rule_loosens_what_others_tightened(some, more, terms_):
    before = judge(FACTS, terms_, rules(*some)).outcome
    after = judge(FACTS, terms_, rules(*some, *more)).outcome
    assert after.strictness >= before.strictness


@given(CONDITIONS, TERMS)
def test_the_verdict_is_the_strictest_of_its_reasons_and_act_has_none(conditions, terms_):
    verdict = judge(FACTS, terms_, rules(*conditions))
    strictest = max((reason.outcome.strictness for reason in verdict.reasons), default=0)
    assert verdict.outcome.strictness == strictest


@given(CONDITIONS, CONDITIONS, TERMS, TERMS)
def test_of_two_verdicts_the_stricter_holds_with_the_reasons_of_both(some, more, one, other):
    first, second = judge(FACTS, one, rules(*some)), judge(FACTS, other, rules(*more))
    both = stricter(first, second)
    assert both.outcome.strictness == max(first.outcome.strictness, second.outcome.strictness)
    assert {reason.rule for reason in both.reasons} == {reason.rule for reason in (*first.reasons, *second.reasons)}
