"""The work of a long backtest, shared among processes: judging is arithmetic, and one process does one thing at a time.

The children are new processes, not forks: a worker has threads and a connection that no fork should share. What they
import before Django is set up must not name a model, so this module names none.
"""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from approvals.backtests.plan import Plan
    from governance.backtest import Tally

WORTH_IT = 20_000
"""From so many actions on, other processes take less time than it takes to start them."""
MOST = 4
AHEAD = 2
"""Chunks that wait for each process; the rest is not sent yet, so that a backtest that is called off ends soon."""
_plan: Plan | None = None


def processes_for(actions: int) -> int:
    """Return how many processes to judge with: 1 is this one alone."""
    return min(MOST, len(os.sched_getaffinity(0))) if actions >= WORTH_IT else 1


@contextmanager
def crew(plan: Plan, processes: int) -> Iterator[Callable[[Sequence[Sequence[int]]], Iterator[Tally]]]:
    """Give a function that judges chunks and yields their tallies in order."""
    if processes < 2:
        past: Any = import_module("approvals.backtests.past")
        yield lambda chunks: (past.judge_part(plan, chunk) for chunk in chunks)
        return
    context = get_context("spawn")
    end, lifeline = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(end, _pickled(plan)))
    try:
        yield lambda chunks: _in_order(pool, iter(chunks), processes * (AHEAD + 1))
    finally:
        pool.shutdown(cancel_futures=True)
        lifeline.close()
        end.close()


def _in_order(pool: ProcessPoolExecutor, chunks: Iterator[Sequence[int]], ahead: int) -> Iterator[Tally]:
    waiting: list[Future[Tally]] = [pool.submit(_judge, list(chunk)) for chunk in islice(chunks, ahead)]
    while waiting:
        yield waiting.pop(0).result()
        waiting += [pool.submit(_judge, list(chunk)) for chunk in islice(chunks, 1)]


def _pickled(plan: Plan) -> bytes:
    """The plan names classes that only load once Django is set up, so it travels closed."""
    return pickle.dumps(plan)


def _begin(lifeline: Connection, plan: bytes) -> None:
    """Make this new process ready, and let it die when the one that began it does, however it dies."""
    threading.Thread(target=_die_at_end_of, args=(lifeline,), daemon=True).start()
    django.setup()
    global _plan  # noqa: PLW0603
    _plan = pickle.loads(plan)


def _die_at_end_of(lifeline: Connection) -> None:
    try:
        lifeline.recv()
    except (EOFError, OSError):
        os._exit(1)


def _judge(chunk: Sequence[int]) -> Tally:
    past: Any = import_module("approvals.backtests.past")
    assert _plan is not None
    return past.judge_part(_plan, chunk)  # type: ignore[no-any-return]
