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
    took = system.client("alone", str(runs)).answer()["milliseconds"]
    Result(
        "one-run",
        "one run alone: time from start to rest, 5 pure steps, Redis",
        [
            Figure("p50", percentile(took, 50), "ms", "<= 60"),
            Figure("p99", percentile(took, 99), "ms", "<= 250"),
        ],
        {"runs": runs, "steps": 5},
        system.versions,
        {"longest": round(max(took), 1), "shortest": round(min(took), 1)},
    ).publish()
