"""Control flow in files: each form has a starter that loads, comes back as it was, and runs; mistakes are named."""

from pathlib import Path

import pytest

from workflows.definitions import Version
from workflows.files import read, write
from workflows.publishing import load, part_of
from workflows.ratifying import load_in_force
from workflows.runs import Run
from workflows.schedules import tick
from workflows.signals import send
from workflows.yamltext import FileProblems

STARTERS = sorted((Path(__file__).parent.parent / "starters").glob("*.yaml"))
FORMS = {
    "sequence", "parallel", "exclusive", "multiple", "n_of_m", "loop", "wait", "wait_until", "wait_local_time",
    "signal", "deferred_choice", "sub_workflow", "fan_out_join", "schedule", "undo_on_failure",
}  # fmt: skip


def starter(name):
    return (Path(__file__).parent.parent / "starters" / f"{name}.yaml").read_text()


@pytest.fixture
def contacts(world):
    for key in ("priya", "tom", "kim", "lou", "ana"):
        world.record("contact", key, name=key.title())
    return world


@pytest.fixture
def started(contacts):
    """Put a starter in force and run it: `started("loop", enough=2)`."""

    def begin(name, **given):
        contacts.load(starter(name))
        return contacts.run(name.replace("_", "-"), **given)

    return begin


def stands(run):
    """Return where each step stands, of its newest round."""
    run.refresh_from_db()
    rows = run.actions.filter(undo_of=None).order_by("round").values_list("step__key", "status")
    return dict(rows)


def gave(world, run, step):
    return run.actions.filter(undo_of=None, step__key=step).order_by("-round").first().output


def test_there_is_a_starter_for_every_form():
    assert {path.stem for path in STARTERS} == FORMS


@pytest.mark.parametrize("path", STARTERS, ids=lambda path: path.stem)
def test_a_starter_comes_back_from_the_database_as_it_was_written(world, path):
    loaded = load_in_force(path.read_text(), world.ada, world.now, world.lea)
    parts = [part_of(Version.objects.get(pk=version.pk)) for version, _ in loaded]
    assert parts == [document.part for document in read(path.read_text())]
    assert [document.part for document in read(write(parts))] == parts
    assert [changes for _, changes in load_in_force(write(parts), world.ada, world.now, world.lea)] == [[]] * len(parts)


def test_what_is_as_by_default_is_left_out_of_the_file(world):
    ((version, _),) = load(starter("n_of_m"), world.ada, world.now)
    text = write([part_of(version)])
    assert "join: {need: 2}" in text
    assert not {"priority", "schedule", "on_failure", "rest", "repeat"} & set(text.replace(":", " ").split())


def test_a_wait_is_stored_as_automated_and_written_without_an_owner(world):
    ((version, _),) = load(starter("wait"), world.ada, world.now)
    step = version.steps.get(key="pause")
    assert (step.ownership, step.wait, step.question) == ("automated", {"for": "3s"}, "Pause")
    assert write([part_of(version)]).count("ownership") == 1


@pytest.mark.parametrize(("name", "schema"), [("sequence", 1), ("parallel", 1), ("multiple", 1), ("wait", 2)])
def test_older_workers_may_run_what_uses_nothing_new(world, name, schema):
    ((version, _),) = load(starter(name), world.ada, world.now)
    assert version.schema == schema


def test_steps_follow_one_another(contacts, started):
    run = started("sequence", contact="priya")
    assert run.status == "ended"
    assert gave(contacts, run, "note")["changes"] == {"grade": "warm"}


def test_branches_run_side_by_side_and_meet(contacts, started):
    run = started("parallel")
    assert (run.status, gave(contacts, run, "total")["cost"]) == ("ended", 75)


@pytest.mark.parametrize(("size", "taken"), [(5000, "large"), (5, "small"), (50, "middle")])
def test_exactly_one_way_is_taken(started, size, taken):
    stood = stands(started("exclusive", size=size))
    assert stood == {
        "read": "done", "large": "skipped", "small": "skipped", "middle": "skipped", "assigned": "done", taken: "done",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("mail", "phone", "report"), [(True, True, "done"), (True, False, "done"), (False, False, "skipped")]
)
def test_any_number_of_ways_is_taken(started, mail, phone, report):
    assert stands(started("multiple", mail=mail, phone=phone))["report"] == report


def test_two_of_three_are_enough_and_the_third_is_withdrawn(contacts, started):
    run = started("n_of_m")
    assert (run.status, stands(run)["third"]) == ("ended", "cancelled")
    assert gave(contacts, run, "decide") == {"winner": "A"}


@pytest.mark.parametrize(("enough", "status", "rounds"), [(1, "ended", 1), (3, "ended", 3), (9, "stopped", 3)])
def test_a_loop_goes_round_until_it_is_good_three_times_at_most(started, enough, status, rounds):
    run = started("loop", enough=enough)
    assert (run.status, run.actions.filter(step__key="check").count()) == (status, rounds)


def test_a_wait_ends_when_its_time_has_come(contacts, started):
    run = started("wait")
    assert stands(run) == {"pause": "ready"}
    contacts.later(seconds=2)
    contacts.work()
    assert stands(run) == {"pause": "ready"}
    contacts.later(seconds=1)
    contacts.work()
    assert stands(run) == {"pause": "done", "go_on": "done"}
    assert gave(contacts, run, "go_on") == {"by": "timer"}


def test_a_wait_until_a_date_ends_at_its_midnight_where_it_says(contacts, started):
    run = started("wait_until", date="2026-03-05")
    pause = contacts.action(run, "launch_day")
    assert pause.not_before.isoformat() == "2026-03-04T23:00:00+00:00"
    contacts.now = pause.not_before
    contacts.work()
    assert stands(run)["launch"] == "done"


def test_a_wait_whose_moment_cannot_be_worked_out_fails_and_says_why(contacts, started):
    run = started("wait_until", date="Christmas")
    assert contacts.action(run, "launch_day").trouble.endswith("“Christmas” is not a date; write it like 2026-12-01 or 2026-12-01T09:00")  # fmt: skip  # noqa: E501
    assert run.status == "stopped"


def test_a_wait_until_a_local_time_goes_by_the_clocks_of_its_zone(contacts, started):
    run = started("wait_local_time", zone="America/New_York", time="09:00")
    assert contacts.action(run, "morning").not_before.isoformat() == "2026-03-02T14:00:00+00:00"
    contacts.later(hours=2)
    contacts.work()
    assert contacts.action(run, "weekday").not_before.isoformat() == "2026-03-03T08:00:00+00:00"


@pytest.mark.parametrize("early", [True, False])
def test_a_signal_lets_the_run_it_is_about_go_on_even_when_it_comes_early(contacts, early):
    contacts.load(starter("signal"))
    run, other = contacts.start("signal", contact="priya"), contacts.start("signal", contact="tom")
    if not early:
        contacts.work()
    send("contract.signed", "priya", {"plan": "pro"}, contacts.ada, contacts.later(seconds=1))
    contacts.work()
    assert gave(contacts, run, "welcome") == {"plan": "pro"}
    assert stands(other) == {"signed": "ready"}


def test_whichever_comes_first_decides_between_reply_and_time(contacts, started):
    replied = started("deferred_choice", contact="priya", patience="1h")
    silent = contacts.run("deferred-choice", contact="tom", patience="1h")
    send("replied", "priya", {"text": "Yes"}, contacts.ada, contacts.later(minutes=1))
    contacts.work()
    contacts.later(hours=1)
    contacts.work()
    assert stands(replied) == {"reply": "done", "thank": "done", "nudge": "skipped"}
    assert stands(silent) == {"reply": "done", "thank": "skipped", "nudge": "done"}


def rest(world, run):
    """Let sleeping steps wake until the run is over."""
    for _ in range(5):
        world.later(seconds=6)
        world.work()
    run.refresh_from_db()


def test_a_run_within_a_run_gives_what_its_steps_gave(contacts, started):
    run = started("sub_workflow")
    rest(contacts, run)
    assert (run.status, gave(contacts, run, "go_on")) == ("ended", {"qualified": True})


def test_a_fan_out_goes_on_when_enough_have_ended(contacts, started):
    run = started("fan_out_join")
    rest(contacts, run)
    assert run.status == "ended"
    assert gave(contacts, run, "report")["greeted"] >= 4


def test_a_schedule_starts_a_run_with_its_input(contacts):
    contacts.load(starter("schedule"))
    assert tick(contacts.later(minutes=1)) == 1
    contacts.work()
    run = Run.objects.get()
    assert (run.trigger, gave(contacts, run, "look")) == ("by schedule", {"segment": "new"})


def test_a_run_that_fails_takes_back_what_it_did_the_last_first(contacts, started):
    run = started("undo_on_failure", contact="priya")
    contacts.work()
    undone = run.actions.exclude(undo_of=None).order_by("pk")
    assert list(undone.values_list("undo_of__step__key", "status")) == [("invite", "done"), ("reserve", "done")]
    assert run.status == "stopped"


FLOW = """\
workflow: nudge
title: Nudge
owner: growth
key: "=input.contact"
priority: high
on_failure: undo
schedule: {cron: "0 9 * * 1-5", zone: Europe/Berlin, input: {contact: priya}}
input: {type: object, required: [contact], properties: {contact: {type: string}}}
steps:
  - key: reply
    wait: {signal: replied, key: "=input.contact", for: 3d}
  - {key: a, ownership: human_owned, after: [reply], when: "steps.reply.by == 'timer'"}
  - {key: b, ownership: human_owned, after: [reply], when: otherwise}
  - key: agree
    ownership: human_owned
    after: [a, b]
    join: {need: 1, rest: let_go}
    repeat: {from: agree, until: "steps.agree.status == 'done'", at_most: 3, then: go_on}
  - {key: pause, after: [agree], wait: {at: "09:00", zone: Europe/Berlin, days: [mon]}}
"""


def test_the_file_with_everything_is_sound(world):
    ((version, _),) = load(FLOW, world.ada, world.now)
    assert part_of(Version.objects.get(pk=version.pk)) == read(FLOW)[0].part


REPEAT = "steps.4.repeat"


@pytest.mark.parametrize(
    ("right", "wrong", "line", "key", "words"),
    [
        ("=input.contact", "input.contact", 4, "key", "like “=input.contact”"),
        (
            '"=input.contact"\np',
            '"=steps.reply"\np',
            4,
            "key",
            "“steps.reply” is not a name rules know here; they know input",
        ),
        ("high", "urgent", 5, "priority", "Input should be 'high', 'normal' or 'low'"),
        ("undo", "maybe", 6, "on_failure", "Input should be 'keep' or 'undo'"),
        ("0 9 * * 1-5", "0 9 * *", 7, "schedule.cron", "five fields: minute, hour, day, month, day of the week"),
        ("0 9 * * 1-5", "0 25 * * 1-5", 7, "schedule.cron", "is not a cron line, like 0 9 * * 1-5: look at its hour"),
        ("zone: Europe/Berlin, input", "zone: Berlin, input", 7, "schedule.zone", "“Berlin” is not a time zone"),
        ("zone: Europe/Berlin, input", "input", 7, "schedule.zone", "this key is missing"),
        ("{contact: priya}", "{}", 7, "schedule.input", "The input lacks “contact”"),
        ("{contact: priya}", "{contact: 7}", 7, "schedule.input", "must be of type string"),
        ("{signal: replied", "{signal: Replied", 11, "steps.1.wait.signal", "“Replied” is not the name of a signal"),
        ("for: 3d", "for: soon", 11, "steps.1.wait.for", "“soon” is not a duration"),
        ("for: 3d", "for: 3d, until: '2026-12-01'", 11, "steps.1.wait", "one of for, until and at, not for and until"),
        ("for: 3d", "until: tomorrow", 11, "steps.1.wait.until", "“tomorrow” is not a date; write it like 2026-12-01"),
        ("for: 3d", "until: '2026-12-01T09:00'", 11, "steps.1.wait", "is a time of which clock? Name a zone"),
        ("for: 3d", "until: '=input.'", 11, "steps.1.wait.until", "syntax error"),
        ("for: 3d", "fro: 3d", 11, "steps.1.wait.fro", "“fro” is not a key of the format"),
        ("for: 3d", "for: 3d, days: [mon]", 11, "steps.1.wait", "days belong to at, which is not there"),
        ('"=input.contact", for', '"=steps.a.note", for', 11, "steps.1.wait.key", "“a” does not come before this step"),
        (
            'wait: {signal: replied, key: "=input.contact", for: 3d}',
            "wait: {}",
            11,
            "steps.1.wait",
            "a wait says how long",
        ),
        (
            "    wait: {s",
            "    capability: data.set\n    wait: {s",
            11,
            "steps.1.capability",
            "a step that waits does nothing",
        ),
        (
            "    wait: {s",
            "    ownership: human_owned\n    wait: {s",
            11,
            "steps.1.ownership",
            "leave its ownership out",
        ),
        (
            "\"steps.reply.by == 'timer'\"",
            "otherwise",
            12,
            "steps.2.when",
            "needs another step that comes after “reply”",
        ),
        ("need: 1", "need: 3", 17, "steps.4.join.need", "it can need 1 to 2 of the steps before it, not 3"),
        ("need: 1", "need: 0", 17, "steps.4.join.need", "it can need 1 to 2"),
        ("need: 1", "need: one", 17, "steps.4.join.need", "should be a valid integer, not 'one'"),
        ("join: {need: 1, rest: let_go}", "join: 1", 17, "steps.4.join", "this must be a mapping, not 1"),
        ("let_go", "leave", 17, "steps.4.join.rest", "'withdraw' or 'let_go'"),
        ("from: agree", "from: pause", 18, f"{REPEAT}.from", "it can go back to reply, a, b, agree, not to “pause”"),
        ("from: agree", "to: agree", 18, f"{REPEAT}.from", "this key is missing"),
        ("at_most: 3", "at_most: 1", 18, f"{REPEAT}.at_most", "greater than or equal to 2, not 1"),
        ("at_most: 3", "at_most: 51", 18, f"{REPEAT}.at_most", "less than or equal to 50, not 51"),
        ("steps.agree.status == 'done'", "steps.agree.status =", 18, f"{REPEAT}.until", "syntax error"),
        ("steps.agree.status == 'done'", "'done'", 18, f"{REPEAT}.until", "a condition must be true or false"),
        (
            "steps.agree.status == 'done'",
            "steps.pause.by == 'x'",
            18,
            f"{REPEAT}.until",
            "“pause” does not come before",
        ),
        ("go_on", "carry_on", 18, f"{REPEAT}.then", "'stop' or 'go_on'"),
        ('at: "09:00"', "at: 9am", 19, "steps.5.wait.at", "“9am” is not a time of day; write it like 09:00"),
        ("days: [mon]", "days: [Monday]", 19, "steps.5.wait.days.1", "'mon'"),
        (", zone: Europe/Berlin, days: [mon]", "", 19, "steps.5.wait", "a time of day needs a zone"),
    ],
)
def test_a_mistake_in_control_flow_is_named_with_its_place(world, right, wrong, line, key, words):
    assert right in FLOW
    with pytest.raises(FileProblems) as caught:
        load(FLOW.replace(right, wrong, 1), world.ada, world.now)
    problem = caught.value.problems[0]
    assert (problem.line, problem.key) == (line, key)
    assert words in problem.sentence


REVISE = """\
workflow: revise
title: Revise
owner: growth
automation_allowed: true
steps:
  - {key: draft, capability: data.set, ownership: automated, params: {values: {seen: "=has(steps.review)"}}}
  - {key: review, after: [draft], ownership: human_owned, repeat: {from: draft, until: "true", at_most: 2}}
  - {key: send, after: [review], ownership: human_owned}
"""


def test_a_step_in_a_loop_may_name_those_of_the_round_before(world):
    load(REVISE, world.ada, world.now)


@pytest.mark.parametrize(
    ("right", "wrong", "line", "words"),
    [
        ("steps.review", "steps.send", 6, "“send” does not come before this step"),
        ("send, after: [review]", "send, after: [draft]", 8, "let this step come after “review”"),
        (
            "send, after: [review]",
            "send, after: [review], repeat: {from: draft, until: 'true', at_most: 2}",
            8,
            "its loop and that of “review” share “draft” and “review”",
        ),
    ],
)
def test_what_no_loop_can_do_is_named(world, right, wrong, line, words):
    with pytest.raises(FileProblems) as caught:
        load(REVISE.replace(right, wrong, 1), world.ada, world.now)
    assert caught.value.problems[0].line == line
    assert words in caught.value.problems[0].sentence


def test_the_page_of_a_workflow_says_when_things_happen(world, sign_in):
    world.load(FLOW)
    page = sign_in("ada").get("/workflows/nudge/").content.decode()
    for words in (
        "by itself at 09:00 on Monday through Friday, Europe/Berlin; high priority",
        "Waits for the signal “replied” about input.contact, at most 3\u00a0days",
        "Otherwise",
        "Goes on when 1 of them is done; the rest goes on beside it",
        "again from “Agree”, up to 3 times in all; then it goes on all the same",
        "Waits until the next 09:00 (Europe/Berlin), on Mon",
        "when a run fails, what can be undone is undone, the last first",
        "<b>2</b> wait",
    ):
        assert words in page


def test_a_wait_has_no_terms_to_change(world, sign_in):
    world.load(FLOW)
    browser = sign_in("ada")
    assert "Nothing is done here and nothing is to be decided" in browser.get("/workflows/nudge/steps/pause/").content.decode()  # fmt: skip  # noqa: E501
    answer = browser.post("/workflows/nudge/steps/pause/", {"ownership": "human_owned"})
    assert answer.status_code == 422
    assert not Version.objects.filter(status="draft").exists()


def test_the_page_of_a_version_says_how_long_a_step_waits_and_when_it_starts_by_itself(world, sign_in):
    world.load(FLOW)
    page = sign_in("ada").get("/workflows/nudge/versions/1/").content.decode()
    assert "Waits until the next 09:00 (Europe/Berlin), on Mon" in page
    assert "It starts by itself at 09:00 on Monday through Friday, Europe/Berlin." in page
    assert "Its actions have high priority." in page


def test_a_wait_that_ends_sooner_loosens(world):
    world.load(FLOW)
    ((_, (change,)),) = load(FLOW.replace("for: 3d", "for: 1d"), world.ada, world.now)
    assert f"{change.direction.value}: {change}" == (
        "loosens: Reply: Waits: for the signal “replied” about input.contact, at most 3\u00a0days → "
        "for the signal “replied” about input.contact, at most 1\u00a0day"
    )
