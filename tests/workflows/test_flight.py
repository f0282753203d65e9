"""Effects under way: side by side, but not too many to one host, and never past their time."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from governance.ledger import Entry
from workflows.actions import Action
from workflows.capabilities.contract import NotSent, Unknown
from workflows.engine.begin import begin
from workflows.engine.claim import claim
from workflows.engine.flight import OF_ONE_WORKFLOW, TO_ONE_HOST, Flight
from workflows.engine.propose import propose

CALL = """
workflow: call
title: Call
owner: growth
automation_allowed: true
input: {type: object, required: [url], properties: {url: {type: string}}}
steps:
  - {key: call, capability: http.request, params: {url: "=input.url"}, ownership: automated}
"""


class Slow(BaseHTTPRequestHandler):
    """Counts how many ask at the same time, and answers when `go` is set."""

    go = threading.Event()
    lock = threading.Lock()
    now, most, arrived = 0, 0, 0

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        with Slow.lock:
            Slow.now, Slow.arrived = Slow.now + 1, Slow.arrived + 1
            Slow.most = max(Slow.most, Slow.now)
        Slow.go.wait(10)
        with Slow.lock:
            Slow.now -= 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


class Receiver(ThreadingHTTPServer):
    request_queue_size = 128  # many connect at once


@pytest.fixture
def receiver(settings):
    settings.HTTP_ALLOWED_HOSTS = ["127.0.0.1"]
    Slow.go, Slow.now, Slow.most, Slow.arrived = threading.Event(), 0, 0, 0
    with Receiver(("127.0.0.1", 0), Slow) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        Slow.go.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def begun(world, receiver):
    """Return what brings so many calls as far as begun."""

    def bring(count):
        world.load(CALL)
        for _ in range(count):
            world.start("call", url=receiver)
        works = claim("worker", count, world.now)
        propose(works, world.now)
        return begin(works, world.now)

    return bring


def wait_for(condition):
    stop_at = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < stop_at
        time.sleep(0.005)


def test_a_host_gets_so_many_calls_at_once_and_the_others_when_it_has_answered(begun):
    flight = Flight(60)
    flight.board(begun(TO_ONE_HOST + 4), time.monotonic())
    wait_for(lambda: Slow.now == TO_ONE_HOST)
    assert flight.landed(0.05) == []
    Slow.go.set()
    landed = []
    while not flight.is_empty:
        landed += flight.landed(0.1)
    assert (len(landed), Slow.arrived, Slow.most) == (TO_ONE_HOST + 4, TO_ONE_HOST + 4, TO_ONE_HOST)


def test_a_workflow_that_has_all_its_seats_is_named_so_that_others_are_claimed(begun):
    flight = Flight(60)
    works = begun(OF_ONE_WORKFLOW)
    flight.board(works[:-1], time.monotonic())
    assert flight.crowded == set()
    flight.board(works[-1:], time.monotonic())
    assert flight.crowded == {works[0].action.workflow_id}


def test_a_call_without_an_answer_within_its_time_counts_as_not_known(begun, monkeypatch):
    monkeypatch.setattr("workflows.engine.flight.MARGIN", 0.1)
    flight = Flight(0.6)
    flight.board(begun(1), time.monotonic())
    wait_for(lambda: Slow.now == 1)
    landed = []
    while not landed:
        landed = flight.landed(0.5)
    assert isinstance(landed[0][1], Unknown)


def test_a_call_whose_time_was_over_before_it_set_out_never_arrives(begun):
    flight = Flight(60)
    flight.board(begun(1), time.monotonic() - 56)
    ((_, result),) = flight.landed(1)
    assert (type(result), Slow.arrived) == (NotSent, 0)


def test_a_slow_receiver_of_one_workflow_does_not_keep_steps_of_another_waiting(world, receiver):
    world.load(CALL)
    world.load(MARK)
    for _ in range(4):
        world.start("call", url=receiver)
    threading.Timer(0.5, Slow.go.set).start()
    marks = [world.start("mark") for _ in range(3)]
    world.work()
    assert Action.objects.filter(status="done").count() == 7
    answered = Entry.objects.filter(verb="action.done", workflow=world.action(marks[0], "write").workflow_id)
    calls = Entry.objects.filter(verb="action.done").exclude(pk__in=answered)
    assert max(entry.pk for entry in answered) < min(entry.pk for entry in calls)


MARK = """
workflow: mark
title: Mark
owner: growth
automation_allowed: true
steps:
  - {key: write, capability: data.set, params: {values: {a: 1}}, ownership: automated}
"""
