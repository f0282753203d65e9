"""Schedules start a run at every moment their line names: once, whatever the number of clocks and the time of year."""

import itertools
import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.ledger import Entry
from governance.rulebook import Status
from governance.sentences import sentence
from workflows import tasks
from workflows.definitions import Version
from workflows.incidents import Incident
from workflows.runs import Run
from workflows.schedules import Tick, latest, tick
from workflows.versions import published

REPORT = """
workflow: report
title: Report
owner: growth
input: {type: object, required: [segment], properties: {segment: {type: string}}}
steps:
  - {key: read, question: Did you read it?, ownership: human_owned}
"""
DAILY = {"cron": "0 9 * * *", "zone": "Europe/Berlin", "input": {"segment": "new"}}


@pytest.fixture
def report(world):
    """A workflow that starts every morning at nine in Berlin; the world's noon is at 12:00 UTC."""
    world.load(REPORT)
    scheduled(**DAILY)
    return world


def scheduled(**schedule):
    Version.objects.filter(status=Status.IN_FORCE).update(schedule=schedule)
    published.cache_clear()


def morning(world, day, *, minute=0):
    """Let it be nine in Berlin of that day in March, before the clocks change."""
    world.now = datetime(2026, 3, day, 8, minute, tzinfo=UTC)
    return world.now


# --- what is due ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cron", "zone", "now", "due"),
    [
        ("0 9 * * 1-5", "Europe/Berlin", "2026-03-02 08:00", "2026-03-02 08:00"),
        ("0 9 * * 1-5", "Europe/Berlin", "2026-03-02 07:59:59.9", "2026-02-27 08:00"),
        ("0 9 * * 1-5", "America/New_York", "2026-03-02 13:59", "2026-02-27 14:00"),
        # Berlin, 29 March: 02:00 is 03:00, at 01:00 UTC
        ("30 2 * * *", "Europe/Berlin", "2026-03-29 00:59", "2026-03-28 01:30"),
        ("30 2 * * *", "Europe/Berlin", "2026-03-29 01:00:01", "2026-03-29 01:00"),
        ("30 2 * * *", "Europe/Berlin", "2026-03-30 00:29", "2026-03-29 01:00"),
        ("0 9 * * *", "Europe/Berlin", "2026-03-29 07:00", "2026-03-29 07:00"),
        ("*/30 * * * *", "Europe/Berlin", "2026-03-29 00:59", "2026-03-29 00:30"),
        ("*/30 * * * *", "Europe/Berlin", "2026-03-29 01:00", "2026-03-29 01:00"),
        # Berlin, 25 October: 03:00 is 02:00, at 01:00 UTC
        ("30 2 * * *", "Europe/Berlin", "2026-10-25 00:29", "2026-10-24 00:30"),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25 00:30", "2026-10-25 00:30"),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25 01:15", "2026-10-25 00:30"),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25 01:45", "2026-10-25 00:30"),
        ("*/30 * * * *", "Europe/Berlin", "2026-10-25 00:45", "2026-10-25 00:30"),
        ("*/30 * * * *", "Europe/Berlin", "2026-10-25 01:45", "2026-10-25 01:30"),
        ("0 9 * * *", "Europe/Berlin", "2026-10-25 08:00", "2026-10-25 08:00"),
    ],
)
def test_the_last_moment_that_was_due(cron, zone, now, due):
    assert latest(cron, zone, at(now)) == at(due)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_line_that_never_comes_is_never_due():
    assert latest("0 0 31 2,4 1", "UTC", at("2026-03-02")) is not None  # or on a Monday
    with pytest.raises(ValueError, match="no cron line"):
        latest("0 0 31 2 *", "UTC", at("2026-03-02"))


LINES = ["0 9 * * 1-5", "30 2 * * *", "*/20 * * * *", "0 2,3 * * *", "15 */4 * * *", "0 0 1 * *"]
MINUTES = st.integers(0, 60 * 24 * 365)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(LINES), st.sampled_from(["Europe/Berlin", "America/New_York", "UTC"]), MINUTES)
def test_looking_back_finds_what_looking_on_would_have_found(line, zone, minute):
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    on = CronSim(line, (now - timedelta(days=33)).astimezone(ZoneInfo(zone)))
    passed = itertools.takewhile(lambda moment: moment <= now, (moment.astimezone(UTC) for moment in on))
    assert latest(line, zone, now) == max(passed)


# --- what starts ---------------------------------------------------------------------------------------------------


def test_at_nine_a_run_starts_with_the_input_of_the_schedule_and_nobody_started_it(report):
    assert tick(morning(report, 3)) == 1
    run = Run.objects.get()
    assert (run.input, run.trigger, run.started_by) == ({"segment": "new"}, "by schedule", None)
    entry = Entry.objects.get(run=run.pk, verb="run.started")
    assert (entry.actor_kind, entry.person, sentence(entry)) == ("software", None, "Started by schedule, version 1")
    assert (Tick.objects.get().run, Tick.objects.get().at) == (run, report.now)


def test_a_schedule_in_a_file_starts_its_runs(world):
    line = 'schedule: {cron: "0 9 * * 1-5", zone: Europe/Berlin, input: {segment: new}}\nsteps:'
    world.load(REPORT.replace("steps:", line))
    assert [tick(morning(world, day)) for day in range(3, 10)] == [1, 1, 1, 1, 0, 0, 1]  # Tuesday to Monday
    assert not Entry.objects.filter(verb="schedule.missed").exists()


def test_before_nine_nothing_starts(report):
    assert tick(morning(report, 3) - timedelta(seconds=1)) == 0


def test_a_moment_starts_one_run_however_often_a_clock_asks(report):
    tick(morning(report, 3))
    assert [tick(morning(report, 3, minute=minute)) for minute in (0, 1, 59)] == [0, 0, 0]
    assert tick(morning(report, 4)) == 1


def test_what_was_due_before_the_schedule_took_force_does_not_start(report):
    assert tick(report.now) == 0


def test_after_five_mornings_without_a_clock_one_run_makes_up_for_the_last(report):
    tick(morning(report, 3))
    assert tick(morning(report, 9, minute=40)) == 1
    assert [each.at.day for each in Tick.objects.all()] == [9, 3]
    assert sentence(Entry.objects.get(verb="schedule.missed")) == (
        "Nobody was there to start it at 2026-03-04 09:00; only the time of 2026-03-09 09:00 is made up for"
    )


def test_a_moment_in_time_misses_nothing(report):
    tick(morning(report, 3))
    tick(morning(report, 4))
    assert not Entry.objects.filter(verb="schedule.missed").exists()


def test_a_new_version_with_the_same_schedule_does_not_lose_the_moment_before_it(report):
    morning(report, 3)
    report.later(seconds=1)
    report.load(REPORT.replace("title: Report", "title: The report"))
    scheduled(**DAILY)
    Version.objects.update(schedule=DAILY)
    assert tick(report.later(seconds=1)) == 1


def test_a_new_schedule_does_not_reach_back(report):
    morning(report, 3)
    report.later(minutes=30)
    report.load(REPORT.replace("title: Report", "title: The report"))
    scheduled(**{**DAILY, "cron": "0 8 * * *"})
    assert tick(report.later(minutes=1)) == 0
    assert tick(report.now + timedelta(days=1)) == 1


def test_a_workflow_without_a_schedule_or_out_of_force_does_not_start(report):
    Version.objects.update(status=Status.SUPERSEDED)
    assert tick(morning(report, 3)) == 0
    Version.objects.update(status=Status.IN_FORCE, schedule={})
    assert tick(morning(report, 3)) == 0


def test_a_version_this_code_does_not_know_is_left_to_a_newer_clock(report):
    Version.objects.update(schema=99)
    assert tick(morning(report, 3)) == 0
    assert not Tick.objects.exists()


# --- what cannot start ---------------------------------------------------------------------------------------------


def test_a_run_that_cannot_start_is_an_incident_and_is_not_tried_again_every_two_seconds(report):
    scheduled(**{**DAILY, "input": {}})
    assert [tick(morning(report, 3)), tick(morning(report, 3, minute=1))] == [0, 0]
    made = Tick.objects.get()
    assert (made.run, made.trouble) == (None, "The run could not start by schedule: The input lacks “segment”.")
    incident = Incident.objects.get()
    assert (incident.step.key, incident.count, incident.cause) == ("read", 1, made.trouble)
    assert sentence(Entry.objects.get(verb="schedule.failed")) == (
        f"Nothing started by schedule at 2026-03-03 09:00: {made.trouble}"
    )
    assert not Run.objects.exists()


def test_one_that_cannot_start_does_not_keep_others_from_it(report):
    report.load(REPORT.replace("workflow: report", "workflow: other"))
    scheduled(**DAILY)
    Version.objects.filter(workflow__slug="report").update(schedule={**DAILY, "input": {}})
    assert tick(morning(report, 3)) == 1


def test_a_zone_this_machine_does_not_know_keeps_no_other_from_starting(report, caplog):
    report.load(REPORT.replace("workflow: report", "workflow: other"))
    scheduled(**DAILY)
    Version.objects.filter(workflow__slug="report").update(schedule={**DAILY, "zone": "Europe/Nowhere"})
    assert tick(morning(report, 3)) == 1
    assert "Europe/Nowhere" in caplog.text


def test_the_statements_of_a_tick_do_not_grow_with_what_is_not_due(report, django_assert_num_queries):
    for number in range(5):
        report.load(REPORT.replace("workflow: report", f"workflow: report-{number}"))
    scheduled(**DAILY)
    tick(morning(report, 3))
    with django_assert_num_queries(1):
        assert tick(morning(report, 3, minute=1)) == 0


def test_the_sweep_looks_at_the_schedules(report, monkeypatch):
    monkeypatch.setattr(tasks.timezone, "now", lambda: morning(report, 3))
    tasks.sweep()
    assert Run.objects.get().trigger == "by schedule"


# --- two clocks ----------------------------------------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite a writer is alone")
@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_the_same_moment_start_one_run(report):
    for day in range(3, 13):
        now, barrier, started = morning(report, day), threading.Barrier(2), []

        def clock(now=now, barrier=barrier, started=started):
            try:
                barrier.wait()
                started.append(tick(now))
            finally:
                connection.close()

        clocks = [threading.Thread(target=clock) for _ in range(2)]
        for each in clocks:
            each.start()
        for each in clocks:
            each.join()
        assert sorted(started) == [0, 1]
    assert (Run.objects.count(), Tick.objects.count()) == (10, 10)
    assert not Tick.objects.exclude(trouble="").exists()
