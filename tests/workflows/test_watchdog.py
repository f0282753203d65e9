"""How a worker watches itself: what it does unasked, and when it takes itself for deaf. Really: tests/faults."""

import logging
import threading

import pytest

from workflows.watchdog import QUIET, UNHEARD, WORK, Vigil, Watchdog

SWEEP = "workflows.tasks.sweep"
WITHIN = {SWEEP: 6.0, WORK: 2.5}


@pytest.fixture
def vigil():
    return Vigil(WITHIN, now=0.0)


@pytest.mark.parametrize(
    ("now", "unasked"),
    [(0.0, []), (2.4, []), (2.5, [WORK]), (5.9, [WORK]), (6.0, [SWEEP, WORK]), (100.0, [SWEEP, WORK])],
)
def test_what_nobody_asks_for_in_time_is_done_unasked(vigil, now, unasked):
    assert vigil.unasked(now) == unasked


def test_what_a_message_asked_for_is_not_done_again(vigil):
    vigil.do(WORK, 5.0)
    vigil.do(SWEEP, 5.5)
    assert vigil.unasked(7.0) == []
    assert vigil.unasked(7.5) == [WORK]


def test_while_the_worker_works_nothing_is_done_beside(vigil):
    vigil.busy = True
    assert vigil.unasked(100.0) == []


def test_a_task_nobody_watches_changes_nothing(vigil):
    vigil.do("somebody.elses", 5.0)
    assert vigil.unasked(5.0) == [WORK]


def looks(vigil, until, taken=True, hears=()):
    """Look once a second; return the moment at which it takes itself for deaf, or None."""
    for now in range(until + 1):
        if now in hears:
            vigil.hear(float(now))
        if vigil.is_deaf(float(now)):
            return now
        if vigil.wonders(float(now)):
            vigil.ask(float(now), taken=taken)
    return None


def test_messages_to_itself_that_never_come_make_it_deaf(vigil):
    assert looks(vigil, 60) == (UNHEARD + 1) * QUIET


def test_one_message_that_gets_lost_does_not(vigil):
    assert looks(vigil, 60, hears=range(11, 60, 5)) is None


def test_a_broker_that_takes_nothing_is_not_the_workers_fault(vigil):
    assert looks(vigil, 60, taken=False) is None


def test_whoever_hears_enough_does_not_wonder(vigil):
    for now in range(60):
        vigil.hear(float(now))
        assert not vigil.wonders(now + 4.9)


def test_a_worker_that_works_does_not_wonder(vigil):
    vigil.busy = True
    assert looks(vigil, 60) is None


def test_a_process_that_stood_still_asks_once_more_before_it_takes_itself_for_deaf(vigil):
    vigil.ask(5.0, taken=True)
    assert not vigil.is_deaf(1000.0)
    assert vigil.wonders(1000.0)


class Worker:
    """A watchdog whose clock, tasks and broker are told what to do."""

    def __init__(self):
        self.now, self.hears, self.done, self.ended = 0.0, True, [], 0
        self.trouble = None
        tasks = {SWEEP: lambda: self._do(SWEEP), WORK: lambda: self._do(WORK)}
        self.dog = Watchdog(tasks, Vigil(WITHIN, 0.0), self._ask, self._end, clock=lambda: self.now)

    def _ask(self):
        if self.hears:
            self.dog.vigil.hear(self.now)

    def _do(self, task):
        self.done.append(task)
        if self.trouble:
            raise self.trouble

    def _end(self, over):
        self.ended += 1

    def seconds(self, count):
        for _ in range(count):
            self.now += 1
            self.dog.look()


@pytest.mark.django_db
def test_without_any_message_work_and_sweep_are_done_all_the_same():
    worker = Worker()
    worker.seconds(12)
    assert (worker.done.count(WORK), worker.done.count(SWEEP)) == (4, 2)
    assert worker.ended == 0


@pytest.mark.django_db
def test_a_deaf_worker_ends_itself():
    worker = Worker()
    worker.hears = False
    worker.seconds(14)
    assert worker.ended == 0
    worker.seconds(1)
    assert worker.ended == 1


@pytest.mark.django_db
def test_trouble_is_said_once_and_does_not_stop_the_looking(caplog):
    worker = Worker()
    worker.trouble = OSError("the database is away")
    with caplog.at_level(logging.WARNING, logger="workflows.watchdog"):
        worker.seconds(12)
    assert worker.done.count(WORK) == 4
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert all("the database is away" in words for words in said)


def test_a_worker_that_ends_waits_for_what_its_watchdog_does():
    began, may_end, done = threading.Event(), threading.Event(), []

    def works():
        began.set()
        may_end.wait(5)
        done.append(WORK)

    dog = Watchdog({WORK: works}, Vigil({WORK: 0.0}, 0.0), lambda: None, lambda over: None)
    dog.start()
    assert began.wait(5)
    threading.Timer(0.05, may_end.set).start()
    dog.stop()
    assert done == [WORK]
    assert not dog.is_alive()
