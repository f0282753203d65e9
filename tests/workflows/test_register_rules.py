"""What proposals name of the register, through the real engine: where it holds, claims, bound places, edits."""

import pytest
from django.core import mail

from approvals.answering import EditAsks
from approvals.reviews import Review
from governance.ledger import Entry
from governance.register import Asset

SEND = """
workflow: send
title: Send
owner: growth
automation_allowed: true
input: {type: object, required: [contact], properties: {contact: {type: string}}}
steps:
  - key: send
    capability: email.send
    params: {template: notice, to: "=record.email", record: {kind: contact, key: "=input.contact"}%s}
    ownership: %s
    reviewers: legal
"""
CHAIN = """
workflow: chain
title: Chain
owner: growth
automation_allowed: true
steps:
  - {key: write, capability: content.render, params: {template: notice, record: {kind: contact, key: priya}, claims: [speed]}, ownership: %s, reviewers: growth}
  - {key: send, after: [write], capability: email.send, params: {words: "=steps.write", to: "=record.email", record: {kind: contact, key: priya}}, ownership: automated}
"""  # noqa: E501
OFFER = """
workflow: offer
title: Offer
owner: growth
automation_allowed: true
steps:
  - {key: choose, capability: offers.choose, params: {record: {kind: contact, key: priya}, offers: [french, any]%s}, ownership: automated}
"""  # noqa: E501
PHRASES = [{"words": "/\\d+ ?% faster/", "claim": "speed"}]


@pytest.fixture
def contact(world):
    """Priya, of the segment Enterprise, in the French market."""
    fields = {"name": "Priya", "email": "priya@client.example", "segment": "Enterprise", "market": "FR"}
    world.record("contact", "priya", **fields, venue="Rome")
    return world


def send(world, *, ownership="automated", params="", **fields):
    body = {"subject": "Hello {{ name }}", "body": "Good day.", **fields.pop("body", {})}
    world.asset("template", "notice", body=body, **fields)
    world.load(SEND % (params, ownership))
    run = world.run("send", person="lea", contact="priya")
    return world.action(run, "send")


def words(action):
    return [reason["words"] for reason in action.reasons]


# --- where it holds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("holds", "status"),
    [
        ({}, "done"),
        ({"segments": ["enterprise"], "markets": ["FR", "BE"], "channels": ["email"]}, "done"),
        ({"segments": ["Public"]}, "in_review"),
        ({"markets": ["UK"]}, "in_review"),
        ({"channels": ["letter"]}, "in_review"),
    ],
)
def test_a_template_is_used_alone_only_where_it_holds(contact, holds, status):
    action = send(contact, **holds)
    assert action.status == status
    assert len(mail.outbox) == (status == "done")


def test_the_review_says_where_the_template_does_not_hold(contact):
    action = send(contact, segments=["Public"], channels=["letter"])
    assert words(action) == ["Template “Notice” is not approved for segment Enterprise or channel email"]


def test_what_the_run_was_given_does_not_say_where_it_happens(contact):
    """An agent chooses the input of a run; the record it cannot choose."""
    contact.record("contact", "tom", name="Tom", email="tom@client.example")
    contact.asset("template", "notice", body={"subject": "Hi", "body": "Good day."}, segments=["Public"])
    text = (SEND % ("", "automated")).replace("{contact: {type", "{segment: {type: string}, contact: {type")
    contact.load(text)
    run = contact.run("send", contact="tom", segment="Public")
    assert words(contact.action(run, "send")) == [
        "Template “Notice” is not approved for a segment that is not known",
    ]


def test_an_offer_that_does_not_hold_here_is_passed_over(contact):
    contact.asset("offer", "french", body={"value": 1}, markets=["BE"])
    contact.asset("offer", "any", body={"value": 2})
    contact.load(OFFER % "")
    run = contact.run("offer")
    assert contact.action(run, "choose").output == {"offer": "any", "offer_version": 1, "title": "Any", "value": 2.0}


def test_an_offer_for_one_channel_asks_for_a_step_that_names_it(contact):
    contact.asset("offer", "french", body={"value": 1}, channels=["email"])
    contact.asset("offer", "any", body={"value": 2})
    contact.load(OFFER % ", channel: email")
    assert contact.action(contact.run("offer"), "choose").output["offer"] == "french"


# --- claims --------------------------------------------------------------------------------------------------------


def claims(world, **fields):
    world.rules(phrases=PHRASES)
    return world.asset("claim", "speed", body={"text": "Checks run 40 % faster."}, **fields)


def test_a_template_that_makes_the_claim_is_sent_and_its_facts_name_the_version(contact):
    claims(contact)
    action = send(contact, body={"body": "40 % faster.", "claims": ["speed"]})
    assert (action.status, action.payload["claims"]) == ("done", {"speed": 1})
    named = [(asset["kind"], asset["key"], asset["version"], asset["standing"]) for asset in action.facts["assets"]]
    assert named == [("template", "notice", 1, "approved"), ("claim", "speed", 1, "approved")]


def test_words_without_their_claim_go_to_dora_with_the_claim_that_is_needed(contact):
    claims(contact)
    action = send(contact, body={"body": "40 % faster."})
    assert action.status == "in_review"
    assert words(action) == ["“40 % faster” needs the approved claim “speed”, which is not named"]


def test_the_step_may_name_the_claim_itself(contact):
    claims(contact)
    assert send(contact, body={"body": "40 % faster."}, params=", claims: [speed]").status == "done"


def test_a_claim_that_is_not_in_the_register_is_refused(contact):
    assert words(send(contact, params=", claims: [nonsense]"))[0] == "Claim “nonsense” is not in the register"


def test_a_withdrawn_claim_stops_every_template_that_makes_it(contact):
    claims(contact).withdraw(contact.ada, "Measured wrongly", contact.now)
    action = send(contact, body={"body": "40 % faster.", "claims": ["speed"]})
    assert (action.status, words(action)[0]) == ("refused", "Claim “Speed” was withdrawn")


def test_words_come_to_the_next_step_with_all_they_rest_on(contact):
    claims(contact)
    contact.asset("template", "notice", body={"subject": "Hello {{ name }}", "body": "40 % faster."})
    contact.load(CHAIN % "automated")
    run = contact.run("chain")
    sent = contact.action(run, "send")
    assert (sent.status, sent.payload["template_version"], sent.payload["claims"]) == ("done", 1, {"speed": 1})


def test_dora_who_writes_such_words_into_a_mail_is_judged_like_software(contact):
    claims(contact)
    action = send(contact, ownership="needs_approval")
    review, given = Review.objects.get(), {"digest": action.digest, "payload": {"body": "We are 50 % faster."}}
    with pytest.raises(EditAsks, match="needs the approved claim") as told:
        review.decide(contact.dora, "edit", contact.now, **given)
    review.decide(contact.dora, "edit", contact.now, **given, knowing=told.value.knowing)
    action.refresh_from_db()
    assert "“50 % faster” needs the approved claim “speed”, which is not named" in words(action)
    assert "phrase:/\\d+ ?% faster/" in action.approved_reasons


# --- bound places --------------------------------------------------------------------------------------------------

BOUND = {
    "subject": "{{ name }}, come to {{ venue }}",
    "body": "{{ agenda }}",
    "fields": {"venue": {"choices": ["Rome", "Paris"]}, "agenda": {"fixed": "Doors at 18:00."}},
}


def test_inside_the_choices_the_approval_of_the_template_holds(contact):
    action = send(contact, body=BOUND)
    assert (action.status, mail.outbox[0].subject, mail.outbox[0].body) == (
        "done", "Priya, come to Rome", "Doors at 18:00.",
    )  # fmt: skip


def test_another_venue_goes_to_review_and_to_the_owner_of_the_template(contact):
    action = send(contact, body=BOUND, params=", values: {venue: London}")
    assert words(action) == ["Template “Notice”: venue is none of the approved choices"]
    assert [need["team"] for need in action.needs] == ["legal", "growth"]


def test_a_step_that_gives_another_text_for_a_fixed_place_fails(contact):
    action = send(contact, body=BOUND, params=", values: {agenda: Free drinks}")
    assert (action.status, action.trouble) == (
        "failed", "the template's “agenda” is fixed; no other value can stand there",
    )  # fmt: skip


def edit(world, action, **changes):
    review = Review.objects.get(status="open")
    review.decide(world.dora, "edit", world.now, digest=action.digest, payload=changes)
    action.refresh_from_db()
    return action


def test_dora_may_choose_another_of_the_venues(contact):
    action = send(contact, body=BOUND, ownership="needs_approval")
    action = edit(contact, action, subject="Priya, come to Paris")
    assert (words(action), action.payload["filled"]["venue"]) == (["This step needs approval"], "Paris")
    assert "edited" not in action.facts["assets"][0]


@pytest.mark.parametrize("changes", [{"body": "Doors at 19:00."}, {"subject": "Priya, come to London"}])
def test_what_dora_changes_beyond_the_choices_asks_the_owner_of_the_template(contact, changes):
    action = edit(contact, send(contact, body=BOUND, ownership="needs_approval"), **changes)
    assert "Template “Notice”: its words were changed beyond its choices" in words(action)
    assert action.facts["assets"][0]["edited"]
    assert {"key": "owner:template/notice", "title": "Owner of “Notice”", "team": "growth", "need": 1} in action.needs


def approves(world, who, action):
    review = Review.objects.get(status="open")
    action.refresh_from_db()
    review.decide(world.people[who], "approve", world.now, digest=action.digest)
    world.work()


def test_what_dora_changed_of_a_bound_mail_goes_out_only_when_its_owner_agrees(contact):
    action = edit(contact, send(contact, body=BOUND, ownership="needs_approval"), body="Doors at 19:00.")
    contact.work()
    assert (action.status, mail.outbox) == ("in_review", [])
    approves(contact, "ben", action)
    assert [message.body for message in mail.outbox] == ["Doors at 19:00."]


def test_where_the_owner_is_asked_anyway_one_of_them_is_enough(contact):
    world = contact
    world.asset("template", "notice", body=BOUND)
    world.load((SEND % (", values: {venue: London}", "automated")).replace("legal", "growth"))
    action = world.action(world.run("send", person="lea", contact="priya"), "send")
    assert [need["team"] for need in action.needs] == ["growth"]
    approves(world, "ben", action)
    assert len(mail.outbox) == 1


def test_another_venue_goes_out_when_dora_and_the_owner_agreed(contact):
    action = send(contact, body=BOUND, params=", values: {venue: London}")
    approves(contact, "dora", action)
    assert mail.outbox == []
    approves(contact, "ben", action)
    assert [message.subject for message in mail.outbox] == ["Priya, come to London"]


def test_a_template_that_binds_nothing_leaves_its_words_to_the_reviewers(contact):
    action = edit(contact, send(contact, ownership="needs_approval"), body="Good evening.")
    assert words(action) == ["This step needs approval"]
    assert action.facts["assets"][0]["edited"]
    contact.work()
    assert mail.outbox[0].body == "Good evening."


def test_words_of_elsewhere_that_a_step_calls_by_a_bound_template_are_not_sent_alone(contact):
    action = send(contact, body=BOUND, params=", subject: Hi, body: Free drinks for all")
    assert action.status == "in_review"
    assert words(action) == ["Template “Notice”: its words were changed beyond its choices"]


def test_an_edit_of_the_template_itself_is_a_new_version_and_has_an_entry(contact):
    first = send(contact, body=BOUND)
    contact.asset("template", "notice", version=2, body={**BOUND, "body": "Doors at 19:00."})
    second = contact.action(contact.run("send", contact="priya"), "send")
    assert [action.facts["assets"][0]["version"] for action in (first, second)] == [1, 2]
    assert [message.body for message in mail.outbox] == ["Doors at 18:00.", "Doors at 19:00."]
    assert Asset.objects.count() == 2
    assert Entry.objects.filter(verb="action.done").count() == 2
