"""A PostgreSQL and a Redis of the benchmarks' own, on free loopback ports, with their files on disk."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
import redis

from tests.benchmarks.processes import tied
from tests.live import free_port

PATIENCE = 30.0
POSTGRES_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "max_connections": "100",
}
"""All that differs from what PostgreSQL does by itself, or is said to make plain that nothing is switched off."""


def _program(name: str) -> Path:
    """Return where the program of PostgreSQL is, the newest one. Skips the benchmark where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    if where := (found[-1] if found else None) or shutil.which(name):
        return Path(where)
    return pytest.skip(f"PostgreSQL's {name} is not installed here")


@dataclass
class Postgres:
    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    databases: int = 0

    def start(self) -> Postgres:
        self.folder.mkdir()
        owner = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        if owner:  # it refuses to run as root
            shutil.chown(self.folder, "postgres", "postgres")
        data, log = self.folder / "data", self.folder / "log"
        initdb = [_program("initdb"), "-D", data, "-U", "remit", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
        subprocess.run(initdb, check=True, capture_output=True, cwd="/", **owner)
        settings = {**POSTGRES_SETTINGS, "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                tied([str(_program("postgres")), "-D", str(data), "-p", str(self.port), *options], "INT"),
                cwd="/",
                stdout=output,
                stderr=output,
                **owner,
            )
        self._wait()
        return self

    def _wait(self) -> None:
        stop_at = time.monotonic() + PATIENCE
        while True:
            try:
                psycopg.connect(self.address("postgres")).close()
                return
            except psycopg.OperationalError:
                assert self.process is not None and self.process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < stop_at, (self.folder / "log").read_text()
                time.sleep(0.1)

    def address(self, database: str) -> str:
        return f"postgres://remit@127.0.0.1:{self.port}/{database}"

    def fresh_database(self) -> str:
        """Return the address of an empty database."""
        self.databases += 1
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE remit_{self.databases}")
        return self.address(f"remit_{self.databases}")

    def drop(self, address: str) -> None:
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {address.rsplit('/', 1)[1]} WITH (FORCE)")

    @property
    def version(self) -> str:
        with psycopg.connect(self.address("postgres")) as connection:
            (found,) = connection.execute("SHOW server_version").fetchone() or ("",)
        return str(found).split()[0]

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)  # the fast shutdown
            self.process.wait(timeout=PATIENCE)


@dataclass
class Redis:
    """Redis as it is without a configuration file."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> Redis:
        program = shutil.which("redis-server") or pytest.skip("redis-server is not installed here")
        self.folder.mkdir()
        with (self.folder / "log").open("wb") as log:
            command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
            self.process = subprocess.Popen(tied(command), stdout=log, stderr=log)
        stop_at = time.monotonic() + PATIENCE
        while not self._answers():
            assert time.monotonic() < stop_at, (self.folder / "log").read_text()
            time.sleep(0.05)
        return self

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def info(self) -> Mapping[str, object]:
        with redis.Redis.from_url(self.url) as client:
            return dict(client.info())

    def flush(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=PATIENCE)
