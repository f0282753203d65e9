"""Servers of the benchmarks' own, and Remits on them. Everything started here is ended here."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.benchmarks.progress import say
from tests.benchmarks.results import PUBLISHED
from tests.benchmarks.servers import Postgres, Redis
from tests.benchmarks.system import System
from tests.benchmarks.table import table


@pytest.fixture(scope="session")
def disk() -> Iterator[Path]:
    """A folder on a real disk: /tmp is memory on many machines."""
    folder = Path(tempfile.mkdtemp(prefix="remit-benchmark-", dir=os.environ.get("REMIT_BENCHMARK_DIR") or "/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(disk: Path) -> Iterator[Postgres]:
    server = Postgres(disk / "postgres")
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def redis(disk: Path) -> Iterator[Redis]:
    server = Redis(disk / "redis")
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Let progress and results reach the terminal while they come."""
    with item.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        say(f"\n{item.name}")
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured as the table of the README."""
    if PUBLISHED:
        terminalreporter.section("measured")
        terminalreporter.write_line(table(PUBLISHED))


@pytest.fixture
def production(disk: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., System]]:
    """Return a maker of systems on PostgreSQL and Redis; `extra` are further variables of their environment."""
    made: list[System] = []

    def make(**extra: str) -> System:
        servers = request.getfixturevalue("postgres"), request.getfixturevalue("redis")
        folder = Path(tempfile.mkdtemp(prefix="production-", dir=disk))
        made.append(System(folder, *servers, extra=extra))
        return made[-1]

    yield make
    for system in made:
        system.stop()


@pytest.fixture
def embedded(disk: Path) -> Iterator[System]:
    """A system as `manage.py up` makes it without any setting: SQLite and the file-system broker."""
    system = System(Path(tempfile.mkdtemp(prefix="embedded-", dir=disk)))
    yield system
    system.stop()
