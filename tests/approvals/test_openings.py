"""Whoever ratifies what loosens has opened, one by one, what people had rejected among what it releases."""

import pytest
from django.utils import timezone

from approvals.backtests import openings
from approvals.backtests.openings import Opening
from approvals.backtests.row import Asked, Backtest, work_off
from tests.approvals.past import AUTOMATED, draft, happen
from workflows import ratifying
from workflows.actions import Action
from workflows.definitions import Version, Workflow
from workflows.publishing import NotPublishable, fingerprint

LOOSE = AUTOMATED.replace("0.85", "0.5")


@pytest.fixture
def proposed(world):
    """Ada proposes a floor that releases the two that Chen had rejected, with its forecast."""
    happen(world)
    Action.objects.update(created_at=timezone.now())
    made = draft(world, LOOSE)
    Backtest.objects.ask(Asked(made), world.ada, timezone.now())
    work_off(timezone.now)
    ratifying.propose(made, world.ada, world.now)
    return world


def shown():
    return Version.objects.select_related("workflow").get(status="proposed")


def ratify(client):
    return client.post("/workflows/welcome/draft/ratification/", {"seen": fingerprint(shown())})


def in_force():
    return Workflow.objects.get().version_in_force.number


def test_ratify_is_locked_until_lea_opened_each_of_them(proposed, sign_in):
    lea = sign_in("lea")
    page = lea.get("/workflows/welcome/draft/").content.decode()
    assert "You have opened 0. Ratify unlocks after all 2 that people had rejected." in page
    assert 'aria-disabled="true" aria-describedby="to-open-why"' in page
    answer = ratify(lea)
    assert answer.status_code == 409 and "You have opened 0." in answer.content.decode() and in_force() == 1
    (first, address, _), (_, other, _) = lea.get("/workflows/welcome/draft/").context["to_open"].wanted
    assert lea.post(address).url == f"/runs/{first.run_id}/"
    lea.post(address)
    assert "You have opened 1." in lea.get("/workflows/welcome/draft/").content.decode()
    assert ratify(lea).status_code == 409
    lea.post(other)
    page = lea.get("/workflows/welcome/draft/").content.decode()
    assert "Ratify unlocks" not in page and "Lea Roth</b> opened Choose discount" in page
    assert ratify(lea).status_code == 302 and in_force() == 2
    assert Opening.objects.count() == 2


def test_what_ada_opened_does_not_count_for_lea(proposed, sign_in):
    for action in openings.drawn(Backtest.objects.get()):
        openings.open_one(Backtest.objects.get(), action, proposed.ada, proposed.now)
    with pytest.raises(NotPublishable, match="You have opened 0"):
        ratifying.ratify(shown(), proposed.lea, proposed.now, seen=fingerprint(shown()))


def test_sending_back_is_always_possible(proposed, sign_in):
    sign_in("lea").post("/workflows/welcome/draft/return/", {"reason": "Too loose"})
    assert Version.objects.get(number=2).status == "draft"


def test_of_more_than_twenty_the_same_twenty_are_drawn_for_everybody():
    found = range(1, 61)
    assert len(set(openings.draw(found, 7))) == 20 and openings.draw(found, 7) == openings.draw(found, 7)
    assert openings.draw(found, 7) != openings.draw(found, 8)
    assert openings.draw(range(20), 7) == list(range(20))


def test_another_action_is_no_opening_and_strangers_see_no_forecast(proposed, sign_in):
    row = Backtest.objects.get()
    kept = Action.objects.exclude(pk__in=openings.drawn(row)).first()
    assert sign_in("lea").post(f"/backtests/{row.pk}/actions/{kept.pk}/opening/").status_code == 404
    assert sign_in("eve").post(f"/backtests/{row.pk}/actions/{openings.drawn(row)[0]}/opening/").status_code == 404
    assert not Opening.objects.exists()


def test_the_page_that_publishes_fetches_the_forecast(proposed, sign_in):
    lea = sign_in("lea")
    assert (
        'hx-get="/workflows/welcome/forecast/" hx-trigger="load"'
        in lea.get("/workflows/welcome/draft/").content.decode()
    )
    assert "What it would have done" in lea.get("/workflows/welcome/forecast/").content.decode()
