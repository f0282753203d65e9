"""What capabilities do when the world is in their way: other writers, systems that do not answer, branches."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from workflows.actions import Attempt
from workflows.records import Record

CALL = """
workflow: call
title: Call
owner: growth
automation_allowed: true
input: {type: object, required: [url], properties: {url: {type: string}}}
steps:
  - key: tell
    capability: http.request
    params: {url: "=input.url", json: {plan: Business}}
    ownership: automated
"""

BRANCHES = """
workflow: branches
title: Branches
owner: growth
automation_allowed: true
input: {type: object, required: [key, owner], properties: {key: {type: string}, owner: {type: string}}}
steps:
  - key: route
    capability: records.update
    params: {record: {kind: lead, key: "=input.key"}, changes: {owner: "=input.owner"}}
    ownership: automated
  - key: sales
    after: [route]
    when: steps.route.changes.owner == 'sales'
    capability: records.update
    params: {record: {kind: lead, key: "=input.key"}, changes: {desk: sales}}
    ownership: automated
  - key: success
    after: [route]
    when: steps.route.changes.owner == 'success'
    capability: records.update
    params: {record: {kind: lead, key: "=input.key"}, changes: {desk: success}}
    ownership: automated
  - key: join
    after: [sales, success]
    capability: records.update
    params: {record: {kind: lead, key: "=input.key"}, changes: {routed: true}}
    ownership: automated
"""


class _Receiver(BaseHTTPRequestHandler):
    """Answers 201 and keeps what it got; under /silence it reads the call and hangs up."""

    seen = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).seen.append((self.headers["Idempotency-Key"], body))
        if self.path != "/silence":
            self.send_response(201)
            self.end_headers()

    def log_message(self, *words):
        pass


@pytest.fixture
def receiver(settings):
    settings.HTTP_ALLOWED_HOSTS = ["127.0.0.1"]
    _Receiver.seen = []
    with HTTPServer(("127.0.0.1", 0), _Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_call_arrives_once_with_its_key(world, receiver):
    world.load(CALL)
    run = world.run("call", url=f"{receiver}/plans")
    action = world.action(run, "tell")
    assert (action.status, action.output["status"]) == ("done", 201)
    assert _Receiver.seen == [(action.idempotency_key, {"plan": "Business"})]


def test_a_call_that_is_read_and_never_answered_is_uncertain_and_not_repeated(world, receiver):
    world.load(CALL)
    run = world.run("call", url=f"{receiver}/silence")
    world.later(hours=1)
    world.work()
    assert world.action(run, "tell").status == "uncertain"
    assert len(_Receiver.seen) == 1


def test_a_call_nobody_listens_to_is_tried_again(world, settings):
    settings.HTTP_ALLOWED_HOSTS = ["127.0.0.1"]
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    world.load(CALL)
    run = world.run("call", url=f"http://127.0.0.1:{port}/")
    assert world.action(run, "tell").status == "ready"
    assert Attempt.objects.get().result == "not_sent"


def test_a_host_nobody_allowed_is_not_called(world):
    world.load(CALL)
    run = world.run("call", url="http://127.0.0.1:9/")
    action = world.action(run, "tell")
    assert (action.status, Attempt.objects.count()) == ("failed", 0)
    assert "not a host software may call" in action.trouble


@pytest.mark.parametrize(("owner", "skipped"), [("sales", "success"), ("success", "sales")])
def test_of_two_branches_with_conditions_one_is_taken_and_the_join_goes_on(world, owner, skipped):
    world.record("lead", "7", name="Arbor Freight")
    world.load(BRANCHES)
    run = world.run("branches", key="7", owner=owner)
    assert (run.status, world.action(run, skipped).status) == ("ended", "skipped")
    assert Record.objects.get(key="7").fields["desk"] == owner
    assert Record.objects.get(key="7").fields["routed"] is True


def test_two_that_write_the_very_same_into_one_record_both_are_done(world):
    world.record("lead", "7", name="Arbor Freight")
    world.load(BRANCHES.replace("- key: join", "- key: join\n    reviewers: sales"))  # so it reaches what Sales has
    runs = [world.start("branches", key="7", owner="sales") for _ in range(2)]
    world.work()
    assert [world.action(run, "join").status for run in runs] == ["done", "done"]
