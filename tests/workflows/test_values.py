"""Values that a step works out for those behind it: read by their conditions, bounded by rules, edited by reviewers."""

import pytest

from approvals.reviews import Review
from workflows.yamltext import FileProblems

GRADE = """
workflow: grade
title: Grade
owner: growth
automation_allowed: true
input: {type: object, required: [contact], properties: {contact: {type: string}}}
steps:
  - key: score
    capability: data.set
    params:
      record: {kind: contact, key: "=input.contact"}
      values: {points: "=record.visits * 10 + record.opens", grade: "=record.visits > 4 ? 'hot' : 'cold'", source: site}
    ownership: automated
    guardrails: [{when: amounts.points > 90, effect: review, reason: More points than a person collects}]
  - key: call
    after: [score]
    when: steps.score.grade == 'hot'
    capability: data.set
    params: {values: {desk: "=steps.score.points > 60 ? 'senior' : 'first'"}}
    ownership: automated
"""


@pytest.fixture
def grade(world):
    world.record("contact", "priya", name="Priya Raman", visits=6, opens=3)
    world.record("contact", "tom", name="Tom Vance", visits=1, opens=2)
    world.record("contact", "bot", name="A robot", visits=40, opens=9)
    world.load(GRADE)
    return world


def test_what_one_step_works_out_the_next_one_reads(grade):
    run = grade.run("grade", contact="priya")
    assert grade.action(run, "score").output == {"points": 63, "grade": "hot", "source": "site"}
    assert grade.action(run, "call").output == {"desk": "senior"}
    assert grade.verbs(run) == [
        "run.started", "action.ready", "action.done", "action.ready", "action.done", "run.ended",
    ]  # fmt: skip


def test_tom_is_cold_so_nobody_calls_him(grade):
    run = grade.run("grade", contact="tom")
    assert grade.action(run, "call").status == "skipped"
    assert run.status == "ended"


def test_a_number_beyond_its_bound_asks_ben_and_he_corrects_it(grade):
    run = grade.run("grade", contact="bot")
    review = Review.objects.get()
    assert review.headline == "Go on with grade hot and 2 more?"
    changes = {"points": 50, "grade": "hot", "source": "site"}
    review.decide(grade.ben, "edit", grade.now, digest=review.action.digest, payload={"values": changes})
    grade.work()
    assert grade.action(run, "call").output == {"desk": "first"}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ("{status: fine}", "“status” is taken"),
        ("{my-desk: first}", "“my-desk” is not a name"),
    ],
)
def test_names_that_no_expression_could_read_are_refused(grade, values, sentence):
    file = GRADE.replace("""{desk: "=steps.score.points > 60 ? 'senior' : 'first'"}""", values)
    with pytest.raises(FileProblems, match=sentence):
        grade.load(file)
