"""What leaders do to work that is under way: cancel, skip, redo. Each with a reason, and in the ledger."""

from datetime import timedelta

import pytest
from django.core import mail

from approvals.reviews import Review
from governance.ledger import Entry
from governance.people import Actor
from tests.states import put
from workflows.actions import Action, Attempt, IllegalMove, LostRace, Status
from workflows.engine import answers
from workflows.engine.claim import claim
from workflows.engine.interventions import cancel_children, cancel_run, cancel_step, may_intervene, redo, skip
from workflows.runs import Run

LETTER = """
workflow: letter
title: Letter
owner: growth
automation_allowed: true
input: {type: object, required: [contact], properties: {contact: {type: string}}}
steps:
  - {key: stage, title: Set the stage, capability: records.update, params: {record: {kind: contact, key: "=input.contact"}, changes: {stage: offered}}, ownership: automated}
  - {key: call, title: Call them, after: [stage], ownership: human_owned}
  - {key: send, title: Send it, after: [stage], capability: email.send, params: {template: letter, to: "=record.email", record: {kind: contact, key: "=input.contact"}}, ownership: needs_approval}
  - {key: close, title: Close, after: [send], capability: records.update, params: {record: {kind: contact, key: "=input.contact"}, changes: {stage: closed}}, ownership: automated}
"""  # noqa: E501
EACH = """
workflow: everyone
title: Everyone
owner: growth
automation_allowed: true
steps:
  - {key: pick, title: Pick, capability: records.select, params: {kind: contact}, ownership: automated}
  - {key: each, title: Start each, after: [pick], capability: workflows.start_each, params: {workflow: letter, audience: "=steps.pick.audience", input: {contact: "=record.key"}}, ownership: automated}
"""  # noqa: E501


@pytest.fixture
def letter(world):
    world.asset("template", "letter", body={"subject": "Hello {{ name }}", "body": "Dear {{ name }}."})
    for key, name in (("priya", "Priya Raman"), ("tom", "Tom Vance")):
        world.record("contact", key, name=name, email=f"{key}@client.example", stage="new")
    world.load(LETTER)
    return world


def act(world, verb, what, who="ada", reason="Wrong month"):
    return verb(what.pk, Actor.of(world.people[who]), world.now, reason)


def statuses(run):
    return dict(run.actions.order_by("round").values_list("step__key", "status"))


def review_of(action):
    return Review.objects.get(action=action, status="open")


def reject(world, run, step="send"):
    review_of(world.action(run, step)).decide(world.ben, "reject", world.now, note="Not this one")


# --- cancel a run --------------------------------------------------------------------------------------------------


def test_cancelling_a_run_cancels_what_has_not_begun_and_closes_what_was_asked(letter):
    run = letter.run("letter", contact="priya")
    act(letter, cancel_run, run)
    run.refresh_from_db()
    assert (run.status, run.ended_at) == ("cancelled", letter.now)
    assert statuses(run) == {"stage": "done", "call": "cancelled", "send": "cancelled"}
    assert set(Review.objects.values_list("status", flat=True)) == {"withdrawn"}
    assert letter.verbs(run)[-3:] == ["run.cancelled", "action.cancelled", "action.cancelled"]
    entry = Entry.objects.get(verb="run.cancelled")
    assert (entry.person, entry.data["reason"]) == (letter.ada, "Wrong month")


def test_nothing_of_a_cancelled_run_begins_any_more(letter):
    run = letter.start("letter", contact="priya")
    act(letter, cancel_run, run)
    letter.later(hours=1)
    letter.work()
    assert statuses(run) == {"stage": "cancelled"}


def test_an_approved_mail_that_has_not_begun_is_not_sent(letter):
    run = letter.run("letter", contact="priya")
    review = review_of(letter.action(run, "send"))
    review.decide(letter.ben, "approve", letter.now, digest=review.action.digest)
    act(letter, cancel_run, run)
    letter.work()
    assert (mail.outbox, letter.action(run, "send").status) == ([], "cancelled")


def test_what_a_worker_has_claimed_is_cancelled_and_its_fence_is_old(letter):
    run = letter.run("letter", contact="priya")
    review = review_of(letter.action(run, "send"))
    review.decide(letter.ben, "approve", letter.now, digest=review.action.digest)
    (work,) = claim("worker 1", 10, letter.now)
    act(letter, cancel_run, run)
    action = letter.action(run, "send")
    assert (action.status, action.fence) == ("cancelled", work.action.fence + 1)


@pytest.mark.parametrize("status", ["started", "uncertain"])
def test_what_has_begun_and_what_is_uncertain_are_left_to_their_end(letter, status):
    run = letter.run("letter", contact="priya")
    put(letter.action(run, "send"), status)
    act(letter, cancel_run, run)
    assert statuses(run) == {"stage": "done", "call": "cancelled", "send": status}


def test_what_may_have_happened_is_not_cancelled_but_tried_again_until_that_is_known(letter):
    run = letter.run("letter", contact="priya")
    send = letter.action(run, "send")
    Action.objects.filter(pk=send.pk).update(status=Status.READY, attempts_made=1)
    Attempt.objects.create(
        action=send, number=1, fence=1, digest=send.digest, begun_at=letter.now, deadline=letter.now, result="unknown"
    )
    with pytest.raises(IllegalMove, match="may have happened"):
        act(letter, cancel_step, send)
    act(letter, cancel_run, run)
    assert statuses(run)["send"] == "ready"


def test_a_run_that_is_over_is_not_cancelled(letter):
    run = letter.run("letter", contact="priya")
    act(letter, cancel_run, run)
    with pytest.raises(IllegalMove, match=r"is over: it is cancelled\. Nothing was changed"):
        act(letter, cancel_run, run)
    assert Entry.objects.filter(verb="run.cancelled").count() == 1


@pytest.mark.parametrize("verb", [cancel_run, cancel_step, cancel_children, skip, redo])
def test_each_verb_demands_a_reason(letter, verb):
    run = letter.run("letter", contact="priya")
    with pytest.raises(IllegalMove, match="Say why"):
        act(letter, verb, run if verb == cancel_run else letter.action(run, "send"), reason="  ")


def test_only_leaders_of_the_owner_may_intervene(letter):
    run = letter.run("letter", contact="priya")
    assert {name for name, person in letter.people.items() if may_intervene(person, run)} == {"ada", "lea"}


# --- the runs a run started ----------------------------------------------------------------------------------------


def test_the_runs_it_started_are_cancelled_with_it_however_deep(letter):
    letter.load(EACH)
    root = letter.run("everyone")
    child = Run.objects.filter(root=root).first()
    deep = letter.start("letter", contact="tom")
    Run.objects.filter(pk=deep.pk).update(parent=letter.action(child, "call"), root=root)
    Run.objects.filter(pk=root.pk).update(status="open")
    act(letter, cancel_run, root)
    assert set(Run.objects.values_list("status", flat=True)) == {"cancelled"}
    assert Entry.objects.filter(verb="run.cancelled", data__reason="Wrong month").count() == 4
    assert not Action.objects.filter(status__in=("ready", "in_review", "with_person")).exists()


def test_a_child_is_cancelled_without_its_siblings(letter):
    letter.load(EACH)
    root = letter.run("everyone")
    first, second = Run.objects.filter(root=root).order_by("pk")
    act(letter, cancel_run, first)
    assert [Run.objects.get(pk=run.pk).status for run in (first, second)] == ["cancelled", "open"]


def test_all_children_of_a_step_are_cancelled_and_their_parent_looks_at_once(letter):
    letter.load(EACH)
    root = letter.run("everyone")
    done = letter.action(root, "each")
    each = Action.objects.create(
        run=root, step=done.step, workflow=done.workflow, round=2, inline=True, created_at=letter.now,
        not_before=letter.now + timedelta(days=1),
    )  # fmt: skip
    Run.objects.filter(root=root).update(parent=each)
    assert act(letter, cancel_children, each) == 2
    assert set(Run.objects.filter(root=root).values_list("status", flat=True)) == {"cancelled"}
    each.refresh_from_db()
    assert each.not_before == letter.now
    entry = Entry.objects.get(verb="children.cancelled")
    assert (entry.run, entry.data["runs"], entry.data["reason"]) == (root.pk, 2, "Wrong month")
    with pytest.raises(IllegalMove, match="No run that “Start each” started is open any more"):
        act(letter, cancel_children, each)


def test_cancelling_many_runs_needs_a_fixed_number_of_statements(letter, django_assert_max_num_queries):
    letter.load(EACH)
    for number in range(200):
        letter.record("contact", f"c{number}", name=f"C {number}", email=f"c{number}@client.example", stage="new")
    root = letter.run("everyone")
    each = letter.action(root, "each")
    with django_assert_max_num_queries(22):
        act(letter, cancel_children, each)
    assert Run.objects.filter(root=root, status="cancelled").count() == 202


# --- cancel a step -------------------------------------------------------------------------------------------------


def test_a_cancelled_step_is_withdrawn_and_other_branches_go_on(letter):
    run = letter.run("letter", contact="priya")
    send = letter.action(run, "send")
    act(letter, cancel_step, send)
    send.refresh_from_db()
    assert (send.status, Review.objects.get(action=send).status) == ("cancelled", "withdrawn")
    assert letter.action(run, "call").status == "with_person"
    run.refresh_from_db()
    assert run.status == "open"
    entry = Entry.objects.get(verb="action.cancelled", action=send.pk)
    assert (entry.person, entry.data["reason"]) == (letter.ada, "Wrong month")


def test_a_run_of_which_only_a_branch_was_cancelled_ends_well(letter):
    run = letter.run("letter", contact="priya")
    act(letter, cancel_step, letter.action(run, "send"))
    review_of(letter.action(run, "call")).decide(letter.ben, "done", letter.now, note="Called")
    letter.work()
    run.refresh_from_db()
    assert statuses(run) == {"stage": "done", "call": "done", "send": "cancelled", "close": "cancelled"}
    assert run.status == "ended"


def test_a_step_that_a_worker_has_claimed_is_cancelled_and_not_sent(letter):
    run = letter.run("letter", contact="priya")
    review = review_of(letter.action(run, "send"))
    review.decide(letter.ben, "approve", letter.now, digest=review.action.digest)
    (work,) = claim("worker 1", 10, letter.now)
    act(letter, cancel_step, letter.action(run, "send"))
    letter.later(hours=1)
    letter.work()
    action = letter.action(run, "send")
    assert (action.status, action.fence, mail.outbox) == ("cancelled", work.action.fence + 1, [])


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("started", "has begun and cannot be called back"),
        ("uncertain", "may have happened; say first whether it did"),
        ("done", "is done. It cannot be cancelled"),
        ("failed", "is failed. It cannot be cancelled"),
        ("cancelled", "was cancelled"),
    ],
)
def test_what_has_begun_or_is_settled_is_not_cancelled(letter, status, words):
    send = letter.action(letter.run("letter", contact="priya"), "send")
    put(send, status)
    with pytest.raises(IllegalMove, match=words):
        act(letter, cancel_step, send)
    assert not Entry.objects.filter(verb="action.cancelled").exists()


# --- skip ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["ada", "lea"])
def test_a_skipped_step_is_withdrawn_and_what_only_follows_from_it_is_skipped_too(letter, who):
    run = letter.run("letter", contact="priya")
    act(letter, skip, letter.action(run, "send"), who)
    assert statuses(run) == {"stage": "done", "call": "with_person", "send": "skipped", "close": "skipped"}
    assert Review.objects.get(action=letter.action(run, "send")).status == "withdrawn"
    entry = Entry.objects.filter(verb="action.skipped").first()
    assert (entry.person, entry.data["reason"]) == (letter.people[who], "Wrong month")


def test_skipping_lets_the_run_end(letter):
    run = letter.run("letter", contact="priya")
    for step in ("send", "call"):
        act(letter, skip, letter.action(run, step))
    run.refresh_from_db()
    assert (run.status, mail.outbox) == ("ended", [])


def test_a_run_that_a_rejection_stopped_goes_on_when_the_step_is_skipped(letter):
    run = letter.run("letter", contact="priya")
    reject(letter, run)
    run.refresh_from_db()
    assert run.status == "stopped"
    act(letter, skip, letter.action(run, "send"))
    old, new = run.actions.filter(step__key="send").order_by("round")
    assert (old.status, new.status, new.round) == ("rejected", "skipped", 2)
    assert "run.reopened" in letter.verbs(run)
    assert letter.verbs(run).count("action.skipped") == 2  # the step and the one behind it


@pytest.mark.parametrize("status", ["failed", "refused", "expired"])
def test_what_came_to_nothing_can_be_skipped(letter, status):
    send = letter.action(letter.run("letter", contact="priya"), "send")
    put(send, status)
    act(letter, skip, send)
    assert statuses(send.run)["send"] == "skipped"
    assert statuses(send.run)["close"] == "skipped"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("claimed", "try again in a moment"),
        ("started", "has begun"),
        ("uncertain", "say first whether it did"),
        ("done", "is done"),
    ],
)
def test_what_is_under_way_or_done_is_not_skipped(letter, status, words):
    send = letter.action(letter.run("letter", contact="priya"), "send")
    put(send, status)
    with pytest.raises(IllegalMove, match=words):
        act(letter, skip, send)


# --- redo ----------------------------------------------------------------------------------------------------------


def test_a_rejected_step_is_proposed_again_in_a_new_round_of_the_same_run(letter):
    run = letter.run("letter", contact="priya")
    reject(letter, run)
    again = act(letter, redo, letter.action(run, "send"))
    run.refresh_from_db()
    assert (again.round, again.status, run.status, run.ended_at) == (2, "ready", "open", None)
    letter.work()
    again.refresh_from_db()
    assert again.status == "in_review"
    review = review_of(again)
    review.decide(letter.ben, "approve", letter.now, digest=again.digest)
    letter.work()
    assert len(mail.outbox) == 1
    verbs = letter.verbs(run)
    assert verbs.index("run.stopped") < verbs.index("run.reopened") < verbs.index("action.redone")
    assert Entry.objects.get(verb="action.redone").data == {"step": "send", "round": 2, "reason": "Wrong month"}


def test_what_is_redone_is_sent_under_a_key_of_its_own_and_asked_again(letter):
    run = letter.run("letter", contact="priya")
    for _ in range(2):
        action = run.actions.filter(step__key="send").latest("round")
        review_of(action).decide(letter.ben, "approve", letter.now, digest=action.digest)
        letter.work()
        action.refresh_from_db()
        assert action.status == "done"
        act(letter, redo, action)
        letter.work()
    keys = [action.idempotency_key for action in run.actions.filter(step__key="send")]
    assert len(set(keys)) == 3
    assert run.actions.filter(step__key="send").latest("round").status == "in_review"


@pytest.mark.parametrize("status", ["ready", "claimed", "started", "in_review", "with_person", "uncertain"])
def test_what_is_not_settled_is_not_redone(letter, status):
    send = letter.action(letter.run("letter", contact="priya"), "send")
    put(send, status)
    with pytest.raises(IllegalMove, match="It cannot be redone; nothing was changed"):
        act(letter, redo, send)
    assert Action.objects.filter(step__key="send").count() == 1


def test_only_the_newest_round_counts(letter):
    run = letter.run("letter", contact="priya")
    stage = letter.action(run, "stage")
    act(letter, redo, stage)
    for verb in (redo, skip):
        with pytest.raises(IllegalMove, match="A newer round of “Set the stage” counts by now"):
            act(letter, verb, stage)


def test_a_cancelled_run_is_final(letter):
    run = letter.run("letter", contact="priya")
    act(letter, cancel_run, run)
    with pytest.raises(IllegalMove, match="was cancelled, and that is final"):
        act(letter, redo, letter.action(run, "send"))


def test_an_undoing_is_neither_skipped_nor_redone_but_can_be_cancelled(letter):
    run = letter.run("letter", contact="priya")
    back = answers.undo(letter.action(run, "stage").pk, Actor.of(letter.ben), letter.now)
    for verb in (skip, redo):
        with pytest.raises(IllegalMove, match="An undoing cannot be"):
            act(letter, verb, back)
    act(letter, cancel_step, back)
    back.refresh_from_db()
    assert back.status == "cancelled"


def test_somebody_elses_answer_first_is_a_sentence_and_changes_nothing(letter):
    run = letter.run("letter", contact="priya")
    send = letter.action(run, "send")
    review = review_of(send)
    review.decide(letter.ben, "approve", letter.now, digest=review.action.digest)
    letter.work()
    with pytest.raises((IllegalMove, LostRace), match="is done"):
        act(letter, skip, send)
