"""The queue as people use it in a browser, with and without htmx."""

import json
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from approvals.decisions import Decision
from approvals.reviews import Review
from governance import halts
from governance.ledger import Entry
from tests.states import put
from workflows.actions import Action

PROGRAM = """
workflow: welcome
title: Welcome
owner: growth
automation_allowed: true
input: {type: object, required: [contact], properties: {contact: {type: string}}}
steps:
  - key: send
    title: Send
    question: Does this go out?
    capability: email.send
    params: {template: welcome, to: "=record.email", record: {kind: contact, key: "=input.contact"}}
    ownership: needs_approval
    reviewers: growth
    escalation: growth-default
    guardrails:
      - {when: "proposal.body.contains('free')", effect: refuse, reason: "Nothing is called free"}
    due_in: 4h
  - key: call
    title: Call
    after: [send]
    question: Who calls, and when?
    ownership: human_owned
    reviewers: growth
"""


BODY = "Dear Priya Raman,\n\n<b>welcome</b>."


@pytest.fixture
def welcome(world):
    world.now = timezone.now()
    world.asset(
        "template", "welcome", body={"subject": "Hello {{ name }}", "body": "Dear {{ name }},\n\n<b>welcome</b>."}
    )
    world.record("contact", "priya", name="Priya Raman", email="priya@client.example")
    world.record("contact", "tom", name="Tom Vance", email="tom@client.example")
    world.load(PROGRAM)
    world.run("welcome", contact="priya")
    return world


@pytest.fixture
def review(welcome):
    return Review.objects.get()


def address(review, verb=""):
    return f"/queue/{review.pk}/{verb}"


def answer(client, review, choice, **given):
    given.setdefault("digest", review.action.digest)
    return client.post(address(review, "decision/"), {"choice": choice, **given}, follow=True)


def work(world):
    """Let a worker drive after what the browser did, whose clock runs on."""
    world.later(minutes=1)
    world.work()


def text(response):
    return response.content.decode()


def test_ben_sees_the_question_the_mail_and_why_a_person_is_asked(review, sign_in):
    page = text(sign_in("ben").get(address(review)))
    for words in (
        "Send “Hello Priya Raman” to Priya Raman?", "Does this go out? This step always asks a person.",
        "priya@client.example", "This step needs approval", "Not Ada Lund, who started this run.",
        "You, Chen Wei or Lea Roth", "It is never approved by waiting.", "Template Welcome v1",
    ):  # fmt: skip
        assert words in page
    assert f'value="{review.action.digest}"' in page


def test_the_queue_opens_on_its_most_urgent_item_but_a_phone_shows_the_list(review, sign_in):
    page = text(sign_in("ben").get("/queue/"))
    assert "What happens if you approve" in page
    assert 'class="item" data-open' not in page
    assert 'class="item" data-open' in text(sign_in("ben").get(address(review)))


def test_the_mail_is_a_document_of_its_own_without_script_and_escaped(review, sign_in):
    response = sign_in("ben").get(address(review, "mail/"))
    assert "&lt;b&gt;welcome&lt;/b&gt;" in text(response)
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "sandbox" in policy


def test_what_ben_approves_is_done_and_he_is_told_and_led_on(welcome, review, sign_in):
    response = answer(sign_in("ben"), review, "approve")
    assert response.redirect_chain == [("/queue/", 302)]
    assert "You approved: Send “Hello Priya Raman” to Priya Raman. It is being done." in text(response)
    assert "Nothing waits for you" in text(response)
    work(welcome)
    assert [message.subject for message in mail.outbox] == ["Hello Priya Raman"]
    assert Entry.objects.filter(verb="action.approved", person=welcome.ben).count() == 1


def test_the_next_item_is_opened_and_its_question_gets_the_focus(welcome, review, sign_in):
    welcome.run("welcome", contact="tom")
    response = answer(sign_in("ben"), review, "approve")
    assert "data-focus>Send “Hello Tom Vance” to Tom Vance?" in text(response)


def test_an_edit_is_sent_as_it_was_edited(welcome, review, sign_in):
    given = {"payload-subject": "Good morning", "payload-body": "Dear Priya,\r\n\r\nhello."}
    answer(sign_in("ben"), review, "edit", **given)
    work(welcome)
    assert (mail.outbox[0].subject, mail.outbox[0].body) == ("Good morning", "Dear Priya,\n\nhello.")


def test_a_refused_edit_stays_filled_in_and_shows_the_rule(review, sign_in):
    given = {"payload-subject": "Hello", "payload-body": "It is all free."}
    response = answer(sign_in("ben"), review, "edit", **given)
    assert response.status_code == 422
    for words in (
        "The rules do not permit this edit",
        "Nothing was decided.",
        "Nothing is called free",
        "It is all free.",
    ):
        assert words in text(response)
    assert Decision.objects.count() == 0


FASTER = {"payload-subject": "Hello", "payload-body": "40 % faster."}
PHRASE = {"words": "/\\d+ ?% faster/", "claim": "speed"}


def test_ben_is_told_of_a_rule_that_only_his_edit_trips_before_it_counts(welcome, review, sign_in):
    welcome.rules(phrases=[PHRASE])
    response = answer(sign_in("ben"), review, "edit", **FASTER)
    assert response.status_code == 422
    for words in ("Your edit trips other rules", "needs the approved claim", "Approve it all the same", "40 % faster."):
        assert words in text(response)
    assert (Decision.objects.count(), Entry.objects.filter(verb="action.edited").count()) == (0, 0)
    knowing = response.context["obstacle"].knowing
    told = answer(sign_in("ben"), review, "edit", **{**FASTER, "payload-body": "40 % faster, twice."}, knowing=knowing)
    assert told.redirect_chain  # the same rule, which he has seen
    work(welcome)
    assert [message.body for message in mail.outbox] == ["40 % faster, twice."]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"payload-subject": "", "payload-body": "x"}, "Nothing was decided."),
        ({"payload-subject": "Hello Priya Raman", "payload-body": BODY}, "Nothing is changed yet"),
    ],
)
def test_an_edit_that_does_not_fit_is_said_in_the_form(review, sign_in, given, words):
    response = answer(sign_in("ben"), review, "edit", **given)
    assert response.status_code == 422
    assert words in text(response)
    assert Review.objects.get().is_open


def test_a_rejection_needs_a_reason_and_the_reason_goes_into_the_ledger(welcome, review, sign_in):
    ben = sign_in("ben")
    assert "Reject and stop the run" in text(ben.get(address(review) + "?form=reject"))
    refused = answer(ben, review, "reject")
    assert refused.status_code == 422
    assert "Choose a reason, or say why in your own words." in text(refused)
    answer(ben, review, "reject", reason="Wrong content", note="The figure is old")
    assert Decision.objects.get().note == "Wrong content: The figure is old"
    assert Entry.objects.filter(verb="action.rejected", data__reason="Wrong content: The figure is old").exists()


def test_the_second_of_two_is_told_who_was_first_without_blame(welcome, review, sign_in):
    Review.objects.get().decide(welcome.chen, "approve", welcome.now, digest=review.action.digest)
    response = answer(sign_in("ben"), review, "reject", note="No")
    assert response.status_code == 409
    page = text(response)
    assert "Chen approved this at" in page and "before your answer arrived" in page
    assert "Your “reject” was not counted." in page
    assert "notice-warn" not in page


def test_what_changed_meanwhile_is_shown_and_nothing_is_decided(review, sign_in):
    seen = json.dumps({**review.action.payload, "subject": "Hello there"})
    response = answer(sign_in("ben"), review, "approve", digest="0" * 64, seen=seen)
    assert response.status_code == 409
    page = text(response)
    assert "<b>This changed since you looked</b>" in page and "Nothing was decided." in page
    assert "<del>Hello there</del>" in page and "<ins>Hello Priya Raman</ins>" in page
    assert Review.objects.get().is_open


def test_ada_who_started_the_run_finds_the_answers_locked_and_is_refused(review, sign_in):
    ada = sign_in("ada")
    page = text(ada.get(address(review)))
    assert "You started this run, so somebody else decides." in page
    assert 'value="approve"' not in page
    response = answer(ada, review, "approve")
    assert response.status_code == 403
    assert "Nothing was decided." in text(response)
    assert Decision.objects.count() == 0


def test_olga_reads_but_does_not_decide(review, sign_in):
    olga = sign_in("olga")
    assert olga.get(address(review)).status_code == 200
    assert answer(olga, review, "approve").status_code == 403


@pytest.mark.parametrize("verb", ["", "mail/"])
def test_an_item_of_another_team_is_not_there_for_eve(review, sign_in, verb):
    assert sign_in("eve").get(address(review, verb)).status_code == 404


@pytest.mark.parametrize("verb", ["decision/", "claim/"])
def test_eve_cannot_answer_what_is_not_there_for_her(review, sign_in, verb):
    assert sign_in("eve").post(address(review, verb), {"choice": "approve"}).status_code == 404


def test_an_answer_nobody_knows_is_refused(review, sign_in):
    assert answer(sign_in("ben"), review, "perhaps").status_code == 422


def test_taking_over_opens_the_to_do_and_its_outcome_lets_the_run_go_on(welcome, review, sign_in):
    ben = sign_in("ben")
    response = answer(ben, review, "take_over")
    todo = Review.objects.get(status="open")
    assert response.redirect_chain[0][0] == address(todo)
    assert "What came of it?" in text(response)
    assert answer(ben, todo, "done").status_code == 422
    answer(ben, todo, "done", note="Rang her instead")
    work(welcome)
    assert Action.objects.get(step__key="send").output["note"] == "Rang her instead"
    assert Review.objects.get(status="open").headline.startswith(("Who calls", "Call"))


def test_a_to_do_that_was_not_done_stops_the_run(welcome, review, sign_in):
    ben = sign_in("ben")
    answer(ben, review, "take_over")
    response = answer(ben, Review.objects.get(status="open"), "reject", note="Nobody answers the phone")
    assert "You recorded as not done" in text(response)
    assert Entry.objects.filter(verb="run.stopped").exists()


def test_chen_sees_that_ben_is_on_it_until_ben_opens_another(welcome, review, sign_in):
    welcome.run("welcome", contact="tom")
    ben, chen = sign_in("ben"), sign_in("chen")
    assert "You are on it" in text(ben.post(address(review, "claim/")))
    assert "Ben is on it" in text(chen.get("/queue/"))
    ben.post(address(Review.objects.latest("pk"), "claim/"))
    review.refresh_from_db()
    assert review.claimed_by is None


def test_reading_writes_nothing(review, sign_in):
    sign_in("ben").get(address(review))
    review.refresh_from_db()
    assert review.claimed_by is None


def test_a_halt_is_said_and_what_is_approved_waits(welcome, review, sign_in):
    halts.pull(welcome.lea, "capability", "email.send", "Bounces nobody can explain", welcome.now)
    ben = sign_in("ben")
    page = text(ben.get(address(review)))
    assert "Held until the halt is lifted" in page and "Bounces nobody can explain" in page
    assert "It is held until the halt is lifted." in text(answer(ben, review, "approve"))
    work(welcome)
    assert mail.outbox == []


def uncertain(world, review, ago):
    """Let the mail be uncertain: its attempt began a minute before its deadline, which was so long ago."""
    deadline = world.now - timedelta(seconds=ago)
    review.action.attempts.create(
        number=1, fence=0, digest=review.action.digest, begun_at=deadline - timedelta(minutes=1), deadline=deadline,
        result="unknown", ended_at=deadline - timedelta(seconds=30), answer={"trouble": "the connection was reset"},
    )  # fmt: skip
    Review.objects.filter(pk=review.pk).update(kind="uncertain")
    put(review.action, "uncertain", trouble="the connection was reset")


def test_an_uncertain_mail_is_settled_by_a_person_who_knows(welcome, review, sign_in):
    uncertain(welcome, review, 60)
    ben = sign_in("ben")
    page = text(ben.get(address(review)))
    for words in (
        "It happened", "It did not happen, try again", "It did not happen, give up",
        "If you are wrong, Priya Raman gets it twice.",
    ):  # fmt: skip
        assert words in page
    assert "Say it in a few words" in text(answer(ben, review, "happened"))
    answer(ben, review, "happened", note="It stands in the server's log")
    review.action.refresh_from_db()
    assert review.action.status == "done"


def test_an_uncertain_item_shows_what_was_sent_when_under_which_key_and_what_was_answered(welcome, review, sign_in):
    uncertain(welcome, review, 60)
    page = text(sign_in("ben").get(address(review)))
    for words in (
        "Attempt 1 began, under the key", review.action.idempotency_key, "Deadline of attempt 1",
        "The connection was reset", "Remit stopped and will not try again by itself", review.action.digest,
        "&quot;to&quot;: &quot;priya@client.example&quot;",
    ):  # fmt: skip
        assert words in page


def test_no_answer_is_taken_while_what_has_begun_may_still_be_under_way(welcome, review, sign_in):
    uncertain(welcome, review, -60)
    ben = sign_in("ben")
    page = text(ben.get(address(review)))
    assert "What has begun may still be under way until" in page
    assert 'name="choice"' not in page
    assert "It may still be under way until" in text(answer(ben, review, "happened", note="I saw it"))
    review.refresh_from_db()
    assert review.is_open
    assert not Decision.objects.exists()


def test_the_poll_answers_304_while_nothing_changes_and_counts_what_is_new(welcome, review, sign_in):
    ben = sign_in("ben")
    asked = f"/queue/news/?newest={review.pk}&shown={review.pk}"
    first = ben.get(asked)
    assert ben.get(asked, headers={"If-None-Match": first["ETag"]}).status_code == 304
    welcome.run("welcome", contact="tom")
    second = ben.get(asked, headers={"If-None-Match": first["ETag"]})
    assert "1 new" in text(second)


def test_what_chen_decided_is_greyed_in_bens_list(welcome, review, sign_in):
    review.decide(welcome.chen, "approve", welcome.now, digest=review.action.digest)
    page = text(sign_in("ben").get(f"/queue/news/?newest={review.pk}&shown={review.pk}"))
    assert "ask-gone" in page and "Chen approved it" in page
    assert f'id="ask-{review.pk}" hx-swap-oob="true"' in page


def test_htmx_gets_the_pane_alone_with_its_own_address(review, sign_in):
    response = sign_in("ben").get(address(review), headers={"HX-Request": "true", "HX-Target": "pane"})
    assert "<html" not in text(response)
    assert response["HX-Push-Url"] == address(review)


def test_after_an_answer_htmx_gets_the_next_item_with_its_address_at_once(welcome, review, sign_in):
    welcome.run("welcome", contact="tom")
    following = Review.objects.exclude(pk=review.pk).get()
    ben, headers = sign_in("ben"), {"HX-Request": "true", "HX-Target": "pane"}
    sent = {"choice": "approve", "digest": review.action.digest}
    response = ben.post(address(review, "decision/"), sent, headers=headers)
    assert (response.status_code, response["HX-Push-Url"]) == (200, address(following))
    assert "You approved" in text(response) and "<html" not in text(response)
    sent = {"choice": "approve", "digest": following.action.digest}
    last = ben.post(address(following, "decision/"), sent, headers=headers)
    assert last["HX-Redirect"] == "/queue/"


def test_an_obstacle_leaves_the_address_alone(review, sign_in):
    headers = {"HX-Request": "true", "HX-Target": "pane"}
    response = sign_in("ben").post(address(review, "decision/"), {"choice": "reject"}, headers=headers)
    assert (response.status_code, response["HX-Push-Url"]) == (422, "false")


def test_a_decided_item_says_by_whom_and_when_and_offers_no_answer(welcome, review, sign_in):
    review.decide(welcome.chen, "reject", welcome.now, note="Wrong month")
    page = text(sign_in("ben").get(address(review)))
    assert "Chen Wei rejected this on" in page and "Wrong month" in page
    assert "item-gone" in page and 'name="choice"' not in page
    assert "Chen rejected it" in text(sign_in("ben").get("/queue/?tab=decided"))


def test_the_count_stands_beside_the_queue_on_every_page(review, sign_in):
    assert '<span class="num">1</span>' in text(sign_in("ben").get("/records/"))


def test_an_empty_queue_and_filters_that_match_nothing_say_so(review, sign_in):
    assert "Nothing waits for you" in text(sign_in("olga").get("/queue/"))
    assert "No item matches these filters" in text(sign_in("ben").get("/queue/?q=zebra"))


@pytest.mark.parametrize("asked", ["after=x", "after=2026-01-01~9", "kind=x", "workflow=%00", "tab=x", "q=%00"])
def test_odd_addresses_show_the_queue(review, sign_in, asked):
    assert sign_in("ben").get(f"/queue/?{asked}").status_code == 200


def test_an_item_costs_a_fixed_number_of_queries(welcome, review, sign_in, django_assert_max_num_queries):
    ben = sign_in("ben")
    for contact in ["tom"] * 3:
        welcome.run("welcome", contact=contact)
    ben.get(address(review))
    with django_assert_max_num_queries(40):
        ben.get(address(review))
    with django_assert_max_num_queries(40):
        ben.get("/queue/")
    with django_assert_max_num_queries(12):
        ben.get("/queue/news/?newest=0&shown=1,2,3")


def test_what_is_overdue_says_who_is_told_next(review, sign_in):
    late = timezone.now() - timedelta(minutes=22)
    Review.objects.filter(pk=review.pk).update(due_at=late, escalates_at=timezone.now() + timedelta(minutes=5))
    page = text(sign_in("ben").get(address(review)))
    assert "22\u00a0min\u00a0late" in page and "If nobody answers it goes to Growth leaders" in page


def test_ben_hears_of_chens_decision_on_the_very_item_he_reads(welcome, review, sign_in):
    review.decide(welcome.chen, "approve", welcome.now, digest=review.action.digest)
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{address(review)}"}
    page = text(sign_in("ben").get("/queue/news/", headers=headers))
    assert 'id="elsewhere"' in page and "Nothing is left to decide here." in page
