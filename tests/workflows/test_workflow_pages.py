"""What people see of workflows: the list, the line of decisions, versions, files, and starting a run."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from approvals.reviews import Review
from governance.backtest import wilson
from governance.ledger import Entry
from governance.people import Membership, Role
from workflows import files
from workflows.definitions import Workflow
from workflows.incidents import Incident, open_incidents
from workflows.runs import Run
from workflows.trackrecord import PastConfidence, records_of

WELCOME = """
workflow: welcome
title: Welcome
purpose: Greet every new contact once.
owner: growth
automation_allowed: true
input:
  type: object
  required: [contact]
  properties: {contact: {type: string}, market: {enum: [DACH, Nordics]}, size: {type: integer}}
steps:
  - key: choose
    question: Which offer does this contact get?
    capability: offers.choose
    params: {record: {kind: contact, key: "=input.contact"}, offers: [starter]}
    ownership: automated
    confidence: record.score
    min_confidence: 0.5
  - key: send
    after: [choose]
    when: "steps.choose.offer != ''"
    question: Does this go out?
    capability: email.send
    params: {template: welcome, to: "=record.email", record: {kind: contact, key: "=input.contact"}}
    ownership: needs_approval
    escalation: growth-default
    due_in: 4h
  - key: call
    after: [choose]
    question: Does somebody call?
    ownership: human_owned
    reviewers: customer-success
"""


@pytest.fixture
def welcome(world):
    world.now = timezone.now().replace(microsecond=0) - timedelta(days=2)
    start = world.now - timedelta(days=30)
    world.asset("offer", "starter", approved_from=start, body={"eligible": "true", "value": 100})
    words = {"subject": "Hello {{ name }}", "body": "Dear {{ name }},\n\nwelcome."}
    world.asset("template", "welcome", approved_from=start, body=words)
    world.record("contact", "priya", name="Priya Raman", email="priya@client.example", score=0.9)
    world.record("contact", "tom", name="Tom Vance", email="tom@client.example", score=0.2)
    world.load(WELCOME)
    return world


def page(client, url, status=200):
    response = client.get(url)
    assert response.status_code == status
    return response.content.decode()


def test_before_anything_is_loaded_ada_reads_how_to_load_and_ben_who_does(world, sign_in):
    text = page(sign_in("ada"), "/workflows/")
    assert "uv run manage.py load_workflow FILE.yaml --as ada@tideway.example --publish" in text
    assert 'href="/workflows/load/"' in text
    assert "A leader loads them" in page(sign_in("ben"), "/workflows/")


def test_the_first_steps_are_ticked_as_they_are_done_and_go_with_the_first_workflow(world, sign_in):
    def done():
        return [step.is_done for step in sign_in("ada").get("/workflows/").context["first_steps"]]

    assert done() == [True, True, True, False, False, False]
    world.asset("offer", "starter", body={"eligible": "true", "value": 100})
    world.record("contact", "priya", name="Priya Raman")
    Membership.objects.filter(role=Role.LEADER).exclude(person=world.ada).delete()
    assert done() == [True, False, True, True, True, False]
    assert "lifting a halt takes another leader" in page(sign_in("ada"), "/workflows/")
    assert "First steps" not in page(sign_in("ben"), "/workflows/")


def test_eve_who_sees_no_workflow_of_others_is_shown_no_first_steps(welcome, sign_in):
    assert "First steps" not in page(sign_in("eve"), "/workflows/")


def test_the_list_shows_each_workflow_with_its_marks_its_owner_and_what_waits(welcome, sign_in):
    welcome.run("welcome", contact="priya")
    text = page(sign_in("ada"), "/workflows/")
    assert "Greet every new contact once." in text
    for words in ("Automated", "Needs approval", "Human-owned"):
        assert f'aria-label="{words}"' in text
    (place,) = sign_in("ada").get("/workflows/").context["places"]
    assert (place.waiting, place.open_runs) == (2, 1)


def test_eve_of_sales_sees_none_of_it_and_a_reviewing_team_reads_it(welcome, sign_in):
    assert "No workflow yet" in page(sign_in("eve"), "/workflows/")
    for url in ("", "steps/send/", "draft/", "versions/", "versions/1/", "file/", "start/"):
        assert sign_in("eve").get(f"/workflows/welcome/{url}").status_code == 404
    assert "Does this go out?" in page(sign_in("olga"), "/workflows/welcome/")


def test_the_line_says_of_every_decision_who_owns_it_and_where_it_stands(welcome, sign_in):
    text = page(sign_in("ben"), "/workflows/welcome/")
    assert text.index("Which offer does this contact get?") < text.index("Does this go out?")
    assert "after 1" in text and "gate" in text
    assert "steps.choose.offer != &#x27;&#x27;" in text
    rows = sign_in("ben").get("/workflows/welcome/").context["line"].rows
    assert [row.rail.lane for row in rows] == [2, 1, 3]
    assert [row.rail.ownership for row in rows] == ["automated", "needs_approval", "human_owned"]


def test_the_track_record_counts_what_was_done_alone_and_what_people_decided(welcome):
    for choice, note in (("approve", ""), ("edit", ""), ("reject", "Wrong month")):
        run = welcome.run("welcome", contact="priya")
        review = Review.objects.get(action=welcome.action(run, "send"))
        payload = {"subject": "Good morning"} if choice == "edit" else None
        review.decide(welcome.ben, choice, welcome.now, digest=review.action.digest, note=note, payload=payload)
        welcome.work()
    records = records_of(Workflow.objects.get(), welcome.now)
    assert (records["choose"].alone, records["choose"].decided) == (3, 0)
    send = records["send"]
    assert (send.alone, send.decided, send.kept, send.rejected) == (0, 3, 1, 1)
    assert send.weeks[-1] == (1, 1, 1)
    assert send.weeks[:-1] == [(0, 0, 0)] * 12


def test_what_is_older_than_13_weeks_is_not_counted(welcome):
    welcome.run("welcome", contact="priya")
    later = welcome.now + timedelta(weeks=13, seconds=1)
    assert records_of(Workflow.objects.get(), later) == {}


def test_the_page_needs_the_same_number_of_queries_however_much_has_happened(
    welcome, sign_in, django_assert_max_num_queries
):
    for _ in range(12):
        welcome.run("welcome", contact="priya")
    client = sign_in("ada")
    with django_assert_max_num_queries(30):
        client.get("/workflows/welcome/")
    with django_assert_max_num_queries(20):
        client.get("/workflows/")


def test_an_overdue_decision_is_counted_at_its_step(welcome, sign_in):
    welcome.now -= timedelta(days=2)
    welcome.run("welcome", contact="priya")
    assert "1 overdue" in page(sign_in("ada"), "/workflows/welcome/")


def test_ben_starts_a_run_with_what_the_workflow_asks_for(welcome, sign_in):
    client = sign_in("ben")
    text = page(client, "/workflows/welcome/start/")
    assert 'name="input-contact"' in text and "Nordics" in text
    response = client.post("/workflows/welcome/start/", {"input-contact": "priya", "input-market": "DACH"})
    run = Run.objects.get()
    assert response["Location"] == f"/runs/{run.pk}/"
    assert (run.input, run.started_by) == ({"contact": "priya", "market": "DACH"}, welcome.ben)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "This field is required."),
        ({"input-contact": "priya", "input-size": "many"}, "Enter a whole number."),
        ({"input-contact": "priya", "input-market": "Mars"}, "Select a valid choice"),
    ],
)
def test_input_that_does_not_fit_starts_nothing_and_says_why(welcome, sign_in, given, words):
    response = sign_in("ben").post("/workflows/welcome/start/", given)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Run.objects.exists()


def test_somebody_who_only_reads_it_starts_nothing_and_is_told_who_may(welcome, sign_in):
    assert "Start a run" not in page(sign_in("olga"), "/workflows/welcome/")
    response = sign_in("olga").post("/workflows/welcome/start/", {"input-contact": "priya"})
    assert response.status_code == 403
    assert "Only leaders and reviewers of Growth start runs of Welcome." in response.content.decode()
    assert not Run.objects.exists()


def test_ada_settles_an_incident_and_ben_is_told_that_leaders_do(welcome, sign_in):
    step = Workflow.objects.get().version_in_force.steps_by_key["send"]
    open_incidents([(step.pk, "Nobody has decided whether software may use email.send")] * 3, welcome.now)
    incident = Incident.objects.get()
    url = f"/workflows/welcome/incidents/{incident.pk}/settled/"
    assert "3 times" in page(sign_in("ben"), "/workflows/welcome/")
    assert sign_in("ben").post(url).status_code == 403
    assert sign_in("eve").post(url).status_code == 404
    sign_in("ada").post(url)
    assert "open incident" not in page(sign_in("ada"), "/workflows/welcome/")
    assert Entry.objects.filter(verb="incident.settled").count() == 1


def test_settling_twice_is_one_fact(welcome):
    step = Workflow.objects.get().version_in_force.steps_by_key["send"]
    open_incidents([(step.pk, "It broke")], welcome.now)
    incident = Incident.objects.get()
    assert [incident.settle(welcome.ada, welcome.now), incident.settle(welcome.lea, welcome.now)] == [True, False]
    assert Entry.objects.filter(verb="incident.settled").count() == 1


def test_versions_are_listed_and_each_says_what_it_changed(welcome, sign_in):
    welcome.later(hours=1)
    welcome.load(WELCOME.replace("min_confidence: 0.5", "min_confidence: 0.6"))
    client = sign_in("ben")
    assert "Version 2" in page(client, "/workflows/welcome/versions/")
    text = page(client, "/workflows/welcome/versions/2/")
    assert "Confidence floor:" in text and "<del>0.50</del>" in text and "<b>0.60</b>" in text
    assert "It was the first version" in page(client, "/workflows/welcome/versions/1/")
    page(client, "/workflows/welcome/versions/7/", status=404)


def test_the_file_of_a_version_loads_to_the_same_workflow(welcome, sign_in):
    response = sign_in("ben").get("/workflows/welcome/file/?version=1")
    assert response["Content-Disposition"] == 'attachment; filename="welcome-v1.yaml"'
    assert files.read(response.content.decode())[0].part == files.read(WELCOME)[0].part


def test_ada_loads_a_file_as_a_draft_or_in_force(world, sign_in):
    client = sign_in("ada")
    file = SimpleUploadedFile("call.yaml", CALL.encode())
    assert client.post("/workflows/load/", {"file": file, "publish": "False"})["Location"] == "/workflows/call/"
    assert "Draft, not in force" in page(client, "/workflows/call/")
    client.post("/workflows/load/", {"text": CALL, "publish": "True"})
    assert Workflow.objects.get().version_in_force.number == 1


CALL = "workflow: call\ntitle: Call\nowner: growth\nsteps:\n  - key: call\n    ownership: human_owned\n"


def test_what_is_wrong_in_a_file_is_said_by_line_and_key_and_the_text_is_kept(world, sign_in):
    text = CALL.replace("owner: growth", "owner: marketing").replace("human_owned", "robots")
    response = sign_in("ada").post("/workflows/load/", {"text": text, "publish": "True"})
    shown = response.content.decode()
    assert response.status_code == 422
    assert "<b>Line 6</b>, <code>steps.1.ownership</code>" in shown
    assert "ownership: robots" in shown and "owner: marketing" in shown
    assert not Workflow.objects.exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Choose a file or paste its text."),
        ({"file": SimpleUploadedFile("bad.yaml", b"title: \xff")}, "The file is not UTF-8 text"),
        ({"text": CALL.replace("growth", "sales")}, "Ada Lund does not lead Sales"),
    ],
)
def test_what_cannot_be_loaded_says_why(world, sign_in, given, words):
    response = sign_in("ada").post("/workflows/load/", {"publish": "False", **given})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Workflow.objects.exists()


def test_only_leaders_load(world, sign_in):
    assert sign_in("ben").get("/workflows/load/").status_code == 403


def test_past_confidence_is_counted_exactly_and_in_bins():
    past = PastConfidence([((50 + number) / 100, number % 5 == 0) for number in range(50)])
    release = past.at(0.9)
    assert (past.low, sum(past.bins), len(past.bins)) == (0.5, 50, 20)
    assert (release.past, release.alone, release.to_person, release.rejected) == (50, 10, 40, 2)
    assert PastConfidence([(0.2, False)] * 40).low == 0.0
    assert not PastConfidence([(0.9, False)] * 29).enough


def test_the_interval_is_wilsons():
    low, high = wilson(9, 412)
    assert (round(low * 100, 2), round(high * 100, 2)) == (1.15, 4.1)
    assert wilson(0, 0) == (0.0, 1.0)
