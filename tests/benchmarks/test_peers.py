"""Engines others would choose, on the same machine and the same PostgreSQL. Skipped where they are not installed:
`uv run --with procrastinate --with dbos pytest -m benchmark -k chain_of`.
"""

from importlib.metadata import version

import pytest

from tests.benchmarks.peers.durable import DBOS, PROCRASTINATE, STEPS
from tests.benchmarks.results import Figure, Result, scaled

pytestmark = pytest.mark.benchmark
CHAINS = 1_000


@pytest.mark.parametrize(("package", "peer"), [("procrastinate", PROCRASTINATE), ("dbos", DBOS)])
def test_a_chain_of_five_empty_steps_in(package, peer, postgres, disk):
    pytest.importorskip(package)
    chains = scaled(CHAINS, least=50)
    rate = peer.measure(postgres, disk / package, chains)
    Result(
        package,
        f"{package}: 5-step chains of empty steps, the same PostgreSQL, 2 worker processes",
        [Figure("from the first start to the last end", rate, "steps/s")],
        {"chains": chains, "steps": chains * STEPS},
        {package: version(package), "postgresql": postgres.version},
    ).publish()
