"""The stop switch under load: how long it takes to hold, and whether anything begins after it held."""

import sys

import pytest

from tests.benchmarks import receiver
from tests.benchmarks.progress import until
from tests.benchmarks.results import Figure, Result, percentile, scaled
from tests.live import free_port

pytestmark = pytest.mark.benchmark
ACTIONS = 10_000
HALTS = 100
BEGINS = """
    SELECT count(*) FROM governance_entry e JOIN workflows_action a ON a.id = e.action
    WHERE e.id > {pulled} AND e.id < {lifted}
    AND (e.verb = 'action.started' OR (e.verb = 'action.done' AND a.inline))
    AND a.workflow_id IN (SELECT id FROM workflows_workflow WHERE slug = '{workflow}' OR {everything})
"""
STARTED = """
    SELECT count(*) FROM governance_entry
    WHERE id > {pulled} AND id < {lifted} AND verb = 'run.started' AND {everything}
    AND run IN (SELECT id FROM workflows_run WHERE parent_id IS NOT NULL)
"""


def begins(system, halt):
    """Return how many actions the ledger has begun, and runs a fan-out started, while the halt stood."""
    names = {**halt, "everything": halt["scope"] == "everything"}
    return system.number(BEGINS.format(**names)) + system.number(STARTED.format(**names))


def test_a_hundred_halts_while_four_workers_work(production):
    halts, actions, port = scaled(HALTS, least=5), scaled(ACTIONS, least=400), free_port()
    system = production(HTTP_ALLOWED_HOSTS="127.0.0.1")
    system.prepare("fan-out", "halted", contacts=actions)
    system.processes.start("receiver", [sys.executable, "-m", receiver.__name__, str(port)], system.environment)
    system.up(4, warm_up="")
    url = f"http://127.0.0.1:{port}/hook"
    halter = system.client("halter", str(halts), url)
    lifted = "SELECT count(*) FROM governance_halt WHERE lifted_at IS NOT NULL"
    until("halts pulled and lifted", lambda: system.number(lifted), halts, check=system.check)
    found = halter.answer()["halts"]
    system.rest("what the halts left")
    took = [halt["milliseconds"] for halt in found]
    kinds = {name: [one["milliseconds"] for one in found if one["workflow"] == name] for name in ("each", "both")}
    after = sum(begins(system, halt) + halt["seen_to_begin"] for halt in found)
    attempts = system.number("SELECT count(*) FROM workflows_attempt")
    started = system.number("SELECT count(*) FROM governance_entry WHERE verb = 'action.started'")
    Result(
        "halt",
        "halt during a 10,000-action fan-out, 4 workers: 100 pulled and lifted",
        [
            Figure("a halt holds, p50", percentile(took, 50), "ms"),
            Figure("a halt holds, p99", percentile(took, 99), "ms", "<= 250"),
            Figure("begins after it held", after, "", "== 0"),
        ],
        {"halts": halts, "actions_a_fan_out": actions, "attempts": attempts},
        system.versions,
        {
            "longest": round(max(took), 1),
            "p99_inside_only": round(percentile(kinds["each"], 99), 1),
            "p99_both_kinds": round(percentile(kinds["both"], 99), 1),
        },
    ).publish()
    assert after == 0
    assert attempts == started
