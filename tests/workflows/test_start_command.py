"""`manage.py start --wait` says what went wrong, and its exit code does too."""

import json

import pytest
from django.core.management import call_command
from django.utils import timezone

from workflows.engine.drive import drive
from workflows.management.commands import start as command

CHANGE = """
workflow: change
title: Change
owner: growth
automation_allowed: true
input: {type: object, properties: {client: {type: string}}}
steps:
  - key: change
    capability: records.update
    params: {record: {kind: client, key: "=input.client"}, changes: {stage: won}}
    ownership: automated
"""


@pytest.fixture
def started(world, monkeypatch, capsys):
    """Start the workflow as the command does, with a worker beside it; return code, report and complaints."""
    world.load(CHANGE)
    looks = command.rest.is_resting

    def works_meanwhile(run, now):
        drive(timezone.now)
        return looks(run, now)

    monkeypatch.setattr(command.rest, "is_resting", works_meanwhile)

    def run(client):
        code = 0
        try:
            call_command("start", "change", email=world.ada.email, input=json.dumps({"client": client}), wait=5.0)
        except SystemExit as ended:
            code = ended.code
        printed = capsys.readouterr()
        return code, json.loads(printed.out), printed.err

    return run


def test_what_failed_is_said_with_its_count_and_ends_with_code_1(started):
    code, report, complaints = started("7")
    assert code == 1
    assert set(report) == {"run", "rested", "seconds", "actions"}
    assert "1 × there is no client “7”" in complaints


def test_a_run_without_trouble_ends_with_code_0(world, started):
    world.record("client", "7", stage="new")
    code, report, complaints = started("7")
    assert (code, report["rested"], complaints) == (0, True, "")
