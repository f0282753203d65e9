"""Scenario 3: a reputational incident, stop talking, keep answering (GitLab's and Sourcegraph's incident plans)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from approvals.decisions import Decision
from approvals.escalations import escalate_overdue
from approvals.notifications import Notification
from approvals.reviews import Review
from approvals.votes import Vote
from governance.authorities import Qualification
from governance.halts import Halt, HaltRefused, Scope, pull
from governance.ledger import Entry
from governance.paths import EscalationPath, Level
from governance.people import Actor, Membership, Team
from workflows.actions import Action, Attempt
from workflows.aftermath import Aftermath
from workflows.engine.begin import begin
from workflows.engine.claim import claim
from workflows.engine.drive import _record
from workflows.engine.execute import run
from workflows.engine.propose import propose
from workflows.engine.starting import start_many, version_to_start
from workflows.engine.sweep import sweep
from workflows.scopes import began_after

MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC)
WHY = "A customer shows our outage on the news"


@pytest.fixture
def network(world):
    """Dora is Legal; Chen is head of communications, Eve of corporate marketing, Lea the CMO."""
    Qualification.objects.create(person=world.chen, skill="communications")
    path = EscalationPath.objects.create(slug="communications", title="Corporate marketing and the CMO together")
    Level.objects.create(path=path, position=1, person=world.eve, after=0)
    Level.objects.create(path=path, position=2, person=world.lea, after=0)
    world.now = MORNING
    world.asset("template", "spring-offer", body={"subject": "Half price", "body": "Until noon."},
                approved_until=MORNING + timedelta(hours=3))  # fmt: skip
    world.charter("incident")
    return world


def approved_posts(world, many):
    """So many posts, approved and not begun."""
    found = [world.propose("posts", words=f"Post {number:02}") for number in range(many)]
    for action in found:
        world.review(action).decide(world.ben, "approve", world.now, digest=action.digest)
    return found


def in_flight(world, many):
    """Let a worker begin so many and not come back yet."""
    works = claim("worker", many, world.now)
    propose(works, world.now)
    return begin(works, world.now)


def halted(world):
    return pull(world.ada, Scope.CATEGORY, "outbound", WHY, world.now)


def lifted(world, halt, agrees="eve"):
    halt.ask_to_lift(world.lea, "The report was corrected", world.now)
    halt.agree_to_lift(world.people[agrees], world.now)


def states():
    rows = Action.objects.order_by("pk").values_list("status", flat=True)
    return {status: list(rows).count(status) for status in set(rows)}


def said():
    return [message.subject for message in mail.outbox]


def test_after_ada_halts_outbound_nothing_begins_and_the_three_in_flight_finish_or_become_uncertain(network, sign_in):
    posts = approved_posts(network, 40)
    works = in_flight(network, 3)
    mails = [{"to": f"c{number}@client.example"} for number in range(1200)]
    start_many(version_to_start("nurture"), mails, Actor.of(network.ada), network.now, trigger="by hand")
    halt = halted(network)
    page = " ".join(sign_in("ben").get("/halts/").content.decode().split())
    assert '<div class="big">3</div><span class="meta">in flight</span>' in page
    assert '<div class="big">1,237</div><span class="meta">hold</span>' in page
    network.later(seconds=5)
    network.work()
    assert (Attempt.objects.count(), began_after(halt), said()) == (3, 0, [])
    _record([(work, run(work)) for work in works[:2]], network.now)  # two come back, of the third nobody knows
    network.now = Attempt.objects.latest("pk").deadline + timedelta(minutes=1)
    sweep(network.now)
    network.work()
    assert states() == {"done": 2, "uncertain": 1, "ready": 37 + 1200}
    for post in posts:
        post.refresh_from_db()
    assert sum(post.is_approved and post.status == "ready" for post in posts) == 37
    assert (began_after(halt), said()) == (0, ["Post 00", "Post 01"])


def test_replies_go_on_meanwhile(network):
    halted(network)
    assert network.propose("replies", words="We are on it").status == "done"
    assert network.propose("nurture", to="tom@client.example").status == "ready"
    assert said() == ["We are on it"]


def test_max_who_asks_meanwhile_reads_that_it_is_halted_by_whom_when_and_why(network, sign_in):
    halted(network)
    max_ = sign_in("ben")
    (one,) = max_.get("/api/v1/halts/?in_force=true").json()["results"]
    assert (one["title"], one["reason"], one["by"]) == ("What is outbound", WHY, network.ada.email)
    assert one["at"].startswith("2026-03-02T")


def test_max_reads_with_his_own_run_who_halted_it_when_and_why_and_that_replies_are_allowed(network, sign_in):
    Membership.objects.create(person=network.max, team=Team.objects.get(slug="growth"), role="reviewer")
    halted(network)
    asked = network.start("nurture", "max", to="tom@client.example")
    network.work()
    found = sign_in("max").get(f"/api/v1/runs/{asked.pk}/").json()["halted"]
    assert found == {
        "halts": [f"What is outbound is halted by Ada Lund since 2 Mar 2026, 09:00: “{WHY}”"],
        "not_halted": ["replies", "statement"],
    }
    network.start("replies", "max", words="We are on it")
    network.work()
    assert said() == ["We are on it"]
    reply = network.start("replies", "max", words="Still on it")
    assert sign_in("max").get(f"/api/v1/runs/{reply.pk}/").json()["halted"] is None


def test_a_promotion_whose_offer_ran_out_during_the_incident_is_not_sent_on_lifting(network):
    action = network.propose("promotion", to="tom@client.example")
    network.review(action).decide(network.ben, "approve", network.now, digest=action.digest)
    halt = halted(network)
    network.later(hours=4)
    lifted(network, halt)
    network.work()
    action.refresh_from_db()
    assert (action.status, said()) == ("in_review", [])
    assert "Template “Spring offer” is past its last day" in [reason["words"] for reason in action.reasons]


def test_chen_does_not_lift_and_a_leader_needs_a_reason_and_another_leader(network, sign_in):
    halt = halted(network)
    assert sign_in("chen").post(f"/halts/{halt.pk}/lift/", {"reason": "It is over"}).status_code == 403
    with pytest.raises(HaltRefused, match="Say why"):
        halt.ask_to_lift(network.lea, " ", network.now)
    halt.ask_to_lift(network.lea, "The report was corrected", network.now)
    with pytest.raises(HaltRefused, match="another leader agrees"):
        halt.agree_to_lift(network.lea, network.now)
    assert Halt.objects.get().is_in_force
    halt.agree_to_lift(network.eve, network.now)
    entry = Entry.objects.get(verb="halt.lifted")
    assert (entry.person, entry.data["asked_by"]) == (network.eve, "Lea Roth")


def test_lifted_at_17_the_posts_go_in_order_at_the_pace_of_allowance_and_hours(network):
    approved_posts(network, 45)
    halt = halted(network)
    network.now = MORNING.replace(hour=17)
    network.work()
    lifted(network, halt)
    network.later(seconds=5)
    network.work()
    assert said() == [f"Post {number:02}" for number in range(20)]
    for moment, many in ((17, 20), (18, 20), (23, 20)):
        network.now = MORNING.replace(hour=moment, minute=30)
        network.work()
        assert len(said()) == many
    network.now = MORNING.replace(day=3, hour=8)
    network.work()
    assert len(said()) == 40
    network.now = MORNING.replace(day=3, hour=9)
    network.work()
    assert said() == [f"Post {number:02}" for number in range(45)]


def test_ben_edits_the_statement_after_legal_agreed_by_phone_and_it_is_not_sent(network):
    action = network.propose("statement", words="We regret the outage.")
    review = network.review(action)
    made = review.decide(network.ben, "edit", network.now, digest=action.digest,
                         payload={"words": "We regret it. Legal agreed by phone."})  # fmt: skip
    assert isinstance(made, Vote)
    network.agree(action, network.chen)
    assert (action.status, network.open_seats(action), said()) == ("in_review", ["legal"], [])
    assert not Entry.objects.filter(action=action.pk, verb="action.approved").exists()
    made = network.review(action).decide(network.dora, "approve", network.now, digest=action.digest,
                                         note="As said by phone at 10:40")  # fmt: skip
    assert isinstance(made, Decision)
    network.work()
    assert said() == ["We regret it. Legal agreed by phone."]


def test_after_60_minutes_without_the_head_of_communications_two_are_asked_together(network):
    action = network.propose("statement", words="We regret the outage.")
    assert escalate_overdue(network.now + timedelta(minutes=59)) == 0
    assert escalate_overdue(network.now + timedelta(minutes=60)) == 1
    told = Notification.objects.filter(subject__startswith="Waits for an answer")
    assert sorted(told.values_list("to", "due_at")) == [
        (network.people[who].email, network.now + timedelta(minutes=60)) for who in ("eve", "lea")
    ]
    assert escalate_overdue(network.now + timedelta(hours=9)) == 0
    assert Review.objects.get(action=action).is_open


def test_afterwards_one_page_says_what_was_stopped_what_had_gone_out_and_how_long_it_took(network, sign_in):
    posts = approved_posts(network, 4)
    network.review(network.propose("promotion", to="tom@client.example"))
    network.work()  # the four posts go out
    network.later(minutes=20)
    halt = pull(network.ada, Scope.CATEGORY, "outbound", WHY, network.now, network.now - timedelta(minutes=25))
    for number in range(3):
        network.propose("nurture", to=f"c{number}@client.example")
    network.propose("replies", words="We are on it")
    network.later(hours=2)
    lifted(network, halt)
    network.later(seconds=5)
    network.work()
    halt.refresh_from_db()
    after = Aftermath(halt)
    assert (after.until_stop, after.lasted) == (timedelta(minutes=25), timedelta(hours=2))
    assert (after.stopped, after.began_since, after.went_out, after.in_flight) == (3, 3, 4, 0)
    assert after.by_workflow == [("Posts", 4)]
    assert {attempt.action_id for attempt in after.newest} == {post.pk for post in posts}
    page = " ".join(sign_in("ben").get(f"/halts/{halt.pk}/").content.decode().split())
    for words in ("What is outbound", WHY, "25 min", '4</div><span class="meta">had gone out before'):
        assert words in page


def test_a_halt_is_pulled_on_the_page_with_the_moment_of_the_first_sign(network, sign_in):
    asked = {"scope": "category", "target": "outbound", "reason": WHY, "noticed_at": "2026-03-02T08:30"}
    assert sign_in("ada").post("/halts/", asked).status_code == 302
    assert Halt.objects.get().noticed_at == MORNING - timedelta(minutes=30)
    for wrong in ("yesterday", "2999-01-01T00:00"):
        assert sign_in("ada").post("/halts/", {**asked, "noticed_at": wrong}).status_code == 422
    assert Halt.objects.count() == 1
