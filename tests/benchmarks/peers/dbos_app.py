"""DBOS: a durable workflow of five steps that do nothing. Needs PEER_DATABASE."""

import os
import threading
import time

from dbos import DBOS, DBOSClient, DBOSConfig

STEPS = 5
QUEUE = "chains"
ADDRESS = os.environ["PEER_DATABASE"].replace("postgres://", "postgresql+psycopg://")
VERSION = "1"


@DBOS.step()
def step() -> None:
    pass


@DBOS.workflow(name="chain")
def chain() -> None:
    for _ in range(STEPS):
        step()


def schema() -> None:
    _launch()
    DBOS.register_queue(QUEUE)
    DBOS.destroy()


def send(chains: int) -> float:
    """Return the moment of the first sending."""
    client = DBOSClient(system_database_url=ADDRESS)
    first = time.monotonic()
    for _ in range(chains):
        client.enqueue({"workflow_name": "chain", "queue_name": QUEUE, "app_version": VERSION})
    client.destroy()
    return first


def work() -> None:
    _launch()
    threading.Event().wait()


def _launch() -> None:
    config: DBOSConfig = {
        "name": "peer",
        "system_database_url": ADDRESS,
        "application_version": VERSION,
        "log_level": "WARNING",
    }
    DBOS(config=config)
    DBOS.launch()
