"""Stepping in on a run's page and by API: who may, what is offered, what is shown of it."""

import re

import pytest
from django.test import Client

from approvals.reviews import Review
from governance.halts import pull
from governance.ledger import Entry
from governance.tokens import Token
from workflows import signals
from workflows.engine.starting import start
from workflows.runs import Run
from workflows.scopes import BY_API

LETTER = """
workflow: letter
title: Letter
owner: growth
automation_allowed: true
key: "=input.contact"
input: {type: object, required: [contact], properties: {contact: {type: string}}}
steps:
  - {key: stage, title: Set the stage, capability: records.update, params: {record: {kind: contact, key: "=input.contact"}, changes: {stage: offered}}, ownership: automated}
  - {key: draft, title: Draft it, after: [stage], ownership: human_owned}
  - {key: look, title: Look at it, after: [draft], ownership: human_owned, repeat: {from: draft, until: "steps.look.status == 'done'", at_most: 3}}
  - {key: reply, title: Wait for a reply, after: [look], wait: {signal: replied, for: 3d}}
  - {key: rest, title: Let it rest, after: [look], wait: 2d}
"""  # noqa: E501
EACH = """
workflow: everyone
title: Everyone
owner: growth
automation_allowed: true
steps:
  - {key: pick, title: Pick, capability: records.select, params: {kind: contact}, ownership: automated}
  - {key: each, title: Start each, after: [pick], capability: workflows.start_each, params: {workflow: letter, audience: "=steps.pick.audience", input: {contact: "=record.key"}}, ownership: automated}
"""  # noqa: E501


@pytest.fixture
def letter(world):
    for key, name in (("priya", "Priya Raman"), ("tom", "Tom Vance")):
        world.record("contact", key, name=name, stage="new")
    world.load(LETTER)
    return world


@pytest.fixture
def token(world):
    def bearer(name):
        secret = Token.issue(world.people[name], "tests", world.now)
        return Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {secret}"})

    return bearer


def answer(world, run, choice, note="Fine"):
    Review.objects.get(action__run=run, status="open").decide(world.ben, choice, world.now, note=note)
    world.work()


def page(client, run):
    """Return the run's page as text without tags."""
    html = client.get(f"/runs/{run.pk}/").content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def post(client, address, reason="Wrong month", **headers):
    return client.post(address, {"reason": reason}, **headers)


# --- who may -------------------------------------------------------------------------------------------------------


def addresses(world, run):
    action = world.action(run, "draft")
    steps = [f"/runs/{run.pk}/actions/{action.pk}/{verb}/" for verb in ("skip", "cancel", "redo", "children/cancel")]
    return [f"/runs/{run.pk}/cancel/", f"/runs/{run.pk}/undo/", *steps]


def test_ben_may_not_step_in_eve_sees_no_run_and_nothing_happens_by_looking(letter, sign_in):
    run = letter.run("letter", contact="priya")
    entries = Entry.objects.count()
    for address in addresses(letter, run):
        assert post(sign_in("ben"), address).status_code == 403
        assert post(sign_in("olga"), address).status_code == 403
        assert post(sign_in("eve"), address).status_code == 404
        assert sign_in("ada").get(address).status_code == 405
    assert Entry.objects.count() == entries


def test_only_leaders_are_offered_to_step_in(letter, sign_in):
    run = letter.run("letter", contact="priya")
    for words in ("Skip, cancel or redo a step", "Cancel this run"):
        assert words in page(sign_in("ada"), run)
        assert words not in page(sign_in("ben"), run)


def test_an_action_of_another_run_is_a_404(letter, sign_in):
    run, other = letter.run("letter", contact="priya"), letter.run("letter", contact="tom")
    action = letter.action(other, "draft")
    assert post(sign_in("ada"), f"/runs/{run.pk}/actions/{action.pk}/skip/").status_code == 404


@pytest.mark.parametrize("reason", ["", "   ", "nul \x00", "long " * 500])
def test_without_a_reason_that_can_be_kept_nothing_happens(letter, sign_in, reason):
    run = letter.run("letter", contact="priya")
    response = post(sign_in("ada"), f"/runs/{run.pk}/cancel/", reason)
    assert response.status_code == 422
    assert "Nothing was changed." in response.content.decode()
    assert Run.objects.get(pk=run.pk).status == "open"


# --- what is done and shown ----------------------------------------------------------------------------------------


def test_ada_cancels_a_run_and_everybody_reads_who_and_why(letter, sign_in):
    run = letter.run("letter", contact="priya")
    assert post(sign_in("ada"), f"/runs/{run.pk}/cancel/").url == f"/runs/{run.pk}/"
    text = page(sign_in("ben"), run)
    assert "Nothing more: it was cancelled" in text
    assert "Ada Lund: “Wrong month”." in text
    assert "Cancelled by Ada" in text


def test_a_second_cancelling_is_told_and_changes_nothing(letter, sign_in):
    run = letter.run("letter", contact="priya")
    ada = sign_in("ada")
    post(ada, f"/runs/{run.pk}/cancel/")
    again = post(ada, f"/runs/{run.pk}/cancel/")
    assert again.status_code == 409
    assert "is over: it is cancelled" in again.content.decode()
    assert Entry.objects.filter(verb="run.cancelled").count() == 1


def test_a_skipped_step_says_who_skipped_it_and_why(letter, sign_in):
    run = letter.run("letter", contact="priya")
    action = letter.action(run, "draft")
    post(sign_in("ada"), f"/runs/{run.pk}/actions/{action.pk}/skip/", "Written before")
    text = page(sign_in("ben"), run)
    assert "Skipped by Ada: Written before" in text
    assert "Ada Lund skipped “Draft it”: “Written before”" in text


def test_a_redone_step_shows_both_rounds(letter, sign_in):
    run = letter.run("letter", contact="priya")
    action = letter.action(run, "stage")
    post(sign_in("ada"), f"/runs/{run.pk}/actions/{action.pk}/redo/", "An import wrote over it")
    text = page(sign_in("ben"), run)
    assert "Rounds of “Set the stage” Round 2" in text
    assert "Ada Lund started anew “Set the stage”: “An import wrote over it”" in text


def test_the_rounds_of_a_loop_are_counted_against_its_cap(letter, sign_in):
    run = letter.run("letter", contact="priya")
    answer(letter, run, "done")
    answer(letter, run, "reject", "Too stiff")
    text = page(sign_in("ada"), run)
    assert "Rounds of “Draft it” to “Look at it” Round 2 of 3" in text
    assert "Look at it Rejected by Ben: Too stiff" in text
    assert "With a person, round 2" in text
    before = text[: text.index("Rounds of")]
    assert "Look at it Not reached" in before  # in this round


def test_a_wait_says_for_which_signal_and_until_when(letter, sign_in):
    run = letter.run("letter", contact="priya")
    for _ in range(2):
        answer(letter, run, "done")
    text = page(sign_in("ada"), run)
    assert "“Wait for a reply” waits for the signal “replied” about priya, until 5 Mar, 12:00 at most." in text
    assert "“Let it rest” waits until 4 Mar, 12:00." in text
    signals.send("replied", "priya", {}, letter.ben, letter.now)
    letter.work()
    assert "“replied” came" in page(sign_in("ada"), run)


def test_what_an_agent_asked_for_is_shown_as_held_while_the_agent_is_halted(letter, sign_in):
    by_chen = start("letter", {"contact": "priya"}, letter.chen, letter.now, BY_API)
    by_ben = start("letter", {"contact": "tom"}, letter.ben, letter.now, BY_API)
    pull(letter.ada, "agent", letter.chen.email, "It asks for too much", letter.now)
    assert "A halt holds “Set the stage”." in page(sign_in("ben"), by_chen)
    assert "A halt holds" not in page(sign_in("ben"), by_ben)


def test_undoing_says_what_it_would_take_back_and_then_what_it_did(letter, sign_in):
    run, ada = letter.run("letter", contact="priya"), sign_in("ada")
    assert "Undo what it did" not in page(ada, run)
    post(ada, f"/runs/{run.pk}/cancel/")
    assert "Taken back, one after the other: “Set the stage”" in page(ada, run)
    assert post(ada, f"/runs/{run.pk}/undo/", "They left us").url == f"/runs/{run.pk}/"
    assert "Being undone: “Set the stage” (ready)." in page(ada, run)
    letter.now = run.actions.latest("pk").created_at
    letter.work()
    text = page(ada, run)
    assert "Undone, as far as software can." in text
    assert "Ada Lund asked to undo what the run did, the last first: “They left us”" in text


def test_the_runs_a_step_started_are_cancelled_from_its_page(letter, sign_in):
    letter.load(EACH)
    root, ada = letter.run("everyone"), sign_in("ada")
    action = letter.action(root, "each")
    Run.objects.filter(pk=root.pk).update(status="open")
    assert "Cancel its 2 runs" in page(ada, root)
    post(ada, f"/runs/{root.pk}/actions/{action.pk}/children/cancel/")
    text = page(ada, root)
    assert "Runs it started 2: 0 ended, 0 open, 2 stopped" in text
    assert "Ada Lund cancelled 2 runs that “Start each” started: “Wrong month”" in text


# --- by API --------------------------------------------------------------------------------------------------------


def call(client, address, **body):
    return client.post(f"/api/v1/{address}", body, content_type="application/json")


def test_ada_cancels_and_undoes_a_run_by_api(letter, token):
    run, ada = letter.run("letter", contact="priya"), token("ada")
    cancelled = call(ada, f"runs/{run.pk}/cancel/", reason="Wrong month")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    undone = call(ada, f"runs/{run.pk}/undo/", reason="They left us")
    assert undone.status_code == 200
    assert undone.json()["undo_asked_at"]
    again = call(ada, f"runs/{run.pk}/cancel/", reason="Once more")
    assert (again.status_code, again.json()["code"]) == (409, "illegal_move")


def test_ada_skips_cancels_and_redoes_a_step_by_api(letter, token):
    ada = token("ada")
    for verb, status in (("skip", "skipped"), ("cancel", "cancelled")):
        draft = letter.action(letter.run("letter", contact="priya"), "draft")
        answered = call(ada, f"actions/{draft.pk}/{verb}/", reason="Wrong month")
        assert (answered.status_code, answered.json()["status"]) == (200, status)
    stage = letter.action(letter.run("letter", contact="tom"), "stage")
    redone = call(ada, f"actions/{stage.pk}/redo/", reason="Lost").json()
    assert (redone["round"], redone["status"], redone["step"]) == (2, "ready", "stage")


def test_the_api_tells_ben_eve_and_an_empty_reason_apart(letter, token):
    run = letter.run("letter", contact="priya")
    draft = letter.action(run, "draft")
    for address in (f"runs/{run.pk}/cancel/", f"actions/{draft.pk}/skip/", f"actions/{draft.pk}/children/cancel/"):
        assert call(token("ben"), address, reason="No").status_code == 403
        assert call(token("eve"), address, reason="No").status_code == 404
        assert call(token("ada"), address).status_code == 422
        assert call(token("ada"), address, reason=" ").status_code == 422
        assert Client().post(f"/api/v1/{address}").status_code == 401
    assert Run.objects.get(pk=run.pk).status == "open"
