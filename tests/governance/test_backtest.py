"""The arithmetic of backtests: shares with their intervals, tallies that merge, a sweep that judges each case once."""

import pickle
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.backtest import Bench, Case, Curve, Decided, Pair, Share, Sweep, Tally, wilson
from governance.backtest.bench import Then, facts_for, sureness
from governance.envelope.data import DataUse
from governance.judging import Condition, Outcome, Rules, Terms

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


# --- shares --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17, table I, method 3 (score without continuity correction)
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
        # look/lead.md, 6
        (9, 412, 0.0115, 0.0410),
    ],
)
def test_the_interval_is_wilsons_as_published(hits, of, low, high):
    assert wilson(hits, of) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_an_interval_holds_its_share_and_stays_between_nothing_and_all(one, other):
    hits, of = min(one, other), max(one, other)
    low, high = wilson(hits, of)
    assert 0 <= low <= high <= 1
    if of:
        assert low <= hits / of <= high
        mirrored = wilson(of - hits, of)
        assert (1 - mirrored[1], 1 - mirrored[0]) == (pytest.approx(low), pytest.approx(high))


def test_a_share_is_said_with_one_digit_and_rounded_only_at_the_end():
    share = Share(9, 412)
    assert (share.percent, share.between) == ("2.2\u00a0%", "1.2–4.1\u00a0%")


def test_of_nothing_nothing_is_known():
    assert wilson(0, 0) == (0.0, 1.0)
    assert Share(0, 0).value == 0


# --- tallies -------------------------------------------------------------------------------------------------------

CASES = st.builds(
    Case,
    action=st.integers(1, 10_000),
    before=st.sampled_from(Outcome),
    after=st.sampled_from(Outcome),
    decided=st.sampled_from(Decided),
    amounts=st.dictionaries(st.sampled_from(["spend", "value"]), st.integers(0, 1000)),
    outcomes=st.dictionaries(st.sampled_from(["y", "revenue"]), st.sampled_from(["yes", "no"]) | st.integers(0, 9)),
    swept=st.just(True),
    sure=st.none() | st.sampled_from([round(number / 40, 3) for number in range(41)]),
)
SWEEP = Sweep("send", 0.5, 0.95, 0.05)


def tally(cases, sweep=SWEEP):
    made = Tally(Curve(sweep))
    for case in cases:
        made.add(case)
    return made


@given(st.lists(CASES), st.integers(0, 20))
def test_two_parts_of_the_past_merge_into_what_the_whole_is(cases, cut):
    parts = tally(cases[:cut])
    parts.skip(1, "nobody kept it")
    parts.merge(tally(cases[cut:]))
    whole = tally(cases)
    whole.skip(1, "nobody kept it")
    assert parts.as_json() == whole.as_json()
    assert {cell: group.actions for cell, group in parts.groups.items()} == {
        cell: group.actions for cell, group in whole.groups.items()
    }


@given(st.lists(CASES))
def test_the_rows_before_and_after_add_up_to_what_was_judged(cases):
    found = tally(cases)
    verdicts = found.verdicts().values()
    assert sum(before for before, _ in verdicts) == sum(after for _, after in verdicts) == found.judged == len(cases)
    alone_before, alone_after = found.verdicts()[Outcome.ACT]
    assert alone_after - alone_before == found.released.hits - found.held_back.hits


@given(st.lists(CASES))
def test_a_sweep_in_one_pass_says_what_each_floor_by_itself_would(cases):
    for point in tally(cases).curve.points():
        at = [case for case in cases if case.sure is not None and case.sure >= point.floor]
        answered = [case for case in at if case.decided.is_answer]
        assert point.released == Share(len(at), len(cases))
        assert point.rejected == Share(sum(case.decided is Decided.REJECTED for case in answered), len(answered))
        said = [case.outcomes.get("y") for case in at if isinstance(case.outcomes.get("y"), str)]
        assert point.outcome("y", "yes") == Share(said.count("yes"), len(said))


def test_amounts_are_summed_for_what_is_released_and_for_all():
    cases = [
        Case(3, Outcome.REVIEW, Outcome.ACT, amounts={"spend": 100}),
        Case(2, Outcome.REVIEW, Outcome.REVIEW, amounts={"spend": 5000}),
        Case(1, Outcome.ACT, Outcome.HUMAN, amounts={"spend": 7}),
    ]
    amounts = tally(cases).as_json()["amounts"]
    assert amounts["released"]["spend"] == {"count": 1, "sum": 100}
    assert amounts["held_back"]["spend"] == {"count": 1, "sum": 7}
    assert amounts["judged"]["spend"] == {"count": 3, "sum": 5107}


def test_the_rejected_are_counted_among_those_that_people_answered():
    decided = [Decided.KEPT, Decided.EDITED, Decided.REJECTED, Decided.BY_HAND, Decided.NOTHING]
    cases = [Case(number, Outcome.REVIEW, Outcome.ACT, each) for number, each in enumerate(decided)]
    assert tally(cases).rejected == Share(1, 3)


# --- sweeps --------------------------------------------------------------------------------------------------------


def test_floors_are_written_as_people_write_them_with_the_drafts_own_among_them():
    assert Sweep("send", 0.05, 0.6, 0.05).floors == [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6]
    assert Sweep("send", 0.5, 0.6, 0.05, marks=(0.525,)).floors == [0.5, 0.525, 0.55, 0.6]


@pytest.mark.parametrize("bounds", [(0.9, 0.5, 0.1), (-1, 0.5, 0.1), (0.5, 1.5, 0.1), (0, 1, 0), (0, 1, 0.0001)])
def test_a_sweep_that_leads_nowhere_is_refused(bounds):
    with pytest.raises(ValueError, match="sweep"):
        Sweep("send", *bounds)


# --- benches -------------------------------------------------------------------------------------------------------

FACTS = {
    "action": {"id": 7, "capability": "email.send", "undo": False},
    "record": {"fit": 0.8, "vip": False},
    "proposal": {"to": "a@b.example"},
    "amounts": {"value": 10},
    "confidence": 0.8,
    "data": ["usage"],
    "assets": [],
    "now": NOON,
}


def bench(floor=0.85, ownership="automated", rails=(), rate=0.0, confidence="record.fit", data=("usage",)):
    terms = Terms(ownership, "Welcome v2 · Send", "welcome", True, min_confidence=floor, sample_rate=rate)
    conditions = [Condition(when, Outcome(effect), "because", "Welcome v2") for when, effect in rails]
    rules = Rules("email.send", "approved", "Rulebook 1", conditions, uses=[DataUse(data="*", use="allowed")])
    return Bench(terms, rules, "email.send", confidence, data)


THEN = Then("record.fit", ("usage",))


def test_an_action_below_the_floor_says_from_which_floor_on_it_would_act():
    pair = Pair(bench(ownership="needs_approval"), bench(0.85), THEN, swept=True)
    assert pair.verdicts(FACTS) == (Outcome.REVIEW, Outcome.REVIEW, 0.8)


def test_what_another_rule_holds_would_act_at_no_floor():
    pair = Pair(bench(), bench(0.5, rails=[("amounts.value > 5", "review")]), THEN, swept=True)
    assert pair.verdicts(FACTS) == (Outcome.REVIEW, Outcome.REVIEW, None)


def test_what_the_draft_says_of_confidence_is_worked_out_from_the_facts_kept():
    pair = Pair(bench(0.5), bench(0.5, confidence="record.fit / 2.0"), THEN, swept=True)
    assert pair.verdicts(FACTS) == (Outcome.ACT, Outcome.REVIEW, 0.4)


def test_a_confidence_that_the_capability_gave_stays():
    given_by_capability = {**FACTS, "confidence": 0.99}
    assert facts_for(bench(confidence="record.fit / 2.0"), given_by_capability, THEN) is given_by_capability


def test_data_the_draft_declares_otherwise_is_seen_by_its_rules():
    changed = bench(0.5, data=("usage", "health"), rails=[("'health' in data", "human")])
    assert Pair(bench(0.5), changed, THEN).verdicts(FACTS)[:2] == (Outcome.ACT, Outcome.HUMAN)


@given(st.floats(0, 1), st.floats(0, 1), st.booleans(), st.just(0.0) | st.floats(0, 1), st.integers(1, 10_000))
def test_a_swept_action_acts_at_exactly_the_floors_up_to_how_sure_it_is(fit, floor, vip, rate, action):
    facts = {**FACTS, "confidence": fit, "record": {"fit": fit, "vip": vip}, "action": {"id": action}}
    rails = [("record.vip", "review")]
    *_, sure = Pair(None, bench(0.5, rails=rails, rate=rate), THEN, swept=True).verdicts(facts)
    acts = bench(floor, rails=rails, rate=rate).judge(facts).outcome is Outcome.ACT
    assert acts == (sure is not None and sure >= floor)


RAILS = st.lists(
    st.sampled_from(
        [
            ("record.vip", "human"),
            ("record.fit < 0.5", "review"),
            ("record.gone > 1", "refuse"),
            ("amounts.value > 5", "review"),
        ]
    ),
    max_size=3,
)


@given(RAILS, RAILS, st.booleans(), st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=5))
def test_a_pair_says_of_each_action_what_its_benches_say_by_themselves(rails, others, alike, records):
    before, after = bench(0.8, rails=rails), bench(0.4, rails=rails if alike else others)
    pair = Pair(before, after, THEN)
    for fit, vip in records:
        facts = {**FACTS, "confidence": fit, "record": {"fit": fit, "vip": vip}}
        assert pair.verdicts(facts)[:2] == (before.judge(facts).outcome, after.judge(facts).outcome)


def test_a_bench_judges_the_same_in_another_process():
    made = bench(0.5, rails=[("amounts.value > 5", "review")])
    travelled = pickle.loads(pickle.dumps(made))
    assert travelled.judge(FACTS) == made.judge(FACTS)
    assert travelled.fingerprint == made.fingerprint


def test_a_fingerprint_changes_with_what_decides_and_not_with_what_it_is_called():
    one = bench()
    renamed = Bench(
        Terms("automated", "Welcome v3 · Send", "welcome", True, min_confidence=0.85),
        one.rules,
        "email.send",
        "record.fit",
        ("usage",),
    )
    assert renamed.fingerprint == one.fingerprint
    others = [bench(0.8), bench(rate=0.1), bench(rails=[("true", "review")]), bench(confidence=""), bench(data=())]
    assert len({one.fingerprint, *(each.fingerprint for each in others)}) == 6


@pytest.mark.parametrize("text", ["record.nothing", "'sure'", "record.fit + 1.0", "true"])
def test_what_is_no_number_between_0_and_1_is_no_confidence(text):
    assert sureness(text, FACTS) is None
