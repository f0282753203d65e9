"""What tightens takes force on one leader's word; what loosens when a second one has ratified it."""

from datetime import timedelta

import pytest

from approvals.queue import waiting
from approvals.reviews import Review
from governance.ledger import Entry
from governance.people import Membership, Role
from governance.rulebook import Rulebook
from governance.signatures import Signature
from workflows import publishing, ratifying, rejudging, revisions
from workflows.definitions import Version, Workflow
from workflows.engine.recall import Recalled
from workflows.publishing import NotPublishable, fingerprint
from workflows.ratifying import propose, ratify, send_back
from workflows.tightening import put_in_force, tightened

CALLS = """
workflow: calls
title: Calls
owner: growth
automation_allowed: true
steps:
  - {key: note, capability: data.set, params: {values: {said: hello}}, ownership: automated, min_confidence: 0.8,
     confidence: "0.9", guardrails: [{when: "run.id < 0", effect: review, reason: Never}]}
"""


@pytest.fixture
def calls(world):
    world.load(CALLS)
    return world


def workflow():
    return Workflow.objects.get(slug="calls")


def drafted(world, **terms):
    draft = publishing.draft(workflow(), world.ada, world.now)
    revisions.revise(draft, "note", terms, world.ada, world.now)
    return Version.objects.get(pk=draft.pk)


def verbs():
    return list(Entry.objects.filter(verb__startswith="version.").values_list("verb", flat=True))


def test_adas_tightening_takes_force_on_her_word(calls):
    assert propose(drafted(calls, min_confidence=0.95), calls.ada, calls.now)
    version = workflow().version_in_force
    assert (version.number, version.proposed_by, version.ratified_by) == (2, calls.ada, None)
    assert calls.action(calls.run("calls"), "note").status == "in_review"


def test_her_loosening_waits_for_lea_and_nothing_is_in_force_meanwhile(calls):
    draft = drafted(calls, min_confidence=0.5)
    assert not propose(draft, calls.ada, calls.now, words="It is reliable")
    assert workflow().version_in_force.number == 1
    assert ratify(draft, calls.lea, calls.later(hours=1), seen=fingerprint(draft))
    version = workflow().version_in_force
    assert (version.number, version.proposed_by, version.ratified_by) == (2, calls.ada, calls.lea)
    assert (version.note, verbs()[-3:]) == (
        "It is reliable",
        ["version.proposed", "version.ratified", "version.in_force"],
    )


@pytest.mark.parametrize("who", ["ada", "ben", "eve", "olga"])
def test_nobody_but_another_leader_of_the_team_ratifies(calls, who):
    draft = drafted(calls, min_confidence=0.5)
    propose(draft, calls.ada, calls.now)
    with pytest.raises(NotPublishable, match=r"another leader ratifies it|Lea Roth may ratify this"):
        ratify(draft, calls.people[who], calls.now, seen=fingerprint(draft))
    assert (workflow().version_in_force.number, verbs()[-1]) == (1, "version.proposed")


def test_where_the_team_has_no_other_leader_leaders_of_others_ratify(calls):
    Membership.objects.filter(person=calls.lea).update(role=Role.REVIEWER)
    draft = drafted(calls, min_confidence=0.5)
    assert ratifying.ratifiers(draft, calls.ada) == [calls.eve]
    propose(draft, calls.ada, calls.now)
    assert ratify(draft, calls.eve, calls.now, seen=fingerprint(draft))


def test_where_nobody_else_leads_one_word_is_enough(calls):
    Membership.objects.filter(role=Role.LEADER).exclude(person=calls.ada).update(role=Role.AUDITOR)
    assert propose(drafted(calls, min_confidence=0.5), calls.ada, calls.now)
    assert workflow().version_in_force.ratified_by is None


def test_a_proposal_is_frozen_until_lea_sends_it_back(calls):
    draft = drafted(calls, min_confidence=0.5)
    propose(draft, calls.ada, calls.now)
    for change in (
        lambda: revisions.revise(draft, "note", {"min_confidence": 0.1}, calls.ada, calls.now),
        lambda: publishing.draft(workflow(), calls.ada, calls.now),
        lambda: publishing.load(CALLS, calls.ada, calls.now),
    ):
        with pytest.raises(NotPublishable, match=r"no longer a draft|is proposed and waits to be ratified"):
            change()
    with pytest.raises(NotPublishable, match="Say why"):
        send_back(draft, calls.lea, calls.now, " ")
    send_back(draft, calls.lea, calls.now, "Too low")
    revisions.revise(draft, "note", {"min_confidence": 0.7}, calls.ada, calls.now)
    assert not propose(Version.objects.get(pk=draft.pk), calls.ada, calls.now)
    kinds = list(Signature.objects.values_list("kind", "words"))
    assert kinds == [("proposed", ""), ("sent_back", "Too low"), ("proposed", "")]


def test_ada_withdraws_her_own_proposal(calls):
    draft = drafted(calls, min_confidence=0.5)
    propose(draft, calls.ada, calls.now)
    send_back(draft, calls.ada, calls.now, "I was wrong")
    assert (workflow().draft, verbs()[-1]) == (draft, "version.withdrawn")


def test_lea_ratifies_only_what_she_saw(calls):
    draft = drafted(calls, min_confidence=0.5)
    propose(draft, calls.ada, calls.now)
    seen = fingerprint(draft)
    calls.load(CALLS.replace("0.8", "0.85"))
    with pytest.raises(NotPublishable, match="changed after you looked"):
        ratify(draft, calls.lea, calls.now, seen=seen)


def test_of_two_who_ratify_one_is_told_that_it_is_in_force(calls):
    draft = drafted(calls, min_confidence=0.5)
    propose(draft, calls.ada, calls.now)
    seen = fingerprint(draft)
    ratify(draft, calls.lea, calls.now, seen=seen)
    with pytest.raises(NotPublishable, match="Version 2 is in force already since 2 Mar 2026, 12:00"):
        ratify(draft, calls.lea, calls.now, seen=seen)
    assert verbs().count("version.in_force") == 2


def test_it_takes_force_at_the_time_it_names(calls):
    draft = drafted(calls, min_confidence=0.5)
    assert not propose(draft, calls.ada, calls.now, force_at=calls.now + timedelta(days=1))
    assert not ratify(draft, calls.lea, calls.now, seen=fingerprint(draft))
    assert ratifying.take_force_when_due(calls.later(hours=23)) == 0
    assert ratifying.take_force_when_due(calls.later(hours=2)) == 1
    assert ratifying.take_force_when_due(calls.now) == 0
    version = workflow().version_in_force
    assert (version.number, version.in_force_at, version.ratified_by) == (2, calls.now, calls.lea)


def test_a_tightening_for_later_needs_no_second_signature(calls):
    propose(drafted(calls, min_confidence=0.95), calls.ada, calls.now, force_at=calls.now + timedelta(hours=1))
    assert workflow().version_in_force.number == 1
    assert ratifying.take_force_when_due(calls.later(hours=2)) == 1
    assert workflow().version_in_force.ratified_by is None


def test_what_was_ratified_against_older_words_does_not_take_force(calls):
    draft = drafted(calls, min_confidence=0.5)
    propose(draft, calls.ada, calls.now, force_at=calls.now + timedelta(days=1))
    ratify(draft, calls.lea, calls.now, seen=fingerprint(draft))
    calls.load(CALLS.replace("0.8", "0.85"))
    assert ratifying.take_force_when_due(calls.later(days=2)) == 0
    assert (workflow().draft, workflow().version_in_force.number) == (draft, 3)
    assert Signature.objects.last().words == "What is in force changed after this was ratified"


def test_rolling_back_to_a_looser_version_is_a_loosening(calls):
    propose(drafted(calls, min_confidence=0.95), calls.ada, calls.now)
    older = Version.objects.get(number=1)
    draft = publishing.draft(workflow(), calls.ada, calls.now, like=older)
    assert not propose(draft, calls.ada, calls.now)
    assert ratify(draft, calls.lea, calls.now, seen=fingerprint(draft))
    assert workflow().version_in_force.steps_by_key["note"].min_confidence == 0.8


def test_what_tightens_of_a_mixed_draft_takes_force_now_and_the_rest_stays(calls):
    rail = {"when": "run.id < -1", "effect": "refuse", "reason": "Nor this"}
    draft = drafted(calls, min_confidence=0.5, sample_rate=0.1, guardrails=[rail])
    made = put_in_force(draft, calls.ada, calls.now, seen=fingerprint(draft))
    step = workflow().version_in_force.steps_by_key["note"]
    assert (made.number, step.min_confidence, step.sample_rate) == (3, 0.8, 0.1)
    assert [row["reason"] for row in step.guardrails] == ["Never", "Nor this"]
    assert workflow().draft.steps_by_key["note"].min_confidence == 0.5


def test_a_draft_that_only_loosens_has_nothing_to_put_in_force_now(calls):
    draft = drafted(calls, min_confidence=0.5)
    assert tightened(publishing.part_of(workflow().version_in_force), publishing.part_of(draft)) == (
        publishing.part_of(workflow().version_in_force)
    )
    with pytest.raises(NotPublishable, match="None of the changes tightens"):
        put_in_force(draft, calls.ada, calls.now, seen=fingerprint(draft))


EXAMPLE = {
    "title": "An unsure note is asked",
    "workflow": "calls",
    "step": "note",
    "facts": {"confidence": 0.7, "run": {"id": 1}},
    "expect": "review",
}


def test_a_draft_that_breaks_a_worked_example_is_not_proposed_unknowingly(calls):
    calls.rules(examples=[EXAMPLE])
    draft = drafted(calls, min_confidence=0.5)
    with pytest.raises(NotPublishable, match="“An unsure note is asked”: expected a person approves, found acts alone"):
        propose(draft, calls.ada, calls.now)
    assert not propose(draft, calls.ada, calls.now, accepts=["An unsure note is asked"])
    assert Entry.objects.get(verb="version.proposed").data["accepts"] == ["An unsure note is asked"]


# --- the page ------------------------------------------------------------------------------------------------------


def test_ada_proposes_and_lea_ratifies_in_the_browser(calls, sign_in):
    draft = drafted(calls, min_confidence=0.5)
    ada, lea = sign_in("ada"), sign_in("lea")
    page = ada.get("/workflows/calls/draft/")
    assert "two leaders" in page.content.decode() and "Propose draft 2" in page.content.decode()
    sent = {"seen": page.context["seen"], "words": "It is reliable", "force_at": ""}
    assert ada.post("/workflows/calls/draft/publish/", sent)["Location"] == "/workflows/calls/draft/"
    shown = ada.get("/workflows/calls/draft/").content.decode()
    assert "Withdraw the proposal" in shown and "You are asked to ratify" not in shown
    assert "You are asked to ratify" not in sign_in("ben").get("/workflows/calls/draft/").content.decode()
    page = lea.get("/workflows/calls/draft/")
    assert "You are asked to ratify" in page.content.decode() and "“It is reliable”" in page.content.decode()
    assert lea.post("/workflows/calls/draft/ratification/", {"seen": page.context["seen"]}).status_code == 302
    draft.refresh_from_db()
    assert (draft.status, draft.ratified_by) == ("in_force", calls.lea)


def test_lea_sends_it_back_in_the_browser_and_ada_reads_why(calls, sign_in):
    propose(drafted(calls, min_confidence=0.5), calls.ada, calls.now)
    lea = sign_in("lea")
    assert "Say why" in lea.post("/workflows/calls/draft/return/", {"reason": ""}).content.decode()
    lea.post("/workflows/calls/draft/return/", {"reason": "Too low"})
    assert "“Too low”" in sign_in("ada").get("/workflows/calls/draft/").content.decode()
    assert sign_in("ben").post("/workflows/calls/draft/return/", {"reason": "No"}).status_code == 409


def test_the_button_that_tightens_now_leaves_the_rest(calls, sign_in):
    drafted(calls, min_confidence=0.5, sample_rate=0.1)
    ada = sign_in("ada")
    page = ada.get("/workflows/calls/draft/")
    assert "Put the 1 tightening in force now" in page.content.decode()
    ada.post("/workflows/calls/draft/tightening/", {"seen": page.context["seen"]})
    assert workflow().version_in_force.steps_by_key["note"].sample_rate == 0.1
    shown = ada.get("/workflows/calls/draft/").content.decode()
    assert "<del>0.80</del>" in shown and "Something loosens" in shown


def test_an_older_version_is_begun_again_as_a_draft(calls, sign_in):
    propose(drafted(calls, min_confidence=0.95), calls.ada, calls.now)
    ada = sign_in("ada")
    assert "Begin a draft like this" in ada.get("/workflows/calls/versions/1/").content.decode()
    assert ada.post("/workflows/calls/versions/1/rollback/")["Location"] == "/workflows/calls/draft/"
    assert "<del>0.95</del>" in ada.get("/workflows/calls/draft/").content.decode()
    assert sign_in("ben").post("/workflows/calls/versions/1/rollback/").status_code == 403


# --- what waits ----------------------------------------------------------------------------------------------------


def test_what_waits_is_judged_again_when_new_words_take_force(calls):
    calls.rules(guardrails=[{"when": "run.id > 0", "effect": "review", "reason": "Look at it"}])
    run = calls.run("calls")
    assert [reason["words"] for reason in calls.action(run, "note").reasons] == ["Look at it"]
    propose(drafted(calls, sample_rate=1.0, min_confidence=0.95), calls.ada, calls.now)
    assert rejudging.judge_again(calls.now).rebadged == 1
    words = [reason["words"] for reason in calls.action(run, "note").reasons]
    assert words == ["It is less sure than this step demands", "Look at it"]
    assert rejudging.judge_again(calls.now) == Recalled()
    assert calls.verbs(run)[-1] == "action.judged_again"


def test_what_a_new_rulebook_forbids_leaves_the_queue(calls):
    calls.rules(guardrails=[{"when": "run.id > 0", "effect": "review", "reason": "Look at it"}])
    run = calls.run("calls")
    calls.rules(guardrails=[{"when": "run.id > 0", "effect": "refuse", "reason": "Never"}])
    Rulebook.objects.update(rejudged=False)
    assert rejudging.judge_again(calls.now).refused == 1
    assert calls.action(run, "note").status == "refused"
    assert not Review.objects.filter(status="open").exists()


def test_whoever_must_agree_by_now_is_asked(calls):
    calls.rules(
        guardrails=[{"when": "run.id > 0", "effect": "review", "reason": "Look at it", "track": "legal"}],
        tracks=[{"key": "legal", "title": "Legal", "team": "legal"}],
    )
    run = calls.run("calls")
    assert waiting(calls.dora, calls.now) == 1
    calls.rules(guardrails=[{"when": "run.id > 0", "effect": "review", "reason": "Look at it"}])
    Rulebook.objects.update(rejudged=False)
    rejudging.judge_again(calls.now)
    assert (waiting(calls.dora, calls.now), waiting(calls.ben, calls.now)) == (0, 1)
    review = Review.objects.get(action__run=run)
    review.decide(calls.ben, "approve", calls.now, digest=review.action.digest)
    calls.work()
    assert calls.action(run, "note").status == "done"


def test_a_page_opened_before_it_was_judged_again_approves_nothing(calls, sign_in):
    calls.rules(guardrails=[{"when": "run.id > 0", "effect": "review", "reason": "Look at it"}])
    calls.run("calls")
    ben, review = sign_in("ben"), Review.objects.get()
    page = ben.get(f"/queue/{review.pk}/").content.decode()
    sent = {"choice": "approve", "digest": review.action.digest, "asked": review.asked}
    assert f'name="asked" value="{review.asked}"' in page
    calls.rules(guardrails=[{"when": "run.id > -1", "effect": "review", "reason": "Look again"}])
    Rulebook.objects.update(rejudged=False)
    rejudging.judge_again(calls.now)
    assert ben.post(f"/queue/{review.pk}/decision/", sent).status_code == 409
    assert Review.objects.get().is_open
    sent["asked"] = Review.objects.get().asked
    assert ben.post(f"/queue/{review.pk}/decision/", sent).status_code == 302
