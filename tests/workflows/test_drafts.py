"""A leader changes the terms of a step in a draft, looks at the difference, and publishes it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.reviews import Review
from governance.durations import short
from governance.ledger import Entry
from workflows import files, publishing, ratifying, revisions
from workflows.actions import Action
from workflows.definitions import Version, Workflow
from workflows.publishing import NotPublishable

CALLS = """
workflow: calls
title: Calls
owner: growth
automation_allowed: true
input: {type: object, required: [contact], properties: {contact: {type: string}}}
steps:
  - key: note
    title: Write a note
    question: Is this worth a note?
    capability: records.update
    params: {record: {kind: contact, key: "=input.contact"}, changes: {noted: true}}
    ownership: automated
    confidence: record.score
    min_confidence: 0.6
    guardrails: [{when: record.vip == true, effect: review, reason: A very important person}]
  - key: call
    after: [note]
    ownership: human_owned
    reviewers: customer-success
"""


@pytest.fixture
def calls(world):
    world.now = timezone.now().replace(microsecond=0) - timedelta(hours=2)
    world.record("contact", "priya", name="Priya Raman", score=0.9, vip=False)
    world.load(CALLS)
    return world


def workflow():
    return Workflow.objects.get()


def terms(**changed):
    step = (workflow().draft or workflow().version_in_force).steps_by_key["note"]
    plain = {
        "ownership": step.ownership, "assist": step.assist, "min_confidence": step.min_confidence,
        "sample_rate": step.sample_rate, "due_in": short(step.due_in), "reviewers": step.reviewers_id,
        "escalation": step.escalation_id or "", "on_reject": step.on_reject, "new_effect": "review",
    }  # fmt: skip
    return {**plain, **changed}


def keep(client, **changed):
    return client.post("/workflows/calls/steps/note/", terms(**changed))


def publish(client):
    seen = client.get("/workflows/calls/draft/").context["seen"]
    return client.post("/workflows/calls/draft/publish/", {"seen": seen})


def test_ada_makes_a_step_human_owned_and_the_next_run_asks_a_person(calls, sign_in):
    ada = sign_in("ada")
    assert keep(ada, ownership="human_owned")["Location"] == "/workflows/calls/"
    assert calls.action(calls.run("calls", contact="priya"), "note").status == "done"
    shown = ada.get("/workflows/calls/draft/").content.decode()
    assert "<del>automated</del>" in shown and "<b>human-owned</b>" in shown
    publish(ada)
    assert calls.action(calls.run("calls", contact="priya"), "note").status == "with_person"
    verbs = list(Entry.objects.filter(verb__startswith="version.").values_list("verb", flat=True))
    assert verbs == [
        *("version.drafted", "version.ratified", "version.in_force"),
        *("version.drafted", "version.revised", "version.in_force"),
    ]


def test_a_run_under_way_keeps_its_version_but_not_what_is_no_longer_allowed(calls, sign_in):
    run = calls.start("calls", contact="priya")
    ada = sign_in("ada")
    keep(ada, ownership="human_owned")
    publish(ada)
    calls.work()
    assert run.version.number == 1
    assert calls.action(run, "note").status == "with_person"


def test_nothing_is_in_force_by_keeping_and_the_line_shows_what_the_draft_would_change(calls, sign_in):
    keep(sign_in("ada"), ownership="needs_approval", min_confidence="0.7", due_in="4h")
    assert workflow().version_in_force.steps_by_key["note"].ownership == "automated"
    row = sign_in("ben").get("/workflows/calls/").context["line"].rows[0]
    assert (row.new_ownership, row.new_floor, row.other_changes) == ("needs_approval", "0.70", 1)


@pytest.mark.parametrize(
    ("changed", "value"),
    [
        ({"min_confidence": ""}, {"min_confidence": None}),
        ({"min_confidence": "0.85"}, {"min_confidence": 0.85}),
        ({"sample_rate": "0.05"}, {"sample_rate": 0.05}),
        ({"due_in": "1d 12h"}, {"due_in": 36 * 3600}),
        ({"assist": "recommendation"}, {"assist": "recommendation"}),
        ({"on_reject": "redo"}, {"on_reject": "redo"}),
        ({"remove": ["record.vip == true"]}, {"guardrails": []}),
    ],
)
def test_every_term_can_be_changed(calls, sign_in, changed, value):
    keep(sign_in("ada"), **changed)
    step = workflow().draft.steps_by_key["note"]
    assert {name: getattr(step, name) for name in value} == value


def test_reviewers_and_the_path_are_chosen_by_name(calls, sign_in):
    shown = sign_in("ada").get("/workflows/calls/steps/note/").content.decode()
    assert "Customer success" in shown and "Growth, then Ada" in shown
    legal, path = calls.dora.teams.get(), publishing.EscalationPath.objects.get()
    keep(sign_in("ada"), reviewers=legal.pk, escalation=path.pk)
    changes = publishing.differences(workflow().draft)
    assert [str(change) for change in changes] == [
        "Write a note: Reviewers: Growth → Legal",
        "Write a note: If nobody answers: nobody → Growth, then Ada",
    ]


def test_a_condition_is_added_with_its_effect_and_its_reason(calls, sign_in):
    added = {"new_when": "record.score < 0.7", "new_effect": "refuse", "new_reason": "Far too unsure"}
    keep(sign_in("ada"), **added)
    rails = workflow().draft.steps_by_key["note"].guardrails
    assert rails[-1] == {"when": "record.score < 0.7", "effect": "refuse", "reason": "Far too unsure"}
    assert len(rails) == 2


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"new_when": "record.score <", "new_reason": "Unsure"}, "column 15"),
        ({"new_when": "score < 0.7", "new_reason": "Unsure"}, "“score” is not a name"),
        ({"new_when": "1 + 1", "new_reason": "Unsure"}, "a condition must be true or false"),
        ({"new_when": "steps.call.done == true", "new_reason": "Unsure"}, "does not come before this step"),
        ({"new_when": "record.vip == true", "new_reason": "Again"}, "This condition is there already."),
        ({"new_when": "true"}, "Say in words why"),
        ({"new_reason": "Unsure"}, "Write the condition"),
        ({"min_confidence": "1.2"}, "less than or equal to 1"),
        ({"min_confidence": "nan"}, "Enter a number."),
        ({"due_in": "soon"}, "“soon” is not a duration"),
        ({"due_in": "0h"}, "longer than nothing"),
        ({"ownership": "nobody"}, "Select a valid choice"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field_and_nothing_is_kept(calls, sign_in, changed, words):
    response = keep(sign_in("ada"), **changed)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert workflow().draft is None


def test_software_cannot_be_given_a_step_that_names_no_capability(calls, sign_in):
    step = workflow().version_in_force.steps_by_key["call"]
    given = {**terms(), "ownership": "automated", "min_confidence": "", "reviewers": step.reviewers_id, "due_in": "1d"}
    response = sign_in("ada").post("/workflows/calls/steps/call/", given)
    assert response.status_code == 422
    assert "has no capability" in response.content.decode()


def test_keeping_what_is_there_already_begins_no_draft(calls, sign_in):
    keep(sign_in("ada"))
    assert workflow().draft is None


def test_the_foot_says_what_an_edit_comes_to_before_it_is_kept(calls, sign_in):
    ada = sign_in("ada")
    for changed, word in (
        ({"min_confidence": "0.5"}, "Loosens"),
        ({"min_confidence": "0.7"}, "Tightens"),
        ({"due_in": "2d"}, "Neutral"),
        ({}, "As in force"),
        ({"due_in": "soon"}, "To mend"),
    ):
        assert word in ada.post("/workflows/calls/steps/note/effect/", terms(**changed)).content.decode()
    assert workflow().draft is None


def test_the_floor_is_shown_with_what_it_would_have_released(calls, sign_in):
    ada = sign_in("ada")
    assert "Too few to say: 0 decisions so far." in ada.get("/workflows/calls/steps/note/").content.decode()
    for number in range(40):
        calls.record("contact", f"c{number}", name="Somebody", score=(60 + number) / 100, vip=False)
        calls.start("calls", contact=f"c{number}")
    calls.work()
    shown = ada.post("/workflows/calls/steps/note/effect/", terms(min_confidence="0.9")).content.decode()
    assert "Would release 10 of 40 past actions" in shown
    assert "to a person 30" in shown


def test_those_a_floor_would_have_released_and_people_had_rejected_are_one_link_away(calls, sign_in):
    for number in range(40):
        score, vip = (60 + number) / 100, number % 10 == 5
        calls.record("contact", f"c{number}", name="Somebody", score=score, vip=vip)
        calls.start("calls", contact=f"c{number}")
    calls.work()
    for review in Review.objects.filter(kind="approval"):
        review.decide(calls.ben, "reject", calls.now, note="No")
    ada = sign_in("ada")
    shown = ada.post("/workflows/calls/steps/note/effect/", terms(min_confidence="0.8")).content.decode()
    assert "Would release 20 of 40 past actions" in shown
    link = "/workflows/calls/steps/note/released/?floor=0.8"
    assert f'<a href="{link}">See the 2</a>' in shown
    page = ada.get(link).content.decode()
    rejected = Action.objects.filter(status="rejected").order_by("confidence")
    assert [action.confidence for action in rejected] == [0.65, 0.75, 0.85, 0.95]
    links = [f'href="/runs/{action.run_id}/"' in page for action in rejected]
    assert (links, "2 of 20" in page) == ([False, False, True, True], True)
    assert sign_in("eve").get(link).status_code == 404
    assert ada.get("/workflows/calls/steps/note/released/?floor=much").status_code == 404


def test_ben_reads_the_terms_and_cannot_change_them(calls, sign_in):
    ben = sign_in("ben")
    shown = ben.get("/workflows/calls/steps/note/").content.decode()
    assert "Only leaders of Growth change these terms." in shown and "Keep in draft" not in shown
    keep(sign_in("ada"), due_in="4h")
    assert "Publish version" not in ben.get("/workflows/calls/draft/").content.decode()
    for url in ("steps/note/", "steps/note/effect/", "draft/publish/", "draft/discard/"):
        response = ben.post(f"/workflows/calls/{url}", terms())
        assert response.status_code == 403
        assert "Only leaders of Growth change Calls." in response.content.decode()
        assert sign_in("eve").post(f"/workflows/calls/{url}", terms()).status_code == 404
    assert workflow().version_in_force.number == 1


def test_ada_takes_back_that_software_may_act_alone_and_every_action_is_asked(calls, sign_in):
    ada = sign_in("ada")
    assert ada.post("/workflows/calls/draft/automation/", {"allowed": "no"})["Location"] == "/workflows/calls/draft/"
    assert "Software may act alone:" in ada.get("/workflows/calls/draft/").content.decode()
    assert calls.action(calls.run("calls", contact="priya"), "note").status == "done"
    publish(ada)
    assert calls.action(calls.run("calls", contact="priya"), "note").status == "in_review"
    assert sign_in("ben").post("/workflows/calls/draft/automation/", {"allowed": "yes"}).status_code == 403


def test_discarding_leaves_what_is_in_force(calls, sign_in):
    ada = sign_in("ada")
    keep(ada, due_in="4h")
    ada.post("/workflows/calls/draft/discard/")
    assert [version.number for version in Version.objects.all()] == [1]
    assert Entry.objects.filter(verb="version.discarded").count() == 1
    assert ada.get("/workflows/calls/draft/")["Location"] == "/workflows/calls/"


def test_what_lea_changed_after_ada_looked_is_not_published_unseen(calls, sign_in):
    ada, lea = sign_in("ada"), sign_in("lea")
    keep(ada, ownership="needs_approval")
    seen = ada.get("/workflows/calls/draft/").context["seen"]
    keep(lea, ownership="automated", min_confidence="0.1")
    response = ada.post("/workflows/calls/draft/publish/", {"seen": seen})
    assert response.status_code == 409
    assert "Somebody changed the draft" in response.content.decode()
    assert workflow().version_in_force.number == 1


def test_of_two_leaders_who_edit_at_once_the_second_is_told_and_sees_both(calls, sign_in):
    ada, lea = sign_in("ada"), sign_in("lea")
    looked = {
        name: client.get("/workflows/calls/steps/note/").context["print"] for name, client in (("a", ada), ("l", lea))
    }
    keep(ada, min_confidence=0.7, seen=looked["a"])
    answer = keep(lea, min_confidence=0.8, seen=looked["l"])
    page = answer.content.decode()
    assert answer.status_code == 409
    for words in ("Ada Lund changed this step after you looked", "<del>0.70</del> <b>0.80</b>", 'value="0.8"'):
        assert words in page
    assert workflow().draft.steps_by_key["note"].min_confidence == 0.7
    assert keep(lea, min_confidence=0.8, seen=answer.context["print"]).status_code == 302
    assert workflow().draft.steps_by_key["note"].min_confidence == 0.8


def test_what_another_leader_changes_elsewhere_is_in_nobodys_way(calls, sign_in):
    lea = sign_in("lea")
    looked = lea.get("/workflows/calls/steps/note/").context["print"]
    draft = publishing.draft(workflow(), calls.ada, calls.now)
    revisions.revise(draft, "call", {"due_in": 3600}, calls.ada, calls.now)
    assert keep(lea, min_confidence=0.8, seen=looked).status_code == 302


def test_a_draft_older_than_what_is_in_force_says_that_it_would_undo(calls, sign_in):
    ada = sign_in("ada")
    keep(ada, due_in="4h")
    calls.load(CALLS.replace("min_confidence: 0.6", "min_confidence: 0.8"))
    shown = ada.get("/workflows/calls/draft/").content.decode()
    assert "This draft was begun from an older version." in shown
    assert "<del>0.80</del>" in shown and "<b>0.60</b>" in shown


def test_a_draft_that_changes_nothing_is_not_published(calls, sign_in):
    keep(sign_in("ada"), due_in="4h")
    keep(sign_in("ada"), due_in="1d")
    response = publish(sign_in("ada"))
    assert response.status_code == 409
    assert "is the same as version 1" in response.content.decode()


def test_an_unsound_draft_is_not_published_and_says_where(calls, sign_in):
    keep(sign_in("ada"), due_in="4h")
    workflow().draft.steps.filter(key="note").update(capability="records.vanish")
    response = publish(sign_in("ada"))
    assert response.status_code == 409
    assert "there is no capability “records.vanish”" in response.content.decode()
    assert workflow().version_in_force.number == 1


def test_terms_cannot_be_written_into_what_is_in_force(calls):
    version = workflow().version_in_force
    with pytest.raises(NotPublishable, match="no longer a draft"):
        revisions.revise(version, "note", {"ownership": "human_owned"}, calls.ada, calls.now)
    assert not Action.objects.exists()


def test_a_step_that_is_not_there_is_not_found(calls, sign_in):
    assert sign_in("ada").get("/workflows/calls/steps/nothing/").status_code == 404


def test_a_longer_lead_after_the_approval_tightens_and_a_shorter_one_loosens(calls, sign_in):
    client = sign_in("ada")
    keep(client, lead_days=2)
    draft = workflow().draft
    (change,) = publishing.differences(draft)
    assert (change.direction, change.old, change.new) == ("tightens", "at once", "2 working days")
    ratifying.publish(draft, calls.ada, timezone.now())
    page = client.get("/workflows/calls/versions/2/").content.decode()
    assert "begins 2 working days after the last approval" in page
    keep(client, lead_days="")
    (back,) = publishing.differences(workflow().draft)
    assert (back.direction, back.new) == ("loosens", "at once")


def test_a_form_that_does_not_ask_for_the_lead_leaves_it(calls, sign_in):
    keep(sign_in("ada"), lead_days=2)
    keep(sign_in("ada"), due_in="4h")
    assert workflow().draft.steps_by_key["note"].lead_days == 2


TIMES = {"due-times": "True", "due-soon": "4h", "due-last": "10", "due-of": "quarter"}


def test_how_the_time_is_counted_and_when_it_is_shorter_is_said_in_the_terms(calls, sign_in):
    client = sign_in("ada")
    keep(client, **TIMES, **{"due-working": "on"})
    draft = workflow().draft
    assert [(change.direction, change.what, change.new) for change in publishing.differences(draft)] == [
        ("neutral", "Due after so much time of:", "working days"),
        ("neutral", "Due sooner:", "4h in the last 10 working days of a quarter"),
    ]
    ratifying.publish(draft, calls.ada, timezone.now())
    page = client.get("/workflows/calls/versions/2/").content.decode()
    assert "due after 1d of working days; 4h in the last 10 working days of a quarter" in page
    assert files.read(files.write([publishing.part_of(workflow().version_in_force)]))[0].part.steps[0].due_sooner
    keep(client, **{**TIMES, "due-soon": "", "due-last": ""})
    assert [change.new for change in publishing.differences(workflow().draft)] == ["days of the calendar", "never"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"due-soon": ""}, "Say both"),
        ({"due-last": ""}, "Say both"),
        ({"due-soon": "soon"}, "“soon” is not a duration"),
        ({"due-last": "0"}, "greater than or equal to 1"),
    ],
)
def test_a_time_that_cannot_be_taken_is_said(calls, sign_in, given, words):
    answer = keep(sign_in("ada"), **{**TIMES, **given})
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_a_form_that_does_not_ask_how_the_time_is_counted_leaves_it(calls, sign_in):
    keep(sign_in("ada"), **TIMES, **{"due-working": "on"})
    keep(sign_in("ada"), due_in="4h")
    step = workflow().draft.steps_by_key["note"]
    assert (step.due_in, step.due_working, step.due_sooner) == (
        4 * 3600,
        True,
        [{"in": "4h", "last": 10, "of": "quarter"}],
    )
