"""One Remit under measurement: its own state and database, its workers and clock started as the product starts them."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import redis

from governance.supervising import programs
from tests.benchmarks.processes import Process, Processes, cpu_seconds, family, tied
from tests.benchmarks.progress import say, until
from tests.benchmarks.servers import Postgres, Redis
from tests.live import ROOT, environment, free_port

READY_WITHIN = 60.0
WARM_UP = 400
FILES = Path(__file__).parent / "files"


class Sick(Exception):
    """The system did not come up, or a client of it failed."""


@dataclass
class Client:
    """A process beside the workers that uses the product and prints one JSON line."""

    process: subprocess.Popen[str]
    log: Path

    def answer(self) -> dict[str, Any]:
        """Wait for its end and return what it printed. Raises Sick when it failed."""
        output, _ = self.process.communicate()
        self.check()
        return dict(json.loads(output.strip().splitlines()[-1]))

    def check(self) -> None:
        if self.process.poll():
            raise Sick(f"{self.log.name} ended with {self.process.returncode}:\n{self.log.read_text()[-3000:]}")

    def end(self) -> None:
        """End it if a benchmark that failed left it running."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


@dataclass
class System:
    """With `postgres` and `redis` as in production, without them as in the embedded default."""

    folder: Path
    postgres: Postgres | None = None
    redis: Redis | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    workers: list[Process] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = self.folder / "state"
        self.state.mkdir(parents=True)
        self.address = self.postgres.fresh_database() if self.postgres else ""
        if self.redis:
            self.redis.flush()
        self.environment = {
            **environment(self.state, free_port()),
            "DJANGO_SETTINGS_MODULE": "governance.settings",
            "DATABASE_URL": self.address,
            "REDIS_URL": self.redis.url if self.redis else "",
            "PYTHONUNBUFFERED": "1",
            **self.extra,
        }
        self.processes = Processes(self.folder / "logs")
        self._database: Any = None

    # --- life ------------------------------------------------------------------------------------------------------
    def prepare(self, *files: str, contacts: int) -> None:
        """Migrate, and put people, rulebook, workflows and contacts there."""
        say(f"  preparing {contacts:,} contacts")
        self.client("company", str(contacts), *(str(FILES / f"{name}.yaml") for name in files)).answer()

    def up(self, workers: int, *, warm_up: str = "pure") -> None:
        """Start the workers and the clock, and let them do a little so that everything is loaded and compiled."""
        self.workers = [
            self.processes.program(programs.worker(number), self.environment) for number in range(1, workers + 1)
        ]
        self.clock = self.processes.program(programs.clock(), self.environment)
        self._wait_for_workers()
        if warm_up:
            self.client("starter", warm_up, str(WARM_UP)).answer()
            self.rest("warming up")

    def _wait_for_workers(self) -> None:
        """Wait until each waits at Redis; without one nobody can be asked, and the warm-up waits instead."""
        if self.redis is None:
            return
        stop_at = time.monotonic() + READY_WITHIN
        with redis.Redis.from_url(self.redis.url) as client:
            while sum("b" in line["flags"] for line in client.client_list()) < len(self.workers):
                self.check()
                if time.monotonic() > stop_at:
                    raise Sick("the workers do not answer")
                time.sleep(0.1)

    def stop(self) -> None:
        self.processes.stop()
        for client in self.clients:
            client.end()
        if self._database is not None:
            self._database.close()
        if self.postgres:
            self.postgres.drop(self.address)

    def check(self) -> None:
        self.processes.check()
        for client in self.clients:
            client.check()

    # --- use -------------------------------------------------------------------------------------------------------
    def client(self, name: str, *words: str, **extra: str) -> Client:
        self.processes.logs.mkdir(parents=True, exist_ok=True)
        log = self.processes.logs / f"{name}.log"
        with log.open("ab") as errors:
            process = subprocess.Popen(
                tied([sys.executable, "-m", "tests.benchmarks.client", name, *words]),
                cwd=ROOT,
                env={**self.environment, **extra},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self.clients.append(Client(process, log))
        return self.clients[-1]

    def rest(self, words: str) -> float:
        """Wait until no run is open; return that moment."""
        total = self.number("SELECT count(*) FROM workflows_run")
        over = "SELECT count(*) FROM workflows_run WHERE status <> 'open'"
        return until(words, lambda: self.number(over), total, check=self.check)

    # --- looking ---------------------------------------------------------------------------------------------------
    def ask(self, question: str) -> list[tuple[Any, ...]]:
        """Ask the database, in a connection of its own that holds nothing."""
        if self._database is None:
            self._database = self._connect()
        return list(self._database.execute(question).fetchall())

    def _connect(self) -> Any:
        if self.postgres:
            return psycopg.connect(self.address, autocommit=True)
        file = self.state / "remit.sqlite3"
        return sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None, timeout=20)

    def number(self, question: str) -> int:
        return int(self.ask(question)[0][0] or 0)

    @property
    def last_run(self) -> int:
        return self.number("SELECT max(id) FROM workflows_run")

    def busy(self) -> dict[str, float]:
        """Return the processor seconds each part took so far."""
        found = {"workers": cpu_seconds(worker.pid for worker in self.workers)}
        for name, server in (("postgres", self.postgres), ("redis", self.redis)):
            if server and server.process:
                with suppress(FileNotFoundError):
                    found[name] = cpu_seconds(family(server.process.pid))
        return found

    def spent_since(self, before: Mapping[str, float]) -> dict[str, float]:
        """Return the processor seconds each part took since `busy` said these."""
        return {name: round(seconds - before.get(name, 0.0), 2) for name, seconds in self.busy().items()}

    @property
    def versions(self) -> dict[str, str]:
        found = {"sqlite": sqlite3.sqlite_version} if not self.postgres else {"postgresql": self.postgres.version}
        return {**found, "redis-server": str(self.redis.info()["redis_version"])} if self.redis else found
