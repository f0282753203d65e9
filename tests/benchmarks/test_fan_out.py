"""One run that starts a hundred thousand, which the same workers work on meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.benchmarks.processes import Process
from tests.benchmarks.progress import until
from tests.benchmarks.results import Figure, Result, scaled

pytestmark = pytest.mark.benchmark
CHILDREN = 100_000
MEGABYTE = 2**20


@contextmanager
def memory(workers: list[Process]) -> Iterator[dict[str, float]]:
    """Measure by how many megabytes the largest of the workers grows at its most."""
    for worker in workers:
        worker.forget_peak()
    before = [worker.rss for worker in workers]
    found: dict[str, float] = {}
    yield found
    grown = [worker.most_rss - start for worker, start in zip(workers, before, strict=True)]
    found.update(grown=max(grown) / MEGABYTE, start=max(before) / MEGABYTE)


def test_a_hundred_thousand_runs_from_an_audience(production):
    children = scaled(CHILDREN, least=500)
    system = production()
    system.prepare("fan-out", contacts=children)
    system.up(2, warm_up="")
    busy = system.busy()
    with memory(system.workers) as creating:
        begun = system.client("one", "fan-out").answer()["first"]
        chosen = "SELECT count(*) FROM workflows_audience"
        chosen_at = until("choosing the audience", lambda: system.number(chosen), 1, check=system.check)
        made = "SELECT count(*) FROM workflows_run WHERE parent_id IS NOT NULL"
        made_at = until("starting a run for each", lambda: system.number(made), children, check=system.check)
    spent = system.spent_since(busy)
    with memory(system.workers) as working:
        ended_at = system.rest("working on them")
    done = system.number("SELECT count(*) FROM workflows_action WHERE status = 'done'")
    Result(
        "fan-out",
        "100,000 child runs created from an audience while 2 workers work on them",
        [
            Figure("until all are created", made_at - chosen_at, "s", "<= 30"),
            Figure("memory of a worker above its start", creating["grown"], "MB", "<= 150"),
            Figure("from the start of the run to the end of all", ended_at - begun, "s"),
        ],
        {"children": children},
        system.versions,
        {
            "cpu_seconds_until_created": spent,
            "choosing_the_audience_seconds": round(chosen_at - begun, 2),
            "memory_at_start_mb": round(creating["start"], 1),
            "grown_while_working_mb": round(working["grown"], 1),
        },
    ).publish()
    assert done == children + 2
