"""Several processes judge what one process judges, and none of them outlives the one that began them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.live import ROOT, environment, free_port

SHARED = """
import django; django.setup()
from approvals.backtests import past, plan
from approvals.backtests.crew import crew
from approvals.backtests.past import Window
from approvals.backtests.row import Asked
from governance.backtest import Curve, Tally
from workflows.definitions import Version

def judged(processes):
    whole = Tally(Curve(made.sweep))
    with crew(made, processes) as judge:
        for part in judge([ids[begin:begin + 7] for begin in range(0, len(ids), 7)]):
            whole.merge(part)
    return whole

if __name__ == "__main__":
    version = plan.fresh(Version.objects.get(status="in_force").pk)
    made = Asked(version, floors={"sum": 0.5}).plan()
    ids = past.actions(made, Window())
    one, two = judged(1), judged(2)
    assert one.as_json() == two.as_json()
    assert {cell: group.actions for cell, group in one.groups.items()} == {
        cell: group.actions for cell, group in two.groups.items()
    }
    print(one.judged, one.verdicts()["act"])
"""
HANGS = """
import os, time
import django; django.setup()
from approvals.backtests.crew import crew

if __name__ == "__main__":
    with crew(None, 2) as judge:
        try:
            next(judge([[1], [2]]))
        except AssertionError:
            print("begun", flush=True)
            time.sleep(60)
"""
PAST = """
import django; django.setup()
from django.core.management import call_command
from django.utils import timezone
from tests.benchmarks.clients.company import rule, settle
from workflows.engine.drive import drive
from workflows.engine.starting import start
from governance.people import Person
from workflows.ratifying import load_in_force

TEXT = '''
workflow: score
title: Score
owner: growth
automation_allowed: true
input: {type: object, properties: {sure: {type: number}}}
steps:
  - key: sum
    capability: data.set
    params: {values: {points: 7}}
    ownership: automated
    confidence: input.sure
    min_confidence: 0.9
'''
call_command("migrate", verbosity=0, interactive=False)
ada, now = settle(), timezone.now()
rule(ada)
load_in_force(TEXT, ada, now, Person.objects.get(email="lea@tideway.example"))
for number in range(50):
    start("score", {"sure": number / 50}, ada, now)
drive(lambda: now)
"""


@pytest.fixture
def python(tmp_path):
    """Return a beginner of Python processes with an installation of their own."""

    def begin(code):
        script = tmp_path / "script.py"
        script.write_text(code)
        surroundings = {
            **environment(tmp_path / "state", free_port()),
            "DJANGO_SETTINGS_MODULE": "governance.settings",
            "REMIT_RING": "false",
            "PYTHONPATH": str(ROOT),
        }
        return subprocess.Popen(
            [sys.executable, str(script)], cwd=ROOT, env=surroundings, stdout=subprocess.PIPE, text=True
        )

    return begin


@pytest.mark.live
def test_two_processes_find_what_one_finds(python):
    with python(PAST) as script:
        assert script.wait(60) == 0
    with python(SHARED) as script:
        out, _ = script.communicate(timeout=60)
        assert script.returncode == 0
    assert out.split("\n")[0] == "50 (5, 25)"


@pytest.mark.faults
def test_children_die_with_the_process_that_began_them_however_it_dies(python):
    with python(HANGS) as parent:
        assert parent.stdout.readline() == "begun\n"
        children = [int(child) for child in Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()]
        os.kill(parent.pid, signal.SIGKILL)
    assert len(children) >= 2
    until = time.monotonic() + 10
    while (left := [child for child in children if _lives(child)]) and time.monotonic() < until:
        time.sleep(0.05)
    assert left == []


def _lives(process):
    """Whether it still runs: one that nobody waits for any more may stand there as a zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
