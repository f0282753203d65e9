"""How long it takes to judge the past again, and whether it says of real calls what they were."""

import pytest

from tests import bank
from tests.benchmarks.results import Figure, Result, scaled

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.skipif(not bank.FILE.exists(), reason=f"the data set is not on this machine: {bank.FILE}"),
]
ACTIONS = 100_000
ROUNDS = 3


def forecast(system):
    found = system.client("forecast").answer()
    assert found["state"] == "done"
    return found


def past(system, actions):
    system.prepare(contacts=0)
    assert system.client("calls", str(actions)).answer() == {"actions": actions}


def test_every_call_of_the_bank_is_counted_as_twenty_independent_lines_count_it(embedded):
    rows = bank.clients()
    past(embedded, len(rows))
    found = forecast(embedded)
    assert found["result"]["coverage"]["hits"] == len(rows) == 45_211
    assert bank.of_sweep(found["result"]["sweep"]["points"]) == bank.independently(rows)
    Result(
        "backtest_bank",
        "45,211 calls of the bank judged again; counts and rates at 12 floors are those of independent Python",
        [Figure("SQLite", found["seconds"], "s", "<= 10")],
        {"actions": len(rows), "floors": len(bank.FLOORS)},
        embedded.versions,
    ).publish()


def test_a_hundred_thousand_past_actions(embedded, production):
    actions = scaled(ACTIONS, least=1000)
    figures, rounds = [], {}
    for name, system in (("SQLite", embedded), ("PostgreSQL", production())):
        past(system, actions)
        seconds = [forecast(system)["seconds"] for _ in range(ROUNDS)]
        figures.append(Figure(name, max(seconds), "s", "<= 10"))
        rounds[name] = [round(each, 2) for each in seconds]
    Result(
        "backtest",
        "100,000 past actions judged again under a draft, the slowest of three times",
        figures,
        {"actions": actions},
        notes={"rounds": rounds},
    ).publish()
