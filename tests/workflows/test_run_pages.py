"""The pages of runs: the list, the seven answers, the ledger of a run, and taking back what was done."""

import re

import pytest
from django.urls import reverse

from approvals.reviews import Review
from governance import halts
from governance.ledger import Entry
from workflows.actions import Action
from workflows.running import Running
from workflows.runs import Run
from workflows.stops import Stop, count_words, input_words
from workflows.strip import strip

PROGRAM = """
workflow: welcome
title: Welcome
owner: growth
automation_allowed: true
input: {type: object, required: [contact], properties: {contact: {type: string}}}
steps:
  - {key: offer, title: Choose the offer, capability: offers.choose, params: {record: {kind: contact, key: "=input.contact"}, offers: [starter]}, ownership: automated, confidence: record.score, min_confidence: 0.5, data: [personal]}
  - {key: stage, title: Set the stage, after: [offer], capability: records.update, params: {record: {kind: contact, key: "=input.contact"}, changes: {stage: offered}}, ownership: automated}
  - {key: send, title: Send, after: [stage], capability: email.send, params: {template: welcome, to: "=record.email", record: {kind: contact, key: "=input.contact"}}, ownership: needs_approval, guardrails: [{when: "proposal.subject.contains('Free')", effect: refuse, reason: Nothing is free}], reviewers: growth, escalation: growth-default, due_in: 4h}
"""  # noqa: E501
EACH = """
workflow: everyone
title: Everyone
owner: growth
automation_allowed: true
steps:
  - {key: pick, title: Pick, capability: records.select, params: {kind: contact}, ownership: automated}
  - {key: each, title: Start each, after: [pick], capability: workflows.start_each, params: {workflow: welcome, audience: "=steps.pick.audience", input: {contact: "=record.key"}}, ownership: automated}
"""  # noqa: E501
QUESTIONS = [
    "What is it doing?", "With what data?", "Under which rules?", "Where are the bounds?",
    "How are results measured?", "Where can a person step in?", "What happened when something went wrong?",
]  # fmt: skip


@pytest.fixture
def welcome(world):
    world.asset("offer", "starter", body={"eligible": "true", "value": 100})
    world.asset("template", "welcome", body={"subject": "Hello {{ name }}", "body": "Dear {{ name }}."})
    world.record("contact", "priya", name="Priya Raman", email="priya@client.example", score=0.9, stage="new")
    world.record("contact", "tom", name="Tom Vance", email="tom@client.example", score=0.2, stage="new")
    world.load(PROGRAM)
    return world


def page(client, run):
    """Return the run's page as text without tags."""
    return plain(client.get(f"/runs/{run.pk}/").content.decode())


def plain(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


# --- one run -------------------------------------------------------------------------------------------------------


def test_all_seven_questions_are_always_there_in_their_order(welcome, sign_in):
    for contact in ("priya", "tom"):
        text = page(sign_in("ben"), welcome.run("welcome", contact=contact))
        places = [text.index(question) for question in QUESTIONS]
        assert places == sorted(places)


def test_an_open_run_says_what_waits_for_whom_and_links_to_where_ben_answers(welcome, sign_in):
    run = welcome.run("welcome", contact="priya")
    response = sign_in("ben").get(f"/runs/{run.pk}/")
    text = plain(response.content.decode())
    assert "Waiting for Growth: Send “Hello Priya Raman” to Priya Raman" in text
    assert "0.90, floor 0.50" in text
    assert "none tripped" in text
    assert "Put before people by its own terms: “Send”" in text
    assert "Personal Choose the offer" in text
    assert "Nothing is free: refused" in text
    assert "Nothing has." in text
    assert f'href="{reverse("review", args=[Review.objects.get().pk])}"'.encode() in response.content


def test_ada_who_started_it_gets_no_link_to_answer_but_one_to_halt(welcome, sign_in):
    run = welcome.run("welcome", contact="priya")
    text = page(sign_in("ada"), run)
    assert "Nothing in this run waits for you; Growth is asked." in text
    assert "Answer: Send" not in text
    assert "Halt the workflow" in text
    assert "Halt the workflow" not in page(sign_in("ben"), run)


def test_a_tripped_rule_stands_there_with_value_and_bound(welcome, sign_in):
    text = page(sign_in("ben"), welcome.run("welcome", contact="tom"))
    assert "1 tripped: It is less sure than this step demands ( 0.2, bound 0.5 )" in text


def test_what_was_refused_stands_under_what_went_wrong_with_its_incident(welcome, sign_in):
    welcome.undefine("offers.choose")
    text = page(sign_in("ben"), welcome.run("welcome", contact="priya"))
    wrong = text[text.index(QUESTIONS[-1]) :]
    assert "“Choose the offer” refused: Nobody has decided whether software may use offers.choose" in wrong
    assert "Incident at “Choose the offer”" in wrong
    assert "Nothing more: it stopped" in text
    assert "“Choose the offer” was refused." in text


@pytest.mark.parametrize(
    ("status", "words"), [("failed", "failed"), ("expired", "expired"), ("refused", "was refused")]
)
def test_a_step_fails_by_itself_and_is_refused_by_another(welcome, status, words):
    action = welcome.run("welcome", contact="priya").actions.first()
    action.status = status
    assert Stop(action.step, welcome.now, action).ended_words == words


def test_results_are_counts_and_say_that_no_outcome_is_measured(welcome, sign_in):
    run = welcome.run("welcome", contact="priya")
    review = Review.objects.get()
    review.decide(welcome.ben, "reject", welcome.now, note="Wrong month")
    text = page(sign_in("ben"), run)
    assert "Send: 0 of 1 done , 1 rejected" in text
    assert "No outcome is reported back" in text


def test_under_a_halt_the_step_that_would_begin_is_shown_as_held(welcome, sign_in):
    run = welcome.run("welcome", contact="priya")
    halts.pull(welcome.ada, "workflow", "welcome", "Wrong prices", welcome.now)
    review = Review.objects.get()
    review.decide(welcome.ben, "approve", welcome.now, digest=review.action.digest)
    welcome.work()
    text = page(sign_in("ben"), run)
    assert "A halt holds “Send”." in text
    assert "Held by a halt" in text


def test_a_run_of_another_teams_workflow_is_a_404_and_auditors_read_all(welcome, sign_in):
    run = welcome.run("welcome", contact="priya")
    for address in (f"/runs/{run.pk}/", f"/runs/{run.pk}/ledger/", "/runs/999/"):
        assert sign_in("eve").get(address).status_code == 404
    assert sign_in("olga").get(f"/runs/{run.pk}/").status_code == 200


def test_the_page_is_polled_while_the_run_is_open_and_answers_304_until_something_happens(welcome, sign_in):
    run, ben = welcome.run("welcome", contact="priya"), sign_in("ben")
    first = ben.get(f"/runs/{run.pk}/")
    assert b'hx-trigger="every 3s"' in first.content
    headers = {"HX-Request": "true", "If-None-Match": first["ETag"]}
    assert ben.get(f"/runs/{run.pk}/", headers=headers).status_code == 304
    Review.objects.get().decide(welcome.ben, "reject", welcome.now, note="No")
    changed = ben.get(f"/runs/{run.pk}/", headers=headers)
    assert changed.status_code == 200
    assert b"<html" not in changed.content
    assert b"every 3s" not in changed.content


def test_an_unchanged_page_costs_few_queries(welcome, sign_in, django_assert_max_num_queries):
    run, ben = welcome.run("welcome", contact="priya"), sign_in("ben")
    etag = ben.get(f"/runs/{run.pk}/")["ETag"]
    with django_assert_max_num_queries(9):
        ben.get(f"/runs/{run.pk}/", headers={"HX-Request": "true", "If-None-Match": etag})


# --- undo ----------------------------------------------------------------------------------------------------------


def undo(client, run, action):
    return client.post(f"/runs/{run.pk}/actions/{action.pk}/undo/")


def test_ben_takes_back_what_software_changed(welcome, sign_in):
    run = welcome.run("welcome", contact="priya")
    stage, ben = welcome.action(run, "stage"), sign_in("ben")
    assert "Undo “Set the stage”" in page(ben, run)
    assert undo(ben, run, stage).url == f"/runs/{run.pk}/"
    welcome.now = Action.objects.get(undo_of=stage).created_at
    welcome.work()
    text = page(ben, run)
    assert "undone" in text
    assert "Undo “Set the stage”" not in text
    asked = Entry.objects.get(verb="action.undo_asked")
    assert (asked.person, asked.data["undoes"]) == (welcome.ben, stage.pk)


def test_a_second_undo_and_one_of_what_cannot_be_undone_change_nothing(welcome, sign_in):
    run, ben = welcome.run("welcome", contact="priya"), sign_in("ben")
    undo(ben, run, welcome.action(run, "stage"))
    again = undo(ben, run, welcome.action(run, "stage"))
    assert again.status_code == 409
    assert "Undoing this was asked for before" in plain(again.content.decode())
    assert undo(ben, run, welcome.action(run, "offer")).status_code == 409
    assert Action.objects.filter(undo_of__isnull=False).count() == 1


def test_undo_is_403_for_olga_404_for_eve_and_for_an_action_of_another_run(welcome, sign_in):
    run, other = welcome.run("welcome", contact="priya"), welcome.run("welcome", contact="tom")
    stage = welcome.action(run, "stage")
    assert undo(sign_in("olga"), run, stage).status_code == 403
    assert undo(sign_in("eve"), run, stage).status_code == 404
    assert undo(sign_in("ben"), other, stage).status_code == 404
    assert sign_in("ben").get(f"/runs/{run.pk}/actions/{stage.pk}/undo/").status_code == 405
    assert not Action.objects.filter(undo_of__isnull=False).exists()


# --- many runs -----------------------------------------------------------------------------------------------------


def test_runs_that_a_run_started_are_counted_with_it_and_listed_on_demand(welcome, sign_in):
    welcome.load(EACH)
    root, ben = welcome.run("everyone"), sign_in("ben")
    text = plain(ben.get("/runs/").content.decode())
    assert f"Run {root.pk:,} Everyone version 1" in text
    assert "2 runs , 2 open" in text
    assert "Welcome version" not in text
    listed = plain(ben.get(f"/runs/?of={root.pk}").content.decode())
    assert "contact priya" in listed
    assert "contact tom" in listed
    one = page(ben, root)
    assert "Runs it started 2: 0 ended, 2 open, 0 stopped" in one
    assert "2 of the 2 runs it started are open." in one
    assert "In the runs it started: 2 may act, 2 put to approval." in one


def test_runs_are_filtered_by_workflow_and_state(welcome, sign_in):
    run, ben = welcome.run("welcome", contact="priya"), sign_in("ben")
    assert f"Run {run.pk:,}" in plain(ben.get("/runs/?workflow=welcome&status=open").content.decode())
    assert "No run fits." in plain(ben.get("/runs/?status=ended").content.decode())
    assert ben.get("/runs/?workflow=deals").status_code == 422
    assert "Nothing has run yet." in plain(sign_in("eve").get("/runs/").content.decode())


def test_the_list_needs_the_same_queries_whatever_its_length_and_pages_by_key(
    welcome, sign_in, django_assert_max_num_queries
):
    made = [welcome.start("welcome", contact="priya") for _ in range(55)]
    ben = sign_in("ben")
    with django_assert_max_num_queries(12):
        first = ben.get("/runs/")
    assert first.content.count(b'scope="row"') == 50
    last = ben.get(f"/runs/?before={made[5].pk}")
    assert last.content.count(b'scope="row"') == 5
    assert b'rel="next"' not in last.content


def test_the_ledger_of_a_run_is_read_page_by_page(welcome, sign_in):
    run, ben = welcome.run("welcome", contact="priya"), sign_in("ben")
    for number in range(60):
        Entry.objects.create(
            at=welcome.now, actor_kind="software", actor_name="Remit", verb="action.held", run=run.pk,
            workflow=run.workflow_id, data={"step": "send", "number": number},
        )  # fmt: skip
    first = ben.get(f"/runs/{run.pk}/ledger/")
    assert plain(first.content.decode()).count("A halt holds “Send”") == 50
    older = re.search(rb'rel="next" href="([^"]+)"', first.content)[1].decode()
    rest = plain(ben.get(f"/runs/{run.pk}/ledger/{older}").content.decode())
    assert rest.count("A halt holds “Send”") == 10
    assert "Ada Lund started it by hand, version 1" in rest


# --- words and drawings --------------------------------------------------------------------------------------------


def test_an_input_in_words_names_three_things_and_counts_the_rest():
    assert input_words({}) == ""
    assert input_words({"contact": "priya", "max_age": 5}) == "contact priya, max age 5"
    assert input_words({"a": 1, "b": 2, "c": 3, "d": 4, "e": [1]}) == "a 1, b 2, c 3 and 2 more"


def test_counts_stand_in_the_order_of_the_states():
    assert count_words({"done": 1200, "ready": 1}) == "1 ready, 1,200 done"


def test_a_chain_is_drawn_in_one_row_and_what_is_not_reached_is_dashed():
    drawn = strip({"a": [], "b": ["a"], "c": ["b"]}, ["a", "b"])
    assert (drawn.rows, drawn.width, drawn.solid, drawn.dashed) == (1, 300, "M50 39H150", "M150 39H250")


def test_branches_stand_above_and_below_and_come_back():
    drawn = strip({"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}, ["a"])
    assert drawn.ranks == [[("a", "mid")], [("b", "up"), ("c", "down")], [("d", "mid")]]


def test_a_line_that_passes_a_rank_has_a_place_of_its_own_there():
    drawn = strip({"a": [], "b": ["a"], "c": ["a", "b"]}, ["a", "b", "c"])
    assert drawn.rows == 2
    assert [place for rank in drawn.ranks for _, place in rank] == ["mid", "up", "mid"]
    assert "145" in drawn.solid


def test_four_steps_beside_each_other_are_left_to_the_line():
    assert strip({"a": [], **{key: ["a"] for key in "bcde"}}, []) is None


def test_a_run_with_four_branches_still_has_its_line(welcome, sign_in):
    welcome.load(
        "workflow: wide\ntitle: Wide\nowner: growth\nsteps:\n"
        + "".join(f"  - {{key: s{n}, title: Part {n}, ownership: human_owned}}\n" for n in range(4))
    )
    run = welcome.run("wide")
    response = sign_in("ben").get(f"/runs/{run.pk}/")
    assert b'class="strip' not in response.content
    assert b'<table class="line">' in response.content
    assert Running(Run.objects.get(pk=run.pk), welcome.ben, welcome.now).strip is None
