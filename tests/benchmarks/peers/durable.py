"""Peers that keep their state in PostgreSQL: two worker processes, chains of five steps that do nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.benchmarks.processes import Processes
from tests.benchmarks.progress import until
from tests.benchmarks.servers import Postgres
from tests.live import ROOT

STEPS = 5
WORKERS = 2
WARM_UP = 50


@dataclass(frozen=True)
class Peer:
    """`app` is the module with the verbs schema, send and work; `ended` counts the chains that are over."""

    app: str
    ended: str

    def measure(self, server: Postgres, folder: Path, chains: int) -> float:
        """Return steps a second, from the first sending to the last end."""
        address = server.fresh_database()
        environment = {**os.environ, "PEER_DATABASE": address}
        command = [sys.executable, "-m", "tests.benchmarks.peers.run", self.app]
        processes = Processes(folder)
        try:
            subprocess.run([*command, "schema"], check=True, cwd=ROOT, env=environment, capture_output=True)
            for number in range(WORKERS):
                processes.start(f"{self.app}-{number}", [*command, "work"], environment)
            with psycopg.connect(address, autocommit=True) as connection:
                count = self._counter(connection)
                for size, target in ((WARM_UP, WARM_UP), (chains, WARM_UP + chains)):
                    send = [*command, "send", str(size)]
                    sender = subprocess.Popen(send, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
                    end = until(f"{self.app}: chains", count, target, check=processes.check)
                    begun = float(sender.communicate()[0])
            return chains * STEPS / (end - begun)
        finally:
            processes.stop()
            server.drop(address)

    def _counter(self, connection: psycopg.Connection) -> Callable[[], int]:
        return lambda: int((connection.execute(self.ended).fetchone() or (0,))[0])


PROCRASTINATE = Peer(
    "procrastinate_app", f"SELECT count(*) / {STEPS} FROM procrastinate_jobs WHERE status = 'succeeded'"
)
DBOS = Peer("dbos_app", "SELECT count(*) FROM dbos.workflow_status WHERE status = 'SUCCESS'")
