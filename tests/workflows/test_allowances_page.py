"""The page of allowances: how full each is, for leaders and auditors."""

from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.envelope.allowances import Allowance
from governance.envelope.demands import Reach, demand
from governance.till import State, Till

ROWS = [
    {"key": "mails", "title": "Mails a day", "limit": 500, "window": "day"},
    {"key": "twice", "title": "Mails to one person", "limit": 2, "per": "contact"},
    {
        "key": "spend",
        "title": "Programme spend",
        "measure": "amounts.spend",
        "limit": 100_000,
        "below": True,
        "per": "record.programme",
        "window": {"every": "year", "begins": "04-01"},
    },
    {"key": "calls", "title": "Calls", "limit": 10, "capability": "http.request"},
]


def use(world, action, spend, programme, to, state=State.USED):
    reach = Reach("booking", "http.request", "1", {"programme": programme}, {"spend": spend}, [f"{to}@client.example"])
    till = Till({action: [demand(Allowance(**row), reach) for row in ROWS[:3]]}, [], world.now)
    till.take(action, state)
    till.write()


@pytest.fixture
def used(world, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: world.now)
    world.rules(allowances=ROWS)
    use(world, 1, 60_000, "Spring", "tom")
    use(world, 2, 20_000.5, "Spring", "ann", State.COMMITTED)
    use(world, 3, 120_000, "Autumn", "tom")
    use(world, 4, 1, "Winter", "tom")
    return world


def text(client):
    return " ".join(unescape(client.get("/allowances/").content.decode()).replace("\u00a0", " ").split())


def test_each_allowance_says_how_much_is_used_the_fullest_first(used, sign_in):
    page = text(sign_in("ada"))
    assert "4 of 500, 1 of it committed" in page
    assert page.index("120,000 of 100,000") < page.index("80,000.5 of 100,000")
    assert "80,000.5 of 100,000, 20,000.5 of it committed" in page
    assert "Spend of less than 100,000 for each programme in a year from 04-01; beyond: a person approves." in page
    assert "Begins anew 1 Apr 2026, 00:00" in page
    assert "Nothing of it is used at this moment." in page


def test_leaders_read_no_addresses_of_workflows_they_do_not_see_auditors_do(used, sign_in):
    assert "tom@client.example" not in text(sign_in("eve"))
    assert "T…@client.example" in text(sign_in("eve"))
    assert "Tom@client.example" in text(sign_in("olga"))


def test_reviewers_do_not_see_it(used, sign_in):
    assert sign_in("ben").get("/allowances/").status_code == 403


def test_what_came_to_its_end_is_not_shown(used, sign_in):
    used.later(days=1)
    assert "of 500" not in text(sign_in("ada"))


def test_without_allowances_the_page_says_so(world, sign_in):
    assert "The rulebook sets no allowances" in text(sign_in("ada"))


def test_the_page_asks_as_much_however_many_names_there_are(used, sign_in):
    client = sign_in("olga")
    client.get("/allowances/")
    with CaptureQueriesContext(connection) as before:
        client.get("/allowances/")
    for number in range(20):
        use(used, 100 + number, 1, f"p{number}", f"c{number}")
    with CaptureQueriesContext(connection) as after:
        page = text(client)
    assert len(after) == len(before)
    assert "And 18 more, with less." in page
