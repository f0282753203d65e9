"""The ledger's page: who sees which entries, as sentences, filtered and in pages. Nobody changes any."""

import re

import pytest

from governance import halts
from governance.ledger import Entry, record
from governance.people import SOFTWARE, Actor
from governance.sentences import sentence, spelled
from governance.verbs import VERBS

PROGRAM = """
workflow: welcome
title: Welcome
owner: growth
steps:
  - {key: choose_words, title: Choose the words, ownership: human_owned, reviewers: growth}
"""
DEALS = PROGRAM.replace("welcome", "deals").replace("Welcome", "Deals").replace("growth", "sales")


def plain(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


@pytest.fixture
def told(world):
    """Return the world in which each team has run its workflow once, and Ada has pulled a halt."""
    world.load(PROGRAM)
    world.load(DEALS, "eve")
    world.ours, world.theirs = world.run("welcome"), world.run("deals", "eve")
    halts.pull(world.ada, "workflow", "welcome", "Wrong prices", world.now)
    return world


# --- who sees what -------------------------------------------------------------------------------------------------


def test_each_sees_the_entries_of_their_own_workflows(told, sign_in):
    for name, mine, foreign in (("ben", told.ours, told.theirs), ("eve", told.theirs, told.ours)):
        text = plain(sign_in(name).get("/ledger/"))
        assert f"Run {mine.pk:,}" in text
        assert f"Run {foreign.pk:,}" not in text


def test_entries_of_no_workflow_are_for_leaders_and_auditors(told, sign_in):
    for name, sees in (("ada", True), ("eve", True), ("olga", True), ("ben", False), ("dora", False)):
        assert ("Wrong prices" in plain(sign_in(name).get("/ledger/"))) is sees


def test_olga_who_audits_sees_all(told, sign_in):
    text = plain(sign_in("olga").get("/ledger/"))
    assert f"Run {told.ours.pk:,}" in text
    assert f"Run {told.theirs.pk:,}" in text


def test_a_filter_does_not_reach_what_the_person_may_not_see(told, sign_in):
    ben = sign_in("ben")
    assert "No entry fits." in plain(ben.get(f"/ledger/?run={told.theirs.pk}"))
    assert "No entry fits." in plain(ben.get("/ledger/?person=eve@tideway.example"))
    refused = ben.get("/ledger/?workflow=deals")
    assert refused.status_code == 422
    assert "Deals" not in plain(refused)


def test_the_page_says_that_entries_cannot_be_changed_and_takes_no_post(told, sign_in):
    assert "Entries cannot be changed or deleted" in plain(sign_in("ada").get("/ledger/"))
    assert sign_in("ada").post("/ledger/").status_code == 405


# --- filters and pages ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("verb=run.started", 2), ("verb=halt.pulled", 1), ("workflow=deals&verb=run.started", 1),
        ("person=ada@tideway.example&verb=run.started", 1), ("day=2026-03-02&verb=run.started", 2),
        ("day=2026-03-01", 0), ("day=2026-03-03", 0), ("run=9007199254740992", 0),
    ],
)  # fmt: skip
def test_olga_narrows_it_down(told, sign_in, query, count):
    page = sign_in("olga").get(f"/ledger/?{query}")
    assert page.status_code == 200
    assert page.content.count(b'data-name="Entry"') == count


@pytest.mark.parametrize(
    "query",
    [
        "run=seven",
        "day=yesterday",
        "day=9999-12-31",
        "day=0001-01-01",
        "verb=perhaps",
        "workflow=none",
        "person=nobody",
    ],
)
def test_a_filter_that_makes_no_sense_is_said_and_shows_nothing(told, sign_in, query):
    page = sign_in("olga").get(f"/ledger/?{query}")
    assert page.status_code == 422
    assert "cannot be used" in plain(page)
    assert b'data-name="Entry"' not in page.content


def test_older_and_newer_lead_through_all_entries_and_keep_the_filter(told, sign_in):
    for number in range(120):
        record(SOFTWARE, "action.held", told.now, workflow=told.ours.workflow_id, step="choose_words", number=number)
    ben, address, seen = sign_in("ben"), "?verb=action.held", []
    while address:
        html = ben.get(f"/ledger/{address}").content.decode()
        seen.append(html.count('data-name="Entry"'))
        found = re.search(r'rel="next" href="([^"]+)"', html)
        address = found[1].replace("&amp;", "&") if found else ""
    assert seen == [50, 50, 20]
    back = re.search(r'rel="prev" href="([^"]+)"', html)[1].replace("&amp;", "&")
    assert ben.get(f"/ledger/{back}").content.count(b'data-name="Entry"') == 50


def test_a_page_needs_the_same_queries_whatever_it_holds(told, sign_in, django_assert_max_num_queries):
    for _ in range(40):
        told.start("welcome")
    ben = sign_in("ben")
    with django_assert_max_num_queries(14):
        ben.get("/ledger/")


def test_htmx_gets_the_entries_alone(told, sign_in):
    part = sign_in("ben").get("/ledger/", headers={"HX-Request": "true"})
    assert part.content.lstrip().startswith(b'<div id="entries">')


# --- sentences -----------------------------------------------------------------------------------------------------


def said(world, verb, actor=SOFTWARE, **data):
    return sentence(Entry(verb=verb, actor_kind=actor.kind, actor_name=actor.name, data=data), {"send": "Send it"})


@pytest.mark.parametrize(
    ("verb", "data", "words"),
    [
        ("action.started", {"key": "remit-7", "attempt": 2}, "“Send it” began, key remit-7, attempt 2"),
        ("action.done", {"output": "sent to Priya"}, "“Send it” done: sent to Priya"),
        ("action.to_review", {"reasons": ["a", "b", "c"]}, "“Send it” put to approval: a; b; and 1 more"),
        ("action.refused", {"trouble": "no such field"}, "“Send it” refused: no such field"),
        ("action.uncertain", {"trouble": "no"}, "Not known whether “Send it” happened; it was not repeated: no"),
        ("action.skipped", {}, "“Send it” skipped: its condition is not met"),
        ("action.cancelled", {}, "“Send it” cancelled; it did not begin"),
        ("action.done", {"undo": True, "output": "2 changed"}, "The undoing of “Send it” done: 2 changed"),
        ("action.undo_asked", {"undoes": 7}, "Undoing begins: “Send it”, action 7"),
        ("run.undone", {"undone": 2, "kept": ["send"]}, "Nothing is left to undo: 2 taken back; “Send” cannot be taken back"),  # noqa: E501
        ("review.escalated", {"to": "Legal", "people": ["Dora"]}, "Nobody answered in time: went up to Legal (Dora)"),
    ],
)  # fmt: skip
def test_what_software_did_is_one_sentence(world, verb, data, words):
    assert said(world, verb, step="send", **data) == words


@pytest.mark.parametrize(
    ("verb", "data", "words"),
    [
        ("action.approved", {"note": "Fine"}, "Ben Hartley approved “Send it”: “Fine”"),
        ("action.rejected", {"reason": "No"}, "Ben Hartley rejected “Send it”: “No”"),
        ("action.done", {"note": "By phone"}, "Ben Hartley did “Send it” by hand: “By phone”"),
        ("action.settled", {"happened": True}, "Ben Hartley on “Send it”: it happened"),
        ("action.settled", {"happened": False}, "Ben Hartley on “Send it”: it did not happen, and it is left at that"),
        ("action.skipped", {"reason": "No need"}, "Ben Hartley skipped “Send it”: “No need”"),
        ("action.cancelled", {"reason": "No"}, "“Send it” cancelled by Ben Hartley; it did not begin: “No”"),
        ("action.redone", {"reason": "Lost"}, "Ben Hartley started anew “Send it”: “Lost”"),
        ("children.cancelled", {"runs": 1200}, "Ben Hartley cancelled 1,200 runs that “Send it” started"),
        ("run.cancelled", {"reason": "Over"}, "The run was cancelled by Ben Hartley: “Over”"),
        ("run.reopened", {"reason": "Again"}, "Ben Hartley opened the run again: “Again”"),
        ("run.undo_asked", {"reason": "No"}, "Ben Hartley asked to undo what the run did, the last first: “No”"),
        ("run.started", {"trigger": "by API", "version": 2}, "Ben Hartley started it by API, version 2"),
    ],
)  # fmt: skip
def test_what_ben_did_is_one_sentence_with_his_name(world, verb, data, words):
    assert said(world, verb, Actor.of(world.ben), step="send", **data) == words


def test_a_verb_nobody_wrote_a_sentence_for_is_spelled_out(world):
    assert said(world, "records.merged", Actor.of(world.ada), kind="contact", count=2) == (
        "Records merged by Ada Lund: kind contact, count 2"
    )


def test_every_verb_a_filter_offers_has_a_sentence_even_without_any_facts(world):
    for verb in VERBS:
        assert sentence(Entry(verb=verb, actor_kind="software", actor_name="Remit", data={})).strip()


def test_a_step_without_a_title_is_spelled_from_its_key():
    assert spelled("choose_offer") == "Choose offer"
