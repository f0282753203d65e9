"""A leader builds a guardrail by rows and sees at once what it would have caught."""

import re

import pytest

from tests.workflows.test_drafts import calls, keep, terms, workflow  # noqa: F401
from workflows.seenfields import seen_in


@pytest.fixture
def past(calls):  # noqa: F811
    for number, country in enumerate(("DE", "DE", "FR", None)):
        fields = {"country": country} if country else {}
        calls.record("contact", f"c{number}", score=0.7 + number / 10, vip=False, **fields)
        calls.run("calls", contact=f"c{number}")
    return calls


def row(field, operator, value, place=0):
    return {f"new-{place}-field": field, f"new-{place}-operator": operator, f"new-{place}-value": value}


def test_the_fields_offered_are_those_that_were_really_seen(past):
    seen = seen_in(past.ada, "calls", "note")
    found = {one.path: (one.kind, one.times) for one in seen.fields}
    assert found["record.country"] == ("text", 3) and found["record.score"] == ("number", 4)
    assert found["record.vip"] == ("truth", 4) and "record.name" not in found


def test_eve_sees_nothing_of_what_another_team_did(past):
    assert seen_in(past.eve).actions == []


def test_ada_sees_what_her_rows_would_have_caught_before_she_keeps_them(past, sign_in):
    answer = sign_in("ada").post("/workflows/calls/steps/note/effect/", terms(**row("record.country", "=", "DE")))
    page = answer.content.decode()
    assert "Would have caught 3 of the last 4 actions." in page
    assert "1 of them because the condition could not be checked." in page
    link = re.search(r'href="(/conditions/caught/[^"]+)"', page)[1].replace("&amp;", "&")
    shown = sign_in("ada").get(link).content.decode()
    assert shown.count("Write a note, run") == 3


def test_kept_rows_are_a_condition_in_words_with_what_it_caught(past, sign_in):
    ada = sign_in("ada")
    keep(ada, **row("record.country", "=", "DE"), new_reason="Germany is new to us")
    rail = workflow().draft.steps_by_key["note"].guardrails[-1]
    assert rail["when"] == 'record.country == "DE"' and rail["rows"]["all"][0]["field"] == "record.country"
    page = ada.get("/workflows/calls/steps/note/").content.decode()
    assert "record.country is “DE”" in page and "caught 3 of 4" in page


def test_a_value_of_another_kind_than_was_seen_is_refused_at_its_row(past, sign_in):
    answer = keep(sign_in("ada"), **row("record.score", ">", "high"), new_reason="Sure of it")
    assert answer.status_code == 422
    assert "record.score was a number whenever it was seen; “high” is not." in answer.content.decode()
    assert workflow().draft is None


def test_rows_and_cel_together_are_refused(past, sign_in):
    answer = keep(sign_in("ada"), **row("record.vip", "=", "yes"), new_when="confidence < 0.9", new_reason="Both")
    assert answer.status_code == 422 and "not in both" in answer.content.decode()


def test_only_leaders_try_conditions(past, sign_in):
    assert sign_in("ben").get("/conditions/caught/?when=true").status_code == 403
    assert sign_in("ada").get("/conditions/caught/?when=nonsense((").status_code == 400
