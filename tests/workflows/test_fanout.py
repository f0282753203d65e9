"""Runs that start runs: one, or one for each of an audience; and steps that wait until enough of them have ended."""

import pytest
from pydantic import ValidationError

from approvals.reviews import Review
from governance.ledger import Entry
from workflows.actions import Action
from workflows.capabilities import fanout
from workflows.capabilities.children import Join, _count
from workflows.engine.sweep import sweep
from workflows.records import Audience, Record
from workflows.runs import Run, RunStatus
from workflows.yamltext import FileProblems

CHILD = """
workflow: greet
title: Greet
owner: growth
automation_allowed: true
input: {type: object, required: [contact], properties: {contact: {type: string}}}
steps:
  - {key: ask, question: Is this one fine?, ownership: human_owned}
  - {key: mark, after: [ask], capability: records.update, ownership: automated, params: {record: {kind: contact, key: "=input.contact"}, changes: {greeted: true}}}
"""  # noqa: E501
QUICK = CHILD.replace("  - {key: ask, question: Is this one fine?, ownership: human_owned}\n", "").replace(
    "after: [ask], ", ""
)
EACH = """
workflow: campaign
title: Campaign
owner: growth
automation_allowed: true
steps:
  - {key: pick, capability: records.select, ownership: automated, params: {kind: contact, where: "true"}}
  - {key: each, after: [pick], capability: workflows.start_each, ownership: automated, params: {workflow: greet, audience: "=steps.pick.audience", input: {contact: "=record.key"}JOIN}}
  - {key: after, after: [each], capability: records.update, ownership: automated, params: {record: {kind: team, key: growth}, changes: {ran: "=steps.each.started"}}}
"""  # noqa: E501
ONE = """
workflow: campaign
title: Campaign
owner: growth
automation_allowed: true
steps:
  - {key: one, capability: workflows.start, ownership: automated, params: {workflow: greet, input: {contact: priya}JOIN}}
  - {key: after, after: [one], capability: records.update, ownership: automated, params: {record: {kind: team, key: growth}, changes: {ran: "=steps.one.run"}}}
"""  # noqa: E501


@pytest.fixture
def campaign(world):
    """Load a campaign with this `join` and a workflow for its children; two chunks are enough for four contacts."""
    world.record("team", "growth")

    def load(text, join="", child=QUICK, contacts=("priya", "tom", "kim", "lou")):
        for key in contacts:
            world.record("contact", key, name=key.title())
        world.load(child)
        world.load(text.replace("JOIN", f", join: {join}" if join else ""))
        return world

    return load


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(fanout, "CHUNK", 3)
    monkeypatch.setattr(fanout, "SECONDS", 0)


def children(run):
    return list(Run.objects.filter(parent__run=run).order_by("pk"))


def answer(world, runs, choice="done"):
    """Let Ben answer what these runs ask, and let the workers go on for a second."""
    for review in Review.objects.filter(action__run__in=runs, status="open"):
        review.decide(world.ben, choice, world.now, note="Seen")
    world.work()
    world.later(seconds=1)
    world.work()


def end(world, runs, status):
    """Let these runs end by other means."""
    Run.objects.filter(pk__in=[run.pk for run in runs]).update(status=status, ended_at=world.now)


# --- one for each --------------------------------------------------------------------------------------------------


def test_without_a_join_the_step_is_done_when_all_are_started(campaign, small_chunks):
    world = campaign(EACH)
    run = world.run("campaign")
    assert (run.status, world.action(run, "each").output) == ("ended", {"started": 4, "workflow": "greet"})
    assert [child.input["contact"] for child in children(run)] == ["kim", "lou", "priya", "tom"]
    assert Record.objects.filter(kind="contact", fields__greeted=True).count() == 4


def test_what_is_remembered_between_chunks_stays_small_whatever_their_number(campaign, monkeypatch):
    monkeypatch.setattr(fanout, "CHUNK", 2)
    monkeypatch.setattr(fanout, "SECONDS", 0)
    world = campaign(EACH, "all", CHILD, [f"contact-{number}" for number in range(20)])
    run = world.run("campaign")
    assert world.action(run, "each").progress == {"begun": 20, "started": 20}


def test_a_record_deleted_meanwhile_starts_nothing_and_is_not_counted(campaign, world):
    campaign(EACH)
    audience = Audience.objects.create(kind="contact", members=[*Record.objects.values_list("pk", flat=True)][:3], size=3, made_at=world.now)  # fmt: skip  # noqa: E501
    Record.objects.filter(pk=audience.members[-1]).delete()
    world.load(EACH.replace("JOIN", "").replace('"=steps.pick.audience"', str(audience.pk)))
    run = world.run("campaign")
    assert world.action(run, "each").output["started"] == len(children(run)) == 2


def test_with_a_join_of_all_the_step_sleeps_until_the_last_run_has_ended(campaign, small_chunks):
    world = campaign(EACH, "all", CHILD)
    run = world.run("campaign")
    each = world.action(run, "each")
    assert (each.status, each.not_before > world.now) == ("ready", True)
    answer(world, children(run)[:3])
    assert world.action(run, "each").status == "ready"
    answer(world, children(run))
    assert world.action(run, "each").output == {"started": 4, "ended": 4, "stopped": 0, "workflow": "greet"}
    run.refresh_from_db()
    assert run.status == "ended"


def test_the_end_of_the_last_run_wakes_the_step_without_any_sweep(campaign):
    world = campaign(EACH, "all", CHILD, ["priya"])
    run = world.run("campaign")
    Review.objects.get().decide(world.ben, "done", world.now, note="Seen")
    world.work()
    run.refresh_from_db()
    assert run.status == "ended"


def test_it_goes_on_when_so_many_have_ended_though_others_are_open(campaign):
    world = campaign(EACH, "{of: 2}", CHILD)
    run = world.run("campaign")
    answer(world, children(run)[:2])
    assert world.action(run, "each").output == {"started": 4, "ended": 2, "stopped": 0, "workflow": "greet"}
    assert [child.status for child in children(run)].count("open") == 2


def test_a_share_of_those_that_were_started_is_enough_and_rounded_up(campaign):
    world = campaign(EACH, "{share: 0.6}", CHILD)  # 2.4 of 4
    run = world.run("campaign")
    answer(world, children(run)[:2])
    assert world.action(run, "each").status == "ready"
    answer(world, children(run)[2:3])
    assert world.action(run, "each").status == "done"


def test_stopped_and_cancelled_runs_do_not_count_as_ended(campaign):
    world = campaign(EACH, "{of: 2}", CHILD)
    run = world.run("campaign")
    first, second, third, fourth = children(run)
    end(world, [first], RunStatus.CANCELLED)
    answer(world, [second], "reject")
    answer(world, [third])
    assert world.action(run, "each").status == "ready"
    answer(world, [fourth])
    assert world.action(run, "each").output == {"started": 4, "ended": 2, "stopped": 2, "workflow": "greet"}


def test_when_too_few_ended_and_none_is_open_it_fails_with_a_sentence(campaign):
    world = campaign(EACH, "all", CHILD)
    run = world.run("campaign")
    first, *others = children(run)
    answer(world, [first], "reject")
    end(world, others[:1], RunStatus.CANCELLED)
    answer(world, others[1:])
    action = world.action(run, "each")
    sentence = "Of 4 runs of “greet” 2 ended, 1 stopped, 1 cancelled; 4 had to. See the runs it started."
    assert (action.status, action.trouble) == ("failed", sentence)
    run.refresh_from_db()
    assert run.status == "stopped"


def test_an_end_nobody_was_told_of_is_found_within_seconds(campaign):
    world = campaign(EACH, "all", CHILD)
    run = world.run("campaign")
    end(world, children(run), RunStatus.ENDED)
    world.later(seconds=5)
    sweep(world.now)
    world.work()
    assert world.action(run, "each").status == "done"


def test_an_empty_audience_is_joined_at_once(campaign):
    world = campaign(EACH, "all", CHILD, [])
    assert world.run("campaign").status == "ended"


def test_more_than_there_are_can_never_be_reached(campaign):
    world = campaign(EACH, "{of: 9}")
    run = world.run("campaign")
    world.later(seconds=5)
    world.work()
    assert world.action(run, "each").trouble == "Of 4 runs of “greet” 4 ended; 9 had to. See the runs it started."


def test_counting_needs_one_statement_however_many_runs_there_are(campaign, django_assert_num_queries):
    world = campaign(EACH, "all", CHILD)
    run = world.run("campaign")
    action = world.action(run, "each")
    with django_assert_num_queries(1):
        assert _count(action.pk)["open"] == 4


@pytest.mark.parametrize(
    ("join", "started", "needed"),
    [
        ("none", 9, 0),
        ("all", 9, 9),
        ({"of": 4}, 9, 4),
        ({"share": 0.5}, 9, 5),
        ({"share": 0.28}, 25, 7),
        ({"share": 0.1}, 100_000, 10_000),
        ({"share": 1}, 9, 9),
        ({"share": 0.5}, 0, 0),
    ],
)
def test_how_many_must_end(join, started, needed):
    assert Join(join).needed(started) == needed


@pytest.mark.parametrize(
    "join", ["some", 3, {"of": 0}, {"of": True}, {"share": 0}, {"share": 1.1}, {"of": 1, "share": 0.5}, {"of": 0.5}, []]
)
def test_any_other_join_is_named_as_a_mistake(join):
    with pytest.raises(ValidationError, match="join is none, all"):
        Join(join)


def test_a_join_that_is_none_is_found_when_the_file_is_loaded(campaign):
    with pytest.raises(FileProblems, match="join is none, all"):
        campaign(EACH, "most")


# --- one -----------------------------------------------------------------------------------------------------------


def test_a_step_starts_one_run_and_goes_on(campaign):
    world = campaign(ONE, child=CHILD)
    run = world.run("campaign")
    (child,) = children(run)
    assert (child.input, child.root, child.trigger) == ({"contact": "priya"}, run, f"by run {run.pk}")
    assert (run.status, world.action(run, "one").output) == ("ended", {"run": child.pk, "status": "open"})


def test_joined_it_waits_and_has_what_the_steps_of_that_run_gave(campaign):
    world = campaign(ONE, "all", CHILD)
    run = world.run("campaign")
    assert world.action(run, "one").status == "ready"
    (child,) = children(run)
    answer(world, [child])
    found = world.action(run, "one").output
    assert (found["run"], found["status"]) == (child.pk, "ended")
    assert found["outputs"]["ask"]["note"] == "Seen"
    assert found["outputs"]["mark"]["changes"] == {"greeted": True}
    run.refresh_from_db()
    assert run.status == "ended"


def test_when_that_run_stops_the_step_fails_and_says_which(campaign):
    world = campaign(ONE, "all", CHILD)
    run = world.run("campaign")
    (child,) = children(run)
    answer(world, [child], "reject")
    trouble = f"Run {child.pk} of “greet” stopped, so what comes after it did not begin. See that run for the cause."
    assert (world.action(run, "one").status, world.action(run, "one").trouble) == ("failed", trouble)


def test_input_the_other_workflow_does_not_take_starts_nothing(campaign):
    world = campaign(ONE.replace("contact: priya", "person: priya"))
    run = world.run("campaign")
    assert world.action(run, "one").trouble == "greet: The input lacks “contact”."
    assert children(run) == []


def test_a_workflow_that_is_not_in_force_starts_nothing(campaign):
    world = campaign(ONE.replace("workflow: greet", "workflow: nobody"))
    run = world.run("campaign")
    assert world.action(run, "one").trouble == "There is no workflow “nobody”."


def test_the_run_that_is_started_is_in_the_ledger_with_what_started_it(campaign):
    world = campaign(ONE)
    run = world.run("campaign")
    (child,) = children(run)
    assert Entry.objects.get(run=child.pk, verb="run.started").data["trigger"] == f"by run {run.pk}"


# --- circles -------------------------------------------------------------------------------------------------------

PING = """
workflow: ping
title: Ping
owner: growth
automation_allowed: true
steps:
  - {key: go, capability: workflows.start, ownership: automated, params: {workflow: pong}}
"""
PONG = PING.replace("pong", "PING").replace("ping", "pong").replace("PING", "ping").replace("Ping", "Pong")


def test_workflows_that_start_each_other_end_after_ten_levels_with_a_sentence(world):
    world.load(PING)
    world.load(PONG)
    world.run("ping")
    assert Run.objects.count() == 10
    (trouble,) = Action.objects.filter(status="failed").values_list("trouble", flat=True)
    assert trouble.startswith("runs would start each other more than 10 levels deep")


def test_a_workflow_does_not_start_itself_for_each(campaign):
    world = campaign(EACH.replace("workflow: greet", "workflow: campaign"))
    run = world.run("campaign")
    assert world.action(run, "each").trouble == "“campaign” must not start itself for each"
