"""Every form of control flow, from its starter file, through real workers."""

import json
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from tests.live import RATIFIED, ROOT, Live

pytestmark = pytest.mark.live

STARTERS = sorted((ROOT / "tests/starters").glob("*.yaml"))
ADA = "ada@tideway.example"
CONTACTS = "key;name\n" + "".join(f"{name};{name.title()}\n" for name in ("priya", "tom", "kim", "noor", "sam"))


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """A demo with every starter in force and five more contacts."""
    folder = tmp_path_factory.mktemp("starters")
    running = Live(folder / "state")
    try:
        yield prepared(running.up("--demo"), folder)
    finally:
        running.stop()


def prepared(running, folder):
    (folder / "contacts.csv").write_text(CONTACTS)
    done = running.manage("import_records", "contact", str(folder / "contacts.csv"), "--delimiter", ";", "--key", "key")
    assert done.returncode == 0, done.stderr
    everything = folder / "starters.yaml"
    everything.write_text("\n---\n".join(file.read_text() for file in STARTERS))
    loaded = running.manage("load_workflow", str(everything), "--as", ADA, "--publish", *RATIFIED)
    assert loaded.returncode == 0, loaded.stderr
    return running


def start(live, slug, **given):
    made = live.manage("start", slug, "--as", ADA, "--input", json.dumps(given))
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)["run"]


def send(live, name, key, **data):
    sent = live.manage("signal", name, "--key", key, "--as", ADA, "--data", json.dumps(data))
    assert sent.returncode == 0, sent.stderr


def ask(live, question, *values):
    with closing(sqlite3.connect(f"file:{live.state}/remit.sqlite3?mode=ro", uri=True)) as database:
        return database.execute(question, values).fetchall()


def status(live, run):
    return ask(live, "SELECT status FROM workflows_run WHERE id = ?", run)[0][0]


def steps(live, run):
    """Return (status, round, output) of the newest round of each step, undoings left out."""
    rows = ask(
        live,
        "SELECT s.key, a.status, a.round, a.output FROM workflows_action a JOIN workflows_step s ON s.id = a.step_id "
        "WHERE a.run_id = ? AND a.undo_of_id IS NULL ORDER BY a.round, a.id",
        run,
    )
    return {key: (state, number, json.loads(output)) for key, state, number, output in rows}


def rest(live, run, wanted="ended", seconds=30):
    """Wait until the run has come to its end, and return its steps."""
    stop_at = time.monotonic() + seconds
    while (found := status(live, run)) == "open":
        assert time.monotonic() < stop_at, steps(live, run)
        time.sleep(0.1)
    assert found == wanted
    return steps(live, run)


def came_to(found):
    return {key: state for key, (state, _, _) in found.items()}


def output(found, key):
    return found[key][2]


def test_a_sequence_hands_on_what_each_step_gave(live):
    found = rest(live, start(live, "sequence", contact="priya"))
    assert set(came_to(found).values()) == {"done"}
    assert output(found, "grade") == {"grade": "warm"}


def test_parallel_branches_are_joined(live):
    found = rest(live, start(live, "parallel"))
    assert output(found, "total")["cost"] == 75


@pytest.mark.parametrize(("size", "taken"), [(5000, "large"), (3, "small"), (100, "middle")])
def test_of_an_exclusive_choice_one_way_is_taken(live, size, taken):
    found = came_to(rest(live, start(live, "exclusive", size=size)))
    assert {key for key in ("large", "small", "middle") if found[key] == "done"} == {taken}
    assert found["assigned"] == "done"


@pytest.mark.parametrize(("mail", "phone"), [(True, True), (True, False)])
def test_of_a_multiple_choice_every_way_that_applies_is_taken(live, mail, phone):
    found = rest(live, start(live, "multiple", mail=mail, phone=phone))
    assert output(found, "report")["both"] is phone
    assert found["phone"][0] == ("done" if phone else "skipped")


def test_of_a_multiple_choice_where_nothing_applies_the_join_is_skipped(live):
    assert came_to(rest(live, start(live, "multiple", mail=False, phone=False)))["report"] == "skipped"


def test_two_of_three_are_enough_and_the_third_is_withdrawn(live):
    found = came_to(rest(live, start(live, "n-of-m")))
    assert (found["decide"], found["third"]) == ("done", "cancelled")


def test_a_loop_goes_round_until_it_is_good(live):
    found = rest(live, start(live, "loop", enough=2))
    assert (found["check"][1], output(found, "use")["version"]) == (2, 2)


def test_a_loop_that_never_gets_good_stops_at_its_cap(live):
    found = rest(live, start(live, "loop", enough=9), wanted="stopped")
    assert (found["check"][1], "use" in found) == (3, False)


def test_a_wait_takes_its_time_and_no_longer_than_a_moment_more(live):
    run = start(live, "wait")
    assert output(rest(live, run), "pause")["by"] == "timer"
    ((begun, ended),) = ask(live, "SELECT started_at, ended_at FROM workflows_run WHERE id = ?", run)
    took = datetime.fromisoformat(ended) - datetime.fromisoformat(begun)
    assert timedelta(seconds=3) <= took < timedelta(seconds=8)


def test_a_wait_until_a_date_that_is_past_goes_on_and_one_to_come_stays(live):
    past = rest(live, start(live, "wait-until", date="2020-01-01"))
    assert came_to(past)["launch"] == "done"
    soon = (datetime.now(UTC) + timedelta(seconds=6)).isoformat()
    run = start(live, "wait-until", date=soon)
    assert status(live, run) == "open"
    assert came_to(rest(live, run))["launch"] == "done"


def test_a_wait_for_a_local_time_sleeps_until_the_clocks_there_show_it(live):
    there = datetime.now(UTC) + timedelta(hours=5, minutes=30, seconds=5)  # Kolkata knows no summer time
    run = start(live, "wait-local-time", zone="Asia/Kolkata", time=f"{there:%H:%M}")
    ((until,),) = ask(live, "SELECT not_before FROM workflows_action WHERE run_id = ?", run)
    left = datetime.fromisoformat(until).replace(tzinfo=UTC) - datetime.now(UTC)
    assert timedelta(minutes=-2) < left <= timedelta(days=1)


def test_a_signal_wakes_the_run_it_is_about_and_no_other(live):
    mine, other = start(live, "signal", contact="tom"), start(live, "signal", contact="kim")
    send(live, "contract.signed", "tom", plan="gold")
    assert output(rest(live, mine), "welcome") == {"plan": "gold"}
    assert status(live, other) == "open"


def test_of_a_reply_and_the_clock_the_reply_came_first(live):
    run = start(live, "deferred-choice", contact="priya", patience="1h")
    send(live, "replied", "priya", text="Yes, please")
    found = rest(live, run)
    assert (output(found, "thank"), found["nudge"][0]) == ({"said": "Yes, please"}, "skipped")


def test_of_a_reply_and_the_clock_the_clock_came_first(live):
    found = came_to(rest(live, start(live, "deferred-choice", contact="sam", patience="2s")))
    assert (found["nudge"], found["thank"]) == ("done", "skipped")


def test_a_sub_workflow_is_waited_for_and_its_outcome_read(live):
    found = rest(live, start(live, "sub-workflow"))
    assert output(found, "go_on") == {"qualified": True}


def test_a_fan_out_goes_on_when_enough_of_its_runs_have_ended(live):
    found = rest(live, start(live, "fan-out-join"), seconds=60)
    each = output(found, "each")
    assert each["ended"] >= 0.8 * each["started"] >= 4
    assert output(found, "report") == {"greeted": each["ended"]}


def test_a_schedule_starts_a_run_by_itself_each_minute(live):
    runs = "SELECT count(*) FROM workflows_run r JOIN workflows_workflow w ON w.id = r.workflow_id WHERE w.slug = ?"
    stop_at = time.monotonic() + 75
    while not ask(live, runs, "schedule")[0][0]:
        assert time.monotonic() < stop_at
        time.sleep(0.2)
    ticks = ask(live, "SELECT count(*), count(DISTINCT at) FROM workflows_tick")
    assert ticks[0][0] == ticks[0][1]


def test_a_run_that_fails_takes_back_what_it_did_the_last_first(live):
    run = start(live, "undo-on-failure", contact="noor")
    rest(live, run, wanted="stopped")
    undone = (
        "SELECT s.key, a.status FROM workflows_action a JOIN workflows_step s ON s.id = a.step_id "
        "WHERE a.run_id = ? AND a.undo_of_id IS NOT NULL ORDER BY a.id"
    )
    stop_at = time.monotonic() + 20
    while (found := ask(live, undone, run)) != [("invite", "done"), ("reserve", "done")]:
        assert time.monotonic() < stop_at, found
        time.sleep(0.1)
