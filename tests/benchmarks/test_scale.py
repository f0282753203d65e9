"""Does a long history make the work slower?"""

import statistics

import pytest

from tests.benchmarks.history import multiply
from tests.benchmarks.results import Figure, Result, scaled
from tests.benchmarks.rounds import STEPS, with_creation

pytestmark = pytest.mark.benchmark
HISTORY = 1_000_000
RUNS = 2_000
ROUNDS = 3


def test_a_million_finished_actions_beside_an_empty_database(production):
    runs, history = scaled(RUNS, least=100), scaled(HISTORY, least=5000)
    system = production()
    system.prepare("pure", contacts=runs)
    system.up(2)
    empty = [with_creation(system, runs).rate for _ in range(ROUNDS)]
    finished = multiply(system, history)
    entries = system.number("SELECT count(*) FROM governance_entry")
    full = [with_creation(system, runs).rate for _ in range(ROUNDS)]
    before, after = statistics.median(empty), statistics.median(full)
    Result(
        "scale",
        "steps/s with 1,000,000 finished actions in the tables against an empty database",
        [
            Figure("ratio", after / before, "", ">= 0.9"),
            Figure("with an empty database", before, "steps/s"),
            Figure("with the history", after, "steps/s"),
        ],
        {"finished_actions": finished, "entries": entries, "runs_a_round": runs, "steps_a_round": runs * STEPS},
        system.versions,
        {"rounds_empty": [round(rate) for rate in empty], "rounds_full": [round(rate) for rate in full]},
    ).publish()
