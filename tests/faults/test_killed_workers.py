"""`kill -9` of the workers in the middle of a fan-out: the counts are the same, and nothing ran twice."""

import csv
import os
import random
import signal
import sqlite3
import time

import pytest

from tests.live import RATIFIED, ROOT, Live, report

pytestmark = pytest.mark.faults

SAMPLE = ROOT.parent / "shared/data/bank-marketing/bank.csv"
PROGRAM = """
workflow: term-deposit-calls
title: Term deposit calls
owner: growth
automation_allowed: true
input: {type: object, required: [client], properties: {client: {type: string}}}
steps:
  - key: choose
    question: Which offer, if any, does this client get?
    capability: offers.choose
    params: {record: {kind: client, key: "=input.client"}, offers: [term-deposit]}
    ownership: automated
    guardrails:
      - {when: "record.campaign > 6 || record.default == 'yes'", effect: review, reason: Too often or in default}
    reviewers: growth
    escalation: growth-default
    due_in: 4h
---
workflow: term-deposit-program
title: Term deposit program
owner: growth
automation_allowed: true
steps:
  - key: audience
    capability: records.select
    params: {kind: client, where: "record.age >= 18"}
    ownership: automated
  - key: calls
    after: [audience]
    capability: workflows.start_each
    params: {workflow: term-deposit-calls, audience: "=steps.audience.audience", input: {client: "=record.key"}}
    ownership: automated
"""


@pytest.fixture
def live(tmp_path):
    running = Live(tmp_path / "state").up("--demo")
    yield running
    running.stop()


def expected():
    with SAMPLE.open() as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    asked = sum(int(row["campaign"]) > 6 or row["default"] == "yes" for row in rows)
    return len(rows) - asked, asked


def counted(found, step):
    return {(row["verdict"], row["status"]): row["count"] for row in found["actions"] if row["step"] == step}


@pytest.mark.skipif(not SAMPLE.exists(), reason="the real data (bank.csv) is not here")
def test_workers_killed_again_and_again_leave_the_same_counts_and_nothing_twice(live, tmp_path):
    assert "4,521 new" in live.manage("import_records", "client", str(SAMPLE), "--delimiter", ";").stdout
    file = tmp_path / "program.yaml"
    file.write_text(PROGRAM)
    loaded = live.manage("load_workflow", str(file), "--as", "ada@tideway.example", "--publish", *RATIFIED)
    assert loaded.returncode == 0, loaded.stderr
    run = live.start_and_wait("term-deposit-program", "--as", "ada@tideway.example", seconds=150)
    draw = random.Random(7)
    kills = 0
    for _ in range(6):
        time.sleep(draw.uniform(0.3, 1.5))
        for pid in live.children("--hostname=worker"):
            os.kill(pid, signal.SIGKILL)
            kills += 1
    found = report(run.communicate(timeout=200)[0])
    act, review = expected()
    assert kills >= 6
    assert found["rested"] is True
    assert counted(found, "choose") == {("act", "done"): act, ("review", "in_review"): review}
    assert_nothing_twice(live.state / "remit.sqlite3", found["run"])


def assert_nothing_twice(database, run):
    with sqlite3.connect(database) as connection:
        children = f"SELECT id FROM workflows_run WHERE root_id = {run}"
        doubled = connection.execute(
            f"SELECT action, verb, count(*) FROM governance_entry WHERE run IN ({children}) "
            "GROUP BY action, verb HAVING count(*) > 1 AND action IS NOT NULL"
        ).fetchall()
        clients = connection.execute(f"SELECT count(*), count(DISTINCT input) FROM workflows_run WHERE root_id = {run}")
        total, distinct = clients.fetchone()
    assert doubled == []
    assert total == distinct
