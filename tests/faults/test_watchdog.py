"""A worker whose broker or clock fails it goes on all the same, and one that hears nothing any more is replaced.

One real worker, kept alive as a supervisor would, with a Redis of its own. There is no clock: what the clock would ask
for the worker does by itself.
"""

import os
import signal

import pytest

from tests.faults.floor import Floor
from tests.faults.parts import until

pytestmark = pytest.mark.faults

GOES_ON = 10.0
REPLACED = 30.0
NOTE = """
workflow: note
title: Note
owner: growth
automation_allowed: true
steps:
  - {key: first, capability: data.set, params: {values: {a: 1}}, ownership: automated}
  - {key: second, after: [first], capability: data.set, params: {values: {b: 2}}, ownership: automated}
"""
DEAF = """
# The known fault of Celery's consumer with Redis: after a reset it asks for no message any more, and says nothing.
import os
from pathlib import Path
if os.environ.get("DEAF_WHEN"):
    from kombu.transport import redis
    asks = redis.Channel._brpop_start
    def asks_unless_deaf(channel, *arguments, **options):
        if not Path(os.environ["DEAF_WHEN"]).exists():
            asks(channel, *arguments, **options)
    redis.Channel._brpop_start = asks_unless_deaf
"""

RING = """
import time
from workflows import doorbell
began = time.monotonic()
for _ in range(3):
    doorbell.ring()
print(time.monotonic() - began)
"""
RINGS_WITHIN = 1.0


@pytest.fixture(scope="module")
def floor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("floor")
    (folder / "sitecustomize.py").write_text(DEAF)
    made = Floor(folder, of_worker={"DEAF_WHEN": str(folder / "deaf")})
    try:
        made.prepare("data.set: approved", NOTE)
        made.open()
        yield made
    finally:
        made.close()


def times(floor):
    """Return how many seconds each run took that has ended."""
    return floor.ask(
        "SELECT (julianday(ended_at) - julianday(started_at)) * 86400 FROM workflows_run "
        "WHERE status = 'ended' ORDER BY ended_at"
    )


def note(floor):
    """Start a run from another process, wait until it has ended, and return how many seconds it took."""
    before = len(times(floor))
    floor.manage("start", "note", "--as", "ada@tideway.example")
    until(lambda: len(times(floor)) > before, GOES_ON)
    return times(floor)[-1]


def rings(floor):
    """Ring three times in a process of its own; return how many seconds whoever rang had to wait."""
    waited = float(floor.manage("shell", "--verbosity", "0", "-c", RING).splitlines()[-1])
    print(f"who rings three times waits {waited * 1000:.1f} ms")  # noqa: T201
    return waited


def say(what, seconds):
    print(f"{what}: {seconds:.2f} s")  # noqa: T201
    assert seconds < GOES_ON


def test_a_rung_worker_works_at_once(floor):
    say("nothing fails", note(floor))


def test_redis_that_forgets_everything_and_drops_every_line_costs_seconds(floor):
    floor.redis.ask("FLUSHALL")
    floor.redis.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    say("Redis flushed, every line dropped", note(floor))
    until(floor.listens, REPLACED)


def test_while_redis_is_gone_work_goes_on_and_afterwards_the_worker_hears_again(floor):
    floor.redis.part.kill()
    assert rings(floor) < RINGS_WITHIN
    say("Redis killed", note(floor))
    floor.redis.start()
    print(f"Redis is back, and the worker waits there after {until(floor.listens, REPLACED):.1f} s")  # noqa: T201
    say("the doorbell again", note(floor))


def test_while_redis_hangs_work_goes_on_and_the_worker_is_not_blamed(floor):
    pid = floor.worker.pid
    floor.redis.part.freeze()
    try:
        assert rings(floor) < RINGS_WITHIN
        say("Redis hangs", note(floor))
        say("Redis hangs, again", note(floor))
    finally:
        floor.redis.part.thaw()
    until(floor.listens, REPLACED)
    assert floor.worker.pid == pid


def test_a_worker_that_hears_nothing_any_more_works_on_and_is_replaced(floor):
    deaf = floor.worker.pid
    (floor.folder / "deaf").touch()
    until(lambda: not floor.listens(), 5)
    say("the worker is deaf", note(floor))
    replaced = until(lambda: floor.worker.pid != deaf, REPLACED)
    (floor.folder / "deaf").unlink()
    until(floor.listens, REPLACED)
    print(f"the deaf worker was replaced after {replaced:.1f} s")  # noqa: T201
    say("the new worker is rung", note(floor))


def test_a_worker_that_was_stopped_and_goes_on_is_not_taken_for_deaf(floor):
    pid = floor.worker.pid
    os.kill(pid, signal.SIGSTOP)
    floor.manage("start", "note", "--as", "ada@tideway.example")
    before = len(times(floor))
    os.kill(pid, signal.SIGCONT)
    say("the worker stood still", until(lambda: len(times(floor)) > before, GOES_ON))
    assert floor.worker.pid == pid
