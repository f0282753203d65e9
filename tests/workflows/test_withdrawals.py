"""Withdrawing an asset: what waits is judged again, what was approved does not begin, what went out is told."""

from datetime import timedelta

import pytest
from django.core import mail

from approvals.reviews import Review
from governance.halts import pull
from governance.ledger import Entry
from governance.register import Asset
from workflows.actions import Action
from workflows.blast import Blast
from workflows.engine.begin import begin
from workflows.engine.claim import claim
from workflows.engine.propose import propose
from workflows.engine.recall import Recalled
from workflows.engine.standings import look_again
from workflows.withdrawals import judge_again, withdraw

NOTICE = """
workflow: notice
title: Notice
owner: growth
automation_allowed: true
input: {type: object, required: [to], properties: {to: {type: string}}}
steps:
  - {key: send, capability: email.send, params: {template: notice, to: "=input.to"}, ownership: %s, reviewers: growth}
"""
TWO = """
workflow: two
title: Two
owner: growth
automation_allowed: true
steps:
  - {key: one, capability: content.render, params: {template: notice}, ownership: needs_approval, on_reject: stop}
  - {key: other, capability: content.render, params: {template: other}, ownership: needs_approval}
"""
ADVISED = """
workflow: advised
title: Advised
owner: growth
automation_allowed: true
steps:
  - {key: write, capability: content.render, params: {template: notice}, ownership: human_owned, assist: recommendation}
"""
REASON = "The price is wrong"


@pytest.fixture
def notice(world):
    world.asset("template", "notice", body={"subject": "Notice", "body": "Hello."})
    return world


def asked(world):
    world.load(NOTICE % "needs_approval")
    return world.run("notice", person="lea", to="tom@client.example")


def approve(world, review=None):
    review = review or Review.objects.get(status="open")
    review.decide(world.ben, "approve", world.now, digest=review.action.digest)


def newest():
    return Asset.objects.order_by("-version").first()


def blast(world, asset=None, reader="ada"):
    return Blast(asset or newest(), world.people[reader], world.now)


def test_what_waits_for_ben_is_refused_at_once_and_leaves_the_queue(notice):
    run = asked(notice)
    assert withdraw(newest(), notice.ada, REASON, notice.now) == Recalled(refused=1)
    action = notice.action(run, "send")
    assert (action.status, action.reasons[0]["words"]) == ("refused", "Template “Notice” was withdrawn")
    assert Review.objects.get().status == "withdrawn"
    assert notice.verbs(run)[-3:] == ["action.recalled", "action.refused", "run.stopped"]
    assert list(Entry.objects.filter(verb__startswith="asset.").values_list("verb", flat=True)) == [
        "asset.withdrawn", "asset.recalled",
    ]  # fmt: skip


def test_a_review_of_something_else_in_the_same_run_goes_on_waiting_untouched(notice):
    notice.asset("template", "other", body={"subject": "Other", "body": "Hello."})
    notice.load(TWO)
    run = notice.run("two")
    withdraw(Asset.objects.get(key="notice"), notice.ada, REASON, notice.now)
    assert notice.action(run, "one").status == "refused"
    assert notice.action(run, "other").status == "in_review"
    assert Review.objects.get(status="open").action == notice.action(run, "other")
    assert not Entry.objects.filter(verb="action.judged_again").exists()


def test_two_reviews_of_one_run_that_both_name_it_end_together(notice):
    notice.load(TWO.replace("template: other", "template: notice"))
    run = notice.run("two")
    assert withdraw(newest(), notice.ada, REASON, notice.now) == Recalled(refused=2)
    assert {notice.action(run, key).status for key in ("one", "other")} == {"refused"}
    assert not Review.objects.filter(status="open").exists()


def test_what_a_person_does_by_hand_stays_with_them_and_says_it(notice):
    notice.load(ADVISED)
    run = notice.run("advised")
    assert withdraw(newest(), notice.ada, REASON, notice.now) == Recalled(rebadged=1)
    action = notice.action(run, "write")
    assert (action.status, action.reasons[0]["words"]) == ("with_person", "Template “Notice” was withdrawn")
    assert Review.objects.get().status == "open"
    assert notice.verbs(run)[-1] == "action.judged_again"


def test_judging_again_twice_changes_nothing_more(notice):
    notice.load(ADVISED)
    notice.run("advised")
    withdraw(newest(), notice.ada, REASON, notice.now)
    assert judge_again(newest(), notice.ada, notice.now) == Recalled()


def test_what_was_approved_does_not_begin_and_the_ledger_says_why(notice):
    run = asked(notice)
    approve(notice)
    withdraw(newest(), notice.ada, REASON, notice.now)
    notice.work()
    assert mail.outbox == []
    assert notice.action(run, "send").status == "refused"
    assert Entry.objects.get(verb="action.refused").data["reasons"][0] == "Template “Notice” was withdrawn"


def test_a_withdrawal_between_proposing_and_beginning_is_seen_at_the_door(notice):
    notice.load(NOTICE % "automated")
    run = notice.start("notice", to="tom@client.example")
    works = claim("worker", 10, notice.now)
    propose(works, notice.now)
    newest().withdraw(notice.ada, REASON, notice.now)
    assert begin(works, notice.now) == []
    assert notice.action(run, "send").status == "refused"


def test_a_worker_whose_clock_is_behind_the_withdrawal_begins_nothing(notice):
    notice.load(NOTICE % "automated")
    notice.start("notice", to="tom@client.example")
    works = claim("worker", 10, notice.now)
    propose(works, notice.now)
    newest().withdraw(notice.ada, REASON, notice.now + timedelta(seconds=30))
    assert begin(works, notice.now) == []
    assert mail.outbox == []


@pytest.mark.parametrize("many", [1, 12])
def test_looking_again_is_one_query_whatever_the_batch(notice, django_assert_num_queries, many):
    notice.load(NOTICE % "automated")
    for number in range(many):
        notice.start("notice", to=f"c{number}@client.example")
    works = claim("worker", 20, notice.now)
    propose(works, notice.now)
    with django_assert_num_queries(1):
        look_again(works, notice.now)
    for work in works:
        work.action.facts = {**work.action.facts, "assets": []}
    with django_assert_num_queries(0):
        look_again(works, notice.now)


def test_a_last_day_that_passes_between_proposing_and_beginning_asks_ben(notice):
    Asset.objects.update(approved_until=notice.now + timedelta(minutes=1))
    notice.load(NOTICE % "automated")
    run = notice.start("notice", to="tom@client.example")
    works = claim("worker", 10, notice.now)
    propose(works, notice.now)
    assert begin(works, notice.now + timedelta(minutes=2)) == []
    assert notice.action(run, "send").status == "in_review"


def test_a_promotion_whose_last_day_passes_under_a_halt_goes_back_to_review_when_it_is_lifted(notice):
    notice.asset("offer", "spring", body={"value": 100}, approved_until=notice.now + timedelta(hours=2))
    notice.load((NOTICE % "needs_approval").replace("template: notice", "template: notice, offer: spring"))
    run = notice.run("notice", person="lea", to="tom@client.example")
    halt = pull(notice.ada, "everything", "", "An incident", notice.now)
    approve(notice)
    notice.work()
    notice.later(hours=3)
    halt.ask_to_lift(notice.lea, "Over", notice.now)
    halt.agree_to_lift(notice.eve, notice.now)
    notice.work()
    assert mail.outbox == []
    action = notice.action(run, "send")
    assert (action.status, action.reasons[0]["words"]) == ("in_review", "Offer “Spring” is past its last day")


def test_a_newer_version_does_not_change_what_was_approved_under_the_old_one(notice):
    asked(notice)
    approve(notice)
    notice.asset("template", "notice", version=2, body={"subject": "New notice", "body": "Good day."})
    notice.work()
    assert [message.subject for message in mail.outbox] == ["Notice"]
    assert Action.objects.get().facts["assets"][0]["version"] == 1


def test_what_is_proposed_next_takes_the_newer_version_once_it_holds(notice):
    notice.load(NOTICE % "automated")
    tomorrow = notice.now + timedelta(days=1)
    notice.asset("template", "notice", version=2, approved_from=tomorrow, body={"subject": "New", "body": "Good day."})
    notice.run("notice", to="tom@client.example")
    notice.later(days=2)
    notice.run("notice", to="tom@client.example")
    assert [message.subject for message in mail.outbox] == ["Notice", "New"]


def test_withdrawing_the_newest_takes_the_earlier_versions_with_it(notice):
    run = asked(notice)
    approve(notice)
    notice.asset("template", "notice", version=2, body={"subject": "New notice", "body": "Good day."})
    withdraw(newest(), notice.ada, REASON, notice.now)
    notice.work()
    assert notice.action(run, "send").status == "refused"
    first = Asset.objects.get(version=1)
    assert first.standing(notice.now) == "withdrawn"
    assert first.withdrawal.data["reason"] == REASON


def test_withdrawing_an_old_version_leaves_the_newer_one(notice):
    run = asked(notice)
    approve(notice)
    notice.asset("template", "notice", version=2, body={"subject": "New notice", "body": "Good day."})
    withdraw(Asset.objects.get(version=1), notice.ada, REASON, notice.now)
    second = notice.run("notice", person="lea", to="ann@client.example")
    assert notice.action(run, "send").status == "refused"
    assert notice.action(second, "send").status == "in_review"


def test_of_two_leaders_who_withdraw_the_second_changes_nothing(notice):
    assert withdraw(newest(), notice.ada, REASON, notice.now) is not None
    assert withdraw(newest(), notice.lea, "Me too", notice.now) is None
    assert Entry.objects.filter(verb="asset.withdrawn").count() == 1


# --- the blast radius ----------------------------------------------------------------------------------------------


def test_the_blast_radius_tells_apart_what_waits_what_is_approved_and_what_went_out(notice):
    asked(notice)
    approve(notice)
    notice.work()
    for name in ("ann", "joe", "kim"):
        notice.run("notice", person="lea", to=f"{name}@client.example")
    halt = pull(notice.ada, "everything", "", "A drill", notice.now)
    approve(notice, Review.objects.filter(status="open").first())
    found = blast(notice)
    counts = [len(found.waiting), found.approved, found.ready, found.under_way, found.outside]
    assert (counts, found.stops, found.open_runs, halt.is_in_force) == ([2, 1, 0, 0, 1], 3, 3, True)
    assert [step.key for step in found.steps] == ["send"]
    people = {door.headline.removeprefix("Send “Notice” to ") for door in found.doors}
    assert people == {"joe@client.example?", "kim@client.example?"}


def test_what_went_out_more_than_90_days_ago_is_not_counted(notice):
    notice.load(NOTICE % "automated")
    notice.run("notice", to="tom@client.example")
    notice.later(days=91)
    notice.run("notice", to="ann@client.example")
    assert (blast(notice).gone_out, len(blast(notice).listed)) == (1, 1)


def test_what_names_a_newer_version_is_not_touched_by_withdrawing_the_old_one(notice):
    asked(notice)
    notice.asset("template", "notice", version=2, body={"subject": "New notice", "body": "Good day."})
    notice.run("notice", person="lea", to="ann@client.example")
    first, second = Action.objects.order_by("pk").values_list("pk", flat=True)
    assert blast(notice, Asset.objects.get(version=1)).waiting == [first]
    assert blast(notice).waiting == [first, second]


def test_eve_who_leads_sales_sees_the_counts_but_no_run_of_growth(notice):
    notice.load(NOTICE % "automated")
    notice.run("notice", to="tom@client.example")
    asked(notice)
    found = blast(notice, reader="eve")
    assert (len(found.waiting), found.doors) == (1, [])
    assert [use.may_open for use in found.listed] == [False]
    assert [use.may_open for use in blast(notice).listed] == [True]


def test_an_expression_that_holds_the_key_counts_as_a_step_that_names_it(notice):
    chosen = "template: \"=input.to == 'x' ? 'notice' : 'other'\""
    notice.load((NOTICE % "automated").replace("template: notice", chosen))
    assert [step.key for step in blast(notice).steps] == ["send"]
