"""POST /api/v1/signals/: what another system says reaches the runs that wait for it."""

import pytest
from django.test import Client
from django.utils import timezone

from governance.tokens import Token
from workflows.definitions import Step
from workflows.runs import Run, RunStatus
from workflows.signals import Signal
from workflows.versions import published

NUDGE = """
workflow: nudge
title: Nudge
owner: growth
key: "=input.contact"
automation_allowed: true
input: {type: object, required: [contact], properties: {contact: {type: string}}}
steps:
  - {key: reply, wait: {signal: replied, for: 3d}}
"""


@pytest.fixture
def nudge(world):
    world.now = timezone.now()
    world.load(NUDGE)
    return world


@pytest.fixture
def send(nudge):
    """Send a body as the named person."""

    def post(name, body, **headers):
        secret = Token.issue(nudge.people[name], "tests", nudge.now)
        client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {secret}"})
        return client.post("/api/v1/signals/", body, content_type="application/json", **headers)

    return post


def work(world):
    """Let the workers see what came in over the API, which keeps real time."""
    world.now = timezone.now()
    world.work()


def test_what_ben_s_system_says_ends_the_wait_and_is_what_later_steps_read(nudge, send):
    run = nudge.run("nudge", contact="priya")
    assert run.status == "open"
    answer = send("ben", {"name": "replied", "key": "priya", "data": {"text": "Yes"}})
    assert answer.status_code == 201
    made = answer.json()
    assert (made["name"], made["key"], made["run"], made["by"]) == ("replied", "priya", None, "ben@tideway.example")
    work(nudge)
    output = nudge.action(run, "reply").output
    assert (output["by"], output["signal"]) == ("signal", {"text": "Yes"})
    run.refresh_from_db()
    assert run.status == "ended"


def test_a_signal_may_be_for_one_run(nudge, send):
    one, other = nudge.run("nudge", contact="priya"), nudge.run("nudge", contact="priya")
    assert send("ben", {"name": "replied", "run": one.pk}).status_code == 201
    work(nudge)
    assert [nudge.action(run, "reply").status for run in (one, other)] == ["done", "ready"]


def test_a_signal_that_comes_before_the_wait_is_kept(nudge, send):
    run = nudge.start("nudge", contact="priya")
    send("ben", {"name": "replied", "key": "priya"})
    work(nudge)
    assert nudge.action(run, "reply").output["by"] == "signal"


def test_a_run_of_another_team_is_404_and_hears_nothing(nudge, send):
    run = nudge.run("nudge", contact="priya")
    answer = send("eve", {"name": "replied", "run": run.pk})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert send("eve", {"name": "replied", "key": "priya"}).status_code == 201
    work(nudge)
    assert nudge.action(run, "reply").status == "ready"


def test_olga_sees_every_run_and_sends_to_none(nudge, send):
    run = nudge.run("nudge", contact="priya")
    for body in ({"name": "replied", "run": run.pk}, {"name": "replied", "key": "priya"}):
        answer = send("olga", body)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert not Signal.objects.exists()


def test_a_reviewing_team_sees_the_run_but_does_not_speak_for_its_owner(nudge, send):
    run = nudge.run("nudge", contact="priya")
    Step.objects.update(reviewers=nudge.dora.memberships.get().team)
    published.cache_clear()
    answer = send("dora", {"name": "replied", "run": run.pk})
    assert answer.status_code == 403
    assert answer.json()["error"] == "Only leaders and reviewers of Growth send signals to this run."


def test_a_run_that_is_over_is_409(nudge, send):
    run = nudge.run("nudge", contact="priya")
    Run.objects.update(status=RunStatus.STOPPED)
    answer = send("ben", {"name": "replied", "run": run.pk})
    assert (answer.status_code, answer.json()["code"]) == (409, "run_is_over")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "name"),
        ({"name": "replied"}, "either a key, or the one run"),
        ({"name": "replied", "key": "priya", "run": 1}, "no such run"),
        ({"name": "Replied!", "key": "priya"}, "lower case"),
        ({"name": "run.ended:nudge", "key": "1"}, "nobody else sends it"),
        ({"name": "replied", "key": "x" * 201}, "200"),
        ({"name": "replied", "key": "a\0b"}, "Null characters"),
        ({"name": "replied", "key": "priya", "data": []}, "JSON object"),
        ({"name": "replied", "key": "priya", "data": {"a": "x" * 20_001}}, "at most 20,000"),
        ({"name": "replied", "key": "priya", "text": "Yes"}, "no field"),
        ({"name": "replied", "run": 0}, "run"),
        ({"name": "replied", "run": "nine"}, "integer"),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence_and_keeps_nothing(send, body, words):
    answer = send("ben", body)
    assert answer.status_code in (404, 422)
    assert words in answer.json()["error"]
    assert not Signal.objects.exists()


def test_half_a_character_is_422(send):
    answer = send("ben", '{"name": "replied", "key": "\\ud800"}')
    assert answer.status_code == 422


def test_a_key_and_a_run_together_are_too_much(nudge, send):
    run = nudge.run("nudge", contact="priya")
    answer = send("ben", {"name": "replied", "key": "priya", "run": run.pk})
    assert answer.status_code == 422
    assert "either a key, or the one run" in answer.json()["error"]


def test_without_a_token_nobody_is_heard(nudge):
    answer = Client().post("/api/v1/signals/", {"name": "replied", "key": "priya"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_there_is_nothing_to_read(send, nudge, sign_in):
    assert sign_in("ben").get("/api/v1/signals/").status_code == 405
