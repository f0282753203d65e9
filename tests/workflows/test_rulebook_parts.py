"""Leaders write every part of the rulebook in the browser, row by row, without YAML."""

import json
import re

import pytest

from governance import drafting
from governance.envelope.whole import Envelope
from governance.partwords import named
from governance.rulebook import in_force
from tests.workflows.test_drafts import calls  # noqa: F401

GIVEN = {
    "stances": {
        "capability": "email.send", "workflow": "calls", "stance": "approved", "review_by": "2027-03-01",
        "why": "a try",
    },
    "tracks": {"key": "legal", "title": "Legal", "team": "legal", "need": "2", "covers": "subject, body"},
    "guardrails": {
        "reason": "Germany", "effect": "review", "rail-0-field": "record.country", "rail-0-operator": "=",
        "rail-0-value": "DE", "workflow": "calls",
    },
    "data_classes": {"name": "contact details", "made_of": "contact.email, contact.phone"},
    "data_uses": {"class_of_data": "contact details", "purpose": "marketing", "use": "review", "why": "ask first"},
    "allowances": {
        "title": "Two mails a week", "key": "two", "measure": "items", "limit": "2", "per": "contact", "every": "day",
        "count": "7", "kind": "rolling", "zone": "UTC", "over": "wait", "counted_from": "begin",
    },
    "open_hours": {
        "title": "Working hours", "key": "work", "days": ["mon", "tue"], "opens": "08:00", "closes": "18:00",
        "zone": "Europe/Berlin", "holidays": "2026-12-25",
    },
    "tripwires": {
        "title": "Bounces", "key": "bounces", "seen": "bounced", "times": "3", "within": "1h", "halts": "step",
        "armed": "on",
    },
    "phrases": {"words": "number one", "why": "Nobody measured it"},
    "examples": {
        "title": "A small one acts", "workflow": "calls", "step": "note", "expect": "act", "tracks": "",
        "facts": json.dumps({"record": {"vip": False}, "confidence": 0.9}),
    },
}  # fmt: skip
WORDS = {
    "stances": "Approved in calls, until 1 Mar 2027 (a try)",
    "tracks": "2 of team legal; about subject, body",
    "guardrails": "A person approves if record.country is “DE”, in calls",
    "data_classes": "Contact.email, contact.phone",
    "data_uses": "A person is asked for marketing (ask first)",
    "allowances": "At most 2 items to one contact in any 7 days; beyond: it waits for room",
    "open_hours": "Mon, Tue, 08:00–18:00, Europe/Berlin, not on 1 holiday",
    "tripwires": "3 bounced within 1\u00a0hour halt the step",
    "phrases": "Needs an approved claim that says it (Nobody measured it)",
    "examples": "Calls, note: acts alone",
}


def send(client, part, place="new", **given):
    return client.post(f"/rulebook/draft/{part}/{place}/", {"digest": drafting.seen_now(), **given})


@pytest.mark.parametrize("part", GIVEN)
def test_a_row_is_added_read_in_words_drawn_again_and_removed(calls, sign_in, part):  # noqa: F811
    ada = sign_in("ada")
    before = getattr(in_force().envelope, part)
    assert send(ada, part, **GIVEN[part]).status_code == 302
    rows = getattr(drafting.content_of(drafting.current()), part)
    assert len(rows) == len(before) + 1
    page = ada.get("/rulebook/draft/").content.decode()
    assert WORDS[part] in page
    form = ada.get(f"/rulebook/draft/{part}/{len(before)}/").context["form"]
    again = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    if part == "guardrails":
        again |= {row[name].html_name: row[name].value() or "" for row in form.builder.places for name in row.fields}
    assert send(ada, part, len(before), **again).status_code == 302
    assert getattr(drafting.content_of(drafting.current()), part) == rows
    send(ada, part, len(before), remove="1")
    assert getattr(drafting.content_of(drafting.current()), part) == before


def test_one_more_of_each_part_is_offered_in_english(calls, sign_in):  # noqa: F811
    page = sign_in("ada").get("/rulebook/draft/").content.decode()
    offered = re.findall(r"Add (an? [a-z ]+)</a>", page)
    assert len(offered) == 10
    assert {"a guardrail", "a class of data", "an allowance", "an opening", "an example"} <= set(offered)


@pytest.mark.parametrize(
    ("part", "wrong", "words"),
    [
        ("tracks", {"person": "lea@tideway.example"}, "not team and person"),
        ("allowances", {"zone": "Mars/Olympus"}, "there is no time zone"),
        ("allowances", {"every": "", "kind": "calendar", "count": "1"}, "What never comes back"),
        ("open_hours", {"opens": "19:00"}, "It must open before it closes"),
        ("tripwires", {"within": "soon"}, "soon"),
        ("examples", {"facts": "{"}, "This is no JSON."),
        ("data_classes", {"made_of": "e-mail"}, "“e-mail” is not written as it must be"),
        ("guardrails", {"rail-0-field": ""}, "Say which field."),
        ("phrases", {"words": "/(/"}, "is no regular expression"),
    ],
)
def test_what_cannot_be_taken_is_said_in_the_filled_form(calls, sign_in, part, wrong, words):  # noqa: F811
    answer = send(sign_in("ada"), part, **{**GIVEN[part], **wrong})
    assert answer.status_code == 422 and words.lower() in answer.content.decode().lower()
    assert drafting.current() is None


def test_a_track_that_a_guardrail_names_is_not_removed(calls, sign_in):  # noqa: F811
    ada = sign_in("ada")
    send(ada, "tracks", **GIVEN["tracks"])
    send(ada, "guardrails", **GIVEN["guardrails"], track="legal")
    send(ada, "tracks", 0, remove="1")
    assert [track.key for track in drafting.content_of(drafting.current()).tracks] == ["legal"]
    assert "there is no track “legal”" in ada.get("/rulebook/draft/").content.decode().lower()


def test_ada_does_not_overwrite_what_lea_kept_meanwhile(calls, sign_in):  # noqa: F811
    seen = drafting.seen_now()
    send(sign_in("lea"), "phrases", **GIVEN["phrases"])
    answer = sign_in("ada").post("/rulebook/draft/tracks/new/", {**GIVEN["tracks"], "digest": seen})
    assert answer.status_code == 409 and "another leader kept other answers" in answer.content.decode()
    assert drafting.content_of(drafting.current()).tracks == []


def test_only_leaders_change_the_rulebook(calls, sign_in):  # noqa: F811
    assert sign_in("ben").get("/rulebook/draft/tracks/new/").status_code == 403
    assert sign_in("ada").get("/rulebook/draft/planets/new/").status_code == 404
    assert sign_in("ada").get("/rulebook/draft/tracks/7/").status_code == 404


def test_everybody_reads_all_parts_in_force_in_words(calls, sign_in):  # noqa: F811
    ada = sign_in("ada")
    for part, given in GIVEN.items():
        send(ada, part, **given)
    written = drafting.content_of(drafting.current()).as_json()
    drafting.discard(calls.ada, calls.now)
    calls.rules(**written)
    page = sign_in("ben").get("/rulebook/").content.decode()
    for words in WORDS.values():
        assert words in page
    assert "/rulebook/draft/" not in page


def test_ada_sees_what_a_guardrail_of_the_rulebook_would_have_caught(calls, sign_in):  # noqa: F811
    for number in range(3):
        calls.record("contact", f"c{number}", score=0.9, vip=False, country=("DE" if number else "FR"))
        calls.run("calls", contact=f"c{number}")
    answer = sign_in("ada").post("/rulebook/draft/guardrails/effect/", {**GIVEN["guardrails"], "reason": ""})
    assert "Would have caught 2 of the last 3 actions." in answer.content.decode()


def test_a_claim_that_has_left_the_register_stays_until_somebody_changes_it(calls, sign_in):  # noqa: F811
    calls.rules(phrases=[{"words": "fastest", "claim": "speed"}])
    form = sign_in("ada").get("/rulebook/draft/phrases/0/").context["form"]
    assert ("speed", "speed, which is not known here") in form.fields["claim"].choices


def test_every_kind_of_row_has_words():
    envelope = Envelope.of(
        {"stances": {"email.send": "out_of_scope"}, "data_uses": [{"data": "*", "use": "forbidden"}]}
    )
    assert named(envelope.stances[0], {"email.send": "Send"}) == ("Send", "out of scope in every workflow")
    assert named(envelope.data_uses[0], {}) == ("Every class of data", "is not used for any purpose")
