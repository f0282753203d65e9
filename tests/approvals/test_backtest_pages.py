"""The pages and the API of backtests: Ada asks, a worker judges, others read; strangers see nothing."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from approvals.backtests.row import Asked, Backtest, work_off
from governance.tokens import Token
from tests.approvals.past import AUTOMATED, PROGRAM, draft, happen
from workflows import publishing
from workflows.actions import Action


@pytest.fixture
def welcome(world):
    happen(world)
    Action.objects.update(created_at=timezone.now())  # pages read the real clock
    draft(world)
    return world


@pytest.fixture
def judged(welcome):
    row = Backtest.objects.ask(Asked(draft(welcome)), welcome.ada, timezone.now())
    work_off(timezone.now)
    row.refresh_from_db()
    return row


def text(answer):
    """Return what a person reads of a page, with single spaces."""
    words = re.sub(r"<(script|style)\b.*?</\1>", "", answer.content.decode(), flags=re.S)
    words = re.sub(r"<[^>]+>", " ", words).replace("&nbsp;", "\u00a0")
    return re.sub(r"[ \t\n]+", " ", words)


def test_ada_asks_and_follows_it_until_it_is_judged(welcome, sign_in):
    ada = sign_in("ada")
    assert "Draft 2" in text(ada.get("/workflows/welcome/backtests/")).replace("draft", "Draft")
    answer = ada.post("/workflows/welcome/backtests/", {"span": "days", "days": 90, "step": ""})
    assert answer.status_code == 302
    waiting = ada.get(answer.url)
    assert 'hx-trigger="every 1s"' in waiting.content.decode()
    assert '<noscript><meta http-equiv="refresh"' in waiting.content.decode()
    assert "Nothing is judged yet" in text(waiting)
    work_off(timezone.now)
    page = ada.get(answer.url)
    assert "every 1s" not in page.content.decode()
    assert "4 of 7 past actions would now act alone: 57.1\u00a0%, interval 25.0–84.2\u00a0%" in text(page)


def test_how_far_it_is_stands_on_the_page(welcome, sign_in):
    row = Backtest.objects.ask(Asked(draft(welcome)), welcome.ada, timezone.now())
    Backtest.objects.filter(pk=row.pk).update(state="running", done=41_200, total=100_000)
    page = sign_in("ada").get(f"/backtests/{row.pk}/", headers={"HX-Request": "true"})
    assert "41,200 of 100,000 judged" in text(page)
    assert "<html" not in page.content.decode()


def test_the_page_says_what_people_had_decided_and_the_rows_add_up(judged, sign_in):
    page = text(sign_in("ada").get(f"/backtests/{judged.pk}/"))
    assert "1 of those 4 had been rejected by people: 25.0\u00a0%, interval 4.6–69.9\u00a0%" in page
    assert "2 approved unchanged, 50.0\u00a0% 1 approved after an edit, 25.0\u00a0% 1 rejected, 25.0\u00a0%" in page
    assert "Version 1, in force 0 7 0 0 Draft 2 4 3 0 0 Difference +4 −4 0 0" in page
    assert "100.0\u00a0% could be judged: 7 of 7" in page
    assert "Discount 280 100 0" in page  # the edited one counts as it was proposed


def test_the_plot_stands_at_the_drafts_floor_and_can_be_moved(judged, sign_in):
    ada = sign_in("ada")
    assert "draft 2 57.1\u00a0%, 4 actions 25.0\u00a0%, 1 action" in text(ada.get(f"/backtests/{judged.pk}/"))
    moved = text(ada.get(f"/backtests/{judged.pk}/?floor=0.9"))
    assert "floor 0.90 28.6\u00a0%, 2 actions 0.0\u00a0%, 0 actions" in moved
    assert ada.get(f"/backtests/{judged.pk}/?floor=high").status_code == 200


def test_the_plots_figures_are_a_table(judged, sign_in):
    page = text(sign_in("ada").get(f"/backtests/{judged.pk}/figures/"))
    assert "0.85 draft 2 4 57.1\u00a0% (25.0–84.2\u00a0%) 1 of 4 25.0\u00a0% (4.6–69.9\u00a0%)" in page


def test_the_rejected_ones_are_one_click_away(judged, sign_in):
    ada = sign_in("ada")
    assert (
        f"/backtests/{judged.pk}/actions/?of=released-rejected" in ada.get(f"/backtests/{judged.pk}/").content.decode()
    )
    page = ada.get(f"/backtests/{judged.pk}/actions/?of=released-rejected")
    assert "1 action people had rejected" in text(page)
    run = Action.objects.get(facts__record__fit=0.85).run_id
    assert f'href="/runs/{run}/"' in page.content.decode()


def test_long_lists_come_in_pages(judged, sign_in, monkeypatch):
    monkeypatch.setattr("approvals.views.backtests.PAGE", 3)
    ada = sign_in("ada")
    assert "1 to 3 of 7" in text(ada.get(f"/backtests/{judged.pk}/actions/?of=all"))
    assert "7 to 7 of 7" in text(ada.get(f"/backtests/{judged.pk}/actions/?of=all&from=6"))
    assert "No action of this kind" in text(ada.get(f"/backtests/{judged.pk}/actions/?of=all&from=900"))


def test_what_could_not_be_judged_is_listed_with_its_reason(welcome, sign_in):
    first = Action.objects.first()
    Action.objects.filter(pk=first.pk).update(facts={})
    row = Backtest.objects.ask(Asked(draft(welcome)), welcome.ada, timezone.now())
    work_off(timezone.now)
    ada = sign_in("ada")
    assert "6 of 7 ; 1 could not" in text(ada.get(f"/backtests/{row.pk}/"))
    assert "Nothing of what the rules saw was kept" in text(ada.get(f"/backtests/{row.pk}/actions/?of=unjudged"))


def test_where_people_answered_none_of_the_released_nothing_is_claimed(world, sign_in):
    world.load(PROGRAM)
    world.record("contact", "c0", fit=0.9, discount=5)
    world.run("welcome", contact="c0")
    Action.objects.update(created_at=timezone.now())
    row = Backtest.objects.ask(Asked(draft(world)), world.ada, timezone.now())
    work_off(timezone.now)
    page = text(sign_in("ada").get(f"/backtests/{row.pk}/"))
    assert "– People had answered none of those 1, so nobody knows" in page
    assert "People had answered none of them, so nothing is known." in page
    assert "People never answered 1 of the 1" in page


def test_a_stale_forecast_says_so_and_is_judged_again(welcome, judged, sign_in):
    ada = sign_in("ada")
    welcome.guardrail("amounts.discount > 100", "refuse", "Too much")
    page = ada.get(f"/backtests/{judged.pk}/")
    assert "Something took force since this was judged." in text(page)
    answer = ada.post(f"/backtests/{judged.pk}/again/")
    work_off(timezone.now)
    assert "Something took force" not in text(ada.get(answer.url))


def test_a_discarded_draft_cannot_be_judged_again(welcome, judged, sign_in):
    publishing.discard(judged.version, welcome.ada, welcome.now)
    ada = sign_in("ada")
    answer = ada.post(f"/backtests/{judged.pk}/again/", follow=True)
    assert "The draft was discarded. Nothing was judged again." in text(answer)
    assert Backtest.objects.count() == 1


def test_only_leaders_of_the_team_ask_and_strangers_see_nothing(judged, sign_in):
    form = {"span": "days", "days": 90, "step": ""}
    assert sign_in("ben").get(f"/backtests/{judged.pk}/").status_code == 200
    assert sign_in("ben").post("/workflows/welcome/backtests/", form).status_code == 403
    assert sign_in("ben").post(f"/backtests/{judged.pk}/again/").status_code == 403
    for address in ("", "figures/", "actions/"):
        assert sign_in("eve").get(f"/backtests/{judged.pk}/{address}").status_code == 404
    assert sign_in("eve").post(f"/backtests/{judged.pk}/again/").status_code == 404
    assert sign_in("eve").post("/workflows/welcome/backtests/", form).status_code == 404
    assert sign_in("olga").get(f"/backtests/{judged.pk}/").status_code == 200
    assert Backtest.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"span": "days", "days": ""}, "Say how many"),
        ({"span": "last", "last": "0"}, "greater than or equal to 1"),
        ({"span": "dates"}, "Give at least one of the two days"),
        ({"span": "dates", "since": "2026-03-02", "until": "2026-03-01"}, "The second day lies before the first"),
        ({"span": "dates", "since": "0026-03-02"}, "The year must be"),
        ({"span": "days", "days": "90", "step": "gone"}, "Select a valid choice"),
    ],
)
def test_a_past_that_is_none_is_mended_in_the_form(welcome, sign_in, given, sentence):
    answer = sign_in("ada").post("/workflows/welcome/backtests/", {"step": "", **given})
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert not Backtest.objects.exists()


@pytest.mark.parametrize(
    ("given", "past"),
    [
        ({"span": "last", "last": "5"}, "The last 5 actions"),
        ({"span": "dates", "since": "2026-02-01", "until": "2026-02-28"}, "1 Feb to 28 Feb 2026"),
        ({"span": "dates", "until": "2026-02-28"}, "Until 28 Feb 2026"),
    ],
)
def test_which_past_was_judged_is_said_on_every_page(welcome, sign_in, given, past):
    ada = sign_in("ada")
    answer = ada.post("/workflows/welcome/backtests/", {"step": "", **given})
    work_off(timezone.now)
    for address in (answer.url, f"{answer.url}figures/", f"{answer.url}actions/", "/workflows/welcome/backtests/"):
        assert past in text(ada.get(address))


def test_what_was_found_before_stands_in_the_list(judged, sign_in):
    assert "4 of 7 released" in text(sign_in("ada").get("/workflows/welcome/backtests/"))


def test_a_page_that_publishes_can_fetch_the_newest_forecast(welcome, sign_in):
    ada = sign_in("ada")
    assert "Nobody has asked yet" in text(ada.get("/workflows/welcome/forecast/"))
    Backtest.objects.ask(Asked(draft(welcome)), welcome.ada, timezone.now())
    assert 'hx-get="/workflows/welcome/forecast/"' in ada.get("/workflows/welcome/forecast/").content.decode()
    work_off(timezone.now)
    part = ada.get("/workflows/welcome/forecast/")
    assert "4 of 7" in text(part)
    assert "<html" not in part.content.decode()
    assert sign_in("eve").get("/workflows/welcome/forecast/").status_code == 404


# --- API -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def api(world):
    def bearer(name):
        return Client(headers={"Authorization": f"Bearer {Token.issue(world.people[name], 'tests', world.now)}"})

    return bearer


def post(client, **body):
    return client.post("/api/v1/backtests/", body, content_type="application/json")


def test_a_program_asks_follows_and_reads_the_result(welcome, api):
    ada = api("ada")
    sweep = {"step": "discount", "low": 0.5, "high": 0.9, "by": 0.1}
    answer = post(ada, workflow="welcome", last=7, sweep=sweep)
    assert answer.status_code == 201
    assert answer.json()["state"] == "waiting"
    work_off(timezone.now)
    found = ada.get(answer["Location"]).json()
    assert (found["state"], found["done"], found["total"], found["stale"]) == ("done", 7, 7, "")
    assert found["result"]["released"]["hits"] == 4
    assert [point["floor"] for point in found["result"]["sweep"]["points"]] == [0.5, 0.6, 0.7, 0.8, 0.85, 0.9]
    listed = ada.get("/api/v1/backtests/").json()["results"]
    assert [row["id"] for row in listed] == [found["id"]]
    assert "result" not in listed[0]


def test_a_program_tries_other_floors(welcome, api):
    answer = post(api("ada"), workflow="welcome", floors={"discount": 0.5})
    work_off(timezone.now)
    assert api("ada").get(answer["Location"]).json()["result"]["released"]["hits"] == 7


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"workflow": "welcome", "days": 0},
        {"workflow": "welcome", "days": 7, "last": 7},
        {"workflow": "welcome", "step": "gone"},
        {"workflow": "welcome", "floors": {"gone": 0.5}},
        {"workflow": "welcome", "floors": {"discount": 2}},
        {"workflow": "welcome", "floors": {"discount": "nan"}},
        {"workflow": "welcome", "sweep": {"by": "nan"}},
        {"workflow": "welcome", "since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"},
        {"workflow": "welcome", "version": 99},
        {"workflow": "welcome", "rulebook_draft": True},
        {"workflow": "welcome", "sweep": {"low": 0.9, "high": 0.1}},
        {"workflow": "welcome", "more": 1},
    ],
)
def test_what_cannot_be_asked_gets_a_sentence(welcome, api, body):
    answer = post(api("ada"), **body)
    assert answer.status_code == 422
    assert answer.json()["error"]
    assert not Backtest.objects.exists()


def test_the_api_keeps_to_the_same_rights(judged, api):
    assert post(api("ben"), workflow="welcome").status_code == 403
    assert post(api("eve"), workflow="welcome").status_code == 404
    assert api("eve").get(f"/api/v1/backtests/{judged.pk}/").status_code == 404
    assert api("olga").get(f"/api/v1/backtests/{judged.pk}/").status_code == 200
    assert Client().get(f"/api/v1/backtests/{judged.pk}/").status_code == 401


def test_a_draft_that_is_put_in_force_leaves_its_forecast_as_it_was(welcome, judged, sign_in):
    welcome.load(AUTOMATED.replace("title: Welcome", "title: Hello"))
    page = text(sign_in("ada").get(f"/backtests/{judged.pk}/"))
    assert "Something took force since this was judged." in page
    assert "4 of 7" in page
