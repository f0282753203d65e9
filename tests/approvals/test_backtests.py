"""What a draft would have done with the past: judged again from what was kept, beside what people had decided."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from approvals.backtests import files, past, plan
from approvals.backtests.lists import actions_of, chosen, page_of
from approvals.backtests.past import Window
from approvals.backtests.plan import CannotPlan
from approvals.backtests.row import Asked, Backtest, State, judge, work_off
from approvals.reviews import Review
from governance import drafting
from governance.backtest import Decided, Share
from governance.judging import Outcome as Verdict
from governance.ledger import Entry
from tests.approvals.past import AUTOMATED, PROGRAM, decide, draft, happen
from workflows import publishing, ratifying, revisions
from workflows.actions import Action, Attempt, Proposed
from workflows.definitions import Step, Version, Workflow
from workflows.outcomes import report


@pytest.fixture
def welcome(world):
    return happen(world)


def tried(world, text=AUTOMATED, window=None, **asked):
    """Return the tally of a draft over all of the past."""
    made = Asked(draft(world, text), **asked).plan()
    return judge(made, past.actions(made, window or Window()))


def ask(world, **asked):
    row = Backtest.objects.ask(Asked(draft(world), **asked), world.ada, world.now)
    work_off(lambda: world.now)
    row.refresh_from_db()
    return row


# --- what comes out ------------------------------------------------------------------------------------------------


def test_a_floor_releases_what_was_sure_enough_and_says_what_people_had_decided_about_it(welcome):
    found = tried(welcome)
    assert found.released == Share(4, 7)
    assert found.rejected == Share(1, 4)
    assert {each.value: count for each, count in found.decided_about_released.items() if count} == {
        "kept": 2,
        "edited": 1,
        "rejected": 1,
    }
    assert found.verdicts()[Verdict.ACT] == (0, 4)
    assert found.verdicts()[Verdict.REVIEW] == (7, 3)


def test_what_nobody_answered_is_released_too_and_is_no_answer(welcome):
    found = tried(welcome, AUTOMATED.replace("0.85", "0.5"))
    assert found.released == Share(7, 7)
    assert found.rejected == Share(2, 6)


def test_the_amounts_involved_are_summed(welcome):
    amounts = tried(welcome).as_json()["amounts"]
    assert amounts["released"]["discount"] == {
        "count": 4,
        "sum": 10 + 20 + 30 + 40,
    }  # as proposed, also of what was edited
    assert amounts["judged"]["discount"]["count"] == 7


def test_a_draft_that_says_what_is_in_force_changes_nothing(welcome):
    found = tried(welcome, PROGRAM + "    due_in: 2d\n")
    assert (found.released.hits, found.held_back.hits) == (0, 0)
    assert found.verdicts()[Verdict.REVIEW] == (7, 7)


def test_judged_again_under_what_is_in_force_every_verdict_is_what_it_was(welcome):
    welcome.load(AUTOMATED)
    for key in ("c0", "c5"):
        welcome.run("welcome", contact=key)
    current = plan.in_force(Workflow.objects.get())
    made = plan.make(current, current)
    newest = judge(made, past.actions(made, Window(last=2)))
    stored = {row.pk: row.verdict for row in Action.objects.order_by("-pk")[:2]}
    again = {key: cell[1].value for cell, group in newest.groups.items() for key in group.actions}
    assert again == stored


def test_what_a_new_guardrail_would_have_caught_is_held_back(welcome):
    welcome.load(AUTOMATED)
    welcome.run("welcome", contact="c0")
    rail = "    guardrails: [{when: amounts.discount > 5, effect: human, reason: Generous}]\n"
    found = tried(welcome, AUTOMATED + rail)
    assert found.held_back.hits == 4 + 1
    assert found.verdicts()[Verdict.HUMAN] == (0, 8)


def test_a_draft_of_the_rulebook_is_tried_by_itself(welcome):
    content = {
        "stances": {"data.set": "approved"},
        "guardrails": [{"when": "amounts.discount > 15", "effect": "refuse", "reason": "Too much", "capability": ""}],
    }
    book = drafting.keep(content, welcome.ada, welcome.now, seen=drafting.seen_now())
    version = Version.objects.select_related("workflow", "owner").get(status="in_force")
    made = Asked(version, book).plan()
    found = judge(made, past.actions(made, Window()))
    assert found.verdicts()[Verdict.REFUSE] == (0, 6)  # of 20 to 70
    assert found.verdicts()[Verdict.REVIEW] == (7, 1)


def test_a_floor_given_by_hand_is_tried_instead_of_the_drafts(welcome):
    assert tried(welcome, floors={"discount": 0.9}).released == Share(2, 7)


def test_a_sweep_counts_at_each_floor_what_it_would_release(welcome):
    points = {point.floor: point for point in tried(welcome, sweep={"by": 0.05}).curve.points()}
    assert points[0.85].released == Share(4, 7)
    assert points[0.85].rejected == Share(1, 4)
    assert points[0.9].released == Share(2, 7)
    assert points[0.5].released == Share(7, 7)


def test_sampling_is_taken_off_what_a_floor_releases(welcome):
    found = tried(welcome, AUTOMATED + "    sample_rate: 1\n")
    assert found.released == Share(0, 7)
    assert [point.released.hits for point in found.curve.points()] == [0] * 46


def test_what_was_reported_of_the_released_is_counted(welcome):
    surest, second, *_ = Action.objects.order_by("pk")
    report(surest, "replied", True, welcome.ada, welcome.now)
    report(second, "replied", "no", welcome.ada, welcome.now)
    report(second, "revenue", 1200, welcome.ada, welcome.now)
    outcomes = tried(welcome).as_json()["outcomes"]["released"]
    assert outcomes["replied"]["of"] == 2
    assert outcomes["replied"]["values"]["yes"]["hits"] == 1
    assert outcomes["revenue"]["numbers"] == {"count": 1, "sum": 1200}


def test_of_several_answers_the_last_one_counts(world):
    world.load(PROGRAM)
    world.record("contact", "c0", fit=0.9, discount=5)
    run = world.run("welcome", contact="c0")
    decide(world, Review.objects.get(action__run=run), "take_over")
    assert tried(world).decided_about_released[Decided.BY_HAND] == 1
    decide(world, Review.objects.get(action__run=run, kind="todo"), "reject")
    assert tried(world).rejected == Share(1, 1)


def test_where_what_is_in_force_does_something_else_nothing_acts_alone_before(welcome):
    other = AUTOMATED.replace('values: {discount: "=record.discount"}', "changes: {discount: 1}")
    welcome.load(other.replace("data.set", "records.update").replace("0.85", "0.5"))
    found = tried(welcome)
    assert found.verdicts()[Verdict.ACT] == (0, 4)
    assert found.verdicts()[Verdict.REVIEW] == (7, 3)


# --- which past, and what of it cannot be judged -------------------------------------------------------------------


def test_only_the_past_that_was_asked_for_is_judged(welcome):
    begun = welcome.now
    welcome.later(days=10)
    welcome.run("welcome", contact="c0")
    assert tried(welcome, window=Window(since=begun + timedelta(days=1))).total == 1
    assert tried(welcome, window=Window(until=begun + timedelta(days=1))).total == 7
    assert tried(welcome, window=Window(last=3)).total == 3
    assert tried(welcome, window=Window(since=begun)).total == 8
    assert tried(welcome, window=Window(until=begun)).total == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("key: discount", "key: other"), plan.GONE),
        (("data.set", "records.update"), plan.OTHER_WORK),
    ],
)
def test_what_the_draft_no_longer_does_cannot_be_judged(welcome, change, reason):
    text = AUTOMATED.replace(*change)
    if change[1] == "records.update":
        text = text.replace('values: {discount: "=record.discount"}', "changes: {discount: 1}")
    found = tried(welcome, text)
    assert found.judged == 0
    assert {why: len(actions) for why, actions in found.skipped.items()} == {reason: 7}


def test_facts_that_were_not_kept_or_cannot_be_read_are_counted_with_their_reason(welcome):
    Proposed.objects.all().delete()
    first, second, third, *_ = Action.objects.order_by("pk")
    Action.objects.filter(pk=first.pk).update(facts={})
    Action.objects.filter(pk=second.pk).update(facts={**second.facts, "now": "once"})
    Action.objects.filter(pk=third.pk).update(facts={**third.facts, "assets": [{"kind": "claim"}]})
    found = tried(welcome)
    assert found.coverage == Share(4, 7)
    assert found.skipped == {
        past.NO_FACTS: [first.pk],
        past.UNREADABLE: [third.pk, second.pk],
    }


def test_what_undoes_another_action_and_what_waits_is_no_past_of_a_rule(world):
    wait = "  - {key: pause, after: [discount], wait: 1d}\n"
    world.load(AUTOMATED + wait)
    world.record("contact", "c0", fit=0.9, discount=5)
    run = world.run("welcome", contact="c0")
    done, paused = world.action(run, "discount"), world.action(run, "pause")
    Action.objects.filter(pk=paused.pk).update(status="failed")
    Action.objects.create(**{**_values(done), "undo_of_id": done.pk, "round": 2})
    assert tried(world, AUTOMATED + wait.replace("1d", "2d")).total == 1


def _values(action):
    return {
        field.attname: getattr(action, field.attname) for field in Action._meta.concrete_fields if field.name != "id"
    }


def test_what_could_not_be_proposed_cannot_be_judged(welcome):
    welcome.run("welcome", contact="nobody")
    assert {why: len(actions) for why, actions in tried(welcome).skipped.items()} == {past.NOT_PROPOSED: 1}


def test_a_field_that_old_facts_do_not_have_trips_the_rule_as_the_judge_says(welcome):
    rail = "    guardrails: [{when: record.new_field > 5, effect: review, reason: New}]\n"
    found = tried(welcome, AUTOMATED + rail)
    assert found.judged == 7
    assert found.released == Share(0, 7)


def test_what_a_person_did_unaided_says_nothing_of_software(world):
    world.load(PROGRAM.replace("needs_approval", "human_owned"))
    world.record("contact", "c0", fit=0.9, discount=5)
    world.run("welcome", contact="c0")
    assert list(tried(world).skipped) == [plan.UNAIDED]


def test_a_proposal_made_with_other_settings_is_judged_and_remarked(welcome):
    found = tried(welcome, AUTOMATED.replace("=record.discount", "=record.discount / 2"))
    assert found.judged == 7
    assert found.remarks == {plan.OTHER_PARAMS: 7}


def test_where_what_software_had_proposed_was_not_kept_it_is_judged_as_edited_and_remarked(welcome):
    Proposed.objects.all().delete()
    found = tried(welcome)
    assert found.remarks == {past.EDITED: 1}
    assert found.as_json()["amounts"]["released"]["discount"]["sum"] == 10 + 20 + 1 + 40


# --- a backtest somebody asked for ---------------------------------------------------------------------------------


def test_ada_asks_and_a_worker_judges_in_the_background(welcome):
    row = ask(welcome)
    assert (row.state, row.done, row.total) == (State.DONE, 7, 7)
    assert row.result["released"]["hits"] == 4
    assert row.under == "draft 2"
    assert Entry.objects.filter(verb="backtest.asked", workflow=row.workflow_id).count() == 1


def test_nothing_is_executed_and_no_action_is_touched(welcome):
    before = list(Action.objects.order_by("pk").values()), Attempt.objects.count(), Review.objects.count()
    ask(welcome)
    assert (list(Action.objects.order_by("pk").values()), Attempt.objects.count(), Review.objects.count()) == before


def test_the_actions_can_be_clicked_through_the_rejected_first(welcome):
    row = ask(welcome)
    fits = [
        (cases.decided, action.facts["record"]["fit"])
        for cases, action in actions_of(page_of(chosen(row.lists.all(), "released"), 0))
    ]
    assert fits == [("rejected", 0.85), ("edited", 0.86), ("kept", 0.9), ("kept", 0.95)]
    assert [case.decided for case, _ in page_of(chosen(row.lists.all(), "released"), 1, 2)] == ["edited", "kept"]
    assert len(page_of(chosen(row.lists.all(), "review-act"), 0)) == 4
    assert len(page_of(chosen(row.lists.all(), ""), 0)) == 7
    assert page_of(chosen(row.lists.all(), "unjudged"), 0) == []


def test_it_is_stale_once_something_took_force(welcome):
    row = ask(welcome)
    assert row.stale() == ""
    welcome.guardrail("amounts.discount > 100", "refuse", "Too much")
    assert row.stale() == "Something took force since this was judged."


def test_it_is_stale_once_the_draft_was_changed_or_discarded(welcome):
    row = ask(welcome)
    revisions.revise(row.version, "discount", {"min_confidence": 0.9}, welcome.ada, welcome.now)
    assert row.stale() == "The draft was changed since this was judged."
    publishing.discard(row.version, welcome.ada, welcome.now)
    row.refresh_from_db()
    assert row.stale() == "The draft was discarded."


def test_a_new_name_does_not_make_it_stale(welcome):
    row = ask(welcome)
    Version.objects.filter(pk=row.version_id).update(title="Hello")
    row.refresh_from_db()
    assert row.stale() == ""


def test_one_whose_worker_died_is_judged_again(welcome):
    row = Backtest.objects.ask(Asked(draft(welcome)), welcome.ada, welcome.now)
    Backtest.objects.claim(welcome.now)  # and this worker is never heard of again
    assert Backtest.objects.claim(welcome.later(seconds=29)) is None
    assert work_off(lambda: welcome.now + timedelta(seconds=2))
    row.refresh_from_db()
    assert (row.state, row.attempts) == (State.DONE, 2)


def test_a_worker_that_was_given_up_cannot_end_what_another_one_took(welcome):
    row = Backtest.objects.ask(Asked(draft(welcome)), welcome.ada, welcome.now)
    slow = Backtest.objects.claim(welcome.now)
    quick = Backtest.objects.claim(welcome.later(minutes=1))
    slow.run(lambda: welcome.now)
    row.refresh_from_db()
    assert (row.state, row.attempts) == (State.RUNNING, 2)
    quick.run(lambda: welcome.now)
    row.refresh_from_db()
    assert row.state == State.DONE


def test_one_that_kills_its_workers_is_given_up(welcome):
    row = Backtest.objects.ask(Asked(draft(welcome)), welcome.ada, welcome.now)
    for _ in range(3):
        Backtest.objects.claim(welcome.later(minutes=1))
    work_off(lambda: welcome.later(minutes=1))
    row.refresh_from_db()
    assert (row.state, row.trouble) == (State.FAILED, "It broke off 3 times.")


def test_a_draft_that_is_gone_before_it_was_judged_is_told(welcome):
    version = draft(welcome)
    row = Backtest.objects.ask(Asked(version), welcome.ada, welcome.now)
    publishing.discard(version, welcome.ada, welcome.now)
    work_off(lambda: welcome.now)
    row.refresh_from_db()
    assert (row.state, row.trouble) == (State.FAILED, "The draft was discarded.")


def test_a_step_the_draft_does_not_have_is_named(welcome):
    with pytest.raises(CannotPlan, match=r"no step “gone”; it has discount"):
        Backtest.objects.ask(Asked(draft(welcome), step="gone"), welcome.ada, welcome.now)


# --- the command ---------------------------------------------------------------------------------------------------


@pytest.fixture
def recent(welcome):
    """The same past, a moment ago: the command reads the real clock."""
    Action.objects.update(created_at=timezone.now())
    return welcome


def command(*words, **options):
    out = StringIO()
    call_command("backtest", *map(str, words), stdout=out, **options)
    return out.getvalue()


def test_the_command_tries_a_file_and_leaves_no_trace(recent, tmp_path):
    file = tmp_path / "draft.yaml"
    file.write_text(AUTOMATED)
    entries = Entry.objects.count()
    found = json.loads(command("welcome", "--file", file, "--json"))
    assert found["released"] == {"hits": 4, "of": 7, "share": 4 / 7, "low": pytest.approx(0.2505, abs=1e-4),
                                 "high": pytest.approx(0.8418, abs=1e-4)}  # fmt: skip
    assert not Version.objects.filter(status="draft").exists()
    assert (Entry.objects.count(), Backtest.objects.count()) == (entries, 0)


def test_the_command_tries_a_rulebook_file_and_leaves_no_trace(recent, tmp_path):
    file = tmp_path / "rulebook.yaml"
    file.write_text("stances: {data.set: out_of_scope}\n")
    found = json.loads(command("welcome", "--rulebook", file, "--json"))
    assert found["verdicts"]["refuse"] == {"before": 0, "after": 7}
    assert drafting.current() is None


def test_the_command_says_it_in_words(recent):
    draft(recent)
    said = command("welcome", "--sweep", "discount", "0.5", "0.95")
    assert "7 of 7 past actions could be judged (100.0\u00a0%)." in said
    assert "4 of 7 would newly act alone: 57.1\u00a0%, 25.0–84.2\u00a0%." in said
    assert "People had rejected 1 of the 4 released ones they answered: 25.0\u00a0%, 4.6–69.9\u00a0%." in said
    assert "to review              7         3          −4" in said
    assert "   0.90         2   28.6\u00a0%         0         2" in said


def test_another_floor_is_tried_with_the_draft(recent):
    draft(recent)
    assert json.loads(command("welcome", "--floor", "discount=0.9", "--json"))["released"]["hits"] == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["gone"], "There is no workflow “gone”"),
        (["welcome", "--floor", "discount=2"], "from 0 to 1"),
        (["welcome", "--floor", "gone=0.5"], "no step “gone”"),
        (["welcome", "--sweep", "discount", "0.9", "0.5"], "A sweep goes upwards"),
        (["welcome", "--file", "/nowhere.yaml"], "cannot be read"),
        (["welcome", "--last", "0"], "at least 1"),
    ],
)
def test_what_the_command_cannot_do_it_says(recent, words, sentence):
    with pytest.raises(CommandError, match=sentence):
        command(*words)


def test_a_file_of_another_workflow_is_no_draft_of_this_one(recent):
    with files.taken_back(), pytest.raises(CannotPlan, match="does not speak of “welcome”"):
        files.version_from(
            AUTOMATED.replace("workflow: welcome", "workflow: other"), Workflow.objects.get(), recent.ada, recent.now
        )
    assert Workflow.objects.count() == 1


def test_a_file_is_tried_while_a_proposal_waits_to_be_ratified_and_without_a_file_the_proposal(recent, tmp_path):
    version = draft(recent)
    ratifying.propose(version, recent.ada, recent.now)
    file = tmp_path / "draft.yaml"
    file.write_text(AUTOMATED.replace("0.85", "0.9"))
    assert json.loads(command("welcome", "--file", file, "--json"))["released"]["hits"] == 2
    assert json.loads(command("welcome", "--json"))["released"]["hits"] == 4
    assert list(Version.objects.exclude(status="superseded").values_list("number", "status").order_by("number")) == [
        (1, "in_force"),
        (2, "proposed"),
    ]


def test_what_is_wrong_in_a_file_is_named_with_its_line(recent, tmp_path):
    file = tmp_path / "draft.yaml"
    file.write_text(AUTOMATED.replace("owner: growth", "owner: nobody"))
    with pytest.raises(CommandError, match=r"line 4.*there is no team “nobody”"):
        command("welcome", "--file", file)
    file.write_text("stances: {gone.away: approved}\n")
    with pytest.raises(CommandError, match=r"line 1.*there is no capability “gone.away”"):
        command("welcome", "--rulebook", file)


def test_a_changed_limit_makes_a_forecast_stale_too(welcome):
    row = ask(welcome)
    limits = [{"measure": "amounts.discount", "at_most": 15}]
    Step.objects.filter(version=row.version, key="discount").update(limits=limits)
    assert row.stale() == "The draft was changed since this was judged."
    work_off(lambda: welcome.now)
    assert Backtest.objects.ask(Asked(plan.fresh(row.version_id)), welcome.ada, welcome.now)
    work_off(lambda: welcome.now)
    assert (
        Backtest.objects.first().result["released"]["hits"] == 1
    )  # of 10; the one edited down to 1 had been proposed as 30
