"""Whose records are whose: every person before every surface. Accounts of Growth and of Sales, and a shared one."""

import json

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.ledger import Entry
from governance.people import Membership, Person, Role, Team
from governance.tokens import Token
from workflows.examples import of_action
from workflows.imports import ImportJob, State, work_off
from workflows.records import Record

SECRET = "of-sales-alone"
MARK = """
workflow: mark
title: Mark accounts
owner: growth
automation_allowed: true
input: {type: object, required: [key], properties: {key: {type: string}}}
steps:
  - key: mark
    title: Mark it
    question: May we mark it?
    capability: records.update
    params: {record: {kind: account, key: "=input.key"}, changes: {tier: gold}}
    ownership: needs_approval
    reviewers: growth
"""
CHOOSE = """
workflow: choose
title: Choose accounts
owner: growth
automation_allowed: true
steps:
  - key: choose
    question: Go on with these?
    capability: records.select
    params: {kind: account}
    ownership: needs_approval
    reviewers: growth
"""
WITH_SALES = """  - key: last
    question: Is it well?
    ownership: human_owned
    reviewers: sales
    after: [%s]
"""


@pytest.fixture
def accounts(world):
    world.record("account", "g", name="Brightwell", owner="growth", note="of-growth-alone")
    world.record("account", "s", name="Saltmarsh", owner="sales", note=SECRET)
    world.record("account", "x", name="Everywhere", note="of-everybody")
    return world


SEES = {"ada": "gx", "ben": "gx", "chen": "gx", "dora": "x", "eve": "sx", "olga": "gsx"}
"""By person the keys of the accounts they see: leaders, reviewers, legal, another team, an auditor."""


@pytest.mark.parametrize(("name", "keys"), SEES.items())
def test_each_person_sees_their_teams_accounts_and_the_shared_on_every_page(accounts, sign_in, name, keys):
    browser = sign_in(name)
    table = browser.get("/records/account/")
    assert ([record.key for record, _ in table.context["table"]], table.context["size"]) == (sorted(keys), len(keys))
    index = browser.get("/records/").context["kinds"]
    assert list(index) == [{"kind": "account", "size": len(keys)}]
    exported = browser.get("/records/account/export/").getvalue().decode()
    for key, secret in (("g", "of-growth-alone"), ("s", SECRET), ("x", "of-everybody")):
        seen = key in keys
        assert browser.get(f"/records/account/{key}/").status_code == (200 if seen else 404)
        assert (secret in exported, secret in table.content.decode()) == (seen, seen)
    assert browser.get("/records/account/", {"q": "s"}).context["table"] == [] or "s" in keys


def test_a_kind_of_which_all_is_anothers_is_not_there(accounts, sign_in):
    accounts.record("deal", "1", owner="sales")
    for address in ("/records/deal/", "/records/deal/export/", "/records/deal/1/"):
        assert sign_in("ben").get(address).status_code == 404
        assert sign_in("eve").get(address).status_code == 200


# --- importing


def hand_in(person, content, now, **wishes):
    job = ImportJob(file_name="a.csv", kind="account", key_column="key", by=person, asked_at=now, **wishes)
    job.hand_in(ContentFile(content.encode()))
    work_off(now)
    job.refresh_from_db()
    return job


@pytest.fixture
def state(settings, tmp_path):
    settings.STATE_DIR = tmp_path / "state"


def team(slug):
    return Team.objects.get(slug=slug)


def whose(key):
    record = Record.objects.select_related("team").get(kind="account", key=key)
    return record.team.slug if record.team else ""


def test_what_ada_imports_for_growth_is_growths_and_a_shared_account_stays_shared(accounts, state):
    job = hand_in(accounts.ada, "key,name\nnew,New\nx,Renamed\ng,Brightwell\n", accounts.now, team=team("growth"))
    assert job.summary == "Imported 3 account records: 1 new, 2 changed."
    assert (whose("new"), whose("x"), whose("g")) == ("growth", "", "growth")
    assert Entry.objects.get(verb="records.imported").data["team"] == "Growth"


@pytest.mark.parametrize("skip", [False, True])
def test_a_line_that_would_change_an_account_of_sales_is_refused_by_its_line(accounts, state, skip):
    text = "key,name\nnew,New\ns,Mine now\n"
    job = hand_in(accounts.ada, text, accounts.now, team=team("growth"), skip_bad=skip)
    assert "Line 3 would change account 's' of Sales, whose leaders alone import it." in job.sentences
    assert Record.objects.get(key="s").fields["note"] == SECRET
    assert (job.state, Record.objects.filter(key="new").exists()) == ((State.DONE if skip else State.FAILED), skip)


def test_a_line_that_names_a_team_belongs_to_it_where_the_importer_leads_that_team(accounts, state):
    text = "key,name,owner\nnew,New,sales\n"
    refused = hand_in(accounts.ada, text, accounts.now, team=team("growth"))
    assert "would bring in account 'new' for Sales" in refused.sentences[1]
    Membership.objects.create(person=accounts.ada, team=team("sales"), role=Role.LEADER)
    accounts.people["ada"] = Person.objects.get(pk=accounts.ada.pk)
    assert hand_in(accounts.ada, text, accounts.now, team=team("growth")).state == State.DONE
    assert whose("new") == "sales"


def test_who_no_longer_leads_the_team_when_the_worker_comes_imports_nothing_for_it(accounts, state):
    job = ImportJob(file_name="a.csv", kind="account", by=accounts.ada, asked_at=accounts.now, team=team("growth"))
    job.hand_in(ContentFile(b"name\nNew\n"))
    Membership.objects.filter(person=accounts.ada).update(role=Role.REVIEWER)
    work_off(accounts.now)
    job.refresh_from_db()
    assert job.state == State.FAILED and not Record.objects.filter(key="2").exists()


def test_the_form_takes_the_only_team_somebody_leads_and_everybodys_only_when_said(accounts, sign_in, state):
    def upload(**wishes):
        file = ContentFile(b"name\nNew\n", name="a.csv")
        return sign_in("ada").post("/records/import/", {"file": file, "kind": "account", **wishes})

    assert [upload().status_code, upload(team="*").status_code, upload(team="sales").status_code] == [302, 302, 422]
    assert [job.team and job.team.slug for job in ImportJob.objects.order_by("pk")] == ["growth", None]
    Membership.objects.create(person=accounts.ada, team=team("legal"), role=Role.LEADER)
    assert upload().status_code == 422
    assert "Say whose these records are" in upload().content.decode()


def test_the_command_says_whose_the_records_are(accounts, tmp_path, capsys):
    (tmp_path / "a.csv").write_text("key,name,owner\nnew,New,\nmine,Mine,sales\n")

    def run(*words):
        call_command("import_records", "account", str(tmp_path / "a.csv"), "--key", "key", *words)

    run()
    assert "New records are shared by everybody." in capsys.readouterr().out
    assert (whose("new"), whose("mine")) == ("", "sales")
    Record.objects.filter(key__in=["new", "mine"]).delete()
    with pytest.raises(CommandError, match="would bring in account 'mine' for Sales"):
        run("--as", "ada@tideway.example")
    with pytest.raises(CommandError, match="There is no team “sales” to import for"):
        run("--as", "ada@tideway.example", "--team", "sales")
    run("--team", "growth")
    assert (whose("new"), whose("mine")) == ("growth", "sales")


def test_eve_does_not_see_what_ada_imports_for_growth(accounts, sign_in, state):
    job = hand_in(accounts.ada, "key,name\nnew,New\n", accounts.now, team=team("growth"))
    assert sign_in("lea").get(f"/records/imports/{job.pk}/").status_code == 200
    assert sign_in("eve").get(f"/records/imports/{job.pk}/").status_code == 404
    assert list(sign_in("eve").get("/records/").context["jobs"]) == []


# --- software


def test_software_of_growth_chooses_among_growths_and_shared_accounts(accounts):
    accounts.load(CHOOSE)
    assert accounts.action(accounts.run("choose"), "choose").payload["size"] == 2


def test_where_sales_has_a_say_software_of_growth_reaches_its_accounts(accounts):
    accounts.load(CHOOSE + WITH_SALES % "choose")
    assert accounts.action(accounts.run("choose"), "choose").payload["size"] == 3


def test_an_account_beyond_its_reach_is_for_software_not_there(accounts):
    accounts.load(MARK)
    action = accounts.action(accounts.run("mark", key="s"), "mark")
    assert (action.status, action.trouble) == ("failed", "there is no account “s”")
    assert accounts.action(accounts.run("mark", key="g"), "mark").status == "in_review"


ROUTE = """
workflow: route
title: Route
owner: growth
automation_allowed: true
input: {type: object, required: [key], properties: {key: {type: string}}}
steps:
  - key: route
    capability: records.update
    params: {record: {kind: account, key: "=input.key"}, changes: {owner: sales}}
    ownership: automated
  - key: after
    after: [route]
    capability: records.update
    params: {record: {kind: account, key: "=input.key"}, changes: {routed: true}}
    ownership: automated
"""


def test_a_run_that_gives_an_account_to_sales_goes_on_with_it_and_others_of_growth_do_not(accounts):
    accounts.load(ROUTE)
    assert accounts.run("route", key="g").status == "ended"
    assert (whose("g"), Record.objects.get(key="g").fields["routed"]) == ("sales", True)
    again = accounts.run("route", key="g")
    assert accounts.action(again, "route").trouble == "there is no account “g”"


def test_giving_it_away_is_undone_with_the_rest(accounts):
    accounts.load(ROUTE)
    run = accounts.run("route", key="x")
    assert whose("x") == "sales"
    from governance.people import Actor
    from workflows.engine.answers import undo

    for step in ("after", "route"):
        undo(accounts.action(run, step).pk, Actor.of(accounts.ada), accounts.now)
        accounts.work()
    assert (whose("x"), Record.objects.get(key="x").fields) == ("", {"name": "Everywhere", "note": "of-everybody"})


# --- pages that speak of a record


@pytest.fixture
def asked(accounts):
    """Growth is asked about an account of Sales, and Sales later on."""
    accounts.load(MARK + WITH_SALES % "mark")
    run = accounts.run("mark", "ada", key="s")
    return accounts.action(run, "mark")


def test_who_is_asked_about_it_sees_it_and_who_may_not_decide_sees_whose_it_is(accounts, asked, sign_in):
    review = asked.reviews.get()
    seen = sign_in("ben").get(f"/queue/{review.pk}/").content.decode()
    assert "Saltmarsh" in seen
    hidden = sign_in("ada").get(f"/queue/{review.pk}/").content.decode()  # she started it
    item = hidden[hidden.index("<article") : hidden.index("</article>")]
    assert "1 account record of Sales" in item and "Saltmarsh" not in item and "May we mark it?" in item
    assert "Saltmarsh" in sign_in("olga").get(f"/queue/{review.pk}/").content.decode()


ANSWER = "Answer: Set tier of Saltmarsh to gold?"
"""The link of those who are asked."""


def test_the_run_page_says_that_a_record_of_sales_was_read(accounts, asked, sign_in):
    page = sign_in("lea").get(f"/runs/{asked.run_id}/").content.decode().replace(ANSWER, "")
    assert "1 account record of Sales" in page and "Saltmarsh" not in page
    assert "/records/account/s/" in sign_in("eve").get(f"/runs/{asked.run_id}/").content.decode()


def test_the_api_withholds_the_payload_of_an_action_on_an_account_of_sales(accounts, asked, client):
    def read(name, address):
        secret = Token.issue(accounts.people[name], "test", timezone.now())
        return client.get(f"/api/v1{address}", headers={"Authorization": f"Bearer {secret}"}).json()

    for_ben, for_eve = (read(name, f"/actions/{asked.pk}/") for name in ("ben", "eve"))
    assert (for_ben["withheld"], for_ben["payload"]) == ("1 account record of Sales", {})
    assert (for_eve["withheld"], for_eve["payload"]["record"]["key"]) == ("", "s")
    (listed,) = read("ben", f"/runs/{asked.run_id}/actions/")["results"]
    assert "Saltmarsh" not in json.dumps(listed) and listed["payload"] == {}
    review = asked.reviews.get()
    assert read("ben", f"/reviews/{review.pk}/")["payload"]["record"]["key"] == "s"  # he is asked
    barred = read("ada", f"/reviews/{review.pk}/")
    assert (barred["payload"], barred["headline"]) == ({}, "May we mark it?")


def test_an_audience_shows_the_rows_of_ones_own_and_counts_the_others(accounts, sign_in):
    accounts.load(CHOOSE + WITH_SALES % "choose")
    run = accounts.run("choose", "ada")
    review = accounts.action(run, "choose").reviews.get()
    page = sign_in("ada").get(f"/queue/{review.pk}/").content.decode()
    assert "Brightwell" in page and SECRET not in page and "Among them 1 account record of Sales" in page
    assert SECRET in sign_in("ben").get(f"/queue/{review.pk}/").content.decode()


def test_conditions_and_examples_do_not_tell_what_stands_in_records_of_sales(accounts, asked, sign_in):
    accounts.run("mark", "ada", key="g")
    caught = sign_in("ada").get("/conditions/caught/", {"when": "record.name != ''", "workflow": "mark"})
    assert (caught.context["caught"].of, caught.context["caught"].count) == (1, 1)
    refused = sign_in("ada").post(f"/runs/{asked.run_id}/actions/{asked.pk}/example/")
    assert refused.status_code == 403
    assert SECRET in json.dumps(of_action(asked).facts)  # what it would have shown


def test_the_table_asks_no_more_queries_for_many_than_for_one(accounts, sign_in):
    browser = sign_in("ben")

    def queries():
        with CaptureQueriesContext(connection) as seen:
            browser.get("/records/account/")
        return len(seen)

    few = queries()
    for number in range(40):
        accounts.record("account", f"more-{number}", owner="growth")
    assert queries() == few
