"""Three hosts: one is killed in the middle of ten thousand runs, one is cut off from Redis, and everything ends."""

import json
import subprocess
import sys

import pytest

from tests.live import ROOT

pytestmark = pytest.mark.faults


def test_a_killed_host_and_one_without_redis_lose_nothing_and_do_nothing_twice():
    command = [sys.executable, "-m", "tests.faults.hosts", "--runs", "10000", "--effects", "500"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    print(done.stderr[-5000:], done.stdout)  # noqa: T201 (pytest shows it with a failure; -s always)
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["violations"] == []
    assert report["runs"] >= 10_000
