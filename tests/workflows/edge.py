"""64 processes at the edge of allowances, on a database of their own. Run by `test_allowances_edge`; prints JSON.

DATABASE_URL=… python -m tests.workflows.edge 64 1     (processes, actions for each)
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
from collections import Counter
from typing import Any

NEWS = """
workflow: news
title: News
owner: growth
automation_allowed: true
input: {type: object, required: [to], properties: {to: {type: string}}}
steps:
  - {key: send, capability: email.send, params: {to: "=input.to", subject: News, body: Hello}, ownership: automated}
"""


def prepare(actions: int, allowances: list[dict[str, Any]]) -> Any:
    """Set up the database, the people, the allowances, and so many mails, each to one of seven people."""
    from django.core.management import call_command

    from tests.conftest import founded

    call_command("migrate", verbosity=0)
    world = founded()
    world.rules(allowances=allowances)
    world.load(NEWS)
    for number in range(actions):
        world.start("news", to=f"{number % 7}@client.example")
    return world


def worker(gate: Any, results: Any, now: Any, each: int) -> None:
    """Claim so many and begin them in the same instant as all the others; say how many began, or what went wrong."""
    from django.db import connection

    from workflows.engine.begin import begin
    from workflows.engine.claim import claim
    from workflows.engine.propose import propose

    try:
        works: list[Any] = []
        while len(works) < each:
            works += claim(f"worker {os.getpid()}", each - len(works), now)
        propose(works, now)
        gate.wait()
        results.put(len(begin(works, now)))
    except Exception as error:
        results.put(f"{type(error).__name__}: {error}")
        gate.abort()
    finally:
        connection.close()


def main(processes: int, each: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from django.db import connections

    from governance.allowances import STANDING, Meter
    from workflows.actions import Action

    half = processes * each * 5 // 8
    allowances = [
        {"key": "all", "title": "Mails", "limit": half},
        {"key": "workflow", "title": "Mails of a workflow", "limit": half, "per": "workflow", "window": "day"},
        {"key": "one", "title": "Mails to one", "limit": 999, "per": "contact", "window": "day"},
        {"key": "many", "title": "People", "measure": "contacts", "limit": 999},
    ]
    world = prepare(processes * each, allowances)
    connections.close_all()
    fork = multiprocessing.get_context("fork")
    gate, results = fork.Barrier(processes), fork.SimpleQueue()
    workers = [fork.Process(target=worker, args=(gate, results, world.now, each)) for _ in range(processes)]
    began = time.monotonic()
    for process in workers:
        process.start()
    said = [results.get() for _ in workers]
    for process in workers:
        process.join()
    found = {
        "limit": half,
        "begun": sum(each for each in said if isinstance(each, int)),
        "errors": [each for each in said if isinstance(each, str)],
        "statuses": Counter(Action.objects.values_list("status", flat=True)),
        "meters": {f"{row.allowance}:{row.name}": row.level for row in Meter.objects.all()},
        "standing": STANDING.filter(meter__allowance="all").count(),
        "seconds": round(time.monotonic() - began, 2),
    }
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
