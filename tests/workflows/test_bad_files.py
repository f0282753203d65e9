"""A workflow file that cannot work gets a sentence with line, key and what would be right, and loads nothing."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.definitions import Workflow
from workflows.files import FileProblems, read, write
from workflows.publishing import load, part_of
from workflows.ratifying import load_in_force

GOOD = """\
workflow: calls
title: Calls
owner: growth
automation_allowed: true
input: {type: object, required: [client], properties: {client: {type: string}}}
steps:
  - key: choose
    question: Who is in?
    capability: offers.choose
    params: {record: {kind: client, key: "=input.client"}, offers: [term-deposit]}
    ownership: automated
    min_confidence: 0.2
    guardrails:
      - {when: "record.campaign > 6", effect: review, reason: Contacted too often}
    reviewers: growth
    escalation: growth-default
    due_in: 4h
  - key: launch
    after: [choose]
    when: "steps.choose.offer != ''"
    capability: email.send
    params: {template: intro, to: "=record.email", record: {kind: client, key: "=input.client"}}
    ownership: needs_approval
"""


@pytest.mark.parametrize(
    ("right", "wrong", "line", "key", "sentence"),
    [
        ("title: Calls", "title: [Calls", 3, "", "this is not YAML"),
        ("owner: growth", "owner: grwth", 3, "owner", "there is no team “grwth”; there are customer-success"),
        ("owner: growth\n", "owner: growth\nowner: sales\n", 4, "owner", "stands here twice"),
        ("title: Calls\n", "", 1, "title", "this key is missing"),
        ("question:", "qestion:", 8, "steps.1.qestion", "not a key of the format"),
        ("offers.choose", "offers.chose", 9, "steps.1.capability", "no capability “offers.chose”; there are"),
        ("offers: [term-deposit]", "offer: [x]", 10, "steps.1.params", "offers.choose needs “offers”"),
        ("offers: [term-deposit]", "offers: 3", 10, "steps.1.params.offers", "valid list"),
        ("ownership: automated", "ownership: robot", 11, "steps.1.ownership", "'automated'"),
        ("min_confidence: 0.2", "min_confidence: 20", 12, "steps.1.min_confidence", "less than or equal to 1"),
        ("record.campaign > 6", "record.campaign >", 14, "steps.1.guardrails.1.when", "column 18: syntax error"),
        ("record.campaign > 6", "recrd.campaign > 6", 14, "steps.1.guardrails.1.when", "is not a name rules know here"),
        ("escalation: growth-default", "escalation: up", 16, "steps.1.escalation", "no escalation path “up”"),
        ("due_in: 4h", "due_in: soon", 17, "steps.1.due_in", "“soon” is not a duration"),
        (
            "after: [choose]",
            "after: [chose]",
            19,
            "steps.2.after",
            "there is no step “chose”; there are choose, launch",
        ),
        ("question: Who is in?", "after: [launch]", 8, "steps.1.after", "choose → launch → choose wait for each other"),
        ("steps.choose.offer", "steps.launch.offer", 20, "steps.2.when", "“launch” does not come before this step"),
        ("=record.email", "=record.", 22, "steps.2.params.to", "syntax error"),
        ("key: launch", "key: choose", 18, "steps.2.key", "there already is a step “choose”"),
        ("title: Calls", 'title: "Calls\\nand more"', 2, "title", "must stand on one line"),
        ("Who is in?", '"Who\\nis in?"', 8, "steps.1.question", "must stand on one line"),
        ("Contacted too often", '"Too\\noften"', 14, "steps.1.guardrails.1.reason", "must stand on one line"),
        ("due_in: 4h", "due_in: 99999999999d", 17, "steps.1.due_in", "longer than ten years"),
        ("{client: {type: string}}", "[client]", 5, "input", "properties must be a mapping"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(world, right, wrong, line, key, sentence):
    with pytest.raises(FileProblems) as caught:
        load_in_force(GOOD.replace(right, wrong, 1), world.ada, world.now, world.lea)
    problem = caught.value.problems[0]
    assert (problem.line, problem.key) == (line, key)
    assert sentence in problem.sentence
    assert not Workflow.objects.exists()


def test_of_two_workflows_in_a_file_none_is_loaded_when_one_is_wrong(world):
    with pytest.raises(FileProblems):
        load(
            GOOD + "---\n" + GOOD.replace("workflow: calls", "workflow: more").replace("growth", "nobody"),
            world.ada,
            world.now,
        )
    assert not Workflow.objects.exists()


def test_only_a_leader_of_the_team_loads_its_workflows(world):
    with pytest.raises(FileProblems, match="Ben Hartley does not lead Growth"):
        load(GOOD, world.ben, world.now)


def test_what_was_exported_loads_as_the_same(world):
    ((version, _),) = load_in_force(GOOD, world.ada, world.now, world.lea)
    text = write([part_of(version)])
    ((again, changes),) = load_in_force(text, world.ada, world.now, world.lea)
    assert (again.pk, changes) == (version.pk, [])
    assert read(text)[0].part == part_of(version)


def test_words_that_older_yaml_takes_for_booleans_stay_words(world):
    ((version, _),) = load(GOOD.replace("Who is in?", "no"), world.ada, world.now)
    assert version.steps.get(key="choose").question == "no"


PARAMS = "steps.1.params.offers"


@pytest.mark.parametrize(
    ("value", "key", "sentence"),
    [
        ("2026-11-11", PARAMS, "a date must be text; quote it: '2026-11-11'"),
        ("2026-13-45", PARAMS, "a date must be text; quote it: '2026-13-45'"),
        (".nan", PARAMS, "“.nan” is not a number that can be kept"),
        ("-.inf", PARAMS, "“-.inf” is not a number that can be kept"),
        ("1e999", PARAMS, "“1e999” is not a number that can be kept"),
        ("9" * 6000, PARAMS, "a number has at most 100 digits"),
        ("{1: c}", PARAMS, "a key must be text; quote it: '1'"),
        ("{true: c}", PARAMS, "a key must be text; quote it: 'true'"),
        ("{[1]: c}", PARAMS, "a key must be text, not a list"),
        ("{<<: 5}", PARAMS, "a key must be text; quote it: '<<'"),
        ('"\\0"', PARAMS, "the character #x0000 is not allowed"),
        ('"\\ud83d"', PARAMS, "the character #xd83d is not allowed"),
        ("!foo x", "", "tags (!foo) are not allowed"),
        ("!!python/name:os.system x", "", "tags (!!python/name:os.system) are not allowed"),
        ("!!timestamp x", "", "tags (!!timestamp) are not allowed"),
        ("!!int x", "", "tags (!!int) are not allowed"),
        ("*them", "", "aliases (*them) are not allowed"),
        ("[" * 100_000, "", "nested too deep"),
        ("{" * 900, "", "nested too deep"),
    ],
)
def test_a_value_that_is_more_than_plain_json_is_refused_at_its_place(value, key, sentence):
    with pytest.raises(FileProblems) as caught:
        read(GOOD.replace("[term-deposit]", value))
    problem = caught.value.problems[0]
    assert (problem.line, problem.key) == (10, key)
    assert sentence in problem.sentence


def test_a_key_no_page_can_show_is_named_by_its_escape():
    with pytest.raises(FileProblems) as caught:
        read(GOOD.replace("owner: growth", '"\\ud83d": {a: 1, a: 2}'))
    caught.value.problems[0].at("file").encode()


def test_aliases_that_would_fill_the_memory_are_refused_at_once():
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 40))
    begun = time.monotonic()
    with pytest.raises(FileProblems, match="aliases"):
        read("l0: &l0 [x]\n" + levels)
    assert time.monotonic() - begun < 1


def test_a_text_that_is_too_long_is_refused_unread():
    with pytest.raises(FileProblems, match="longer than 300,000 characters"):
        read(GOOD + "#" * 1_000_000)


def test_a_workflow_has_at_most_200_steps():
    many = "".join(f"  - {{key: s{n}, ownership: human_owned}}\n" for n in range(201))
    with pytest.raises(FileProblems, match=r"steps: at most 200 can stand here, not 201"):
        read(f"workflow: calls\ntitle: Calls\nowner: growth\nsteps:\n{many}")


WORDS = [
    "workflow: a\n",
    "title: t\n",
    "owner: b\n",
    "steps:\n",
    "  - key: k\n",
    "    params: ",
    "ownership: automated\n",
]
MARKS = [
    *"[]{}:,-?&*!|>%@`'\"#=<~.\\ \n\t\0x019eE_",
    "---",
    "...",
    "<<",
    "!!",
    "0x",
    "\ud83d",
    "\\ud83d",
    "é",
    "2026-11-11",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(WORDS + MARKS), max_size=60).map(lambda parts: "".join(parts)[:200]))
def test_whatever_the_text_it_is_read_or_refused_with_sentences(text):
    try:
        found = [document.part.title for document in read(text)]
    except FileProblems as refused:
        found = [problem.at("file") for problem in refused.problems]
    assert found
    "".join(found).encode()
