"""Scenario 1: the bigger the audience, the more people must agree (GitLab's e-mail process)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from approvals.decisions import Decision
from approvals.escalations import escalate_overdue, escalate_seats
from approvals.notifications import Notification
from approvals.reviews import NotAllowed, Review
from approvals.votes import Vote
from governance.authorities import Qualification
from governance.paths import EscalationPath, Level
from governance.publishing import Direction
from workflows import publishing, ratifying
from workflows.definitions import Workflow
from workflows.yamltext import FileProblems

FILE = Path(__file__).parent / "audience" / "workflows.yaml"
OWNER, THREE = ["owner"], ["owner", "pr", "community"]
FOUR = [*THREE, "director"]


@pytest.fixture
def notice(world):
    """Ben has the reply-to address, Dora does PR, Chen speaks for the community, Eve directs, Lea is an executive."""
    skills = {"dora": "pr", "chen": "community", "eve": "director", "lea": "executive"}
    for who, skill in skills.items():
        Qualification.objects.create(person=world.people[who], skill=skill)
    path = EscalationPath.objects.create(slug="director-then-ada", title="The director, then Ada")
    Level.objects.create(path=path, position=1, person=world.eve, after=0)
    Level.objects.create(path=path, position=2, person=world.ada, after=24 * 3600)
    world.charter("audience")
    world.list = world.record("list", "customers", people=6000, address="customers@tideway.example")
    return world


def to(world, people, slug="customer-notice"):
    """Max proposes to write to a list of so many."""
    world.list.fields["people"] = people
    world.list.save()
    return world.propose(slug, list="customers")


@pytest.mark.parametrize("people", [999, 1000])
def test_up_to_1000_people_max_asks_the_owner_of_the_reply_to_address_alone(notice, people, sent):
    action = to(notice, people)
    assert notice.seats(action) == OWNER
    assert (notice.agree(action, notice.ben).status, len(sent())) == ("done", 1)


@pytest.mark.parametrize("people", [1001, 4999])
def test_from_1001_pr_and_community_too_and_nothing_begins_after_two_of_three(notice, people, sent):
    action = to(notice, people)
    assert notice.seats(action) == THREE
    assert (notice.agree(action, notice.ben, notice.dora).status, sent()) == ("in_review", [])
    assert notice.open_seats(action) == ["community"]
    assert notice.agree(action, notice.chen).status == "done"


@pytest.mark.parametrize("people", [5000, 499_999])
def test_from_5000_a_director_too_whose_word_alone_does_nothing(notice, people, sent):
    action = to(notice, people)
    assert notice.seats(action) == FOUR
    assert (notice.agree(action, notice.eve).status, sent()) == ("in_review", [])
    assert notice.open_seats(action) == THREE
    assert notice.agree(action, notice.ben, notice.dora, notice.chen).status == "done"


def test_from_500_000_an_executive_too(notice, sent):
    action = to(notice, 500_000)
    assert notice.seats(action) == [*FOUR, "executive"]
    four = (notice.ben, notice.dora, notice.chen, notice.eve)
    assert (notice.agree(action, *four).status, sent()) == ("in_review", [])
    assert notice.agree(action, notice.lea).status == "done"


def test_one_rejection_is_enough(notice, sent):
    action = to(notice, 5000)
    notice.agree(action, notice.ben, notice.dora)
    assert notice.agree(action, notice.chen, choice="reject", note="Not in these words").status == "rejected"
    assert sent() == []


def test_the_bands_as_the_source_has_them_are_refused_because_1000_belongs_to_nobody(notice):
    text = FILE.read_text().replace('"<= 1000"', '"< 1000"').replace('"<= 4999"', "1001-4999")
    with pytest.raises(FileProblems, match="1,000 recipients fall in no band"):
        notice.load(text)
    assert Workflow.objects.get(slug="customer-notice").version_in_force.number == 1


def test_a_list_that_grows_past_the_edge_before_sending_is_judged_again_and_the_director_is_asked(notice, sent):
    action = to(notice, 4990)
    for person in (notice.ben, notice.dora, notice.chen):
        review = notice.review(action)
        made = review.decide(person, "approve", notice.now, digest=review.action.digest)
    assert isinstance(made, Decision)
    notice.list.fields["people"] = 5012
    notice.list.save()
    notice.work()
    action.refresh_from_db()
    assert (action.status, sent()) == ("in_review", [])
    assert notice.seats(action) == FOUR
    assert notice.open_seats(action) == ["director"]  # what the others covered is as they saw it
    assert notice.agree(action, notice.eve).status == "done"
    assert len(sent()) == 1


def test_after_it_grew_a_change_of_the_copy_asks_pr_and_community_again(notice, sent):
    action = to(notice, 4990)
    for person in (notice.ben, notice.dora, notice.chen):
        review = notice.review(action)
        review.decide(person, "approve", notice.now, digest=review.action.digest)
    notice.list.fields["people"] = 5012
    notice.list.save()
    notice.work()
    notice.agree(action, notice.eve, choice="edit", payload={"body": "From June on the terms are new."})
    assert notice.open_seats(action) == ["owner", "pr", "community"]
    assert sent() == []
    assert notice.agree(action, notice.ben, notice.dora, notice.chen).status == "done"


def test_ben_who_owns_the_address_and_speaks_for_the_community_counts_once(notice, sent):
    Qualification.objects.create(person=notice.ben, skill="community")
    action = to(notice, 4999)
    notice.agree(action, notice.ben, notice.dora)
    assert (len(notice.open_seats(action)), sent()) == (1, [])
    with pytest.raises(NotAllowed, match="You agreed already"):
        notice.agree(action, notice.ben)
    assert notice.agree(action, notice.chen).status == "done"


def test_silence_of_pr_is_told_to_the_next_level_and_never_approves(notice, sent):
    notice.now = datetime(2026, 3, 5, 12, tzinfo=UTC)  # a Thursday, so that a weekend lies between
    action = to(notice, 4999)
    notice.agree(action, notice.ben, notice.chen)
    due = notice.review(action).due_at
    assert due == datetime(2026, 3, 12, 12, tzinfo=UTC)  # five working days
    assert escalate_seats(due - timedelta(seconds=1)) == 0
    notice.now = due
    assert escalate_seats(notice.now) == 1
    mail = Notification.objects.get(key__contains="pr")
    assert (mail.to, mail.subject) == (
        notice.eve.email,
        "Waits for an answer: Send “Our terms change” to 4,999 people?",
    )
    notice.later(days=1)
    assert escalate_seats(notice.now) == 1
    assert Notification.objects.filter(key__contains="pr", to=notice.ada.email).count() == 1
    for _ in range(10):
        notice.later(days=7)
        escalate_seats(notice.now), escalate_overdue(notice.now)
        notice.work()
    action.refresh_from_db()
    assert (action.status, sent(), notice.open_seats(action)) == ("in_review", [], ["pr"])
    assert Vote.objects.count() == 2


def test_a_security_notice_to_6000_asks_the_same_four_within_two_hours(notice):
    action = to(notice, 6000, "security-notice")
    assert notice.seats(action) == FOUR
    assert notice.review(action).due_at == notice.now + timedelta(hours=2)


def test_a_rule_may_shorten_the_time_on_one_word_but_never_drop_a_track(notice):
    """Less time is neutral; a band without the director loosens, so Ada's word is not enough. A rule only adds."""
    text = FILE.read_text().split("---")[1]
    shorter = publishing.load(text.replace("due_in: 2h", "due_in: 1h"), notice.ada, notice.now)
    assert [change.direction for _, changed in shorter for change in changed] == [Direction.NEUTRAL]
    dropped = text.replace("[owner, pr, community, director]}", "[owner, pr, community]}")
    ((draft, changed),) = publishing.load(dropped, notice.ada, notice.now)
    assert [change.direction for change in changed] == [Direction.LOOSENS]
    assert not ratifying.propose(draft, notice.ada, notice.now)
    notice.guardrail("amounts.recipients > 4999", "review", "Look at it quickly", "email.broadcast")
    assert notice.seats(to(notice, 6000, "security-notice")) == FOUR


def test_max_does_not_answer_himself(notice):
    action = to(notice, 999)
    with pytest.raises(NotAllowed):
        Review.objects.get(action=action).decide(notice.max, "approve", notice.now, digest=action.digest)
