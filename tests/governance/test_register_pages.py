"""The register: leaders approve, renew and withdraw what software may use; everybody reads it."""

from datetime import date, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from approvals.reviews import Review
from governance.ledger import Entry
from governance.people import Team
from governance.register import Asset

TEMPLATE = {"title": "Your plan", "key": "your-plan", "subject": "Hello {{ name }}", "body": "Dear {{ name }}."}
OFFER = {"title": "Starter", "key": "starter", "eligible": "record.age >= 18", "value": "100"}
SEND = """
workflow: send
title: Send
owner: growth
automation_allowed: true
steps:
  - key: send
    question: Does this go out?
    capability: email.send
    params: {template: your-plan, to: priya@client.example, values: {name: Priya}}
    ownership: needs_approval
    reviewers: growth
"""


def filled(fields, **more):
    return {**fields, "owner": Team.objects.get(slug="growth").pk, **more}


def verbs():
    return list(Entry.objects.values_list("verb", "workflow"))


def test_ada_adds_a_template_and_software_may_use_it(world, sign_in):
    response = sign_in("ada").post("/register/new/template/", filled(TEMPLATE))
    assert response.url == "/register/template/your-plan/"
    made = Asset.objects.get()
    assert (made.version, made.approved_by, made.body) == (
        1,
        world.ada,
        {"subject": "Hello {{ name }}", "body": "Dear {{ name }}."},
    )
    assert made.standing(timezone.now()) == "approved"
    assert verbs() == [("asset.approved", None)]


def test_the_page_shows_the_words_with_their_places(world, sign_in):
    sign_in("ada").post("/register/new/template/", filled(TEMPLATE))
    page = sign_in("ben").get("/register/template/your-plan/").content.decode()
    assert 'Dear <span class="blank">name</span>.' in page
    assert "Withdraw" not in page
    assert "New version" not in page


def test_the_last_day_is_the_last_day(world, sign_in):
    tomorrow = timezone.localdate() + timedelta(days=1)
    sign_in("ada").post("/register/new/template/", filled(TEMPLATE, last_day=tomorrow.isoformat()))
    made = Asset.objects.get()
    assert timezone.localdate(made.last_moment) == tomorrow
    assert made.standing(made.last_moment) == "approved"
    assert made.standing(made.approved_until) == "expired"


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("template", {**TEMPLATE, "body": "Dear {{ name }"}, "is not a place that can be filled"),
        ("template", {**TEMPLATE, "last_day": date(2020, 1, 1).isoformat()}, "The last day is past."),
        ("template", {**TEMPLATE, "last_day": "9999-12-31"}, "The year must be one from 2000 to 2100."),
        ("template", {**TEMPLATE, "approved_from": "0001-01-01"}, "The year must be one from 2000 to 2100."),
        ("template", {**TEMPLATE, "subject": ""}, "This field is required."),
        ("offer", {**OFFER, "eligible": "record.age >"}, "column"),
        ("offer", {**OFFER, "eligible": "1 + 1"}, "must be true or false"),
        ("offer", {**OFFER, "value": "-1"}, "greater than or equal to 0"),
        ("claim", {"title": "Fast", "key": "fast", "text": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_stays_in_the_filled_form(world, sign_in, kind, fields, words):
    response = sign_in("ada").post(f"/register/new/{kind}/", filled(fields))
    page = response.content.decode()
    assert response.status_code == 422
    assert words in page
    assert fields["title"] in page
    assert not Asset.objects.exists()


def test_a_key_is_given_once_for_each_kind(world, sign_in):
    ada = sign_in("ada")
    ada.post("/register/new/template/", filled(TEMPLATE))
    response = ada.post("/register/new/template/", filled(TEMPLATE, title="Another"))
    assert response.status_code == 409
    assert "There is a template “your-plan” already" in response.content.decode()
    claim = {"title": "Plan", "key": "your-plan", "text": "We plan."}
    assert ada.post("/register/new/claim/", filled(claim)).status_code == 302


def test_a_new_version_leaves_the_earlier_one_readable(world, sign_in):
    ada = sign_in("ada")
    ada.post("/register/new/offer/", filled(OFFER))
    page = ada.get("/register/offer/starter/version/").content.decode()
    assert "Version 2 of Starter" in page
    assert "record.age &gt;= 18" in page
    ada.post("/register/offer/starter/version/", filled(OFFER, base=1, value="120"))
    assert list(Asset.objects.order_by("version").values_list("body__value", flat=True)) == [100.0, 120.0]
    assert verbs()[-1] == ("asset.renewed", None)
    page = ada.get("/register/offer/starter/?version=1").content.decode()
    assert "New proposals use version 2. What was proposed with this one still names it" in page


def test_of_two_leaders_who_renew_the_second_is_told(world, sign_in):
    sign_in("ada").post("/register/new/offer/", filled(OFFER))
    sign_in("lea").post("/register/offer/starter/version/", filled(OFFER, base=1, value="120"))
    response = sign_in("ada").post("/register/offer/starter/version/", filled(OFFER, base=1, value="130"))
    assert response.status_code == 409
    assert "Lea Roth made version 2 of this offer meanwhile. Yours was not kept." in response.content.decode()


def test_a_withdrawal_needs_a_reason_which_the_page_then_shows(world, sign_in):
    ada = sign_in("ada")
    ada.post("/register/new/template/", filled(TEMPLATE))
    assert ada.post("/register/template/your-plan/withdrawal/", {"reason": ""}).status_code == 422
    ada.post("/register/template/your-plan/withdrawal/", {"reason": "The price is wrong"})
    made = Asset.objects.get()
    assert (made.withdrawn_by, made.standing(timezone.now())) == (world.ada, "withdrawn")
    assert "The price is wrong" in sign_in("ben").get("/register/template/your-plan/").content.decode()
    again = ada.post("/register/template/your-plan/withdrawal/", {"reason": "Again"})
    assert again.status_code == 409
    assert [verb for verb, _ in verbs()] == ["asset.approved", "asset.withdrawn"]


def test_what_was_approved_with_a_template_that_is_withdrawn_is_not_sent(world):
    template = world.asset("template", "your-plan", body={"subject": "Hello {{ name }}", "body": "Dear {{ name }}."})
    world.load(SEND)
    run = world.run("send", person="lea")
    review = Review.objects.get()
    review.decide(world.ben, "approve", world.now, digest=review.action.digest)
    template.withdraw(world.ada, "The price is wrong", world.now)
    world.work()
    assert mail.outbox == []
    assert world.action(run, "send").status == "refused"


@pytest.mark.parametrize(
    "address",
    ["/register/new/template/", "/register/template/your-plan/version/", "/register/template/your-plan/withdrawal/"],
)
def test_ben_changes_nothing_in_the_register(world, sign_in, address):
    world.asset("template", "your-plan")
    response = sign_in("ben").post(address, filled(TEMPLATE, reason="No"))
    assert response.status_code == 403
    assert "Only leaders change the register" in response.content.decode()


def test_the_register_says_how_each_asset_stands(world, sign_in):
    now = timezone.now()
    world.asset("claim", "fast")
    world.asset("claim", "late", approved_until=now - timedelta(days=1))
    world.asset("claim", "soon", approved_from=now + timedelta(days=1))
    world.asset("claim", "gone").withdraw(world.ada, "Wrong", now)
    page = sign_in("ben").get("/register/").content.decode()
    for words in ("Approved", "Past its last day", "Not approved yet", "Withdrawn", "No tactic yet."):
        assert words in page


@pytest.mark.parametrize("address", ["/register/template/none/", "/register/new/none/", "/register/none/none/version/"])
def test_what_is_not_in_the_register_is_not_found(sign_in, address):
    assert sign_in("ada").get(address).status_code == 404


def test_words_of_an_asset_are_shown_as_text(world, sign_in):
    world.asset("claim", "loud", body={"text": "<script>alert(1)</script>"})
    assert "<script>alert" not in sign_in("ben").get("/register/claim/loud/").content.decode()


# --- whose assets --------------------------------------------------------------------------------------------------


def test_eve_of_sales_neither_renews_nor_withdraws_what_growth_owns(world, sign_in):
    sign_in("ada").post("/register/new/offer/", filled(OFFER))
    eve = sign_in("eve")
    page = eve.get("/register/offer/starter/").content.decode()
    assert "New version" not in page and "Withdraw" not in page
    tries = [("version", filled(OFFER, base=1, value="1")), ("withdrawal", {"reason": "Ours is better"})]
    for verb, sent in tries:
        response = eve.post(f"/register/offer/starter/{verb}/", sent)
        assert response.status_code == 403
        assert "Only leaders of Growth renew and withdraw Starter." in response.content.decode()
    assert [verb for verb, _ in verbs()] == ["asset.approved"]


def test_eve_adds_assets_for_her_own_team_only(world, sign_in):
    eve = sign_in("eve")
    assert ">Growth</option>" not in eve.get("/register/new/offer/").content.decode()
    assert eve.post("/register/new/offer/", filled(OFFER)).status_code == 422
    sales = Team.objects.get(slug="sales")
    assert eve.post("/register/new/offer/", {**OFFER, "owner": sales.pk}).status_code == 302


def test_a_key_that_is_left_empty_is_made_from_the_title(world, sign_in):
    response = sign_in("ada").post("/register/new/template/", filled(TEMPLATE, key="", title="Your new plan"))
    assert response.url == "/register/template/your-new-plan/"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("body", "Dear {{ record.campaign }}.", "write {{ campaign }}"),
        ("subject", "{{ record.name }}", "write {{ name }}"),
        ("subject", "Hello\nBcc: all", "on one line"),
    ],
)
def test_a_template_that_could_never_be_filled_or_sent_is_not_approved(world, sign_in, field, value, sentence):
    response = sign_in("ada").post("/register/new/template/", filled(TEMPLATE, **{field: value}))
    assert sentence in response.content.decode()
    assert not Asset.objects.exists()
