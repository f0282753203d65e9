"""The page of halts: everybody reads what is halted, one leader pulls, two lift."""

import pytest

from governance.halts import Halt, Scope, pull
from governance.people import Membership, Role
from workflows.scopes import choices

WELCOME = """
workflow: welcome
title: Welcome
owner: growth
automation_allowed: true
input: {type: object, required: [contact], properties: {contact: {type: string}}}
steps:
  - key: choose
    title: Choose an offer
    question: Which offer does this contact get?
    capability: offers.choose
    params: {record: {kind: contact, key: "=input.contact"}, offers: [starter]}
    ownership: automated
    reviewers: growth
  - key: send
    title: Send it
    after: [choose]
    question: Does this go out?
    capability: email.send
    params: {template: welcome, to: "=record.email", record: {kind: contact, key: "=input.contact"}}
    ownership: automated
    reviewers: legal
"""
SCOPES = [
    (Scope.EVERYTHING, ""),
    (Scope.WORKFLOW, "welcome"),
    (Scope.STEP, "welcome/send"),
    (Scope.CAPABILITY, "email.send"),
    (Scope.TEAM, "growth"),
    (Scope.TEAM, "legal"),
]


@pytest.fixture
def welcome(world):
    world.asset("offer", "starter", body={"eligible": "true", "value": 100})
    world.asset("template", "welcome", body={"subject": "Hello {{ name }}", "body": "Welcome."})
    world.record("contact", "priya", name="Priya Raman", email="priya@client.example")
    world.load(WELCOME)
    return world


def halt(world):
    return pull(world.ada, Scope.EVERYTHING, "", "Complaints since noon", world.now)


def lift(world, made, asks, agrees):
    made.ask_to_lift(world.people[asks], "The template was replaced", world.now)
    made.agree_to_lift(world.people[agrees], world.now)


def test_ada_pulls_a_halt_and_everybody_reads_who_and_why(welcome, sign_in):
    sent = {"scope": "workflow", "target": "welcome", "reason": "Complaints since noon"}
    assert sign_in("ada").post("/halts/", sent).url == "/halts/"
    page = sign_in("ben").get("/halts/").content.decode()
    assert "Complaints since noon" in page
    assert "Ada Lund" in page
    assert "Ask to lift" not in page
    assert "What should stop?" not in page


def test_ben_pulls_and_lifts_nothing(world, sign_in):
    made = halt(world)
    ben = sign_in("ben")
    assert ben.post("/halts/", {"scope": "everything", "reason": "No"}).status_code == 403
    for verb in ("lift", "agree", "keep"):
        assert ben.post(f"/halts/{made.pk}/{verb}/", {"reason": "No"}).status_code == 403
    assert Halt.objects.get().is_in_force


def test_the_page_shows_what_a_halt_would_do_for_each_scope(welcome, sign_in):
    welcome.run("welcome", contact="priya")
    ada = sign_in("ada")
    for scope, target in SCOPES:
        page = ada.get("/halts/", {"scope": scope, "target": target}).content.decode()
        assert "Done, refused, rejected" in page
    assert "Halt everything" in ada.get("/halts/").content.decode()
    part = ada.get("/halts/", {"scope": "workflow"}, headers={"HX-Request": "true"}).content.decode()
    assert "Halt Welcome" in part
    assert "<html" not in part


def test_eve_is_not_shown_workflows_of_another_team(welcome, sign_in):
    assert choices(Scope.WORKFLOW, welcome.eve) == [("", [])]
    response = sign_in("eve").post("/halts/", {"scope": "workflow", "target": "welcome", "reason": "Why"})
    assert response.status_code == 422
    assert not Halt.objects.exists()


def test_a_halt_without_a_reason_keeps_the_form_as_it_was(welcome, sign_in):
    response = sign_in("ada").post("/halts/", {"scope": "capability", "target": "email.send", "reason": ""})
    assert response.status_code == 422
    page = response.content.decode()
    assert "Nothing was halted" in page
    assert '<option value="email.send" selected>' in page


def test_ada_asks_on_the_page_and_reads_who_may_agree(world, sign_in):
    made = halt(world)
    ada = sign_in("ada")
    assert "You ask, Eve Marsh or Lea Roth agrees" in ada.get("/halts/").content.decode()
    assert ada.post(f"/halts/{made.pk}/lift/", {"reason": "All is well"}).url == "/halts/"
    page = ada.get("/halts/").content.decode()
    assert "<b>You</b> asked" in page
    assert "<b>Eve Marsh or Lea Roth</b> may agree" in page
    assert "Agree to lift" not in page
    response = ada.post(f"/halts/{made.pk}/agree/")
    assert response.status_code == 409
    assert "It still stands" in response.content.decode()


def test_the_only_leader_reads_that_her_word_is_enough(world, sign_in):
    halt(world)
    Membership.objects.filter(role=Role.LEADER).exclude(person=world.ada).delete()
    assert "your word alone lifts it" in sign_in("ada").get("/halts/").content.decode()


def test_lea_agrees_and_it_stands_among_the_earlier_ones_with_both_names(world, sign_in):
    made = halt(world)
    made.ask_to_lift(world.ada, "Template replaced", world.now)
    lea = sign_in("lea")
    assert "You</b> may agree" in lea.get("/halts/").content.decode()
    assert lea.post(f"/halts/{made.pk}/agree/").url == "/halts/"
    page = lea.get("/halts/").content.decode()
    assert "Nothing is halted" in page
    assert "lifted by Ada Lund and Lea Roth: “Template replaced”" in page


def test_lea_keeps_it_halted_and_it_can_be_asked_again(world, sign_in):
    made = halt(world)
    made.ask_to_lift(world.ada, "Template replaced", world.now)
    lea = sign_in("lea")
    assert lea.post(f"/halts/{made.pk}/keep/").url == "/halts/"
    assert "Ask to lift" in lea.get("/halts/").content.decode()


def test_asking_to_lift_without_a_reason_changes_nothing(world, sign_in):
    made = halt(world)
    response = sign_in("lea").post(f"/halts/{made.pk}/lift/", {"reason": " "})
    assert response.status_code == 422
    assert "Say why; others will read it." in response.content.decode()
    assert made.asked is None


@pytest.mark.parametrize("reason", ["nul \x00 inside", "long " * 1000])
def test_a_reason_no_database_can_hold_is_told_and_not_stored(world, sign_in, reason):
    assert sign_in("ada").post("/halts/", {"scope": "everything", "reason": reason}).status_code == 422
    assert not Halt.objects.exists()


def test_whoever_agrees_second_is_told_who_was_first(world, sign_in):
    made = halt(world)
    lift(world, made, "ada", "lea")
    page = sign_in("eve").post(f"/halts/{made.pk}/agree/", follow=True).content.decode()
    assert "Lea Roth lifted this halt before your answer arrived" in page


def test_the_figures_of_a_halt_are_read_again(welcome, sign_in):
    made = halt(welcome)
    welcome.run("welcome", contact="priya")
    part = sign_in("ben").get(f"/halts/{made.pk}/figures/").content.decode()
    assert "began after it" in part
    assert "every 2s" not in part
