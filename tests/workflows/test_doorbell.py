"""Rings: nobody who rings waits, many rings of one moment are one message, and an outage is said once."""

import logging
import threading

from workflows.doorbell import Ringer

SOON = 5.0


class Broker:
    """Counts messages. While it is `away` a message waits in it; while it is `broken` it raises."""

    def __init__(self):
        self.messages, self.is_broken = 0, False
        self.here = threading.Event()
        self.here.set()

    def __call__(self):
        self.here.wait(SOON)
        if self.is_broken:
            raise ConnectionError("nobody answers")
        self.messages += 1


def test_the_first_ring_goes_out():
    broker = Broker()
    ringer = Ringer(broker)
    ringer()
    assert ringer.flush(SOON)
    assert broker.messages == 1


def test_rings_while_a_message_is_on_its_way_are_one_more_message():
    broker = Broker()
    ringer = Ringer(broker, pause=0)
    broker.here.clear()
    for _ in range(500):
        ringer()
    broker.here.set()
    assert ringer.flush(SOON)
    assert 1 <= broker.messages <= 2


def test_who_rings_does_not_wait_for_a_broker_that_hangs():
    broker = Broker()
    ringer = Ringer(broker)
    broker.here.clear()
    ringer()
    assert not ringer.flush(0)
    broker.here.set()
    assert ringer.flush(SOON)


def test_of_an_outage_only_its_beginning_and_its_end_are_said(caplog):
    broker = Broker()
    ringer = Ringer(broker, pause=0)
    broker.is_broken = True
    with caplog.at_level(logging.WARNING, logger="workflows.doorbell"):
        for _ in range(3):
            ringer()
            assert ringer.flush(SOON)
        broker.is_broken = False
        ringer()
        assert ringer.flush(SOON)
    assert [record.getMessage() for record in caplog.records] == [
        "The doorbell does not ring; workers look for work by themselves. ConnectionError: nobody answers",
        "The doorbell rings again.",
    ]


def test_a_forked_process_rings_with_a_thread_of_its_own():
    broker = Broker()
    ringer = Ringer(broker)
    ringer()
    assert ringer.flush(SOON)
    ringer._start_anew()  # what a fork does in the child
    ringer()
    assert ringer.flush(SOON)
    assert broker.messages == 2


def test_a_ringer_nobody_has_rung_has_nothing_to_wait_for():
    assert Ringer(Broker()).flush(0)
