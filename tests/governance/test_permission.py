"""Whatever leaders write: more rules never permit more, an error never permits, and what “tightens” says is true."""

import json
import subprocess
import sys
from datetime import date
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from governance.change import Direction
from governance.envelope.whole import Envelope
from governance.judging import Outcome
from governance.publishing import changes as workflow_changes
from governance.publishing import overall
from governance.rulechanges import changes as rulebook_changes
from tests.governance.permitting import WORKFLOW, judging, verdict_on
from workflows.files import WorkflowPart

KEYS = ("owner", "legal", "director")
CAPABILITIES = ("email.send", "records.update")
CONDITIONS = ("amounts.recipients > 500", "record.country != 'GB'", "confidence < 0.6", "record.vip", "true", "false")
EFFECTS = st.sampled_from(("review", "human", "refuse"))
NUMBERS = st.sampled_from((0, 1, 9, 10, 10.01, 100, 499, 500, 501, 1000, 4999.5, 5000))

facts = st.fixed_dictionaries(
    {
        "record": st.fixed_dictionaries({}, optional={"country": st.sampled_from(("GB", "FR")), "vip": st.booleans()}),
        "action": st.fixed_dictionaries({"id": st.integers(1, 50)}),
        "confidence": st.sampled_from((None, 0.0, 0.59, 0.6, 0.85, 1.0, "high")),
        "data": st.just(["usage"]),
        "fields": st.lists(st.sampled_from(("client.arr", "client.opens")), unique=True),
        "assets": st.lists(
            st.sampled_from(
                [
                    {"kind": "claim", "key": key, "title": key, "standing": standing, "until": None, "text": "No 1"}
                    for key in ("first", "fast")
                    for standing in ("approved", "approved", "expired")
                ]
            ),
            max_size=2,
        ),
        "amounts": st.fixed_dictionaries({"recipients": NUMBERS}, optional={"spend": NUMBERS}),
        "proposal": st.sampled_from(({"body": "Hello"}, {"body": "We are No 1"}, {"body": "20 % faster"})),
        "now": st.sampled_from(("2026-03-02T12:00:00+00:00", "2026-06-30T23:59:00+00:00")),
    }
)

stances = st.builds(
    lambda capability, workflow, stance, day: {
        "capability": capability,
        "workflow": workflow,
        "stance": stance,
        "review_by": day if stance == "approved" else None,
    },
    st.sampled_from(CAPABILITIES),
    st.sampled_from(("", "mails", "others")),
    st.sampled_from(("approved", "approved", "out_of_scope")),
    st.sampled_from((None, "2026-03-02", "2026-05-01")),
)
tracks = st.fixed_dictionaries(
    {"key": st.sampled_from(KEYS), "team": st.sampled_from(("growth", "legal")), "need": st.integers(1, 2)},
    optional={"when": st.sampled_from(CONDITIONS)},
)
rules = st.fixed_dictionaries({"when": st.sampled_from(CONDITIONS), "effect": EFFECTS, "reason": st.just("Because")})
rails = st.builds(
    lambda rule, capability, workflow: {**rule, "capability": capability, "workflow": workflow},
    rules,
    st.sampled_from(("", *CAPABILITIES)),
    st.sampled_from(("", "mails", "others")),
)
uses = st.fixed_dictionaries(
    {
        "data": st.sampled_from(("*", "usage", "financial")),
        "purpose": st.sampled_from(("", "marketing", "service")),
        "use": st.sampled_from(("allowed", "allowed", "review", "forbidden")),
    }
)
classes = st.fixed_dictionaries(
    {
        "name": st.sampled_from(("usage", "financial")),
        "fields": st.lists(st.sampled_from(("client.arr", "client.opens")), unique=True),
    }
)
phrases = st.fixed_dictionaries(
    {"words": st.sampled_from(("No 1", r"/\d+ % faster/")), "claim": st.sampled_from(("", "first", "fast"))}
)


def once(rows, *names):
    """Lists of these rows in which no two have the same of these names."""
    return st.lists(rows, max_size=4, unique_by=lambda row: tuple(row.get(name) for name in names))


def permissive(envelope, permits):
    """Mostly let the envelope approve what is done, and its data, so that something acts at all."""
    if not permits:
        return envelope
    base = {"capability": "email.send", "workflow": "", "stance": "approved", "review_by": None}
    rest = [row for row in envelope["stances"] if (row["capability"], row["stance"]) != ("email.send", "out_of_scope")]
    named = any((row["capability"], row["workflow"]) == ("email.send", "") for row in rest)
    wide = [use for use in envelope["data_uses"] if (use["data"], use["purpose"]) != ("*", "")]
    uses = [*wide, {"data": "*", "purpose": "", "use": "allowed"}]
    return {**envelope, "stances": rest if named else [*rest, base], "data_uses": uses}


envelopes = st.fixed_dictionaries(
    {
        "stances": once(stances, "capability", "workflow"),
        "tracks": once(tracks, "key"),
        "guardrails": once(rails, "when", "capability", "workflow"),
        "data_classes": once(classes, "name"),
        "data_uses": once(uses, "data", "purpose"),
        "phrases": once(phrases, "words"),
    }
)
envelopes = st.builds(permissive, envelopes, st.sampled_from((True, True, False)))

BANDS = (
    None,
    {"measure": "amounts.recipients", "bands": [{"range": "<= 500"}, {"range": "else", "tracks": ["owner"]}]},
    {"measure": "amounts.recipients", "bands": [{"range": "<= 100"}, {"range": "else", "tracks": ["owner"]}]},
    {
        "measure": "amounts.recipients",
        "bands": [{"range": "< 500", "tracks": ["owner"]}, {"range": "else", "tracks": ["owner", "legal"]}],
        "one_up": ["amounts.spend > 500"],
    },
    {
        "measure": "amounts.recipients",
        "bands": [{"range": "< 500", "tracks": ["owner"]}, {"range": "else", "tracks": ["director"]}],
    },
)
steps = st.fixed_dictionaries(
    {
        "ownership": st.sampled_from((*["automated"] * 6, "needs_approval", "human_owned")),
        "min_confidence": st.sampled_from((None, 0.0, 0.6, 0.85)),
        "sample_rate": st.sampled_from((0.0, 0.0, 0.5)),
        "guardrails": once(rules, "when", "effect"),
        "limits": st.lists(
            st.fixed_dictionaries(
                {
                    "measure": st.just("amounts.recipients"),
                    "at_most": NUMBERS,
                    "effect": st.sampled_from(("review", "refuse")),
                }
            ),
            max_size=2,
        ),
        "bands": st.sampled_from(BANDS),
        "tracks": once(tracks, "key"),
        "review_by": st.sampled_from((None, "2026-03-02", "2026-05-01")),
    }
)
workflows = st.builds(
    lambda step, allowed, recommends, category: {
        **WORKFLOW,
        "automation_allowed": allowed,
        "recommend_only": recommends,
        "category": category,
        "steps": [{**WORKFLOW["steps"][0], **step}],
    },
    steps,
    st.sampled_from((True, True, True, False)),
    st.sampled_from((*[False] * 6, True)),
    st.sampled_from(("", "marketing", "service")),
)

ANY_DATA = [{"data": "*", "use": "allowed"}]
APPROVED = {"stances": [{"capability": "email.send", "stance": "approved"}], "data_uses": ANY_DATA}
FREE = {**WORKFLOW, "automation_allowed": True}
CALM = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None)

LONG = settings(CALM, max_examples=600)


def part_of(envelope, name, rows):
    return {**envelope, name: [*envelope[name], *rows]}


@CALM
@given(facts, envelopes, workflows, rails)
def test_one_guardrail_more_never_permits_more(seen, envelope, workflow, rail):
    places = [(row["when"], row["capability"], row["workflow"]) for row in envelope["guardrails"]]
    assume((rail["when"], rail["capability"], rail["workflow"]) not in places)
    more = part_of(envelope, "guardrails", [rail])
    assert (
        verdict_on(seen, more, workflow).outcome.strictness >= verdict_on(seen, envelope, workflow).outcome.strictness
    )


@CALM
@given(facts, workflows, rules, st.sampled_from(("guardrails", "limits")))
def test_one_rule_of_the_step_more_never_permits_more(seen, workflow, rule, name):
    limit = {"measure": "amounts.spend", "at_most": 10, "effect": rule["effect"]}
    step = workflow["steps"][0]
    more = {**workflow, "steps": [{**step, name: [*step[name], rule if name == "guardrails" else limit]}]}
    assert (
        verdict_on(seen, APPROVED, more).outcome.strictness >= verdict_on(seen, APPROVED, workflow).outcome.strictness
    )


@CALM
@given(
    facts,
    EFFECTS,
    st.sampled_from(("record.none > 1", "record.none.deeper == 2", "amounts.none < 3", "confidence.x > 1")),
)
def test_a_rule_that_cannot_be_checked_never_permits(seen, effect, when):
    rail = {"when": when, "effect": effect, "reason": "It cannot be told"}
    verdict = verdict_on(seen, {**APPROVED, "guardrails": [rail]}, FREE)
    assert verdict.outcome.strictness >= Outcome(effect).strictness
    assert "could not be checked" in " ".join(reason.words for reason in verdict.reasons)


@LONG
@given(st.lists(facts, min_size=4, max_size=5), envelopes, envelopes, st.data())
def test_what_tightens_in_a_rulebook_lets_nothing_act_that_did_not(many, first, second, data):
    names = data.draw(st.sets(st.sampled_from(sorted(first)), min_size=1, max_size=2))
    old, new = ({**APPROVED, **{name: book[name] for name in names}} for book in (first, second))
    _holds(many, old, new, FREE, FREE, rulebook_changes(Envelope.of(old), Envelope.of(new), {}))


@LONG
@given(st.lists(facts, min_size=4, max_size=5), workflows, workflows, st.data())
def test_what_tightens_in_a_workflow_lets_nothing_act_that_did_not(many, first, second, data):
    names = data.draw(st.sets(st.sampled_from(sorted(second["steps"][0])), min_size=1, max_size=2))
    own = data.draw(st.sets(st.sampled_from(("automation_allowed", "recommend_only", "category")), max_size=1))
    old, new = (
        {
            **FREE,
            **{name: flow[name] for name in own},
            "steps": [{**FREE["steps"][0], **{name: flow["steps"][0][name] for name in names}}],
        }
        for flow in (first, second)
    )
    before, after = (WorkflowPart.model_validate(each) for each in (old, new))
    _holds(many, APPROVED, APPROVED, old, new, workflow_changes(before.model_dump(), after.model_dump()))


def _holds(many, old, new, before, after, changed):
    """Where nothing loosens, nothing acts that did not, and what was left to nobody stays so."""
    if overall(changed) == Direction.LOOSENS:
        event("loosens")
        return
    event("tightens" if changed else "the same")
    said, says = judging(old, before), judging(new, after)
    for seen in [*many, *_crossed(many)]:
        was, now = said(seen), says(seen)
        event(f"was {was.outcome}, is {now.outcome}")
        assert now.outcome.strictness >= was.outcome.strictness, (seen, changed)


def _crossed(many):
    """Facts with the numbers of one and the words of another: as good as drawn, and 12 to 20 of them cost nothing."""
    numbers = ("amounts", "confidence", "record", "action")
    return [{**one, **{name: other[name] for name in numbers}} for one, other in permutations(many, 2)]


def test_another_process_says_the_same_bit_for_bit(tmp_path):
    cases = []

    @settings(max_examples=150, database=None, suppress_health_check=list(HealthCheck))
    @given(facts, envelopes, workflows)
    def collect(seen, envelope, workflow):
        verdict = verdict_on(seen, envelope, workflow)
        said = [verdict.outcome.value, *[reason.as_json() for reason in verdict.reasons]]
        needs = [need.as_json() for need in verdict.needs]
        cases.append({"given": [seen, envelope, workflow], "said": [said, needs]})

    collect()
    file = tmp_path / "cases.json"
    file.write_text(json.dumps([case["given"] for case in cases]))
    other = subprocess.run(
        [sys.executable, "-m", "tests.governance.permitting", str(file)],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env={"DJANGO_SETTINGS_MODULE": "tests.settings", "PATH": "/usr/bin:/bin", "PYTHONHASHSEED": "77"},
    )
    assert len(cases) >= 100
    assert other.stdout == json.dumps([case["said"] for case in cases])


@pytest.mark.parametrize(
    ("day", "outcome"),
    [("2026-03-03", "act"), ("2026-03-02", "review"), ("2026-03-01", "review")],
)
@pytest.mark.parametrize("where", ["step", "stance"])
def test_on_its_last_day_a_delegation_falls_back_to_a_person(day, outcome, where):
    seen = {"action": {"id": 1}, "now": "2026-03-02T00:00:00+00:00"}
    workflow, envelope = FREE, APPROVED
    if where == "step":
        workflow = {**FREE, "steps": [{**FREE["steps"][0], "review_by": date.fromisoformat(day)}]}
    else:
        envelope = {**APPROVED, "stances": [{"capability": "email.send", "stance": "approved", "review_by": day}]}
    assert verdict_on(seen, envelope, workflow).outcome == outcome
