"""What a draft of the rulebook would have done, before it is proposed; and what is opened before it is ratified."""

import pytest
from django.utils import timezone

from approvals.backtests.row import Backtest, work_off
from approvals.reviews import Review
from governance import drafting
from governance.rulebook import Rulebook, in_force
from tests.approvals.past import ANSWERS, FITS, PROGRAM, decide
from workflows.actions import Action

ASKS = {"when": "has(record.discount) && record.discount > 30", "effect": "review", "reason": "More than 30 %"}
OTHERS = """
workflow: others
title: Other team's
owner: sales
steps:
  - {key: a, title: A, ownership: human_owned}
"""
URL = "/rulebook/draft/forecast/"


@pytest.fixture
def loosened(world):
    """Seven discounts, of which four went to Chen because of a guardrail; Ada's draft does without it."""
    world.rules(guardrails=[ASKS])
    world.load(PROGRAM.replace("ownership: needs_approval", "ownership: automated"))
    world.load(OTHERS, "eve")
    for number, (fit, answer) in enumerate(zip(FITS, ANSWERS, strict=True)):
        world.record("contact", f"c{number}", fit=fit, discount=10 * (number + 1))
        world.run("welcome", contact=f"c{number}")
        if answer and (review := Review.objects.filter(status="open").first()):
            decide(world, review, answer)
    Action.objects.update(created_at=timezone.now())
    drafting.keep({**in_force().content, "guardrails": []}, world.ada, world.now, seen=drafting.seen_now())
    return world


def judged(client):
    client.post(URL)
    while work_off(timezone.now):
        pass
    return client.get(URL)


def ratify(client):
    given = {"seen": drafting.seen_now(), "draft": Rulebook.objects.get(status="proposed").pk}
    return client.post("/rulebook/draft/ratification/", given)


def test_nobody_has_asked_yet(loosened, sign_in):
    page = sign_in("ada").get(URL).content.decode()
    assert "Nobody has asked yet" in page and "Judge the past" in page
    assert URL in sign_in("ada").get("/rulebook/draft/publication/").content.decode()


def test_each_workflow_ada_leads_is_judged_and_nothing_is_executed(loosened, sign_in):
    done = Action.objects.count()
    answer = judged(sign_in("ada"))
    assert [row.workflow.slug for row in Backtest.objects.all()] == ["welcome"]
    (line,) = answer.context["asked"]
    assert (line.forecast.released.hits, line.forecast.rejected.hits, line.forecast.held_back.hits) == (4, 2, 0)
    assert "Welcome" in answer.content.decode() and "Other team" not in answer.content.decode()
    assert Action.objects.count() == done


def test_lea_opens_what_people_had_rejected_before_the_rulebook_is_ratified(loosened, sign_in):
    ada, lea = sign_in("ada"), sign_in("lea")
    judged(ada)
    ada.post("/rulebook/draft/publication/", {"draft": drafting.current().pk, "seen": drafting.seen_now()})
    page = lea.get("/rulebook/draft/publication/")
    assert "You have opened 0. Ratify unlocks after all 2" in page.content.decode()
    assert ratify(lea).status_code == 409 and in_force().number == 2
    for _, address, _ in page.context["to_open"].wanted:
        lea.post(address)
    assert ratify(lea).status_code == 302
    assert in_force().number == 3


@pytest.mark.parametrize(("who", "status"), [("ben", 403), ("olga", 403), ("ada", 404)])
def test_without_a_draft_or_a_leaders_role_there_is_nothing_to_ask(world, sign_in, who, status):
    assert sign_in(who).get(URL).status_code == status
