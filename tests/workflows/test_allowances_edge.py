"""Promise 10: allowances are never exceeded. Real processes, on the database the tests run on."""

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def database():
    """A database of their own: on SQLite the script's, on PostgreSQL one beside that of the tests."""
    if connection.vendor == "sqlite":
        yield {}
        return
    name, config = f"remit_edge_{uuid4().hex[:8]}", settings.DATABASES["default"]
    place = f"postgres://{config['USER']}:{config['PASSWORD']}@{config['HOST']}:{config['PORT']}"
    with psycopg.connect(f"{place}/postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield {"DATABASE_URL": f"{place}/{name}"}
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def at_the_edge(database, processes, each):
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REMIT_STATE")}
    command = [sys.executable, "-m", "tests.workflows.edge", str(processes), str(each)]
    done = subprocess.run(
        command, check=False, cwd=ROOT, env={**kept, **database}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("each", [1, 3])
def test_64_processes_at_the_edge_begin_exactly_the_limit(database, each):
    found = at_the_edge(database, 64, each)
    assert found["errors"] == []
    assert found["begun"] == found["limit"] == found["standing"] == 40 * each
    assert found["statuses"] == {"started": 40 * each, "in_review": 24 * each}
    meters = found["meters"]
    assert (meters["all:"], meters["workflow:news"]) == (40 * each, 40 * each)
    people = [level for name, level in meters.items() if name.startswith("one:")]
    assert (sum(people), meters["many:"]) == (40 * each, sum(level > 0 for level in people))
