"""The engine keeps the measures of the model that its other tests do not name, each where leaving it out would show.

A test that is expected to fail marks a measure that the engine does not take yet; its reason is the measure.
"""

from threading import Event, Thread

import pytest
from django.db import connection, connections, transaction

from approvals.reviews import Review
from governance import drafting, ratifying
from tests.model.measures import Measure
from workflows.actions import Attempt
from workflows.capabilities.contract import NotSent, Unknown
from workflows.capabilities.http import Request
from workflows.engine.begin import Permission, attempt_time, begin
from workflows.engine.claim import LEASE, MOST_CLAIMS, claim
from workflows.engine.drive import record
from workflows.engine.inline import inline_batch
from workflows.engine.propose import propose
from workflows.engine.sweep import GRACE, sweep
from workflows.records import Record

CALL = """
workflow: call
title: Call
owner: growth
automation_allowed: true
steps:
  - key: call
    capability: http.request
    params:
      url: https://crm.example/
      json: {name: "=record.name"}
      deduplicates: true
      record: {kind: client, key: tideway}
    ownership: automated
"""
ASKED_BESIDE = """
  - {key: ask, capability: content.render, params: {template: notice}, ownership: needs_approval}
"""
NOTICE = """
workflow: notice
title: Notice
owner: growth
automation_allowed: true
steps:
  - {key: send, capability: email.send, params: {template: notice, to: tom@client.example}, ownership: automated}
"""


def missing(measure):
    return pytest.mark.xfail(strict=True, reason=measure.value if isinstance(measure, Measure) else measure)


@pytest.fixture
def call(world, settings):
    """A call to another system that is safe to repeat, because that system honours its key."""
    settings.HTTP_ALLOWED_HOSTS = ["crm.example"]
    world.record("client", "tideway", name="Tideway")
    world.asset("template", "notice", body={"subject": "Notice", "body": "Hello."})
    world.load(CALL + ASKED_BESIDE)
    return world


def taken(world):
    """Let a worker claim and propose what is ready."""
    works = claim("worker 1", 10, world.now)
    propose(works, world.now)
    return works


def tried(world, result):
    """Start a run and try its call once, with this result, until it is due again."""
    run = world.start("call")
    inline_batch(world.now)
    works = begin(taken(world), world.now)
    assert record([(work, result) for work in works], lambda: world.now) == 1
    world.later(minutes=1)
    return run


@pytest.fixture
def may_have_happened(call):
    """A call that was sent and not answered, and is due to be sent again."""
    return call, tried(call, Unknown("no answer"))


def test_what_may_have_been_sent_is_sent_again_as_it_was(may_have_happened):
    world, run = may_have_happened
    Record.objects.update(fields={"name": "Another name"})
    begin(taken(world), world.now)
    first, second = Attempt.objects.filter(action__run=run).values_list("digest", flat=True)
    assert first == second


def test_what_may_have_happened_and_cannot_be_proposed_any_more_is_asked_of_a_person(may_have_happened):
    world, run = may_have_happened
    Record.objects.all().delete()
    begin(taken(world), world.now)
    assert world.action(run, "call").status == "uncertain"


def test_what_may_have_happened_and_is_refused_by_now_is_asked_of_a_person(may_have_happened):
    world, run = may_have_happened
    world.undefine("http.request")
    begin(taken(world), world.now)
    assert world.action(run, "call").status == "uncertain"


def test_what_may_have_happened_is_not_put_to_approval_as_if_it_had_not(may_have_happened):
    world, run = may_have_happened
    world.guardrail("true", "review", "Somebody looks at every call", "http.request")
    begin(taken(world), world.now)
    assert world.action(run, "call").status == "uncertain"


def test_what_may_have_happened_and_then_costs_worker_after_worker_is_asked_of_a_person(may_have_happened):
    world, run = may_have_happened
    for _ in range(MOST_CLAIMS):
        claim("worker 1", 10, world.now)
        world.later(seconds=LEASE.total_seconds() + 1)
        sweep(world.now)
    assert world.action(run, "call").status == "uncertain"


def test_what_may_have_happened_is_not_cancelled_when_ben_stops_the_run(may_have_happened):
    world, run = may_have_happened
    Review.objects.get().decide(world.ben, "reject", world.now, note="Not now")
    assert world.action(run, "call").status in ("ready", "uncertain")


def test_what_certainly_did_not_leave_does_not_begin_again_after_ben_stopped_the_run(call):
    run = tried(call, NotSent("no route"))
    works = taken(call)
    Review.objects.get().decide(call.ben, "reject", call.now, note="Not now")
    assert begin(works, call.now) == []
    assert call.action(run, "call").status == "cancelled"


def test_one_action_that_cannot_be_asked_about_does_not_keep_the_sweep_from_the_others(call, monkeypatch):
    call.load(NOTICE)
    call.start("call")
    mail = call.start("notice")
    inline_batch(call.now)
    begin(taken(call), call.now)
    monkeypatch.setattr(Request, "retry_safe", lambda self, payload: False)
    monkeypatch.setattr(Request, "doubt", lambda self, payload, context: {}["no words"])
    call.later(seconds=(attempt_time() + GRACE).total_seconds() + 1)
    sweep(call.now)
    assert call.action(mail, "send").status == "uncertain"


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite a writer is alone")
def test_a_rulebook_takes_force_only_when_every_begin_that_was_judged_without_it_is_written(call):
    content = {"stances": {"http.request": "out_of_scope"}}
    draft = drafting.keep(content, call.ada, call.now, seen=drafting.seen_now())
    seen, published = drafting.seen_now(), Event()

    def publish():
        ratifying.publish(draft.pk, call.lea, call.now, seen=seen, titles={}, second=call.ada)
        published.set()
        connections.close_all()

    call.start("call")
    inline_batch(call.now)
    works = taken(call)
    leader = Thread(target=publish)
    with transaction.atomic():
        Permission.now(works)
        leader.start()
        before = published.wait(1)
    leader.join()
    assert not before
