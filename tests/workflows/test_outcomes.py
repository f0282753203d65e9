"""What came of an action later: reported through the API or from a file, never changed, the last word counts."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client

from governance.ledger import Entry
from governance.tokens import Token
from workflows.outcomes import Outcome, known

PROGRAM = """
workflow: score
title: Score
owner: growth
automation_allowed: true
input: {type: object}
steps:
  - {key: sum, capability: data.set, params: {values: {points: 7}}, ownership: automated}
"""


@pytest.fixture
def action(world):
    world.load(PROGRAM)
    return world.action(world.run("score"), "sum")


@pytest.fixture
def client(world):
    """Return a client with the named person's token."""

    def bearer(name):
        return Client(headers={"Authorization": f"Bearer {Token.issue(world.people[name], 'tests', world.now)}"})

    return bearer


def report(client, action, **outcome):
    return client.post(f"/api/v1/actions/{action.pk}/outcomes/", outcome, content_type="application/json")


def imported(tmp_path, text, **options):
    file = tmp_path / "outcomes.csv"
    file.write_text(text)
    out = StringIO()
    call_command("import_outcomes", str(file), stdout=out, **options)
    return out.getvalue()


@pytest.mark.parametrize(("value", "kept"), [(1200, 1200.0), (0, 0.0), ("won", "won"), (True, "yes"), (False, "no")])
def test_a_number_or_a_text_is_kept(client, action, value, kept):
    answer = report(client("ada"), action, name="result", value=value)
    assert answer.status_code == 201
    assert (Outcome.objects.get().value, answer.json()["value"]) == (kept, kept)
    assert Entry.objects.get(verb="outcome.reported").action == action.pk


def test_a_report_sent_twice_is_one_outcome_and_a_new_one_counts_from_then_on(client, action):
    assert [report(client("ada"), action, name="won", value=value).status_code for value in ("no", "no", "yes")] == [
        201,
        200,
        201,
    ]
    assert known([action.pk]) == {(action.pk, "won"): "yes"}
    read = client("ben").get(f"/api/v1/actions/{action.pk}/outcomes/").json()
    assert [(each["value"], each["reported_by"]) for each in read] == [
        ("no", "ada@tideway.example"),
        ("yes", "ada@tideway.example"),
    ]
    assert Entry.objects.filter(verb="outcome.reported").count() == 2


@pytest.mark.parametrize(
    "outcome",
    [{"name": "won"}, {"name": "won", "value": ""}, {"name": "a b", "value": 1}, {"name": "won", "value": [1]},
     {"name": "won", "value": "x" * 201}, {"name": "won", "value": None}, {"name": "won", "value": 2**60},
     {"name": "won", "value": "a\x00"}, {"name": "won", "value": 1, "more": 1}],
)  # fmt: skip
def test_what_is_no_outcome_gets_a_sentence(client, action, outcome):
    answer = report(client("ada"), action, **outcome)
    assert answer.status_code == 422
    assert answer.json()["error"]
    assert not Outcome.objects.exists()


def test_only_those_who_see_an_action_report_on_it(client, action):
    assert report(client("eve"), action, name="won", value=1).status_code == 404
    assert report(client("olga"), action, name="won", value=1).status_code == 403
    assert not Outcome.objects.exists()


def test_a_file_names_outcomes_line_by_line(action, tmp_path):
    text = f"action,name,value\n{action.pk},won,yes\n{action.pk},revenue,1200\n"
    assert imported(tmp_path, text, email="ada@tideway.example").startswith("Imported 2 outcomes; 0 known already.")
    assert known([action.pk]) == {(action.pk, "won"): "yes", (action.pk, "revenue"): 1200.0}
    assert Entry.objects.get(verb="outcomes.imported").data["new"] == 2


def test_a_file_has_a_column_for_each_outcome_and_empty_fields_say_nothing(world, action, tmp_path):
    other = world.action(world.run("score"), "sum")
    text = f"action;y;revenue\n{action.pk};yes;1.5\n{other.pk};no;\n"
    assert imported(tmp_path, text).startswith("Imported 3 outcomes")
    assert known([other.pk, action.pk]) == {(action.pk, "y"): "yes", (action.pk, "revenue"): 1.5, (other.pk, "y"): "no"}


def test_a_file_taken_in_again_adds_nothing(action, tmp_path):
    text = f"action,won\n{action.pk},yes\n"
    imported(tmp_path, text)
    assert imported(tmp_path, text).startswith("Imported 0 outcomes; 1 known already.")
    assert Outcome.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("deed,won\n1,yes\n", "no column “action”"),
        ("action,has won\n1,yes\n", "“has won” is no name"),
        ("action\n1\n2\n", "a column for each outcome"),
        ("action,won\n{key},yes\n99999,yes\n", "Line 3 names the action “99999”"),
        ("action,name,value\n{key},has won,yes\n", "Line 2 has the name “has won”"),
        ("action,name,value\n{key},won,\n", "Line 2 cannot be taken"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_taken(action, tmp_path, text, sentence):
    with pytest.raises(CommandError, match=sentence):
        imported(tmp_path, text.format(key=action.pk))
    assert not Outcome.objects.exists()


def test_an_outcome_is_a_number_or_a_text_in_the_database_too(action):
    with pytest.raises(IntegrityError), transaction.atomic():
        Outcome.objects.create(action=action, name="won", number=1, text="yes", at=action.created_at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Outcome.objects.create(action=action, name="won", at=action.created_at)
