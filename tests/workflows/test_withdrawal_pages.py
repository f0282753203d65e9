"""Ada sees what a withdrawal would do before she presses; everybody reads afterwards what it did."""

import pytest

from approvals.reviews import Review
from governance.ledger import Entry
from governance.people import Team
from governance.register import Asset

NOTICE = """
workflow: notice
title: Notice
owner: growth
automation_allowed: true
input: {type: object, required: [to], properties: {to: {type: string}}}
steps:
  - {key: send, capability: email.send, params: {template: notice, to: "=input.to"}, ownership: needs_approval}
"""
PAGE = "/register/template/notice/withdrawal/"
PHRASES = [{"words": "number one", "why": "Nobody measured it"}, {"words": "/\\d+ ?% faster/", "claim": "speed"}]


@pytest.fixture
def notice(world):
    world.asset("template", "notice", body={"subject": "Notice", "body": "Hello."})
    world.load(NOTICE)
    for name in ("tom", "ann"):
        world.run("notice", person="lea", to=f"{name}@client.example")
    return world


def read(client, address=PAGE):
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_counts_before_the_button_and_changes_nothing(notice, sign_in):
    page = read(sign_in("ada"))
    assert "Withdraw Notice?" in page
    assert '<th scope="row">Waits for people</th><td class="num">2</td>' in page
    assert "<b>2 actions stop; none is in flight.</b>" in page
    assert "Send “Notice” to tom@client.example?" in page
    assert not Entry.objects.filter(verb="asset.withdrawn").exists()


def test_ada_withdraws_it_and_reads_what_became_of_it(notice, sign_in):
    ada = sign_in("ada")
    response = ada.post(PAGE, {"reason": "The price is wrong", "version": "1"}, follow=True)
    page = response.content.decode()
    assert "Notice is withdrawn" in page
    assert "Withdrawn. Judged again: 2 refused." in page
    assert "The price is wrong" in page
    assert '<th scope="row">Waits for people</th><td class="num">0</td>' in page
    assert set(Review.objects.values_list("status", flat=True)) == {"withdrawn"}


def test_whoever_opens_the_review_later_reads_why_it_is_no_longer_asked(notice, sign_in):
    review = Review.objects.first()
    sign_in("ada").post(PAGE, {"reason": "The price is wrong"})
    page = read(sign_in("ben"), f"/queue/{review.pk}/")
    assert "This is no longer asked: Template “Notice” was withdrawn." in page


def test_the_ledger_says_it_in_sentences(notice, sign_in):
    sign_in("ada").post(PAGE, {"reason": "The price is wrong"})
    page = read(sign_in("ada"), "/ledger/")
    assert "Ada Lund withdrew the template “Notice”, version 1: “The price is wrong”" in page
    assert "What waited with the template “Notice” was judged again: 2 refused" in page
    assert "“Send” taken back from the queue, as Ada Lund changed what it rests on" in page


def test_ben_reads_what_it_would_do_but_cannot_press(notice, sign_in):
    page = read(sign_in("ben"))
    assert "Leaders of Growth withdraw it." in page
    assert "btn-halt" not in page
    assert sign_in("ben").post(PAGE, {"reason": "I say so"}).status_code == 403


def test_eve_of_sales_sees_counts_but_neither_reviews_nor_runs_of_growth(notice, sign_in):
    page = read(sign_in("eve"))
    assert "They wait in queues of other teams." in page
    assert "tom@client.example" not in page


def test_what_still_waits_after_a_withdrawal_that_broke_off_can_be_judged_again(notice, sign_in):
    Asset.objects.get().withdraw(notice.ada, "The price is wrong", notice.now)
    ada = sign_in("ada")
    assert "Judge again what waits" in read(ada)
    page = ada.post("/register/template/notice/recall/", {"version": "1"}, follow=True).content.decode()
    assert "Judged again: 2 refused." in page
    assert sign_in("eve").post("/register/template/notice/recall/", {"version": "1"}).status_code == 403


def test_an_older_version_is_withdrawn_from_its_own_page(notice, sign_in):
    notice.asset("template", "notice", version=2, body={"subject": "New", "body": "Hello."})
    ada = sign_in("ada")
    assert f'href="{PAGE}?version=1"' in read(ada, "/register/template/notice/?version=1")
    ada.post(PAGE, {"reason": "The price is wrong", "version": "1"})
    standings = {asset.version: asset.standing(notice.now) for asset in Asset.objects.all()}
    assert standings == {1: "withdrawn", 2: "approved"}


# --- claims and the words that need one ----------------------------------------------------------------------------


def test_a_text_is_tried_against_the_words_in_force_and_nothing_is_kept(world, sign_in):
    world.rules(phrases=PHRASES)
    world.asset("claim", "speed", title="Speed", body={"text": "Measured."})
    ben, before = sign_in("ben"), Entry.objects.count()
    page = ben.post("/register/phrases/", {"text": "We are 40 % faster and Number One."}).content.decode()
    assert "“40 % faster”" in page and 'Name the claim <a href="/register/claim/speed/">Speed</a>' in page
    assert "“Number One”" in page and "No approved claim says it." in page
    assert "None of the 2 is in this text." in ben.post("/register/phrases/", {"text": "Good day"}).content.decode()
    assert ben.post("/register/phrases/", {"text": ""}).status_code == 422
    assert Entry.objects.count() == before


def test_a_claim_that_is_not_approved_is_not_offered(world, sign_in):
    world.rules(phrases=PHRASES)
    world.asset("claim", "speed", body={"text": "Measured."}).withdraw(world.ada, "No", world.now)
    page = sign_in("ben").post("/register/phrases/", {"text": "40 % faster"}).content.decode()
    assert "Needs the claim “speed”, which is not approved now." in page


def test_the_review_shows_the_words_and_leads_to_what_they_need(world, sign_in):
    world.rules(phrases=PHRASES)
    world.asset("template", "notice", body={"subject": "Notice", "body": "40 % faster."})
    world.load(NOTICE)
    world.run("notice", person="lea", to="tom@client.example")
    page = read(sign_in("ben"), f"/queue/{Review.objects.get().pk}/")
    assert "“40 % faster” needs the approved claim “speed”, which is not named" in page
    assert 'href="/register/phrases/"' in page


def test_the_form_that_edits_a_bound_mail_says_what_may_change(world, sign_in):
    fields = {"venue": {"choices": ["Rome", "Paris"]}, "agenda": {"fixed": "Doors at 18:00."}}
    body = {"subject": "Come to {{ venue }}", "body": "{{ agenda }}", "fields": fields}
    world.asset("template", "notice", title="Invitation", body=body)
    world.load(NOTICE.replace("template: notice", "template: notice, values: {venue: Rome}"))
    world.run("notice", person="lea", to="tom@client.example")
    page = read(sign_in("ben"), f"/queue/{Review.objects.get().pk}/?form=edit")
    assert "Of Invitation only this may change: venue (Rome, Paris). Anything else asks Growth." in page


# --- the forms -----------------------------------------------------------------------------------------------------

TEMPLATE = {"title": "Invitation", "key": "invitation", "subject": "Come to {{ venue }}", "body": "{{ agenda }}"}
BOUNDS = "venue: Rome | Paris\nagenda = Doors at 18:00: talk at 19:00"


def filled(asset, **more):
    return {**asset, "owner": Team.objects.get(slug="growth").pk, **more}


def test_a_leader_binds_places_names_claims_and_says_where_it_holds(world, sign_in):
    world.asset("claim", "speed", title="Speed", body={"text": "Measured."})
    ada = sign_in("ada")
    given = filled(TEMPLATE, fields=BOUNDS, claims=["speed"], markets="FR, BE, fr", channels="email")
    assert ada.post("/register/new/template/", given).status_code == 302
    made = Asset.objects.get(key="invitation")
    assert made.body["fields"] == {
        "venue": {"choices": ["Rome", "Paris"]}, "agenda": {"fixed": "Doors at 18:00: talk at 19:00"},
    }  # fmt: skip
    assert (made.claims, made.segments, made.markets, made.channels) == (
        ["speed"], [], ["FR", "BE"], ["email"],
    )  # fmt: skip
    page = read(ada, "/register/template/invitation/")
    for words in (
        "One of 2: Rome · Paris",
        "Always: Doors at 18:00: talk at 19:00",
        ">Speed</a>",
        "market FR, BE; channel email",
    ):
        assert words in page


def test_the_next_version_begins_with_what_the_last_one_said_and_may_drop_it(world, sign_in):
    ada = sign_in("ada")
    ada.post("/register/new/template/", filled(TEMPLATE, fields=BOUNDS, segments="Public"))
    page = read(ada, "/register/template/invitation/version/")
    assert "venue: Rome | Paris\nagenda = Doors at 18:00: talk at 19:00" in page
    assert 'value="Public"' in page
    ada.post("/register/template/invitation/version/", filled(TEMPLATE, base=1))
    second = Asset.objects.get(version=2)
    assert (second.body, second.segments) == ({"subject": TEMPLATE["subject"], "body": TEMPLATE["body"]}, [])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("venue Rome", "“venue Rome” is not understood."),
        ("venue:", "Say what may stand in “venue”"),
        ("agenda =", "Say what always stands in “agenda”."),
        ("venue: Rome\nvenue: Paris", "“venue” stands there twice."),
        ("place: Rome", "There is no place {{ place }} in the subject or the body."),
        ("venue: " + " | ".join(f"Room {n}" for n in range(31)), "At most 30 choices; “venue” has 31."),
    ],
)
def test_a_bound_nobody_can_read_is_not_kept(world, sign_in, fields, words):
    response = sign_in("ada").post("/register/new/template/", filled(TEMPLATE, fields=fields))
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Asset.objects.exists()


def test_a_claim_says_what_proves_it_and_one_without_is_told(world, sign_in):
    ada = sign_in("ada")
    claim = {"title": "Speed", "key": "speed", "text": "40 % faster"}
    ada.post("/register/new/claim/", filled(claim, evidence="64 teams", evidence_link="https://example.com/study"))
    page = read(ada, "/register/claim/speed/")
    assert "64 teams" in page and 'href="https://example.com/study"' in page
    ada.post("/register/new/claim/", filled({**claim, "key": "other"}))
    assert "No evidence is given." in read(ada, "/register/claim/other/")
    wrong = ada.post("/register/new/claim/", filled({**claim, "key": "third"}, evidence_link="javascript:alert(1)"))
    assert wrong.status_code == 422
