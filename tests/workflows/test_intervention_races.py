"""Leaders step in while workers work, with real threads on PostgreSQL: nobody waits in a circle, nothing escapes."""

from functools import partial

import pytest
from django.core import mail
from django.db import connection

from approvals.reviews import AlreadyDecided, Review
from governance.halts import AlreadyLifted, HaltRefused, pull
from governance.ledger import Entry
from governance.people import Actor
from tests.together import at_once
from workflows.actions import Action, Attempt, IllegalMove, LostRace
from workflows.engine.drive import drive
from workflows.engine.interventions import cancel_run, cancel_step, redo, skip
from workflows.runs import Run

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="two writers at once need PostgreSQL; on SQLite a writer is alone"
    ),
]

NOTICE = """
workflow: notice
title: Notice
owner: growth
automation_allowed: true
input: {type: object, required: [to], properties: {to: {type: string}}}
steps:
  - {key: write, capability: content.render, params: {template: notice}, ownership: automated}
  - {key: send, after: [write], capability: email.send, params: {template: notice, to: "=input.to"}, ownership: automated}
"""  # noqa: E501
EACH = """
workflow: everyone
title: Everyone
owner: growth
automation_allowed: true
steps:
  - {key: pick, capability: records.select, params: {kind: contact}, ownership: automated}
  - {key: each, after: [pick], capability: workflows.start_each, params: {workflow: notice, audience: "=steps.pick.audience", input: {to: "=record.email"}}, ownership: automated}
"""  # noqa: E501
FORESEEN = (IllegalMove, LostRace, AlreadyDecided, HaltRefused)


def unforeseen(found):
    return [item for item in found if isinstance(item, Exception) and not isinstance(item, FORESEEN)]


@pytest.fixture
def notice(world):
    world.asset("template", "notice", body={"subject": "Notice", "body": "Hello."})
    world.load(NOTICE)
    return world


def test_a_fan_out_cancelled_while_three_workers_drive_it_begins_nothing_afterwards(notice):
    notice.load(EACH)
    for number in range(300):
        notice.record("contact", f"c{number}", name=f"C {number}", email=f"c{number}@client.example")
    root = notice.start("everyone")

    def cancel():
        while Run.objects.filter(root=root).count() < 50:
            pass
        cancel_run(root.pk, Actor.of(notice.ada), notice.now, "Wrong list")
        return Attempt.objects.count()

    *workers, begun = at_once(*[partial(drive, lambda: notice.now)] * 3, cancel)
    assert unforeseen([*workers, begun]) == []
    if isinstance(begun, IllegalMove):  # it was over before
        pytest.skip("the workers were faster")
    notice.later(minutes=5)
    notice.work()
    assert Attempt.objects.count() == begun == len(mail.outbox)
    assert set(Run.objects.exclude(status="ended").values_list("status", flat=True)) == {"cancelled"}
    assert not Action.objects.filter(status__in=("ready", "claimed", "started")).exists()
    runs = Run.objects.filter(status="cancelled").count()
    assert Entry.objects.filter(verb="run.cancelled").count() == runs


def test_a_step_that_is_cancelled_skipped_and_worked_on_at_once_has_one_end(notice):
    for number in range(15):
        run = notice.start("notice", to=f"c{number}@client.example")
        (write,) = run.actions.all()
        verbs = [partial(verb, write.pk, Actor.of(notice.ada), notice.now, "No") for verb in (cancel_step, skip)]
        found = at_once(*verbs, partial(drive, lambda: notice.now))
        assert unforeseen(found) == []
        write.refresh_from_db()
        ends = Entry.objects.filter(action=write.pk, verb__in=("action.cancelled", "action.skipped", "action.done"))
        left_to_the_next = write.status == "ready"  # each found it in another's hands
        assert [entry.verb for entry in ends] == ([] if left_to_the_next else [f"action.{write.status}"])
    notice.work()
    assert not Run.objects.filter(status="open").exists()


def test_an_answer_and_a_cancelling_at_the_same_instant_leave_one_of_both(notice):
    notice.guardrail("true", "review", "Everything is asked", "email.send")
    for number in range(12):
        run = notice.run("notice", to=f"c{number}@client.example")
        review = Review.objects.get(action__run=run)
        approve = partial(review.decide, notice.ben, "approve", notice.now, digest=review.action.digest)
        cancel = partial(cancel_run, run.pk, Actor.of(notice.ada), notice.now, "No")
        assert unforeseen(at_once(approve, cancel, partial(drive, lambda: notice.now))) == []
    notice.later(minutes=5)
    notice.work()
    sent = Action.objects.filter(step__key="send", status="done").count()
    assert len(mail.outbox) == sent == Attempt.objects.count()
    assert Action.objects.filter(step__key="send", status="cancelled").count() == 12 - sent


def test_of_two_leaders_who_redo_the_same_step_one_does(notice):
    run = notice.run("notice", to="tom@client.example")
    write = run.actions.get(step__key="write")
    found = at_once(
        *[partial(redo, write.pk, Actor.of(notice.people[n]), notice.now, "Once more") for n in ("ada", "lea")]
    )
    assert unforeseen(found) == []
    assert sum(isinstance(item, Action) for item in found) == 1
    assert run.actions.filter(step__key="write").count() == 2


def test_of_two_leaders_who_agree_to_lift_one_lifts(notice):
    for _ in range(8):
        halt = pull(notice.ada, "everything", "", "A drill", notice.now)
        halt.ask_to_lift(notice.ada, "Over", notice.now)
        found = at_once(*[partial(halt.agree_to_lift, notice.people[name], notice.now) for name in ("lea", "eve")])
        assert [type(item) for item in found if item] == [AlreadyLifted]
    assert Entry.objects.filter(verb="halt.lifted").count() == 8
