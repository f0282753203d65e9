"""The API: the same verbs as the pages, the same errors as sentences."""

import json
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from approvals.escalations import escalate_overdue
from approvals.reviews import NotAllowed, Review
from governance.ledger import Entry
from governance.tokens import Token
from workflows.engine.answers import Stale
from workflows.runs import Run

PROGRAM = """
workflow: welcome
title: Welcome
owner: growth
automation_allowed: true
input: {type: object, required: [contact], properties: {contact: {type: string}}}
steps:
  - key: send
    question: Does this go out?
    capability: email.send
    params: {template: welcome, to: "=record.email", record: {kind: contact, key: "=input.contact"}}
    ownership: needs_approval
    guardrails:
      - {when: "proposal.subject.contains('Free')", effect: refuse, reason: Nothing is free}
    reviewers: growth
    escalation: growth-default
    due_in: 4h
"""
FOREIGN = PROGRAM.replace("workflow: welcome", "workflow: deals").replace("growth\n", "sales\n")


@pytest.fixture
def welcome(world):
    world.asset("template", "welcome", body={"subject": "Hello {{ name }}", "body": "Dear {{ name }},\n\nwelcome."})
    world.record("contact", "priya", name="Priya Raman", email="priya@client.example")
    world.load(PROGRAM)
    return world


@pytest.fixture
def token(world):
    """Return a client that sends the named person's token and nothing else."""

    def bearer(name):
        secret = Token.issue(world.people[name], "tests", world.now)
        return Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {secret}"})

    return bearer


def decide(client, review, **answer):
    return client.post(f"/api/v1/reviews/{review.pk}/decision/", answer, content_type="application/json")


def waiting(world):
    world.run("welcome", contact="priya")
    return Review.objects.get()


# --- who is asking -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["runs/", "runs/1/", "runs/1/actions/", "actions/1/", "reviews/", "reviews/1/"])
def test_without_a_token_or_a_session_every_address_answers_401_in_json(world, address):
    answer = Client().get(f"/api/v1/{address}")
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_revoked_token_is_told_apart_from_none(welcome, token):
    client = token("ben")
    Token.objects.update(revoked_at=welcome.now)
    answer = client.get("/api/v1/runs/")
    assert (answer.status_code, answer.json()["error"]) == (401, "This token is not known, or it was revoked.")


def test_a_session_works_too_but_changes_nothing_without_the_csrf_token(welcome, sign_in):
    client = sign_in("ben")
    assert client.get("/api/v1/runs/").status_code == 200
    client.handler.enforce_csrf_checks = True
    answer = client.post(
        "/api/v1/runs/", {"workflow": "welcome", "input": {"contact": "priya"}}, content_type="application/json"
    )
    assert (answer.status_code, Run.objects.count()) == (403, 0)
    assert "CSRF" in answer.json()["error"]


def test_create_token_prints_a_secret_that_opens_the_api_and_is_in_the_ledger(world, capsys):
    call_command("create_token", "ben@tideway.example", label="laptop")
    secret = capsys.readouterr().out.strip()
    assert secret.startswith("remit_")
    assert Client(headers={"Authorization": f"Bearer {secret}"}).get("/api/v1/reviews/").status_code == 200
    assert not Token.objects.filter(digest=secret).exists()
    entry = Entry.objects.get(verb="token.issued")
    assert (entry.person, entry.data) == (world.ben, {"label": "laptop"})


def test_create_token_for_nobody_says_so(world):
    with pytest.raises(CommandError, match="no person with the address"):
        call_command("create_token", "nobody@tideway.example", label="laptop")


# --- runs and actions ----------------------------------------------------------------------------------------------


def test_ben_starts_a_run_and_reads_what_it_proposes(welcome, token):
    ben = token("ben")
    made = ben.post(
        "/api/v1/runs/", {"workflow": "welcome", "input": {"contact": "priya"}}, content_type="application/json"
    )
    assert made.status_code == 201
    assert (made.json()["status"], made.json()["started_by"], made.json()["trigger"]) == (
        "open", "ben@tideway.example", "by API",
    )  # fmt: skip
    assert made["Location"] == f"/api/v1/runs/{made.json()['id']}/"
    welcome.now = Run.objects.get().started_at
    welcome.work()
    (action,) = ben.get(made.json()["links"]["actions"]).json()["results"]
    assert (action["step"], action["status"], action["payload"]["to"]) == ("send", "in_review", "priya@client.example")
    assert ben.get(f"/api/v1/actions/{action['id']}/").json() == action


def test_an_input_that_does_not_fit_is_422_and_starts_nothing(welcome, token):
    answer = token("ben").post("/api/v1/runs/", {"workflow": "welcome", "input": {}}, content_type="application/json")
    assert answer.status_code == 422
    assert answer.json()["error"] == "input: The input lacks “contact”."
    assert not Run.objects.exists()


def test_a_body_that_is_not_json_is_400(welcome, token):
    answer = token("ben").post("/api/v1/runs/", "{workflow", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


@pytest.mark.parametrize("body", ["[" * 200_000, '{"a":' * 101 + "[]" + "}" * 101], ids=["endless", "closed"])
def test_a_body_nested_too_deeply_is_400(welcome, token, body):
    answer = token("ben").post("/api/v1/runs/", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
    assert "nested more than 100 levels deep" in answer.json()["error"]


def test_a_body_longer_than_the_limit_is_413(welcome, token, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    body = {"workflow": "welcome", "input": {"contact": "x" * 1000}}
    answer = token("ben").post("/api/v1/runs/", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("unknown", "words"),
    [
        ({"inputs": {}}, "There is no field “inputs”; there are workflow, input."),
        ({"inputs": {}, "by": "me"}, "There are no fields “inputs”, “by”; there are workflow, input."),
        ({"\ud800": 1}, "There is no field “\\ud800”; there are workflow, input."),
    ],
)
def test_a_field_of_a_new_run_that_nobody_reads_is_422_and_starts_nothing(welcome, token, unknown, words):
    body = {"workflow": "welcome", "input": {"contact": "priya"}, **unknown}
    answer = token("ben").post("/api/v1/runs/", json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json()["error"]) == (422, words)
    assert not Run.objects.exists()


def test_an_input_with_a_text_too_long_is_422(welcome, token):
    body = {"workflow": "welcome", "input": {"contact": "x" * 10_001}}
    answer = token("ben").post("/api/v1/runs/", body, content_type="application/json")
    assert answer.status_code == 422
    assert answer.json()["error"] == "input: Input “contact” holds more than 10,000 characters."


@pytest.mark.parametrize("given", ["[]", '{"contact": "a\\u0000b"}', '{"contact": "\\ud800"}', "7"])
def test_an_input_no_database_can_hold_is_422(welcome, token, given):
    body = f'{{"workflow": "welcome", "input": {given}}}'
    assert token("ben").post("/api/v1/runs/", body, content_type="application/json").status_code == 422


def test_a_workflow_of_another_team_is_404_to_start_and_its_runs_are_404_to_read(welcome, token):
    welcome.load(FOREIGN, "eve")
    run = welcome.run("deals", "eve", contact="priya")
    ben, action = token("ben"), run.actions.get()
    body = {"workflow": "deals", "input": {"contact": "priya"}}
    assert ben.post("/api/v1/runs/", body, content_type="application/json").status_code == 404
    for address in (f"runs/{run.pk}/", f"runs/{run.pk}/actions/", f"actions/{action.pk}/"):
        assert ben.get(f"/api/v1/{address}").status_code == 404
    assert ben.get("/api/v1/runs/").json()["results"] == []
    assert token("olga").get(f"/api/v1/runs/{run.pk}/").status_code == 200


def test_olga_who_audits_reads_all_and_starts_nothing(welcome, token):
    body = {"workflow": "welcome", "input": {"contact": "priya"}}
    answer = token("olga").post("/api/v1/runs/", body, content_type="application/json")
    assert answer.status_code == 403
    assert answer.json()["error"] == "Only leaders and reviewers of Growth start this workflow."


def test_runs_are_filtered_and_paged_by_cursor(welcome, token):
    for _ in range(3):
        welcome.start("welcome", contact="priya")
    ben = token("ben")
    first = ben.get("/api/v1/runs/?page_size=2&workflow=welcome&status=open").json()
    rest = ben.get(first["next"]).json()
    assert [run["id"] for run in (*first["results"], *rest["results"])] == [
        run.pk for run in Run.objects.order_by("-pk")
    ]
    assert ben.get("/api/v1/runs/?workflow=other").json()["results"] == []
    assert ben.get("/api/v1/runs/?status=lost").status_code == 422


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("cursor=cD1hYmM%3D", 404), ("cursor=cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5", 404),
        ("part_of=99999999999999999999999", 422), ("part_of=1.5", 422), ("part_of=NaN", 422), ("workflow=%00", 422),
        ("page_size=many", 200),
    ],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_told_so(welcome, token, query, code):
    answer = token("ben").get(f"/api/v1/runs/?{query}")
    assert answer.status_code == code


def test_a_page_of_runs_needs_the_same_queries_whatever_its_size(welcome, token, django_assert_max_num_queries):
    for _ in range(20):
        welcome.start("welcome", contact="priya")
    ben = token("ben")
    with django_assert_max_num_queries(5):
        assert len(ben.get("/api/v1/runs/").json()["results"]) == 20


# --- reviews -------------------------------------------------------------------------------------------------------


def test_ben_reads_what_waits_and_approves_what_he_saw(welcome, token):
    review = waiting(welcome)
    ben = token("ben")
    (seen,) = ben.get("/api/v1/reviews/?status=open&workflow=welcome&kind=approval").json()["results"]
    assert seen["headline"] == "Send “Hello Priya Raman” to Priya Raman?"
    assert seen["choices"] == ["approve", "edit", "reject", "take_over"]
    assert (seen["barred"], seen["decision"], seen["team"]) == ("", None, "growth")
    assert seen["payload"]["subject"] == "Hello Priya Raman"
    answer = decide(ben, review, choice="approve", digest=seen["digest"], note="Fine")
    assert answer.status_code == 200
    assert {**answer.json(), "at": ""} == {
        "person": "ben@tideway.example", "name": "Ben Hartley", "choice": "approve", "note": "Fine",
        "digest": seen["digest"], "payload": {}, "at": "",
    }  # fmt: skip
    after = ben.get(seen["links"]["decision"].removesuffix("decision/")).json()
    assert (after["status"], after["choices"], after["decision"]["name"]) == ("decided", [], "Ben Hartley")
    assert "action.approved" in welcome.verbs(Run.objects.get())


def test_the_second_answer_is_409_and_says_who_was_first(welcome, token):
    review = waiting(welcome)
    decide(token("ben"), review, choice="approve", digest=review.action.digest)
    answer = decide(token("chen"), review, choice="reject", note="No")
    assert answer.status_code == 409
    assert answer.json()["code"] == "already_decided"
    assert answer.json()["error"] == "Ben Hartley approved this; your answer was not counted."
    assert answer.json()["decision"]["person"] == "ben@tideway.example"


def test_an_approval_without_the_digest_of_what_is_there_is_409_stale(welcome, token):
    review = waiting(welcome)
    for digest in ("", "0" * 64):
        answer = decide(token("ben"), review, choice="approve", digest=digest)
        assert (answer.status_code, answer.json()["code"]) == (409, "stale")
    review.refresh_from_db()
    assert review.is_open


def test_a_digest_longer_than_any_of_ours_is_stale(welcome):
    review = waiting(welcome)
    with pytest.raises(Stale):
        review.decide(welcome.ben, "approve", welcome.now, digest=review.action.digest + "0")
    assert review.decision is None


def test_an_edit_outside_the_envelope_is_422_with_its_reasons(welcome, token):
    review = waiting(welcome)
    edit = {"choice": "edit", "digest": review.action.digest, "payload": {"subject": "Free for all"}}
    answer = decide(token("ben"), review, **edit)
    assert (answer.status_code, answer.json()["code"]) == (422, "edit_refused")
    assert "Nothing is free" in [reason["words"] for reason in answer.json()["reasons"]]
    review.refresh_from_db()
    assert review.is_open


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"choice": "edit", "payload": {"to": "eve@client.example"}}, "to cannot be edited"),
        ({"choice": "reject"}, "Say in a few words why"),
        ({"choice": "done", "note": "By phone"}, "is no answer here"),
        ({"choice": "perhaps"}, "choice:"),
        (
            {"choice": "approve", "unkown": 1},
            "There is no field “unkown”; there are choice, digest, asked, note, knowing, payload.",
        ),
        ({}, "choice:"),
    ],
)
def test_an_answer_that_does_not_fit_is_422_and_decides_nothing(welcome, token, answer, words):
    review = waiting(welcome)
    told = decide(token("ben"), review, **{"digest": review.action.digest, **answer})
    assert told.status_code == 422
    assert words in told.json()["error"]
    review.refresh_from_db()
    assert review.is_open


def test_ada_who_started_the_run_is_403(welcome, token):
    review = waiting(welcome)
    answer = decide(token("ada"), review, choice="approve", digest=review.action.digest)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert answer.json()["error"] == "You started this run, so somebody else decides."


def test_a_review_of_another_team_is_404_to_read_and_to_decide(welcome, token):
    review = waiting(welcome)
    eve = token("eve")
    assert eve.get(f"/api/v1/reviews/{review.pk}/").status_code == 404
    assert decide(eve, review, choice="approve", digest=review.action.digest).status_code == 404
    assert eve.get("/api/v1/reviews/").json()["results"] == []


def test_olga_who_audits_reads_the_review_and_must_not_decide_it(welcome, token):
    review = waiting(welcome)
    olga = token("olga")
    assert "decide this" in olga.get(f"/api/v1/reviews/{review.pk}/").json()["barred"]
    assert decide(olga, review, choice="approve", digest=review.action.digest).status_code == 403


def test_who_leads_the_workflow_but_not_the_reviewing_team_sees_and_must_not_decide(welcome):
    welcome.load(PROGRAM.replace("reviewers: growth", "reviewers: legal"))
    review = waiting(welcome)
    with pytest.raises(NotAllowed, match="Only leaders and reviewers of Legal"):
        review.decide(welcome.lea, "approve", welcome.now, digest=review.action.digest)
    assert review.barred(welcome.dora, welcome.now) == ""


def test_whoever_it_went_up_to_may_decide(welcome):
    welcome.load(PROGRAM.replace("reviewers: growth", "reviewers: legal"))
    review = waiting(welcome)
    escalate_overdue(welcome.later(hours=5))
    review.decide(welcome.lea, "approve", welcome.now, digest=review.action.digest)
    assert review.decisions.get().person == welcome.lea


def test_a_page_of_reviews_needs_the_same_queries_whatever_its_size(welcome, token, django_assert_max_num_queries):
    for _ in range(12):
        welcome.start("welcome", contact="priya")
    welcome.work()
    for name in ("ben", "olga"):
        client = token(name)
        with django_assert_max_num_queries(9):
            assert len(client.get("/api/v1/reviews/").json()["results"]) == 12


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="two writers at once need PostgreSQL; on SQLite a writer is alone"
)
def test_of_two_answers_at_the_same_moment_one_wins_and_the_other_is_409(welcome, token):
    review = waiting(welcome)
    barrier, answers = threading.Barrier(2), []

    def answer(client, **given):
        barrier.wait()
        answers.append(decide(client, review, **given))
        connection.close()

    voices = [
        (token("ben"), {"choice": "approve", "digest": review.action.digest}),
        (token("chen"), {"choice": "reject", "note": "No"}),
    ]
    threads = [threading.Thread(target=answer, args=(client,), kwargs=given) for client, given in voices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.status_code for each in answers) == [200, 409]
    assert review.decisions.count() == 1
    verbs = welcome.verbs(Run.objects.get())
    assert ("action.approved" in verbs) != ("action.rejected" in verbs)


# --- schema --------------------------------------------------------------------------------------------------------


def test_the_schema_is_made_without_a_warning(db, tmp_path):
    call_command("spectacular", "--fail-on-warn", "--validate", "--file", str(tmp_path / "schema.yaml"))


def test_the_documentation_loads_nothing_from_elsewhere(db):
    page = Client().get(reverse("api_docs"))
    assert page.status_code == 200
    assert b"https://" not in page.content
    schema = Client().get(reverse("schema"), headers={"Accept": "application/json"})
    assert {"token", "cookieAuth"} <= set(json.loads(schema.content)["components"]["securitySchemes"])


def test_half_a_character_for_a_choice_is_422_and_decides_nothing(welcome, token):
    asked = waiting(welcome)
    body = '{"choice": "\\ud800"}'
    answer = token("ben").post(f"/api/v1/reviews/{asked.pk}/decision/", body, content_type="application/json")
    assert answer.status_code == 422
    asked.refresh_from_db()
    assert asked.is_open
