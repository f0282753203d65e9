"""Undoing what a run did: the last first, each step judged and logged, and no further than what can be taken back."""

import pytest
from django.core import mail

from approvals.reviews import Review
from governance.ledger import Entry
from governance.people import Actor
from tests.states import put
from workflows.actions import Action, IllegalMove
from workflows.definitions import Version
from workflows.engine import answers, undoing
from workflows.incidents import Incident
from workflows.records import Record
from workflows.runs import Run
from workflows.versions import published

DEAL = """
workflow: deal
title: Deal
owner: growth
automation_allowed: true
input: {type: object, required: [contact], properties: {contact: {type: string}}}
steps:
  - {key: stage, title: Set the stage, capability: records.update, params: {record: {kind: contact, key: "=input.contact"}, changes: {stage: offered}}, ownership: automated}
  - {key: owner, title: Name the owner, after: [stage], capability: records.update, params: {record: {kind: contact, key: "=input.contact"}, changes: {owner: ada}}, ownership: automated}
  - {key: tell, title: Tell them, after: [owner], capability: email.send, params: {template: letter, to: "=record.email", record: {kind: contact, key: "=input.contact"}}, ownership: automated}
  - {key: sign, title: Sign it, after: [tell], ownership: human_owned}
"""  # noqa: E501


@pytest.fixture
def deal(world):
    world.asset("template", "letter", body={"subject": "Hello", "body": "Welcome."})
    world.record("contact", "priya", name="Priya Raman", email="priya@client.example", stage="new", owner="nobody")
    world.load(DEAL)
    return world


def stopped(world):
    """A run that did three things and was then stopped by Ben."""
    run = world.run("deal", contact="priya")
    Review.objects.get(status="open").decide(world.ben, "reject", world.now, note="Not with them")
    run.refresh_from_db()
    assert run.status == "stopped"
    return run


def ask(world, run, who="ada"):
    undoing.ask(run.pk, Actor.of(world.people[who]), world.now, "They changed their mind")


def undone(world, run):
    """Let a worker and the engine take turns until nothing more is undone; return the steps in that order."""
    for _ in range(5):
        world.later(minutes=1)
        world.work()
        undoing.go_on([run.pk], world.now)
    back = run.actions.filter(undo_of__isnull=False).order_by("pk")
    return list(back.values_list("step__key", "status"))


def priya():
    return Record.objects.get(kind="contact", key="priya").fields


def test_what_a_run_did_is_taken_back_the_last_first(deal):
    run = stopped(deal)
    assert (priya()["stage"], priya()["owner"]) == ("offered", "ada")
    ask(deal, run)
    assert undone(deal, run) == [("owner", "done"), ("stage", "done")]
    assert (priya()["stage"], priya()["owner"]) == ("new", "nobody")


def test_asking_undoes_one_step_and_the_next_only_when_that_is_done(deal):
    run = stopped(deal)
    ask(deal, run)
    undoing.go_on([run.pk], deal.now)
    (back,) = run.actions.filter(undo_of__isnull=False)
    assert (back.step.key, back.status, back.asked_by) == ("owner", "ready", deal.ada)


def test_each_change_has_an_entry_and_the_end_says_what_stays(deal):
    run = stopped(deal)
    ask(deal, run)
    undone(deal, run)
    verbs = deal.verbs(run)
    assert verbs[verbs.index("run.undo_asked") :] == [
        "run.undo_asked", "action.undo_asked", "action.done", "action.undo_asked", "action.done", "run.undone",
    ]  # fmt: skip
    asked, end = Entry.objects.get(verb="run.undo_asked"), Entry.objects.get(verb="run.undone")
    assert (asked.person, asked.data["reason"]) == (deal.ada, "They changed their mind")
    assert (end.actor_kind, end.data) == ("software", {"undone": 2, "kept": ["tell"]})


def test_the_undo_itself_is_judged_and_what_is_refused_ends_the_chain(deal):
    run = stopped(deal)
    deal.guardrail("action.undo && step.key == 'owner'", "refuse", "Owners are not taken back", "records.update")
    ask(deal, run)
    assert undone(deal, run) == [("owner", "refused")]
    assert priya()["stage"] == "offered"
    assert Incident.objects.get().cause == "Owners are not taken back"
    assert "run.undone" not in deal.verbs(run)


def test_an_undo_that_fails_ends_the_chain_with_an_incident_and_can_be_asked_again(deal):
    run = stopped(deal)
    record = Record.objects.get(key="priya")
    Record.objects.filter(pk=record.pk).update(fields={**record.fields, "owner": "eve"})
    ask(deal, run)
    assert undone(deal, run) == [("owner", "failed")]
    assert Incident.objects.count() == 1
    Record.objects.filter(pk=record.pk).update(fields={**record.fields, "owner": "ada"})
    ask(deal, run, "lea")
    assert undone(deal, run) == [("owner", "failed"), ("owner", "done"), ("stage", "done")]


def test_an_undo_a_person_must_approve_waits_for_somebody_else_than_who_asked(deal):
    run = stopped(deal)
    deal.guardrail("action.undo", "review", "Undoing is looked at", "records.update")
    ask(deal, run)
    deal.work()
    review = Review.objects.get(status="open")
    assert review.barred(deal.ada, deal.now) == "You started this run, so somebody else decides."
    review.decide(deal.lea, "approve", deal.now, digest=review.action.digest)
    assert undone(deal, run)[0] == ("owner", "done")


def test_what_was_taken_back_before_is_not_taken_back_again(deal):
    run = stopped(deal)
    answers.undo(deal.action(run, "owner").pk, Actor.of(deal.ben), deal.now)
    deal.work()
    ask(deal, run)
    assert undone(deal, run) == [("owner", "done"), ("stage", "done")]


def test_what_a_person_did_by_hand_is_left_to_people(deal):
    deal.load(DEAL.replace("changes: {owner: ada}}, ownership: automated", "changes: {owner: ada}}, ownership: human_owned, assist: recommendation"))  # fmt: skip  # noqa: E501
    run = deal.run("deal", contact="priya")
    Review.objects.get(status="open").decide(deal.ben, "done", deal.now, note="Set by hand")
    deal.work()
    Review.objects.get(status="open").decide(deal.ben, "reject", deal.now, note="No")
    ask(deal, run)
    assert undone(deal, run) == [("stage", "done")]


def test_the_only_mail_is_not_called_back(deal):
    run = stopped(deal)
    ask(deal, run)
    undone(deal, run)
    assert len(mail.outbox) == 1


# --- what cannot be asked ------------------------------------------------------------------------------------------


def test_an_open_run_is_not_undone(deal):
    run = deal.run("deal", contact="priya")
    with pytest.raises(IllegalMove, match=r"is open\. Cancel it first"):
        ask(deal, run)


@pytest.mark.parametrize(("status", "attempts"), [("uncertain", 1), ("ready", 1)])
def test_what_may_have_happened_is_settled_first(deal, status, attempts):
    run = stopped(deal)
    Action.objects.filter(pk=deal.action(run, "sign").pk).delete()
    Action.objects.create(
        run=run, step=deal.action(run, "tell").step, workflow=run.workflow, round=2, inline=False,
        not_before=deal.now, created_at=deal.now, attempts_made=attempts,
    )  # fmt: skip
    put(run.actions.get(round=2), status)
    with pytest.raises(IllegalMove, match="It is not known yet what came of “Tell them”"):
        ask(deal, run)


def test_asking_twice_changes_nothing(deal):
    run = stopped(deal)
    ask(deal, run)
    with pytest.raises(IllegalMove, match="“Name the owner” is being undone already"):
        ask(deal, run, "lea")
    assert Entry.objects.filter(verb="run.undo_asked").count() == 1


def test_when_all_is_taken_back_there_is_nothing_to_ask_for(deal):
    run = stopped(deal)
    ask(deal, run)
    undone(deal, run)
    with pytest.raises(IllegalMove, match=r"Nothing that run .* did is left that software can take back"):
        ask(deal, run)


def test_a_reason_is_demanded(deal):
    with pytest.raises(IllegalMove, match="Say why"):
        undoing.ask(stopped(deal).pk, Actor.of(deal.ada), deal.now, " ")


# --- a failed run undoes itself, where its version says so -----------------------------------------------------------


def undoes_itself(run):
    Version.objects.filter(pk=run.version_id).update(on_failure="undo")
    published.cache_clear()


def test_a_stopped_run_undoes_itself_where_its_version_says_so(deal):
    run = stopped(deal)
    undoes_itself(run)
    undoing.start_after_failure([run], deal.now)
    assert undone(deal, run) == [("owner", "done"), ("stage", "done")]
    asked = Entry.objects.get(verb="run.undo_asked")
    assert (asked.actor_kind, asked.person) == ("software", None)


@pytest.mark.parametrize("status", ["ended", "cancelled", "open"])
def test_a_run_that_did_not_stop_keeps_what_it_did(deal, status):
    run = stopped(deal)
    undoes_itself(run)
    Run.objects.filter(pk=run.pk).update(status=status)
    undoing.start_after_failure([Run.objects.get(pk=run.pk)], deal.now)
    assert not run.actions.filter(undo_of__isnull=False).exists()


def test_by_default_a_stopped_run_keeps_what_it_did(deal):
    run = stopped(deal)
    undoing.start_after_failure([run], deal.now)
    assert not run.actions.filter(undo_of__isnull=False).exists()


def test_a_run_that_did_nothing_that_can_be_undone_says_nothing_of_it(deal):
    deal.load(DEAL.replace("key: stage", "key: first").replace("after: [stage]", "after: [first]"))
    run = deal.start("deal", contact="priya")
    Run.objects.filter(pk=run.pk).update(status="stopped")
    undoes_itself(run)
    undoing.start_after_failure([Run.objects.get(pk=run.pk)], deal.now)
    assert "run.undo_asked" not in deal.verbs(run)


def test_many_runs_are_undone_with_a_fixed_number_of_statements(deal, django_assert_max_num_queries):
    runs = [stopped(deal)]
    for number in range(20):
        deal.record("contact", f"c{number}", name="C", email=f"c{number}@client.example", stage="new", owner="nobody")
        runs.append(deal.start("deal", contact=f"c{number}"))
    deal.work()
    for review in Review.objects.filter(status="open"):
        review.decide(deal.ben, "reject", deal.now, note="No")
    undoes_itself(runs[0])
    stand = list(Run.objects.filter(pk__in=[run.pk for run in runs]))
    with django_assert_max_num_queries(16):
        undoing.start_after_failure(stand, deal.now)
    assert Action.objects.filter(undo_of__isnull=False).count() == len(runs)


def test_the_engine_undoes_a_run_that_stopped_without_being_asked(deal):
    run = deal.run("deal", contact="priya")
    undoes_itself(run)
    Review.objects.get(status="open").decide(deal.ben, "reject", deal.now, note="Not with them")
    deal.work()
    assert (priya()["stage"], priya()["owner"]) == ("new", "nobody")
