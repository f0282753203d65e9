"""One run alone: how long a person waits who starts a single run of five steps."""

import pytest

from tests.benchmarks.results import Figure, Result, percentile, scaled

pytestmark = pytest.mark.benchmark
RUNS = 200


def test_one_run_alone_from_start_to_rest(production):
    runs = scaled(RUNS, least=20)
    system = production()
    system.prepare("pure", contacts=1000)
    system.up(2)
    system.client("alone", "10").answer()
    took = system.client("alone", str(runs)).answer()
    rested, started = took["rested"], took["started"]
    Result(
        "one-run",
        "one run alone: time from start to rest, 5 pure steps, Redis",
        [
            Figure("p50", percentile(rested, 50), "ms", "<= 60"),
            Figure("p99", percentile(rested, 99), "ms", "<= 250"),
        ],
        {"runs": runs, "steps": 5},
        system.versions,
        {
            "longest": round(max(rested), 1),
            "shortest": round(min(rested), 1),
            "start_returned_after_p50": round(percentile(started, 50), 1),
        },
    ).publish()
