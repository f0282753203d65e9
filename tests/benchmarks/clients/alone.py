"""`alone RUNS`: starts one run after the other, each when nothing else is under way, and says how long each took."""

import random
import time

from django.db import connection
from django.utils import timezone

from governance.people import Person
from workflows.engine.starting import start

LOOK_EVERY = 0.001
ENDED = "SELECT 1 FROM workflows_run WHERE id = %s AND ended_at IS NOT NULL"


def main(runs: str) -> dict[str, list[float]]:
    """Return milliseconds since the call of `start`: when it returned, and when others see that the run has ended."""
    ada = Person.objects.get(email="ada@tideway.example")
    took = [_one(ada, number) for number in range(int(runs))]
    return {"started": [started for started, _ in took], "rested": [rested for _, rested in took]}


def _one(ada: Person, number: int) -> tuple[float, float]:
    time.sleep(random.uniform(0.02, 0.1))  # so that the workers listen again, and the clock's beats fall anywhere
    begun = time.perf_counter()
    run = start("pure", {"contact": f"c{number % 100}", "campaign": "spring", "budget": 500}, ada, timezone.now())
    started = time.perf_counter()
    with connection.cursor() as cursor:
        while not cursor.execute(ENDED, [run.pk]).fetchone():
            time.sleep(LOOK_EVERY)
    return (started - begun) * 1000, (time.perf_counter() - begun) * 1000
