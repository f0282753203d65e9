"""Five steps that each call another system: begun and recorded durably, executed between."""

import sys

import pytest

from tests.benchmarks import receiver
from tests.benchmarks.results import Figure, Result, scaled
from tests.benchmarks.rounds import STEPS, with_creation, without_creation
from tests.live import free_port

pytestmark = pytest.mark.benchmark
RUNS = 1_000
WARM_UP = 150


def test_five_effect_steps_with_two_workers(production):
    runs, port = scaled(RUNS, least=40), free_port()
    system = production(HTTP_ALLOWED_HOSTS="127.0.0.1")
    system.prepare("effects", contacts=runs)
    system.processes.start("receiver", [sys.executable, "-m", receiver.__name__, str(port)], system.environment)
    system.up(2, warm_up="")
    url = f"http://127.0.0.1:{port}/hook"
    with_creation(system, WARM_UP, "effects", url=url)
    before = receiver.figures(port)
    together = with_creation(system, runs, "effects", url=url)
    after = receiver.figures(port)
    apart = without_creation(system, runs, "effects", url=url)
    Result(
        "effect-steps",
        "5 effect steps (HTTP to a local receiver answering at once), begin and record each durable, 2 workers",
        [
            Figure("from the first start to the last end", together.rate, "steps/s", ">= 600"),
            Figure("without creation", apart.rate, "steps/s"),
        ],
        {"runs": runs, "steps": runs * STEPS},
        system.versions,
        {"cpu_seconds": together.busy, "cpu_seconds_without_creation": apart.busy},
    ).publish()
    assert after["received"] - before["received"] == after["keys"] - before["keys"] == runs * STEPS
