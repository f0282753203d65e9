"""The peer every Celery user has: a bare chain of five no-op tasks over Redis, nothing kept, nothing judged."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import redis
from celery import Celery, chain

from tests.benchmarks.processes import Process, Processes
from tests.benchmarks.progress import until
from tests.benchmarks.servers import Redis

STEPS = 5
ENDED = "chains-ended"
WORKER = ("--quiet", "-A", "tests.benchmarks.peers.celery_app", "worker", "--pool=prefork", "--concurrency=2")


@dataclass(frozen=True)
class Chains:
    """Steps a second, with the sending of the chains and without it."""

    with_sending: float
    without_sending: float


def measure(server: Redis, folder: Path, chains: int) -> Chains:
    """Run the chains through two prefork processes with Celery's own defaults, once sent meanwhile, once before."""
    server.flush()
    processes = Processes(folder)
    with redis.Redis.from_url(server.url) as watch, Celery(broker=server.url) as sender:
        try:
            environment = {**os.environ, "CHAIN_BROKER": server.url}
            pool = processes.start("chain", [sys.executable, "-m", "celery", *WORKER], environment)
            while not sender.control.ping(timeout=1.0):
                processes.check()
            _meanwhile(sender, watch, 50, processes.check)
            together = _meanwhile(sender, watch, chains, processes.check)
            apart = _before(sender, watch, chains, pool)
        finally:
            processes.stop()
    return Chains(chains * STEPS / together, chains * STEPS / apart)


def _meanwhile(sender: Celery, watch: redis.Redis, chains: int, check: Callable[[], None]) -> float:
    """Return the seconds from the first sending to the last end."""
    watch.delete(ENDED)
    begun = time.monotonic()
    _send(sender, chains)
    return _wait(watch, chains, check) - begun


def _before(sender: Celery, watch: redis.Redis, chains: int, pool: Process) -> float:
    """Return the seconds from when the workers may take what was sent to the last end."""
    watch.delete(ENDED)
    pool.pause()
    _send(sender, chains)
    begun = time.monotonic()
    pool.resume()
    return _wait(watch, chains, pool.check) - begun


def _send(sender: Celery, chains: int) -> None:
    steps = [sender.signature("nothing", immutable=True)] * (STEPS - 1)
    for _ in range(chains):
        chain(*steps, sender.signature("last", immutable=True), app=sender).apply_async()


def _wait(watch: redis.Redis, chains: int, check: Callable[[], None]) -> float:
    return until("Celery chains", lambda: int(watch.get(ENDED) or 0), chains, check=check)
