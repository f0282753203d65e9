"""A halt stops what has not begun; two leaders lift it: one asks with a reason, another agrees."""

import pytest
from django.core import mail

from approvals.reviews import Review
from governance.halts import AlreadyLifted, Halt, HaltRefused, Holds, Scope, pull
from governance.ledger import Entry
from governance.people import Membership, Role
from governance.tokens import Token
from workflows.actions import Action
from workflows.engine.starting import start
from workflows.runs import Run
from workflows.scopes import BY_API, agents_of, began_after, choices, halts_over, outside, reach

WELCOME = """
workflow: welcome
title: Welcome
owner: growth
automation_allowed: true
category: outbound
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
    (Scope.CATEGORY, "outbound"),
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


def lift(world, made, asks="lea", agrees="eve", reason="The template was replaced"):
    made.ask_to_lift(world.people[asks], reason, world.now)
    made.agree_to_lift(world.people[agrees], world.now)


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
    lift(welcome, made)
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
        (Scope.CATEGORY, "service"),
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
    lift(welcome, made)
    welcome.work()
    assert began_after(made) == 2


def test_a_request_to_lift_alone_lets_nothing_begin(welcome):
    made = halt(welcome)
    run = welcome.run("welcome", contact="priya")
    made.ask_to_lift(welcome.lea, "The template was replaced", welcome.now)
    welcome.later(hours=1)
    welcome.work()
    run.refresh_from_db()
    assert (run.status, mail.outbox, began_after(made)) == ("open", [], 0)


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


def test_pulling_asking_and_lifting_have_one_entry_each(world):
    lift(world, halt(world), "lea", "eve", "It was a drill")
    entries = Entry.objects.values_list("verb", "actor_name", "workflow", "data__reason")
    assert list(entries) == [
        ("halt.pulled", "Ada Lund", None, "Complaints since noon"),
        ("halt.lift_asked", "Lea Roth", None, "It was a drill"),
        ("halt.lifted", "Eve Marsh", None, "It was a drill"),
    ]


@pytest.mark.parametrize("asks", ["ada", "lea"])
def test_whoever_asks_does_not_agree_to_it(world, asks):
    made = halt(world)
    made.ask_to_lift(world.people[asks], "All is well", world.now)
    with pytest.raises(HaltRefused, match=r"You asked .* already; another leader agrees: .*Eve Marsh"):
        made.agree_to_lift(world.people[asks], world.now)
    with pytest.raises(HaltRefused, match="It still stands"):
        made.ask_to_lift(world.people[asks], "All is well, really", world.now)
    made.refresh_from_db()
    assert made.is_in_force


def test_ada_who_pulled_it_may_agree_to_what_lea_asks(world):
    made = halt(world)
    lift(world, made, "lea", "ada")
    made.refresh_from_db()
    assert (made.lifted_by, made.lift_reason, made.lifts.get().asked_by) == (
        world.ada, "The template was replaced", world.lea,
    )  # fmt: skip


def test_the_only_leader_lifts_a_halt_alone(world):
    Membership.objects.filter(role=Role.LEADER).exclude(person=world.ada).delete()
    made = halt(world)
    made.ask_to_lift(world.ada, "All is well", world.now)
    assert not made.is_in_force
    assert [entry.verb for entry in Entry.objects.all()] == ["halt.pulled", "halt.lift_asked", "halt.lifted"]


def test_leaders_who_left_are_nobody_who_could_agree(world):
    made = halt(world)
    made.ask_to_lift(world.ada, "All is well", world.now)
    for name in ("lea", "eve"):
        world.people[name].is_active = False
        world.people[name].save()
    made.ask_to_lift(world.ada, "All is well", world.now)
    assert not made.is_in_force


def test_of_two_who_agree_the_second_changes_nothing(world):
    made = halt(world)
    lift(world, made, "ada", "lea")
    with pytest.raises(AlreadyLifted, match="Lea Roth lifted this halt before your answer arrived"):
        Halt.objects.get().agree_to_lift(world.eve, world.now)
    assert Entry.objects.filter(verb="halt.lifted").count() == 1


def test_eve_keeps_it_and_lea_may_ask_again(world):
    made = halt(world)
    made.ask_to_lift(world.lea, "All is well", world.now)
    made.keep(world.eve, world.now)
    assert made.asked is None
    with pytest.raises(HaltRefused, match="Nobody asks to lift this halt any more"):
        made.agree_to_lift(world.eve, world.now)
    made.ask_to_lift(world.lea, "The list was checked, too", world.now)
    made.agree_to_lift(world.eve, world.now)
    assert [(lift.kept_by, lift.agreed_by) for lift in made.lifts.order_by("pk")] == [
        (world.eve, None), (None, world.eve),
    ]  # fmt: skip


def test_one_verb_asks_and_from_another_leader_agrees(world):
    made = halt(world)
    assert not made.lift(world.lea, "Checked", world.now)
    assert made.lift(world.eve, "", world.now)


@pytest.mark.parametrize(
    ("scope", "target", "reason"),
    [("everything", "", " "), ("workflow", "", "Why"), ("everything", "welcome", "Why"), ("planet", "earth", "Why")],
)
def test_a_halt_needs_a_reason_and_an_object(world, scope, target, reason):
    with pytest.raises(HaltRefused, match="Nothing was halted"):
        halt(world, scope, target, reason=reason)


def test_lifting_needs_a_reason(world):
    with pytest.raises(HaltRefused, match="Say why"):
        halt(world).ask_to_lift(world.lea, "  ", world.now)


# --- one agent -----------------------------------------------------------------------------------------------------


@pytest.fixture
def max_the_agent(welcome):
    """Max asks over the API with a token of his own; Ben, who reviews, starts by hand."""
    Token.issue(welcome.chen, "max", welcome.now)
    return welcome


def asked(world, trigger=BY_API, person="chen", **more):
    run = start("welcome", {"contact": "priya"}, world.people[person], world.now, trigger)
    Run.objects.filter(pk=run.pk).update(**more)
    return Run.objects.get(pk=run.pk)


def test_the_agent_of_a_run_is_who_asked_for_it_over_the_api(max_the_agent):
    by_api, by_hand, other = asked(max_the_agent), asked(max_the_agent, "by hand"), asked(max_the_agent, person="ben")
    child = asked(max_the_agent, f"by run {by_api.pk}", root=by_api)
    email = "chen@tideway.example"
    assert agents_of([by_api, by_hand, child, other]) == {
        by_api.pk: email, child.pk: email, other.pk: "ben@tideway.example",
    }  # fmt: skip
    held = outside(Action.objects.all(), [(Scope.AGENT, email)])
    assert set(held.values_list("run", flat=True)) == {by_hand.pk, other.pk}
    assert reach(Scope.AGENT, email).holds == 2
    assert choices(Scope.AGENT, max_the_agent.ada) == [("", [(email, f"Chen Wei, {email}")])]


def test_a_halt_of_an_agent_is_over_its_runs_and_no_others(max_the_agent):
    made, step = halt(max_the_agent, Scope.AGENT, "chen@tideway.example"), asked(max_the_agent).actions.get().step
    assert halts_over([made], step, "chen@tideway.example") == [made]
    assert halts_over([made], step, "ben@tideway.example") == halts_over([made], step, "") == []
    assert Holds.now_in_force().agents


def test_under_a_halt_of_an_agent_what_it_asked_for_does_not_begin_and_the_rest_does(max_the_agent):
    halt(max_the_agent, Scope.AGENT, "chen@tideway.example")
    held, free = asked(max_the_agent), asked(max_the_agent, person="ben")
    max_the_agent.work()
    assert len(mail.outbox) == 1
    assert [Run.objects.get(pk=run.pk).status for run in (held, free)] == ["open", "ended"]
