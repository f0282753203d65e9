"""A workflow file that cannot work gets a sentence with line, key and what would be right, and loads nothing."""

import pytest

from workflows.definitions import Workflow
from workflows.files import FileProblems, read, write
from workflows.publishing import load, part_of

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
    ],
)
def test_what_is_wrong_is_named_with_its_place(world, right, wrong, line, key, sentence):
    with pytest.raises(FileProblems) as caught:
        load(GOOD.replace(right, wrong, 1), world.ada, world.now, publish_too=True)
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
    ((version, _),) = load(GOOD, world.ada, world.now, publish_too=True)
    text = write([part_of(version)])
    ((again, changes),) = load(text, world.ada, world.now, publish_too=True)
    assert (again.pk, changes) == (version.pk, [])
    assert read(text)[0].part == part_of(version)


def test_words_that_older_yaml_takes_for_booleans_stay_words(world):
    ((version, _),) = load(GOOD.replace("Who is in?", "no"), world.ada, world.now)
    assert version.steps.get(key="choose").question == "no"
