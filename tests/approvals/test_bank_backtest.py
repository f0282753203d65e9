"""A backtest of real calls says what twenty lines of Python say that know nothing of Remit."""

import pytest

from approvals.backtests import past, plan
from approvals.backtests.past import Window
from approvals.backtests.row import Asked, judge
from tests import bank
from workflows import publishing
from workflows.actions import Action
from workflows.definitions import Version

EVERY = 400
SWEEP = {"step": "call", "low": 0.05, "high": 0.6, "by": 0.05}

pytestmark = pytest.mark.skipif(not bank.FILE.exists(), reason=f"the data set is not on this machine: {bank.FILE}")


@pytest.fixture
def calls(world):
    """Every 400th client of the file, proposed and judged by the engine; the draft would call from 0.3 on."""
    rows = bank.clients(EVERY)
    world.load(bank.PROGRAM)
    bank.write_records(rows)
    bank.run_all(rows, world.ada, world.now)
    publishing.load(bank.DRAFT, world.ada, world.now)
    return rows


def tallied():
    version = plan.fresh(Version.objects.get(status="draft").pk)
    made = Asked(version, sweep=SWEEP).plan()
    return judge(made, past.actions(made, Window())).as_json()


def test_each_floor_releases_what_twenty_independent_lines_release(calls):
    found, independent = tallied(), bank.independently(calls)
    assert found["coverage"]["hits"] == len(calls) == 114
    assert bank.of_sweep(found["sweep"]["points"]) == independent
    assert found["released"]["hits"] == independent[0.3][0]
    assert found["amounts"]["released"]["balance"]["sum"] == sum(
        int(row["balance"]) for row in calls if bank.confidence(row) >= 0.3
    )


def test_a_past_that_is_copied_is_the_past_the_engine_makes(calls):
    one, *others = Action.objects.order_by("pk").select_related("run")
    for number, action in enumerate(others, start=1):
        copied = bank.facts_like(one.facts, calls[number], number, action.run_id, action.pk)
        assert copied == action.facts


def test_a_copied_past_is_judged_as_the_engines_own(calls):
    before = tallied()
    one = Action.objects.select_related("run").first()
    bank.tell(list(zip(bank.copy(calls, one), (row["y"] for row in calls), strict=True)))
    after = tallied()
    assert after["released"]["hits"] == 2 * before["released"]["hits"]
    points = bank.of_sweep(after["sweep"]["points"])
    assert points == {
        floor: (2 * called, 2 * yes, share)
        for floor, (called, yes, share) in bank.of_sweep(before["sweep"]["points"]).items()
    }
