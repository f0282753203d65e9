"""Signals reach what waits for them, early or late, once a run, and only from those who speak for the workflow."""

import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from governance.ledger import Entry
from governance.people import Membership, Role, Team
from governance.sentences import sentence
from workflows.actions import Action
from workflows.definitions import Step
from workflows.runs import Run, RunStatus
from workflows.signals import RunIsOver, Signal, Taken, check, ended, send, take, tell, wake_parents
from workflows.versions import published
from workflows.waits import NEVER

NUDGE = """
workflow: nudge
title: Nudge
owner: growth
steps:
  - {key: reply, ownership: human_owned}
  - {key: answer, ownership: human_owned}
---
workflow: offer
title: Offer
owner: sales
steps:
  - {key: reply, ownership: human_owned}
"""


@pytest.fixture
def nudge(world):
    """Workflows whose steps wait for “replied”."""
    growth, sales = NUDGE.split("---")
    world.load(growth)
    world.load(sales, "eve")
    Step.objects.update(wait={"signal": "replied"})
    published.cache_clear()
    return world


def asleep(world, about, *, workflow="nudge", person="ada", step="reply", name="replied"):
    """Start a run and put its step to sleep until the signal comes."""
    action = world.action(world.start(workflow, person), step)
    action.awaits, action.not_before = f"{name}:{about}", NEVER
    action.save()
    return action


def is_awake(world, action):
    action.refresh_from_db()
    return action.not_before <= world.now


def taken(world, *actions):
    return {key: signal.data for key, signal in take(actions, world.now).items()}


# --- sending -------------------------------------------------------------------------------------------------------


def test_a_signal_wakes_what_waits_for_it_and_nothing_else(nudge):
    priya, tom = asleep(nudge, "priya"), asleep(nudge, "tom")
    send("replied", "priya", {"text": "Yes"}, nudge.ben, nudge.now)
    assert (is_awake(nudge, priya), is_awake(nudge, tom)) == (True, False)
    assert taken(nudge, priya, tom) == {priya.pk: {"text": "Yes"}}


def test_a_signal_rings_the_bell(nudge, django_capture_on_commit_callbacks):
    asleep(nudge, "priya")
    with django_capture_on_commit_callbacks() as rings:
        send("replied", "priya", {}, nudge.ben, nudge.now)
    assert len(rings) == 1


def test_a_signal_is_in_the_ledger_of_the_one_workflow_it_woke(nudge):
    asleep(nudge, "priya")
    send("replied", "priya", {}, nudge.ben, nudge.now)
    entry = Entry.objects.get(verb="signal.received")
    assert entry.workflow == Run.objects.get().workflow_id
    assert sentence(entry) == "Ben Hartley sent the signal “replied” about “priya”; 1 waiting step goes on"


def test_a_signal_nobody_waits_for_yet_says_nothing_of_what_it_is_about_to_those_of_other_teams(nudge):
    send("replied", "priya", {}, nudge.ben, nudge.now)
    entry = Entry.objects.get(verb="signal.received")
    assert (entry.workflow, "priya" in str(entry.data)) == (None, False)
    assert sentence(entry) == "Ben Hartley sent the signal “replied”; nothing waited for it yet, it is kept"


def test_a_signal_that_comes_early_is_kept(nudge):
    run = nudge.start("nudge")
    send("replied", "priya", {"early": True}, nudge.ben, nudge.now)
    action = nudge.action(run, "reply")
    action.awaits = "replied:priya"
    assert taken(nudge, action) == {action.pk: {"early": True}}


def test_a_signal_from_before_the_run_began_is_not_for_it_whatever_the_clocks_say(nudge):
    send("replied", "priya", {"old": True}, nudge.ben, nudge.now)
    action = asleep(nudge, "priya")
    assert taken(nudge, action) == {}
    send("replied", "priya", {"new": True}, nudge.ben, nudge.later(hours=-1))
    assert taken(nudge, action) == {action.pk: {"new": True}}


def test_the_oldest_of_several_is_taken_first(nudge):
    action, other = asleep(nudge, "priya"), asleep(nudge, "priya")
    for number in (1, 2):
        send("replied", "priya", {"number": number}, nudge.ben, nudge.now)
    assert taken(nudge, action, other) == {action.pk: {"number": 1}, other.pk: {"number": 1}}


def test_a_signal_may_be_for_one_run_only(nudge):
    one, other = asleep(nudge, "priya"), asleep(nudge, "priya")
    send("replied", "", {"text": "Yes"}, nudge.ben, nudge.now, run=one.run)
    assert (is_awake(nudge, one), is_awake(nudge, other)) == (True, False)
    assert taken(nudge, one, other) == {one.pk: {"text": "Yes"}}
    assert nudge.verbs(one.run)[-1] == "signal.received"


def test_of_one_for_the_run_and_one_for_its_key_the_older_comes_first(nudge):
    action = asleep(nudge, "priya")
    send("replied", "priya", {"first": True}, nudge.ben, nudge.now)
    send("replied", "", {"first": False}, nudge.ben, nudge.now, run=action.run)
    assert taken(nudge, action) == {action.pk: {"first": True}}


def test_a_name_with_colons_is_not_mistaken_for_another_with_a_longer_key(nudge):
    action = asleep(nudge, "b:c")
    Step.objects.update(wait={"signal": "a"})
    published.cache_clear()
    Action.objects.update(awaits="a:b:c")
    action.refresh_from_db()
    send("a:b", "c", {}, nudge.ben, nudge.now)
    assert taken(nudge, action) == {}
    send("a", "b:c", {"meant": True}, nudge.ben, nudge.now)
    assert taken(nudge, action) == {action.pk: {"meant": True}}


# --- who may -------------------------------------------------------------------------------------------------------


def test_eve_of_sales_reaches_the_workflows_of_sales_and_not_those_of_growth(nudge):
    growth, sales = asleep(nudge, "priya"), asleep(nudge, "priya", workflow="offer", person="eve")
    send("replied", "priya", {}, nudge.eve, nudge.now)
    assert (is_awake(nudge, growth), is_awake(nudge, sales)) == (False, True)
    assert set(take([growth, sales], nudge.now)) == {sales.pk}


def test_what_remit_sends_reaches_every_team(nudge):
    growth, sales = asleep(nudge, "priya"), asleep(nudge, "priya", workflow="offer", person="eve")
    send("replied", "priya", {}, None, nudge.now)
    assert set(take([growth, sales], nudge.now)) == {growth.pk, sales.pk}


def test_olga_who_only_audits_sends_none(nudge):
    with pytest.raises(PermissionDenied, match="Only leaders and reviewers"):
        send("replied", "priya", {}, nudge.olga, nudge.now)
    assert not Signal.objects.exists()


def test_eve_sends_none_to_a_run_of_growth(nudge):
    action = asleep(nudge, "priya")
    with pytest.raises(PermissionDenied, match="leaders and reviewers of Growth"):
        send("replied", "", {}, nudge.eve, nudge.now, run=action.run)
    assert not is_awake(nudge, action)


def test_a_person_of_ten_teams_is_not_mistaken_for_one_of_team_1(nudge):
    teams = [Team.objects.create(slug=f"team-{number}", name=f"Team {number}") for number in range(20)]
    for team in teams:
        Membership.objects.create(person=nudge.dora, team=team, role=Role.REVIEWER)
    action = asleep(nudge, "priya")
    send("replied", "priya", {}, nudge.dora, nudge.now)
    assert taken(nudge, action) == {}


def test_a_run_that_is_over_is_sent_nothing(nudge):
    run = nudge.start("nudge")
    Run.objects.update(status=RunStatus.ENDED)
    run.refresh_from_db()
    with pytest.raises(RunIsOver, match=f"Run {run.pk} is over"):
        send("replied", "", {}, nudge.ben, nudge.now, run=run)


@pytest.mark.parametrize(
    ("name", "key", "data", "words"),
    [
        ("Replied", "priya", {}, "lower case"),
        ("x" * 121, "priya", {}, "at most 120"),
        ("run.ended:nudge", "1", {}, "nobody else sends it"),
        ("replied", "", {}, "what the signal is about"),
        ("replied", "x" * 201, {}, "at most 200"),
        ("replied", "a\0b", {}, "NUL"),
        ("replied", "\ud800", {}, "NUL or half"),
        ("replied", "priya", {"a": "\0"}, "NUL"),
        ("replied", "priya", {"a\udc00": 1}, "half of a surrogate"),
        ("replied", "priya", {"a": float("nan")}, "JSON object"),
        ("replied", "priya", {"a": "x" * 20_001}, "at most 20,000"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence(name, key, data, words):
    with pytest.raises(ValueError, match=words):
        check(name, key, data)


def test_backslashes_before_u0000_are_only_text():
    check("replied", "priya", {"path": "C:\\u0000"})


# --- taking --------------------------------------------------------------------------------------------------------


def test_a_run_takes_a_signal_once_and_its_second_wait_takes_the_next(nudge):
    run = nudge.start("nudge")
    first, second = nudge.action(run, "reply"), nudge.action(run, "answer")
    first.awaits = second.awaits = "replied:priya"
    send("replied", "priya", {"number": 1}, nudge.ben, nudge.now)
    assert taken(nudge, first) == {first.pk: {"number": 1}}
    assert taken(nudge, second) == {}
    send("replied", "priya", {"number": 2}, nudge.ben, nudge.now)
    assert taken(nudge, second) == {second.pk: {"number": 2}}


def test_of_two_waits_of_one_run_in_one_batch_each_takes_one(nudge):
    run = nudge.start("nudge")
    waits = [nudge.action(run, "reply"), nudge.action(run, "answer")]
    for action in waits:
        action.awaits = "replied:priya"
    send("replied", "priya", {"number": 1}, nudge.ben, nudge.now)
    assert len(take(waits, nudge.now)) == 1
    send("replied", "priya", {"number": 2}, nudge.ben, nudge.now)
    assert sorted(data["number"] for data in taken(nudge, *waits).values()) == [1, 2]


def test_a_step_that_was_held_after_it_took_a_signal_still_has_it(nudge):
    action = asleep(nudge, "priya")
    send("replied", "priya", {"number": 1}, nudge.ben, nudge.now)
    send("replied", "priya", {"number": 2}, nudge.ben, nudge.now)
    assert taken(nudge, action) == taken(nudge, action) == {action.pk: {"number": 1}}
    assert Taken.objects.count() == 1


def test_taking_needs_the_same_statements_whatever_the_number_of_actions(nudge, django_assert_num_queries):
    for size in (3, 60):
        actions = [asleep(nudge, f"contact {number}") for number in range(size)]
        for number in range(size):
            send("replied", f"contact {number}", {}, nudge.ben, nudge.now)
        actions = list(Action.objects.filter(pk__in=[action.pk for action in actions]).select_related("run"))
        with django_assert_num_queries(3):
            assert len(take(actions, nudge.now)) == size


def test_looking_in_vain_takes_one_statement(nudge, django_assert_num_queries):
    for number in range(20):
        asleep(nudge, f"contact {number}")
    actions = list(Action.objects.exclude(awaits="").select_related("run"))
    with django_assert_num_queries(1):
        assert take(actions, nudge.now) == {}


# --- runs that end -------------------------------------------------------------------------------------------------


def over(world, run, status=RunStatus.ENDED):
    run.status, run.ended_at = status, world.now
    run.save()
    return run


def test_the_end_of_a_run_somebody_may_wait_for_is_a_signal(nudge):
    Step.objects.filter(version__workflow__slug="offer").update(wait={"signal": "run.ended:nudge"})
    published.cache_clear()
    run = nudge.start("nudge")
    waiting = asleep(nudge, run.pk, workflow="offer", person="eve", name="run.ended:nudge")
    Action.objects.filter(run=run, step__key="reply").update(status="skipped")
    ended([over(nudge, run)], nudge.now)
    assert is_awake(nudge, waiting)
    outcome = {"reply": "skipped", "answer": "ready"}
    assert taken(nudge, waiting) == {waiting.pk: {"run": run.pk, "status": "ended", "outcome": outcome}}
    assert nudge.verbs(run)[-1] == "signal.received"


def test_the_signal_of_a_run_with_a_key_is_about_that(nudge):
    Step.objects.filter(version__workflow__slug="offer").update(wait={"signal": "run.ended:nudge"})
    run = nudge.start("nudge")
    run.key = "priya"
    ended([over(nudge, run, RunStatus.STOPPED)], nudge.now)
    assert (Signal.objects.get().key, Signal.objects.get().data["status"]) == ("priya", "stopped")


def test_the_end_of_a_run_nobody_waits_for_leaves_nothing(nudge, django_assert_num_queries):
    runs = [over(nudge, nudge.start("nudge")) for _ in range(3)]
    with django_assert_num_queries(1):
        ended(runs, nudge.now)
    assert not Signal.objects.exists()


def test_the_ends_of_many_runs_need_the_same_statements_as_those_of_few(nudge, django_assert_num_queries):
    Step.objects.filter(version__workflow__slug="offer").update(wait={"signal": "run.ended:nudge"})
    for size in (2, 40):
        runs = [over(nudge, nudge.start("nudge")) for _ in range(size)]
        with django_assert_num_queries(5):
            ended(runs, nudge.now)
    assert Signal.objects.count() == 42


def child_of(world, action, status=RunStatus.OPEN):
    run = world.start("nudge")
    run.parent, run.status = action, status
    run.save()
    return run


def test_the_end_of_the_last_child_wakes_its_parent_at_once_and_others_within_a_second(nudge):
    action = asleep(nudge, "children")
    first, second = child_of(nudge, action, RunStatus.ENDED), child_of(nudge, action)
    wake_parents([first], nudge.now)
    assert not is_awake(nudge, action)
    assert (action.not_before - nudge.now).total_seconds() == 1
    wake_parents([over(nudge, second)], nudge.now)
    assert is_awake(nudge, action)


def test_waking_parents_needs_the_same_statements_whatever_their_number(nudge, django_assert_max_num_queries):
    for size in (1, 20):
        runs = [child_of(nudge, asleep(nudge, "children"), RunStatus.ENDED) for _ in range(size)]
        with django_assert_max_num_queries(4):
            wake_parents(runs, nudge.now)
    assert not Action.objects.filter(not_before__gt=nudge.now).exists()


# --- two at once ---------------------------------------------------------------------------------------------------


def test_the_sweep_tells_each_signal_once_more_and_then_never_again(nudge):
    send("replied", "priya", {}, nudge.ben, nudge.now)
    action = asleep(nudge, "priya")  # as if a worker had looked before the signal was committed
    for _ in range(3):
        tell(nudge.now)
    assert is_awake(nudge, action)
    assert not Signal.objects.filter(told=False).exists()


postgres = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="two writers at once need PostgreSQL; on SQLite a writer is alone"
)


def elsewhere(work):
    """Do the work on a connection of its own and wait until it is over."""

    def run():
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


@pytest.mark.postgres
@postgres
@pytest.mark.django_db(transaction=True)
def test_a_signal_sent_while_a_worker_puts_the_step_to_sleep_is_not_lost(nudge):
    action = nudge.action(nudge.start("nudge"), "reply")
    with transaction.atomic():
        held = Action.objects.select_for_update().get(pk=action.pk)
        held.awaits, held.not_before = "replied:priya", NEVER
        assert take([held], nudge.now) == {}
        elsewhere(lambda: send("replied", "priya", {}, nudge.ben, nudge.now))
        elsewhere(lambda: tell(nudge.now))
        elsewhere(lambda: tell(nudge.now))
        assert Signal.objects.filter(told=False).exists(), "a worker that has not seen it is still at work"
        held.save()
    assert not is_awake(nudge, action)
    tell(nudge.now)
    assert is_awake(nudge, action)
    assert set(take([action], nudge.now)) == {action.pk}
    assert not Signal.objects.filter(told=False).exists()


@pytest.mark.postgres
@postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_with_two_waits_of_one_run_take_one_signal_once(nudge):
    run = nudge.start("nudge")
    waits = [nudge.action(run, "reply"), nudge.action(run, "answer")]
    for action in waits:
        action.awaits = "replied:priya"
    send("replied", "priya", {}, nudge.ben, nudge.now)
    barrier, found = threading.Barrier(2), []

    def worker(action):
        barrier.wait()
        with transaction.atomic():
            found.extend(take([action], nudge.now))
        connection.close()

    threads = [threading.Thread(target=worker, args=[action]) for action in waits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), Taken.objects.count()) == (1, 1)


@pytest.mark.postgres
@postgres
@pytest.mark.django_db(transaction=True)
def test_sending_does_not_wait_for_a_worker_that_holds_the_step(nudge):
    action = asleep(nudge, "priya")
    with transaction.atomic():
        Action.objects.select_for_update().get(pk=action.pk)
        elsewhere(lambda: send("replied", "priya", {}, nudge.ben, nudge.now))
        assert Signal.objects.count() == 1
    tell(nudge.now)
    tell(nudge.now)
    assert is_awake(nudge, action)


# --- the command ---------------------------------------------------------------------------------------------------


def test_the_command_sends_a_signal(nudge, capsys):
    action = asleep(nudge, "priya")
    call_command("signal", "replied", key="priya", email="ben@tideway.example", data='{"text": "Yes"}')
    assert f'"signal": {Signal.objects.get().pk}' in capsys.readouterr().out
    assert set(take([action], nudge.now)) == {action.pk}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"key": "priya", "data": "[]"}, "must be a JSON object"),
        ({"key": "priya", "data": "{"}, "is not JSON"),
        ({}, "either a key, or the one run"),
        ({"run": 7}, "no such run"),
        ({"key": "priya", "email": "olga@tideway.example"}, "Only leaders and reviewers"),
    ],
)
def test_the_command_says_why_nothing_was_sent(nudge, given, words):
    with pytest.raises(CommandError, match=words):
        call_command("signal", "replied", **{"email": "ben@tideway.example", **given})
    assert not Signal.objects.exists()
