"""What one odd thing must not do to the others: to its batch, to its run, to the workers."""

import time
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from django.core import mail

from approvals.reviews import Review
from governance.expressions import Conditions, EvaluationError, compiled
from governance.people import Actor
from workflows.actions import Action
from workflows.capabilities.contract import CapabilityError, NotSent
from workflows.capabilities.email import Send
from workflows.capabilities.http import host_of
from workflows.definitions import Step
from workflows.engine import answers, flight
from workflows.engine.begin import attempt_time, begin
from workflows.engine.claim import MOST_CLAIMS, claim
from workflows.engine.drive import record
from workflows.engine.flight import Flight
from workflows.engine.inline import inline_batch
from workflows.engine.propose import propose
from workflows.engine.sweep import GRACE, sweep
from workflows.engine.work import resolve
from workflows.files import FileProblems
from workflows.retries import MOST_ATTEMPTS
from workflows.versions import published

NOTICE = """
workflow: notice
title: Notice
owner: growth
automation_allowed: true
input: {type: object, required: [to], properties: {to: {type: string}}}
steps:
  - {key: send, capability: email.send, params: {template: notice, to: "=input.to"}, ownership: automated}
"""
CALL = """
workflow: call
title: Call
owner: growth
automation_allowed: true
input: {type: object, required: [url], properties: {url: {type: string}}}
steps:
  - {key: call, capability: http.request, params: {url: "=input.url", deduplicates: true}, ownership: automated}
"""
SIDE_BY_SIDE = """
workflow: both
title: Both
owner: growth
automation_allowed: true
steps:
  - {key: ask, capability: content.render, params: {template: notice}, ownership: needs_approval}
  - {key: send, capability: email.send, params: {template: notice, to: "tom@client.example"}, ownership: automated}
"""
MARK = """
workflow: mark
title: Mark
owner: growth
automation_allowed: true
steps:
  - key: mark
    capability: records.update
    params: {record: {kind: client, key: tideway}, changes: {vip: true}}
    ownership: needs_approval
    on_reject: redo
"""


@pytest.fixture
def notice(world):
    world.asset("template", "notice", body={"subject": "Notice", "body": "Hello."})
    world.load(NOTICE)
    return world


def begun(world):
    """Claim what is ready and bring it as far as begun."""
    works = claim("worker 1", 10, world.now)
    propose(works, world.now)
    return begin(works, world.now)


def pass_the_lease(world):
    world.later(seconds=(attempt_time() + GRACE).total_seconds() + 1)
    sweep(world.now)


def test_a_rule_may_end_with_a_comment_without_breaking_the_others():
    assert Conditions(["1 > 2 // not yet", "true"]).tripped({}) == [(1, "")]


def test_a_text_that_cannot_be_read_is_an_evaluation_error():
    with pytest.raises(EvaluationError, match="cannot be read"):
        compiled("input.x == ''").evaluate({"input": {"x": "\ud800"}})


def test_a_division_by_zero_is_nothing_to_write_into_a_record():
    with pytest.raises(CapabilityError, match="yields inf, which is no number"):
        resolve({"ratio": "=record.a / record.b"}, {"record": {"a": 1.0, "b": 0.0}})


@pytest.mark.parametrize("url", ["http://xn--a.example/", "http://xn--/"])
def test_a_host_name_that_does_not_decode_is_told_in_a_sentence(url):
    with pytest.raises(CapabilityError, match="is not an address"):
        host_of(url)


def test_an_action_that_breaks_while_proposing_fails_alone(notice, monkeypatch):
    monkeypatch.setattr("workflows.capabilities.http.host_of", lambda url: {}[url])
    notice.load(CALL)
    broken, sound = notice.start("call", url="http://crm.example/"), notice.start("notice", to="tom@client.example")
    notice.work()
    assert notice.action(broken, "call").trouble.startswith("it broke in a way nobody foresaw: KeyError")
    assert (notice.action(sound, "send").status, len(mail.outbox)) == ("done", 1)


class Odd(BaseHTTPRequestHandler):
    status, body = 200, b""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *args):
        pass


@pytest.fixture
def odd(settings):
    """Another system with odd answers; returns the address to call and lets the test say what it answers."""
    settings.HTTP_ALLOWED_HOSTS = ["127.0.0.1"]
    with HTTPServer(("127.0.0.1", 0), Odd) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()

        def answering(body, status=200):
            Odd.body, Odd.status = body, status
            return f"http://127.0.0.1:{server.server_port}/"

        yield answering
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "body", [b'{"x": NaN}', b'{"x": "a\\u0000b"}', b'{"x": "\\ud800"}', b"[" * 50_000, b"x", b'"' + b"a" * 200_000]
)
def test_an_answer_that_cannot_be_stored_takes_nothing_else_along(notice, odd, body):
    notice.load(CALL)
    call, sound = notice.start("call", url=odd(body)), notice.start("notice", to="tom@client.example")
    notice.work()
    assert (notice.action(call, "call").status, notice.action(sound, "send").status) == ("done", "done")
    assert notice.action(call, "call").output == {"status": 200, "answer": {}}


def test_an_answer_that_can_be_stored_is_kept(notice, odd):
    notice.load(CALL)
    run = notice.run("call", url=odd(b'{"id": 7, "path": "C:\\\\u0000"}'))
    assert notice.action(run, "call").output["answer"] == {"id": 7, "path": "C:\\u0000"}


def test_a_redirect_does_not_say_whether_it_was_done(notice, odd):
    notice.load(CALL.replace("deduplicates: true", "deduplicates: false"))
    run = notice.run("call", url=odd(b"", status=303))
    assert notice.action(run, "call").status == "uncertain"


def test_what_was_only_claimed_when_ben_stopped_the_run_does_not_begin(notice):
    notice.load(SIDE_BY_SIDE)
    run = notice.start("both")
    inline_batch(notice.now)
    works = claim("worker 1", 10, notice.now)
    Review.objects.get().decide(notice.ben, "reject", notice.now, note="Not now")
    propose(works, notice.now)
    assert begin(works, notice.now) == []
    assert (notice.action(run, "send").status, notice.verbs(run)[-1]) == ("cancelled", "action.cancelled")


def test_what_queued_behind_slow_effects_too_long_is_left_for_later(notice, monkeypatch):
    monkeypatch.setattr(flight, "TO_ONE_HOST", 0)
    notice.start("notice", to="tom@client.example")
    queue = Flight(attempt_seconds=0)
    queue.board(begun(notice), time.monotonic())
    ((_, result),) = queue.landed()
    assert (type(result), mail.outbox) == (NotSent, [])


def test_claims_that_led_to_a_begin_do_not_count_against_an_action(notice):
    run = notice.start("notice", to="tom@client.example")
    for _ in range(MOST_CLAIMS):
        record([(begun(notice)[0], NotSent("no route"))], lambda: notice.now)
        notice.later(minutes=10)
    claim("worker 1", 10, notice.now)
    pass_the_lease(notice)
    assert notice.action(run, "send").status == "ready"


def test_a_safe_call_whose_worker_dies_each_time_comes_before_a_person(notice, odd):
    notice.load(CALL)
    run = notice.start("call", url=odd(b""))
    for _ in range(MOST_ATTEMPTS):
        begun(notice)
        pass_the_lease(notice)
    assert notice.action(run, "call").status == "uncertain"


def test_a_capability_that_was_taken_out_fails_its_actions_and_nothing_else(notice):
    run = notice.start("notice", to="tom@client.example")
    claim("worker 1", 10, notice.now)
    Step.objects.update(capability="crm.gone")
    published.cache_clear()
    pass_the_lease(notice)
    notice.work()
    later = notice.run("notice", to="priya@client.example")
    for action in (notice.action(run, "send"), notice.action(later, "send")):
        assert (action.status, action.trouble[:33]) == ("failed", "there is no capability “crm.gone”")


def test_an_undoing_that_was_rejected_is_not_proposed_again(world):
    world.record("client", "tideway")
    world.load(MARK)
    run = world.run("mark")
    review = Review.objects.get()
    review.decide(world.ben, "approve", world.now, digest=review.action.digest)
    world.work()
    back = answers.undo(world.action(run, "mark").pk, Actor.of(world.ben), world.now)
    world.work()
    Review.objects.get(status="open").decide(world.chen, "reject", world.now, note="It was right")
    world.work()
    assert Action.objects.get(pk=back.pk).status == "rejected"
    assert not Review.objects.filter(status="open").exists()


@pytest.mark.parametrize("subject", ["Hello\x0b<b>x</b>", "Hello\x85x", "Hello\u2028x", "Hello\n"])
def test_no_line_end_of_any_kind_gets_into_a_subject(subject):
    with pytest.raises(ValueError, match="one line"):
        Send.Payload(to="tom@client.example", subject=subject, body="Hello.")


@pytest.mark.parametrize("value", ["2026-01-01", ".nan", ".inf", "!!binary aGk=", "!!set {a, b}"])
def test_what_yaml_knows_and_json_does_not_is_a_problem_with_its_line(notice, value):
    load = partial(notice.load, NOTICE.replace("template: notice,", f"template: notice, values: {{x: {value}}},"))
    with pytest.raises(FileProblems, match=r"line 8"):
        load()
