"""Scenario 8: whose people are you writing to? (Boston University, broadcast e-mail approvals)"""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from approvals.decisions import Decision
from approvals.dossiers import Dossier
from approvals.inbox import receive
from approvals.notifications import deliver
from approvals.reminders import remind
from approvals.reviews import NotAllowed, Review
from approvals.votes import Vote
from governance.ledger import Entry
from governance.people import Person
from workflows.records import Record

FILE = Path(__file__).parent / "segments" / "workflows.yaml"
FRIDAY_17 = datetime(2026, 3, 6, 17, tzinfo=UTC)
MONDAY_9 = datetime(2026, 3, 9, 9, tzinfo=UTC)
TUESDAY_17 = datetime(2026, 3, 10, 17, tzinfo=UTC)


def accounts(name, many):
    return [f"{name}-{number}@client.example" for number in range(many)]


@pytest.fixture
def segments(world):
    """Growth owns 300 and 200 accounts, Eve's Sales 5, and for seven nobody answers yet."""
    for key, owner, many in (("own", "growth", 300), ("growth", "growth", 200), ("sales", "sales", 5), ("odd", "", 7)):
        world.record("segment", key, owner=owner, accounts=accounts(key, many))
    world.charter("segments")
    return world


def reached():
    """Whose lists were written to."""
    return [address.removesuffix("@lists.example") for message in mail.outbox for address in message.bcc]


def test_ada_writes_to_her_own_300_accounts_on_her_own_word(segments):
    action = segments.propose("notice", "ada", segments=["own"])
    assert (action.status, reached(), Review.objects.count()) == ("done", ["own"], 0)
    assert action.output["sent"] == 300
    assert Entry.objects.get(run=action.run_id, verb="run.started").person == segments.ada
    assert action.payload["own"] == ["growth"]


def test_max_writes_to_200_of_growth_and_5_of_eves_and_both_teams_are_asked(segments):
    action = segments.propose("newsletter", segments=["growth", "sales"])
    assert segments.seats(action) == ["audience:growth", "audience:sales"]
    segments.agree(action, segments.ben)
    assert segments.open_seats(action) == ["audience:sales"]
    segments.agree(action, segments.chen)  # a second word of the same team stands for no other
    assert (segments.open_seats(action), reached()) == (["audience:sales"], [])
    with pytest.raises(NotAllowed):
        segments.agree(action, segments.dora)
    segments.agree(action, segments.eve)
    assert action.status == "ready"


def test_ben_sees_that_somebody_of_the_other_team_is_asked_and_nothing_of_their_accounts(segments, sign_in):
    action = segments.propose("newsletter", segments=["growth", "sales"])
    review = segments.review(action)
    page = sign_in("ben").get(f"/queue/{review.pk}/").content.decode()
    assert "Owner of the segment: sales" in page
    assert "sales-0@client.example" not in page


def test_ben_does_not_read_the_accounts_of_another_teams_segment(segments, sign_in):
    assert sign_in("ben").get("/records/segment/sales/").status_code == 404
    assert "sales-0@client.example" in sign_in("eve").get("/records/segment/sales/").content.decode()
    listed = sign_in("ben").get("/records/segment/").content.decode()
    assert "growth-0@client.example" in listed and "sales-0@client.example" not in listed


def test_eves_team_rejects_and_by_the_terms_its_5_are_left_out_and_the_rest_goes(segments):
    action = segments.propose("newsletter", segments=["growth", "sales"])
    review = segments.review(action)
    made = review.decide(segments.eve, "reject", segments.now, note="Not my people")
    assert isinstance(made, Vote) and not made.stands
    assert segments.seats(action) == ["audience:growth"]
    said = Entry.objects.get(verb="action.left_out")
    assert (said.person, said.data["parts"], said.data["reason"]) == (segments.eve, ["sales"], "Not my people")
    segments.agree(action, segments.ben)
    segments.later(days=2)
    segments.work()
    action.refresh_from_db()
    assert (action.status, reached(), action.output["sent"]) == ("done", ["growth"], 200)


def test_when_ben_had_agreed_before_the_rest_goes_on_with_eves_no(segments):
    action = segments.propose("newsletter", segments=["growth", "sales"])
    segments.agree(action, segments.ben)
    made = segments.review(action).decide(segments.eve, "reject", segments.now, note="Not my people")
    assert isinstance(made, Decision)
    assert str(made) == "Eve Marsh left their part out of it"
    segments.later(days=2)
    segments.work()
    assert reached() == ["growth"]


def test_where_the_terms_say_that_all_stops_nobody_is_written_to(segments):
    segments.load(FILE.read_text().replace("on_reject: leave", "on_reject: stop"))
    action = segments.propose("newsletter", segments=["growth", "sales"])
    segments.agree(action, segments.ben)
    assert segments.agree(action, segments.eve, choice="reject", note="Not my people").status == "rejected"
    assert reached() == []


def test_where_nothing_would_be_left_all_stops(segments):
    action = segments.propose("newsletter", segments=["sales"])
    assert segments.agree(action, segments.eve, choice="reject", note="Not my people").status == "rejected"
    assert reached() == []


def test_a_segment_without_an_owner_goes_up_to_the_leaders(segments):
    action = segments.propose("newsletter", segments=["odd"])
    assert [(need["key"], need["team"], need["role"]) for need in action.needs] == [("audience:", "growth", "leader")]
    with pytest.raises(NotAllowed):
        segments.agree(action, segments.ben)
    assert segments.agree(action, segments.lea).status == "ready"


def test_a_segment_without_an_owner_is_a_gap_in_readiness(segments, sign_in):
    segments.now = timezone.now()
    segments.propose("newsletter", segments=["odd", "growth"])
    page = sign_in("ada").get("/readiness/").content.decode()
    assert "“odd” has no owner" in page
    assert 'href="/records/segment/odd/"' in page
    assert "“growth” has no owner" not in page
    odd = Record.objects.get(kind="segment", key="odd")
    odd.fields["owner"] = "sales"
    odd.save()
    assert "“odd” has no owner" not in sign_in("ada").get("/readiness/").content.decode()
    Person.objects.filter(pk=segments.eve.pk).update(is_active=False)
    assert "“odd” belongs to “sales”, where nobody can answer" in sign_in("ada").get("/readiness/").content.decode()


def test_a_message_changed_after_both_approved_has_a_new_digest_and_asks_both_again(segments):
    action = segments.propose("newsletter", segments=["growth", "sales"])
    assert segments.agree(action, segments.ben, segments.eve).status == "ready"  # it waits two working days
    before = action.digest
    segments.load(FILE.read_text().replace("We open in Porto.", "We open in Lisbon."))
    later = segments.propose("newsletter", segments=["growth", "sales"])
    assert later.digest != before
    assert segments.open_seats(later) == ["audience:growth", "audience:sales"]


def test_an_edit_after_the_others_agreed_asks_them_again(segments):
    action = segments.propose("newsletter", segments=["growth", "sales"])
    segments.agree(action, segments.eve)
    before = action.digest
    segments.agree(action, segments.chen, choice="edit", payload={"body": "We open in Lisbon."})
    assert action.digest != before
    assert segments.open_seats(action) == ["audience:sales"]  # Chen speaks for Growth by what he wrote
    assert segments.agree(action, segments.eve).status == "ready"


def test_approved_on_friday_17_it_goes_on_tuesday_17_at_the_earliest_which_is_said_when_asked(segments):
    segments.now = FRIDAY_17
    action = segments.propose("newsletter", segments=["growth"])
    asked = Dossier(segments.review(action), segments.ben, segments.now)
    assert (asked.begins.until, asked.begins.why) == (TUESDAY_17, "2 working days after the last approval")
    segments.agree(action, segments.ben)
    for moment, status in ((MONDAY_9, "ready"), (TUESDAY_17, "done")):
        segments.now = moment
        segments.work()
        action.refresh_from_db()
        assert action.status == status


def test_an_answer_to_the_mail_is_explained(segments):
    segments.load(
        FILE.read_text().replace("    lead_days: 2\n", "    lead_days: 2\n    due_in: 4h\n    remind_in: 1h\n")
    )
    action = segments.propose("newsletter", segments=["sales"])
    assert remind(segments.later(hours=3.5)) == 1
    deliver(lambda: segments.now)
    (asked,) = mail.outbox
    assert (asked.to, asked.subject) == (
        [segments.eve.email],
        f"Still waits for you: {segments.review(action).headline}",
    )
    ok = f"From: Eve Marsh <{segments.eve.email}>\nTo: {asked.reply_to[0]}\nSubject: Re: {asked.subject}\n\nok\n"
    receive(ok.encode(), segments.now)
    deliver(lambda: segments.now)
    answer = mail.outbox[-1]
    assert answer.to == [segments.eve.email]
    assert "Nothing was decided by it" in answer.body
    assert reverse("review", args=[segments.review(action).pk]) in answer.body
    segments.work()
    action.refresh_from_db()
    assert (action.status, segments.open_seats(action), reached()) == ("in_review", ["audience:sales"], [])
