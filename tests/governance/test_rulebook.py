"""Leaders say what software may do: they draft the next rulebook, see what it changes, and put it in force."""

import re
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from governance import drafting, ratifying
from governance.drafting import NotPublishable, Stale
from governance.envelope.guardrails import Guardrail
from governance.envelope.whole import Envelope
from governance.ledger import Entry
from governance.rulebook import Rulebook, Status, in_force
from governance.rulechanges import changes
from workflows.capabilities.registry import capabilities

ANY_DATA = [{"data": "*", "use": "allowed"}]
TITLES = {key: capability.title for key, capability in capabilities().items()}
RAIL = {"when": "amounts.offer_value > 500", "effect": "review", "reason": "A costly offer", "capability": ""}


def content(stances=None, guardrails=()):
    return Envelope.of({"stances": {**(stances or {})}, "guardrails": list(guardrails), "data_uses": ANY_DATA})


def kept(world, who, stances=None, guardrails=()):
    return drafting.keep(content(stances, guardrails), world.people[who], world.now, seen=drafting.seen_now())


def publish(world, who, draft, seen=None):
    second = world.ada if who == "lea" else world.lea
    said = {"titles": TITLES, "note": "As agreed", "second": second}
    return ratifying.publish(draft.pk, world.people[who], world.now, seen=seen or drafting.seen_now(), **said)


def answers(seen, stances=None):
    """What the browser sends for the form."""
    return {"seen": seen, **{f"stance-{key}": stance for key, stance in (stances or {}).items()}}


def keep_part(client, part, place="new", **given):
    """Send the form of one row of the draft."""
    return client.post(f"/rulebook/draft/{part}/{place}/", {"digest": drafting.seen_now(), **given})


# --- what a change means -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("was", "now", "direction"),
    [
        ("", "approved", "loosens"),
        ("out_of_scope", "approved", "loosens"),
        ("approved", "out_of_scope", "tightens"),
        ("approved", "", "tightens"),
        ("", "out_of_scope", "neutral"),
        ("out_of_scope", "", "neutral"),
    ],
)
def test_a_stance_loosens_only_towards_approved(was, now, direction):
    old = content({"email.send": was} if was else {})
    new = content({"email.send": now} if now else {})
    (change,) = changes(old, new, TITLES)
    assert (change.direction, change.where) == (direction, "Send a mail")


@pytest.mark.parametrize(
    ("old", "new", "direction"),
    [
        ([], [RAIL], "tightens"),
        ([RAIL], [], "loosens"),
        ([RAIL], [{**RAIL, "effect": "refuse"}], "tightens"),
        ([{**RAIL, "effect": "human"}], [RAIL], "loosens"),
        ([RAIL], [{**RAIL, "reason": "An offer that costs much"}], "neutral"),
    ],
)
def test_a_guardrail_tightens_when_it_comes_and_loosens_when_it_goes(old, new, direction):
    assert [change.direction for change in changes(content({}, old), content({}, new), TITLES)] == [direction]


def test_a_guardrail_for_fewer_capabilities_is_shown_as_loosening_first():
    narrowed = {**RAIL, "capability": "email.send"}
    found = changes(content({}, [RAIL]), content({}, [narrowed]), TITLES)
    assert [(change.direction, change.where) for change in found] == [
        ("loosens", "Every capability"),
        ("tightens", "Send a mail"),
    ]


# --- publishing ----------------------------------------------------------------------------------------------------


def test_keeping_a_draft_changes_nothing_that_is_in_force(world):
    kept(world, "ada", {"email.send": "approved"})
    assert drafting.content_of(in_force()).stance_of == dict.fromkeys(capabilities(), "approved")


def test_ada_publishes_and_the_one_before_is_superseded_with_one_entry(world):
    before = in_force()
    after = publish(world, "ada", kept(world, "ada", {"email.send": "approved"}, [RAIL]))
    before.refresh_from_db()
    assert (in_force(), before.status, before.superseded_at) == (after, Status.SUPERSEDED, world.now)
    (entry,) = Entry.objects.filter(verb="rulebook.in_force")
    assert (entry.actor_name, entry.workflow, entry.data["rulebook"]) == ("Ada Lund", None, 2)
    assert "tightens: Every capability: New guardrail: A costly offer: a person approves" in entry.data["changes"]


def test_the_rulebook_that_was_in_force_keeps_every_word(world):
    before = drafting.content_of(in_force())
    publish(world, "ada", kept(world, "ada", {}, [RAIL]))
    assert drafting.content_of(Rulebook.objects.get(number=1)) == before


def test_what_is_out_of_scope_is_refused_from_then_on(world):
    world.asset("template", "hello", body={"subject": "Hello", "body": "Hello"})
    world.load(
        "workflow: hello\ntitle: Hello\nowner: growth\nautomation_allowed: true\nsteps:\n"
        "  - {key: words, question: Which words?, capability: content.render, params: {template: hello}, "
        "ownership: automated, reviewers: growth}\n"
    )
    assert world.action(world.run("hello"), "words").status == "done"
    stances = drafting.content_of(in_force()).stance_of
    publish(world, "ada", kept(world, "ada", {**stances, "content.render": "out_of_scope"}))
    action = world.action(world.run("hello"), "words")
    assert (action.status, action.reasons[0]["source"]) == ("refused", "Rulebook 2")


def test_the_second_of_two_leaders_who_publish_is_told_who_was_first(world):
    draft = kept(world, "ada", {}, [RAIL])
    seen = drafting.seen_now()
    publish(world, "lea", draft, seen)
    with pytest.raises(NotPublishable, match="Lea Roth put this in force as Rulebook 2 on 2 Mar 2026 at 12:00"):
        publish(world, "ada", draft, seen)
    assert Entry.objects.filter(verb="rulebook.in_force").count() == 1


def test_a_draft_that_lea_changed_is_not_published_on_what_ada_saw(world):
    draft = kept(world, "ada", {}, [RAIL])
    seen = drafting.seen_now()
    kept(world, "lea", {"email.send": "approved"})
    with pytest.raises(Stale):
        publish(world, "ada", draft, seen)
    assert in_force().number == 1


def test_of_two_who_keep_the_draft_the_second_overwrites_nothing_unseen(world):
    seen = drafting.seen_now()
    drafting.keep(content({}, [RAIL]), world.ada, world.now, seen=seen)
    with pytest.raises(Stale):
        drafting.keep(content({}), world.lea, world.now, seen=seen)
    assert drafting.content_of(drafting.current()).guardrails == [Guardrail(**RAIL)]


def test_a_draft_that_changes_nothing_is_not_published(world):
    draft = kept(world, "ada", drafting.content_of(in_force()).stance_of)
    with pytest.raises(NotPublishable, match="changes nothing"):
        publish(world, "ada", draft)


def test_a_discarded_draft_is_gone_and_the_ledger_says_so(world):
    draft = kept(world, "ada", {}, [RAIL])
    assert drafting.discard(world.lea, world.now)
    with pytest.raises(NotPublishable, match="discarded this draft"):
        publish(world, "ada", draft)
    assert list(Entry.objects.values_list("verb", flat=True)) == ["rulebook.drafted", "rulebook.discarded"]


# --- the pages -----------------------------------------------------------------------------------------------------


def test_ben_reads_the_rulebook_and_is_offered_no_change(sign_in):
    page = sign_in("ben").get("/rulebook/").content.decode()
    assert "Send a mail" in page
    assert "Cannot be undone" in page
    assert "/rulebook/draft/" not in page


@pytest.mark.parametrize("address", ["/rulebook/draft/", "/rulebook/draft/publication/", "/rulebook/draft/removal/"])
def test_ben_may_not_change_the_rulebook(sign_in, address):
    response = sign_in("ben").post(address)
    assert response.status_code == 403
    assert "Only leaders change the rulebook" in response.content.decode()


def test_a_capability_without_a_stance_is_shown_as_a_gap(world, sign_in):
    world.undefine("email.send")
    page = sign_in("ben").get("/rulebook/").content.decode()
    assert "1 gap: nobody has decided, so it is refused" in page


def test_without_any_rulebook_ada_is_offered_the_form_with_everything_undecided(world, sign_in):
    Rulebook.objects.all().delete()
    page = sign_in("ada").get("/rulebook/").content.decode()
    assert "software can do nothing" in page
    assert len(re.findall(r'name="stance-[^>]*value=""[^>]*checked', page)) == len(capabilities())
    assert "rulebook-form" not in sign_in("ben").get("/rulebook/").content.decode()


def test_ada_keeps_a_draft_sees_what_it_changes_and_publishes(world, sign_in):
    ada = sign_in("ada")
    stances = {**dict.fromkeys(capabilities(), "approved"), "http.request": "out_of_scope"}
    assert keep_part(ada, "guardrails", **RAIL).url == "/rulebook/draft/"
    response = ada.post("/rulebook/draft/", answers(drafting.seen_now(), stances))
    assert response.url == "/rulebook/draft/publication/"
    page = ada.get(response.url)
    assert "2 tighten" in page.content.decode()
    sent = {"draft": page.context["draft"].pk, "seen": page.context["seen"], "note": "As agreed"}
    assert ada.post("/rulebook/draft/publication/", sent).url == "/rulebook/"
    assert drafting.content_of(in_force()) == content(stances, [RAIL])
    history = ada.get("/rulebook/2/").content.decode()
    assert "Ada Lund put it in force" in history
    assert "Tightens" in history


def test_a_faulty_condition_stays_in_the_filled_form_with_its_column(world, sign_in):
    faulty = {**RAIL, "when": "amounts.offer_value >< 500"}
    response = keep_part(sign_in("ada"), "guardrails", **faulty)
    page = response.content.decode()
    assert response.status_code == 422
    assert "column 22" in page
    assert "A costly offer" in page
    assert not Rulebook.objects.filter(status=Status.DRAFT).exists()


def test_a_condition_that_yields_a_number_is_no_condition(world, sign_in):
    response = keep_part(sign_in("ada"), "guardrails", **{**RAIL, "when": "1 + 1"})
    assert "condition must be true or false" in response.content.decode()


def test_two_guardrails_alike_are_refused_in_the_form(world, sign_in):
    ada = sign_in("ada")
    keep_part(ada, "guardrails", **RAIL)
    response = keep_part(ada, "guardrails", **RAIL)
    assert response.status_code == 422
    assert "stands there twice" in response.content.decode()


def test_a_guardrail_is_removed_on_its_page(world, sign_in):
    kept(world, "ada", {}, [RAIL])
    keep_part(sign_in("ada"), "guardrails", 0, remove="1")
    assert drafting.content_of(drafting.current()).guardrails == []


def test_the_page_tells_the_second_leader_that_nothing_was_counted(world, sign_in):
    draft = kept(world, "ada", {}, [RAIL])
    seen = drafting.seen_now()
    publish(world, "lea", draft, seen)
    response = sign_in("ada").post("/rulebook/draft/publication/", {"draft": draft.pk, "seen": seen})
    assert response.status_code == 409
    assert "Lea Roth put this in force" in response.content.decode()


def test_a_form_drawn_before_lea_kept_hers_is_not_kept_unseen(world, sign_in):
    seen = drafting.seen_now()
    kept(world, "lea", {}, [RAIL])
    ada = sign_in("ada")
    response = ada.post("/rulebook/draft/", answers(seen, {"email.send": "approved"}))
    assert response.status_code == 409
    assert "This changed since you looked" in response.content.decode()
    again = ada.post("/rulebook/draft/", answers(response.context["seen"], {"email.send": "approved"}))
    assert again.status_code == 302


def test_statements_on_the_page_do_not_grow_with_the_guardrails(world, sign_in, django_assert_max_num_queries):
    rails = [{**RAIL, "when": f"amounts.offer_value > {number}"} for number in range(40)]
    publish(world, "ada", kept(world, "ada", {}, rails))
    ben = sign_in("ben")
    with django_assert_max_num_queries(16):
        assert ben.get("/rulebook/").status_code == 200


# --- two signatures ------------------------------------------------------------------------------------------------


def loosened(world):
    """A draft that approves what was undecided."""
    world.undefine("email.send")
    return kept(world, "ada", {**dict.fromkeys(capabilities(), "approved")})


def test_a_loosening_rulebook_waits_for_a_second_leader(world, sign_in):
    draft = loosened(world)
    ada, lea = sign_in("ada"), sign_in("lea")
    page = ada.get("/rulebook/draft/publication/")
    sent = {"draft": draft.pk, "seen": page.context["seen"], "words": "We agreed"}
    assert ada.post("/rulebook/draft/publication/", sent).url == "/rulebook/draft/publication/"
    assert "email.send" not in in_force().envelope.stance_of
    page = lea.get("/rulebook/draft/publication/")
    assert "You are asked to ratify" in page.content.decode()
    answer = lea.post("/rulebook/draft/ratification/", {"draft": draft.pk, "seen": page.context["seen"]})
    assert answer.url == "/rulebook/"
    assert in_force().envelope.stance_of["email.send"] == "approved"
    assert (in_force().proposed_by, in_force().ratified_by) == (world.ada, world.lea)
    assert list(Entry.objects.values_list("verb", flat=True))[-3:] == [
        "rulebook.proposed",
        "rulebook.ratified",
        "rulebook.in_force",
    ]


def test_ada_does_not_ratify_her_own_rulebook_and_lea_may_send_it_back(world):
    draft = loosened(world)
    assert not ratifying.propose(draft.pk, world.ada, world.now, seen=drafting.seen_now(), titles=TITLES)
    with pytest.raises(NotPublishable, match="another leader ratifies it"):
        ratifying.ratify(draft.pk, world.ada, world.now, seen=drafting.seen_now(), titles=TITLES)
    with pytest.raises(NotPublishable, match="waits to be ratified"):
        kept(world, "lea", {})
    ratifying.send_back(draft.pk, world.lea, world.now, "Not yet")
    assert drafting.current() == draft
    assert Entry.objects.last().verb == "rulebook.sent_back"


def test_a_rulebook_takes_force_at_its_time(world):
    draft = kept(world, "ada", {})
    later = world.now + timedelta(days=1)
    assert not ratifying.propose(
        draft.pk, world.ada, world.now, seen=drafting.seen_now(), titles=TITLES, force_at=later
    )
    assert ratifying.take_force_when_due(world.later(hours=23), TITLES) == 0
    assert ratifying.take_force_when_due(world.later(hours=2), TITLES) == 1
    assert (in_force(), in_force().in_force_at) == (draft, world.now)


def test_the_words_of_a_rulebook_in_force_cannot_be_changed_by_anybody(world):
    with pytest.raises(DatabaseError, match="only while it is a draft"), transaction.atomic():
        Rulebook.objects.update(content={"stances": []})
    assert in_force().envelope.stance_of["email.send"] == "approved"


def test_a_rulebook_that_breaks_a_worked_example_is_not_proposed(world, sign_in):
    world.load(
        "workflow: hello\ntitle: Hello\nowner: growth\nautomation_allowed: true\nsteps:\n"
        "  - {key: words, capability: data.set, params: {values: {}}, ownership: automated}\n"
    )
    example = {"title": "It says hello", "workflow": "hello", "step": "words", "expect": "act"}
    content = {**in_force().content, "examples": [example], "guardrails": [{**RAIL, "when": "true"}]}
    draft = drafting.keep(content, world.ada, world.now, seen=drafting.seen_now())
    ada = sign_in("ada")
    page = ada.get("/rulebook/draft/publication/")
    assert "expected acts alone, found a person approves by reviewers (A costly offer)" in page.content.decode()
    sent = {"draft": draft.pk, "seen": page.context["seen"]}
    assert ada.post("/rulebook/draft/publication/", sent).status_code == 409
    assert in_force().number == 1
