"""Scenario 7: the discount ladder (practitioners' published discount ladders)."""

from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from django.utils import timezone

from approvals.backtests import past
from approvals.backtests.past import Window
from approvals.backtests.row import Asked, judge
from approvals.decisions import Decision
from approvals.escalations import escalate_overdue, escalate_seats
from approvals.notifications import Notification
from approvals.reviews import NotAllowed
from approvals.votes import Vote
from governance.authorities import Absence, Authority, Qualification
from governance.backtest import Share
from governance.paths import EscalationPath, Level
from workflows import publishing, ratifying
from workflows.definitions import Workflow

FILE = Path(__file__).parent / "ladder" / "workflows.yaml"
FRIDAY_16 = datetime(2026, 3, 6, 16, tzinfo=UTC)


@pytest.fixture
def ladder(world):
    """Ben is a manager (up to 20 %), Eve a director (30), Lea the CRO (40), Dora the CFO and Ada the CEO."""
    for who, limit in {"ben": 20, "eve": 30, "lea": 40}.items():
        Authority.objects.create(person=world.people[who], measure="amounts.discount_pct", at_most=limit)
    for who, skill in {"dora": "cfo", "ada": "ceo"}.items():
        Qualification.objects.create(person=world.people[who], skill=skill)
    for slug, person in (("to-the-director", world.eve), ("to-the-cro", world.lea)):
        path = EscalationPath.objects.create(slug=slug, title=slug.replace("-", " ").capitalize())
        Level.objects.create(path=path, position=1, person=person, after=0)
    world.record("customer", "acme", name="Acme", email="buyer@acme.example")
    world.charter("ladder")
    return world


def offered(world, percent, arr=100_000, free_months=0, reason_code="competitor"):
    given = {"percent": percent, "arr": arr, "free_months": free_months, "reason_code": reason_code}
    return world.propose("offer", customer="acme", **given)


@pytest.mark.parametrize(
    ("percent", "rung"), [(0, None), (10.00, None), (10.01, "manager"), (20, "manager"), (20.01, "director"),
                          (30, "director"), (30.01, "cro"), (40, "cro")],
)  # fmt: skip
def test_10_percent_act_and_10_01_ask_the_manager(ladder, percent, rung):
    action = offered(ladder, percent)
    assert (action.status, [need["key"] for need in action.needs]) == (("in_review", [rung]) if rung else ("done", []))


def test_above_40_both_the_cfo_and_the_ceo_must_agree(ladder, sent):
    action = offered(ladder, 40.01)
    assert ladder.agree(action, ladder.dora).status == "in_review"
    assert sent() == []
    assert ladder.agree(action, ladder.ada).status == "done"


def test_9_percent_and_three_free_months_of_twelve_are_31_75_and_go_to_the_cro(ladder):
    action = offered(ladder, 9, free_months=3)
    assert action.facts["amounts"]["discount_pct"] == 31.75
    assert ladder.seats(action) == ["cro"]
    with pytest.raises(NotAllowed, match="Those asked are: The CRO"):
        ladder.agree(action, ladder.eve)
    assert ladder.agree(action, ladder.lea).status == "done"


@pytest.mark.parametrize(("arr", "rung"), [(500_000, "manager"), (500_001, "director"), (600_000, "director")])
def test_15_percent_on_600_000_go_one_rung_up_to_the_director(ladder, arr, rung):
    action = offered(ladder, 15, arr)
    assert ladder.seats(action) == [rung]
    if rung == "director":
        with pytest.raises(NotAllowed):
            ladder.agree(action, ladder.ben)


def test_a_discount_without_a_reason_code_is_asked(ladder):
    action = offered(ladder, 5, reason_code="")
    assert [reason["words"] for reason in action.reasons] == ["Every discount has a reason code"]


def test_ben_edits_22_down_to_19_which_is_within_his_own_limit_and_it_goes(ladder, sent):
    action = offered(ladder, 22)
    with pytest.raises(NotAllowed):
        ladder.agree(action, ladder.ben)
    review = ladder.review(action)
    made = review.decide(ladder.ben, "edit", ladder.now, digest=action.digest, payload={"percent": 19})
    assert isinstance(made, Decision)
    ladder.work()
    action.refresh_from_db()
    assert (action.status, sent()) == ("done", ["19 % off"])


def test_ben_edits_18_up_to_24_which_leaves_his_limit_so_a_director_signs(ladder, sent):
    action = offered(ladder, 18)
    review = ladder.review(action)
    made = review.decide(ladder.ben, "edit", ladder.now, digest=action.digest, payload={"percent": 24})
    assert isinstance(made, Vote)
    assert (ladder.open_seats(action), sent()) == (["director"], [])
    with pytest.raises(NotAllowed):
        ladder.agree(action, ladder.ben)
    assert ladder.agree(action, ladder.eve).status == "done"
    assert sent() == ["24 % off"]


@pytest.mark.parametrize(("percent", "may"), [(15, True), (15.01, False)])
def test_while_the_manager_is_away_chen_decides_within_his_own_limit_and_not_more(ladder, percent, may):
    Absence.objects.create(person=ladder.ben, cover=ladder.chen, first=date(2026, 3, 1), last=date(2030, 1, 1))
    Authority.objects.create(person=ladder.chen, measure="amounts.discount_pct", at_most=15)
    action = offered(ladder, percent)
    if may:
        assert ladder.agree(action, ladder.chen).status == "done"
    else:
        with pytest.raises(NotAllowed):
            ladder.agree(action, ladder.chen)


def test_a_cover_without_a_limit_of_their_own_decides_nothing(ladder):
    Absence.objects.create(person=ladder.ben, cover=ladder.dora, first=date(2026, 3, 1), last=date(2030, 1, 1))
    with pytest.raises(NotAllowed):
        ladder.agree(offered(ladder, 11), ladder.dora)


def test_asked_on_a_friday_at_16_it_is_due_on_monday_at_16_then_goes_one_rung_up_and_is_never_granted(ladder, sent):
    ladder.now = FRIDAY_16
    action = offered(ladder, 15)
    due = ladder.review(action).due_at
    assert due == FRIDAY_16 + timedelta(days=3)
    assert escalate_seats(due - timedelta(seconds=1)) == 0
    assert escalate_seats(due) == 1
    assert Notification.objects.get(key__contains="manager").to == ladder.eve.email
    for _ in range(10):
        ladder.later(days=30)
        escalate_seats(ladder.now), escalate_overdue(ladder.now)
        ladder.work()
    action.refresh_from_db()
    assert (action.status, sent(), Vote.objects.count()) == ("in_review", [], 0)
    assert ladder.agree(action, ladder.eve).status == "done"


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        ((2026, 3, 17, 23, 59), (2026, 3, 18, 23, 59)),  # eleven working days are left, this one included
        ((2026, 3, 18, 0, 0), (2026, 3, 18, 4, 0)),  # ten
        ((2026, 3, 21, 9, 0), (2026, 3, 23, 4, 0)),  # a Saturday of the last fortnight: four hours of the Monday
        ((2026, 3, 31, 20, 0), (2026, 4, 1, 0, 0)),
        ((2026, 4, 1, 0, 0), (2026, 4, 2, 0, 0)),  # the next quarter has begun
    ],
)
def test_in_the_last_ten_working_days_of_a_quarter_the_answer_is_due_in_4_hours(ladder, asked, due):
    ladder.now = datetime(*asked, tzinfo=UTC)
    assert ladder.review(offered(ladder, 15)).due_at == datetime(*due, tzinfo=UTC)


def test_a_draft_from_10_to_15_says_what_two_quarters_would_have_released_and_needs_two_leaders(ladder):
    """Five offers of 12 to 15 %: two as proposed, two cut, one refused; and one of 16 % that stays with the manager."""
    ladder.later(days=-190)
    offered(ladder, 14)  # before the two quarters
    ladder.later(days=20)
    begun = ladder.now
    answers = (("approve", 12), ("approve", 13), ("edit", 14), ("edit", 15), ("reject", 15), ("approve", 16))
    for choice, percent in answers:
        more = {"edit": {"payload": {"percent": 8}}, "reject": {"note": "Too much"}}.get(choice, {})
        ladder.agree(offered(ladder, percent), ladder.ben, choice=choice, **more)
        ladder.later(days=25)
    wide = FILE.read_text().replace('"<= 10"', '"<= 15"')
    ((draft, _),) = publishing.load(wide, ladder.ada, ladder.now)
    made = Asked(draft).plan()
    found = judge(made, past.actions(made, Window(since=begun)))
    assert found.total == 6
    assert found.released == Share(5, 6)
    assert found.as_json()["amounts"]["released"]["euro"] == {
        "count": 5,
        "sum": 12_000 + 13_000 + 14_000 + 15_000 + 15_000,
    }
    assert {key.value: count for key, count in found.decided_about_released.items() if count} == {
        "kept": 2,
        "edited": 2,  # cut by the manager
        "rejected": 1,
    }
    assert not ratifying.propose(draft, ladder.ada, ladder.now)
    assert Workflow.objects.get(slug="offer").version_in_force.number == 1
    assert ratifying.ratify(draft, ladder.lea, ladder.now, seen=publishing.fingerprint(draft))


def test_ben_finds_the_form_to_edit_though_the_director_is_asked(ladder, sign_in):
    review = ladder.review(offered(ladder, 22))
    page = sign_in("ben").get(f"/queue/{review.pk}/").content.decode()
    assert "Those asked are: A director" in page
    assert f"/queue/{review.pk}/?form=edit" in page
    form = sign_in("ben").get(f"/queue/{review.pk}/?form=edit").content.decode()
    assert "Approve with changes" in form
    sent = {"choice": "edit", "digest": review.action.digest, "payload-percent": "19", "payload-free_months": "0"}
    sign_in("ben").post(f"/queue/{review.pk}/decision/", sent)
    review.refresh_from_db()
    assert review.decision.person == ladder.ben
    assert "?form=edit" not in sign_in("dora").get(f"/queue/{review.pk}/").content.decode()


def many(world, *percents):
    """Let Max propose all of these at once, and return their actions."""
    given = {"customer": "acme", "arr": 100_000, "free_months": 0, "reason_code": "competitor"}
    runs = [world.start("offer", "max", percent=percent, **given) for percent in percents]
    world.work()
    return [run.actions.get() for run in runs]


def test_an_average_discount_that_rose_from_6_to_9_shows_as_drift_with_a_proposal_to_tighten(ladder, sign_in):
    for middle, ago in ((6, 100), (9, 10)):
        ladder.now = timezone.now() - timedelta(days=ago)
        many(ladder, *[middle - 1, middle, middle + 1] * 10)
    ada = sign_in("ada")
    page = unescape(ada.get("/workflows/offer/").content.decode()).replace("\u00a0", " ")
    assert "discount pct rose from 6 to 9 on average" in page
    assert "30 actions in the 90 days before, 30 since; the difference is 2.57 to 3.43 (95 % interval)." in page
    assert "Bound to 7 % discount, 30 of these 30 would have been asked." in page
    assert "discount pct rose from 6 to 9 on average" in ada.get("/readiness/").content.decode().lower()
    sent = {"measure": "amounts.discount_pct", "lower": "7.0"}
    assert ada.post("/workflows/offer/steps/offer_discount/edge/", sent)["Location"] == "/workflows/offer/draft/"
    draft = Workflow.objects.get(slug="offer").draft
    (change,) = publishing.differences(draft)
    assert (change.direction.value, change.new) == ("tightens", "at most 7 discount pct; beyond: a person approves")
    assert Workflow.objects.get(slug="offer").version_in_force.number == 1


def test_78_percent_of_reviews_at_10_to_12_approved_unchanged_is_named_over_controlled_with_the_interval(
    ladder, sign_in
):
    ladder.now = timezone.now() - timedelta(days=10)
    for place, action in enumerate(many(ladder, *[10.5, 11, 12, 11, 11.5] * 10, 12.01, 15)):
        choice, more = ("reject", {"note": "Too much"}) if place < 11 else ("approve", {})
        ladder.review(action).decide(ladder.ben, choice, ladder.now, digest=action.digest, **more)
    ladder.work()
    ada = sign_in("ada")
    page = unescape(ada.get("/workflows/offer/").content.decode()).replace("\u00a0", " ")
    assert "Over-controlled at 10 to 12 % discount" in page
    assert "People approved 78.0 % unchanged: 39 of 50 in 13 weeks." in page
    assert "95 % interval 64.8–87.2 %" in page
    ready = unescape(ada.get("/readiness/").content.decode()).replace("\u00a0", " ")
    assert "39 of 50" in ready and "78.0 %, interval 64.8–87.2 %" in ready
    ada.post("/workflows/offer/steps/offer_discount/edge/", {"measure": "amounts.discount_pct", "raise": "12.0"})
    (change,) = publishing.differences(Workflow.objects.get(slug="offer").draft)
    assert change.direction.value == "loosens"
    assert "<= 12: nobody · <= 20: manager" in change.new
    assert Workflow.objects.get(slug="offer").version_in_force.number == 1
