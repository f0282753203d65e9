"""Five steps without an outside effect, everything on, beside a bare Celery chain that keeps nothing."""

import pytest

from tests.benchmarks.peers import celery_chain
from tests.benchmarks.results import Figure, Result, scaled
from tests.benchmarks.rounds import STEPS, Round, with_creation, without_creation
from tests.benchmarks.servers import POSTGRES_SETTINGS

pytestmark = pytest.mark.benchmark
RUNS = 10_000
CHAINS = 3_000


def notes(first: Round, second: Round):
    return {"cpu_seconds": first.busy, "cpu_seconds_without_creation": second.busy, "seconds": round(first.seconds, 2)}


def test_five_pure_steps_on_postgresql_and_redis_with_two_workers(production, disk):
    runs, chains = scaled(RUNS, least=100), scaled(CHAINS, least=100)
    system = production()
    system.prepare("pure", contacts=runs)
    system.up(2)
    together, apart = with_creation(system, runs), without_creation(system, runs)
    versions = system.versions
    system.processes.stop()
    peer = celery_chain.measure(system.redis, disk / "chain", chains)
    Result(
        "pure-steps",
        "5-step workflow of pure steps, PostgreSQL + Redis, 2 workers, 20 guardrails, terms and ledger on",
        [
            Figure("from the first start to the last end", together.rate, "steps/s", ">= 3000"),
            Figure("without creation", apart.rate, "steps/s"),
            Figure("bare Celery + Redis chain of no-op tasks, with their sending", peer.with_sending, "steps/s"),
            Figure("bare Celery + Redis chain, without sending", peer.without_sending, "steps/s"),
            Figure("times as fast as the chain, both with creation", together.rate / peer.with_sending, "×", ">= 5"),
            Figure("times as fast as the chain, both without", apart.rate / peer.without_sending, "×", ">= 5"),
        ],
        {"runs": runs, "steps": runs * STEPS, "chains": chains},
        versions,
        {**notes(together, apart), "postgres": POSTGRES_SETTINGS},
    ).publish()


def test_five_pure_steps_in_the_embedded_default_with_one_worker(embedded):
    runs = scaled(RUNS, least=100)
    embedded.prepare("pure", contacts=runs)
    embedded.up(1)
    together, apart = with_creation(embedded, runs), without_creation(embedded, runs)
    Result(
        "embedded",
        "the same in the embedded default (SQLite, file-system broker), 1 worker",
        [
            Figure("from the first start to the last end", together.rate, "steps/s", ">= 1500"),
            Figure("without creation", apart.rate, "steps/s"),
        ],
        {"runs": runs, "steps": runs * STEPS},
        embedded.versions,
        notes(together, apart),
    ).publish()
