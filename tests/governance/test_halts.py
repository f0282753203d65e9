"""A halt stops what has not begun; another leader lifts it, with a reason."""

import pytest
from django.core import mail

from approvals.reviews import Review
from governance.halts import Halt, HaltRefused, Scope, pull
from governance.ledger import Entry
from governance.people import Membership, Role
from workflows.actions import Action
from workflows.scopes import began_after, choices, reach

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


def halt(world, scope=Scope.EVERYTHING, target="", who="ada", reason="Complaints since noon"):
    return pull(world.people[who], scope, target, reason, world.now)


# --- what a halt does ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scope", "target"), SCOPES)
def test_under_a_halt_nothing_in_its_scope_begins(welcome, scope, target):
    made = halt(welcome, scope, target)
    run = welcome.run("welcome", contact="priya")
    first = Action.objects.filter(run=run, status="ready").latest("pk")
    assert mail.outbox == []
    assert not first.attempts.exists()
    assert run.status == "open"
    assert began_after(made) == 0


@pytest.mark.parametrize(("scope", "target"), SCOPES)
def test_lifting_lets_what_was_ready_go_on(welcome, scope, target):
    made = halt(welcome, scope, target)
    run = welcome.run("welcome", contact="priya")
    welcome.later(hours=1)
    assert made.lift(welcome.lea, "The template was replaced", welcome.now)
    welcome.work()
    run.refresh_from_db()
    assert run.status == "ended"
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    ("scope", "target"),
    [
        (Scope.WORKFLOW, "other"),
        (Scope.STEP, "welcome/other"),
        (Scope.STEP, "other/send"),
        (Scope.CAPABILITY, "http.request"),
        (Scope.TEAM, "sales"),
    ],
)
def test_a_halt_of_something_else_stops_nothing_here(welcome, scope, target):
    halt(welcome, scope, target)
    assert welcome.run("welcome", contact="priya").status == "ended"


def test_what_came_before_the_halt_does_not_count_as_begun_after_it(welcome):
    welcome.run("welcome", contact="priya")
    made = halt(welcome)
    welcome.run("welcome", contact="priya")
    assert began_after(made) == 0


def test_what_goes_on_outside_the_scope_does_not_count_either(welcome):
    made = halt(welcome, Scope.STEP, "welcome/send")
    welcome.run("welcome", contact="priya")
    assert began_after(made) == 0


def test_after_lifting_what_goes_on_is_seen_as_begun_after_it(welcome):
    made = halt(welcome)
    welcome.run("welcome", contact="priya")
    made.lift(welcome.lea, "Checked", welcome.now)
    welcome.work()
    assert began_after(made) == 2


def test_people_go_on_deciding_and_an_approval_waits(welcome):
    welcome.guardrail("true", "review", "Everything is asked today", "email.send")
    run = welcome.run("welcome", contact="priya")
    halt(welcome)
    review = Review.objects.get()
    review.decide(welcome.dora, "approve", welcome.now, digest=review.action.digest)
    welcome.work()
    assert mail.outbox == []
    assert welcome.action(run, "send").is_approved
    states = {state.words: state.count for state in reach(Scope.EVERYTHING, "").states}
    assert (states["Approved, not begun"], states["Ready"], states["In review"]) == (1, 0, 0)


def test_every_action_in_scope_is_counted_once(welcome):
    welcome.run("welcome", contact="priya")
    halt(welcome)
    welcome.run("welcome", contact="priya")
    counted = reach(Scope.WORKFLOW, "welcome")
    assert sum(state.count for state in counted.states) == Action.objects.count() == 3
    assert (counted.holds, counted.begun, counted.runs) == (1, 0, 1)


# --- who may pull and lift -----------------------------------------------------------------------------------------


def test_pulling_and_lifting_have_one_entry_each(world):
    halt(world).lift(world.eve, "It was a drill", world.now)
    entries = Entry.objects.values_list("verb", "actor_name", "workflow", "data__reason")
    assert list(entries) == [
        ("halt.pulled", "Ada Lund", None, "Complaints since noon"),
        ("halt.lifted", "Eve Marsh", None, "It was a drill"),
    ]


def test_ada_who_pulled_it_does_not_lift_it(world):
    made = halt(world)
    with pytest.raises(HaltRefused, match="another leader lifts it: Eve Marsh or Lea Roth"):
        made.lift(world.ada, "All is well", world.now)
    made.refresh_from_db()
    assert made.is_in_force


def test_the_only_leader_lifts_her_own_halt(world):
    Membership.objects.filter(role=Role.LEADER).exclude(person=world.ada).delete()
    assert halt(world).lift(world.ada, "All is well", world.now)


def test_a_leader_who_left_is_nobody_who_could_lift_it(world):
    for name in ("lea", "eve"):
        world.people[name].is_active = False
        world.people[name].save()
    assert halt(world).lift(world.ada, "All is well", world.now)


def test_of_two_who_lift_the_second_changes_nothing(world):
    made = halt(world)
    assert made.lift(world.lea, "Checked", world.now)
    assert not made.lift(world.eve, "Checked, too", world.now)
    made.refresh_from_db()
    assert (made.lifted_by, made.lift_reason) == (world.lea, "Checked")


@pytest.mark.parametrize(
    ("scope", "target", "reason"),
    [("everything", "", " "), ("workflow", "", "Why"), ("everything", "welcome", "Why"), ("planet", "earth", "Why")],
)
def test_a_halt_needs_a_reason_and_an_object(world, scope, target, reason):
    with pytest.raises(HaltRefused, match="Nothing was halted"):
        halt(world, scope, target, reason=reason)


def test_lifting_needs_a_reason(world):
    with pytest.raises(HaltRefused, match="Say why"):
        halt(world).lift(world.lea, "  ", world.now)


# --- the page ------------------------------------------------------------------------------------------------------


def test_ada_pulls_a_halt_and_everybody_reads_who_and_why(welcome, sign_in):
    sent = {"scope": "workflow", "target": "welcome", "reason": "Complaints since noon"}
    assert sign_in("ada").post("/halts/", sent).url == "/halts/"
    page = sign_in("ben").get("/halts/").content.decode()
    assert "Complaints since noon" in page
    assert "Ada Lund" in page
    assert "Lift this halt" not in page
    assert "What should stop?" not in page


def test_ben_pulls_and_lifts_nothing(world, sign_in):
    made = halt(world)
    ben = sign_in("ben")
    assert ben.post("/halts/", {"scope": "everything", "reason": "No"}).status_code == 403
    assert ben.post(f"/halts/{made.pk}/lift/", {"reason": "No"}).status_code == 403
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


def test_the_page_tells_ada_who_lifts_what_she_pulled(world, sign_in):
    made = halt(world)
    ada = sign_in("ada")
    assert "another leader lifts it: Eve Marsh or Lea Roth" in ada.get("/halts/").content.decode()
    response = ada.post(f"/halts/{made.pk}/lift/", {"reason": "All is well"})
    assert response.status_code == 422
    assert "It still stands" in response.content.decode()


def test_the_only_leader_reads_that_she_may_lift_it_herself(world, sign_in):
    halt(world)
    Membership.objects.filter(role=Role.LEADER).exclude(person=world.ada).delete()
    assert "there is no other leader here" in sign_in("ada").get("/halts/").content.decode()


def test_lea_lifts_it_and_it_stands_among_the_earlier_ones(world, sign_in):
    made = halt(world)
    lea = sign_in("lea")
    assert lea.post(f"/halts/{made.pk}/lift/", {"reason": "Template replaced"}).url == "/halts/"
    page = lea.get("/halts/").content.decode()
    assert "Nothing is halted" in page
    assert "Template replaced" in page


def test_whoever_lifts_second_is_told_who_was_first(world, sign_in):
    made = halt(world)
    made.lift(world.lea, "Checked", world.now)
    page = sign_in("eve").post(f"/halts/{made.pk}/lift/", {"reason": "Checked"}, follow=True).content.decode()
    assert "Lea Roth lifted this halt before your answer arrived" in page


def test_the_figures_of_a_halt_are_read_again(welcome, sign_in):
    made = halt(welcome)
    welcome.run("welcome", contact="priya")
    part = sign_in("ben").get(f"/halts/{made.pk}/figures/").content.decode()
    assert "began after it" in part
    assert "every 2s" not in part
