"""Fault points do nothing unless told to, break exactly as told, and are refused in production."""

import json
import os
import re
import signal
import subprocess
import sys
import timeit

import pytest
from django.db import OperationalError, connection

from governance.faultpoints import POINTS, Armed, Broken, fault_point, parse
from tests.live import ROOT, environment

CODE = [*ROOT.glob("governance/**/*.py"), *ROOT.glob("workflows/**/*.py"), *ROOT.glob("approvals/**/*.py")]


CASES = [
    ("begin.committed:kill", 1, -signal.SIGKILL),
    ("begin.committed:kill:3", 2, 0),
    ("begin.committed:kill:3", 3, -signal.SIGKILL),
    ("begin.committed:exit:2", 5, 1),
    ("begin.committed:sleep=0.01:1", 1, 0),
    ("begin.committed:kill:p1@7", 1, -signal.SIGKILL),
    ("begin.committed:kill:p0.5@7", 40, -signal.SIGKILL),
]
"""The fault, how often its point is passed, and what becomes of the process."""
IN_FORKS = """
import json, os, sys
from governance.faultpoints import Armed
for fault, times, _ in json.loads(sys.argv[1]):
    if not (child := os.fork()):
        armed = Armed(fault)
        for _ in range(times):
            armed.pass_by("begin.committed")
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def python(program, *words, **environs):
    command = [sys.executable, "-c", program, *words]
    surroundings = {**os.environ, **environs}
    return subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False)


def test_a_point_costs_nothing_where_nobody_armed_it():
    fastest = min(timeit.repeat(lambda: fault_point("begin.judged"), number=10_000, repeat=20)) / 10_000
    assert fastest < 1e-6


def test_a_process_breaks_on_the_passing_it_was_told():
    codes = python(IN_FORKS, json.dumps(CASES)).stdout.split()
    assert [int(code) for code in codes] == [code for _, _, code in CASES]


def test_a_fault_that_raises_says_where():
    with pytest.raises(Broken, match=r"broken on purpose at record\.before"):
        Armed("record.before:raise").pass_by("record.before")


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("begin.comitted:kill", "there is no such fault point; there are advance.created"),
        ("begin.committed:boom", "WHAT is one of kill"),
        ("begin.committed", "a fault is POINT:WHAT:WHEN"),
        ("begin.committed:sleep", "WHAT is one of kill"),
        ("begin.committed:kill:0", "WHEN is a number from 1"),
        ("begin.committed:kill:p2@1", "WHEN is a number from 1"),
        ("begin.committed:kill:1:1", "a fault is POINT:WHAT:WHEN"),
    ],
)
def test_words_nobody_knows_are_refused(fault, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        parse(fault)


def test_the_environment_arms_a_process_when_it_starts_or_keeps_it_from_starting():
    program = "from governance.faultpoints import fault_point; fault_point('begin.judged')"
    assert python(program, REMIT_FAULT="begin.judged:exit").returncode == 1
    refused = python(program, REMIT_FAULT="begin.juged:exit")
    assert "there is no such fault point" in refused.stderr


def test_several_faults_stand_side_by_side():
    assert set(parse("begin.judged:raise, effect.after:sleep=0.2:p0.01@7")) == {"begin.judged", "effect.after"}


def test_a_file_arms_a_process_that_runs_already_and_breaks_one_of_all_that_read_it(tmp_path):
    file = tmp_path / "faults"
    first, second = Armed("", file), Armed("", file)
    first.pass_by("claim.committed")
    file.write_text("claim.committed:raise:2")
    first.pass_by("claim.committed")
    second.pass_by("claim.committed")
    with pytest.raises(Broken):
        first.pass_by("claim.committed")
    second.pass_by("claim.committed")
    assert [file.exists(), file.with_name("faults.fired").exists()] == [False, True]


@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_is_noticed_by_its_next_use():
    if connection.vendor != "postgresql" and connection.is_in_memory_db():
        pytest.skip("an SQLite database in memory goes with its connection")
    connection.ensure_connection()
    Armed("begin.written:lose").pass_by("begin.written")
    try:
        with pytest.raises(OperationalError), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()


def test_production_refuses_to_break_on_purpose(tmp_path):
    surroundings = {
        **environment(tmp_path, 1),
        **{"REMIT_PRODUCTION": "true", "SECRET_KEY": "x" * 50, "REMIT_FAULT": "begin.judged:kill"},
    }
    check = [sys.executable, "manage.py", "check"]
    refused = subprocess.run(check, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False)
    assert "production runs without them" in refused.stderr
    del surroundings["REMIT_FAULT"]
    assert subprocess.run(check, cwd=ROOT, env=surroundings, capture_output=True, check=False).returncode == 0


def test_every_point_in_the_code_has_a_known_name():
    calls = {name for file in CODE for name in re.findall(r'\bfault_point\("([^"]+)"\)', file.read_text())}
    assert calls <= POINTS


def test_every_known_name_is_somewhere_in_the_code():
    calls = {name for file in CODE for name in re.findall(r'\bfault_point\("([^"]+)"\)', file.read_text())}
    assert sorted(POINTS - calls) == []


def test_nothing_arms_the_tests_themselves():
    assert "REMIT_FAULT" not in os.environ
