"""Evidence doctored one thing at a time, and what the checker must say of it."""

from dataclasses import replace
from datetime import timedelta

from tests.faults.evidence import EntryRow, HaltRow, RailRow, Told


def the(evidence, workflow, status="done", key="send"):
    """Return the one action of that workflow's step in that state."""
    (found,) = [
        action
        for action in evidence.actions.values()
        if (action.step.workflow, action.step.key, action.status) == (workflow, key, status)
    ]
    return found


def of(evidence, action):
    """Return what arrived of the action."""
    (found,) = [one for one in evidence.arrivals if one.key.startswith(f"remit-{action.id}-")]
    return found


def instead(evidence, old, new):
    evidence.arrivals = [new if one is old else one for one in evidence.arrivals]


def entries_of(evidence, action, verb):
    return [entry for entry in evidence.entries if entry.action == action.id and entry.verb == verb]


def without(evidence, entry):
    evidence.entries.remove(entry)


def came_from_nowhere(evidence):
    evidence.arrivals.append(replace(evidence.arrivals[0], key="remit-999999"))


def came_more_often_than_begun(evidence):
    evidence.arrivals.append(of(evidence, the(evidence, "letters")))


def came_before_it_was_begun(evidence):
    seen = of(evidence, the(evidence, "notices"))
    instead(evidence, seen, replace(seen, at=seen.at - 3600))


def other_words_came(evidence):
    seen = of(evidence, the(evidence, "letters"))
    instead(evidence, seen, replace(seen, content={**seen.content, "subject": "Something else"}))


def nobody_approved(evidence):
    without(evidence, entries_of(evidence, the(evidence, "letters"), "action.approved")[0])


def approved_something_else(evidence):
    entry = entries_of(evidence, the(evidence, "letters"), "action.approved")[0]
    evidence.entries[evidence.entries.index(entry)] = replace(entry, data={**entry.data, "digest": "0" * 64})


def approved_by_software(evidence):
    entry = entries_of(evidence, the(evidence, "letters"), "action.approved")[0]
    evidence.entries[evidence.entries.index(entry)] = replace(entry, kind="software")


def begun_inside_a_halt(evidence):
    begun = entries_of(evidence, the(evidence, "notices"), "action.started")[0]
    data = {"halt": 77}
    evidence.halts[77] = HaltRow(77, "workflow", "notices", True)
    evidence.entries = [
        *(EntryRow(begun.id - 0.5, "person", "halt.pulled", None, None, "", data),),
        *evidence.entries,
        *(EntryRow(begun.id + 0.5, "person", "halt.lifted", None, None, "", data),),
    ]


def moved_inside_a_halt_that_stands(evidence):
    begun = entries_of(evidence, the(evidence, "moves", key="move"), "action.done")[0]
    evidence.halts[77] = HaltRow(77, "capability", "records.transfer", False)
    evidence.entries.append(EntryRow(begun.id - 0.5, "person", "halt.pulled", None, None, "", {"halt": 77}))


def against_a_rule(evidence):
    first = min(entry.id for entry in evidence.entries)
    evidence.rails.append(RailRow(77, "proposal.to == 'tom@client.example'", "refuse", "email.send"))
    evidence.entries.insert(0, EntryRow(first - 1, "person", "rulebook.in_force", None, None, "", {"rulebook": 77}))


def against_newer_terms(evidence):
    step = the(evidence, "notices").step
    first = next(
        entry for entry in evidence.entries if entry.verb == "version.in_force" and entry.workflow == "notices"
    )
    evidence.steps["notices", 2, "send"] = replace(step, version=2, ownership="needs_approval")
    evidence.entries.insert(0, replace(first, id=first.id + 0.5, data={"version": 2}))
    evidence.entries.sort(key=lambda entry: entry.id)


def rejected_and_came_all_the_same(evidence):
    the(evidence, "letters").status = "rejected"


def sent_twice(evidence):
    action = the(evidence, "notices")
    action.attempts.append(replace(action.attempts[0], number=2))
    evidence.arrivals.append(of(evidence, action))


def sent_other_words_the_second_time(evidence):
    action = the(evidence, "notices")
    action.retry_safe = True
    seen = of(evidence, action)
    evidence.arrivals.append(replace(seen, content={**seen.content, "message_id": "another"}))


def two_actions_for_one_step(evidence):
    action = the(evidence, "letters")
    evidence.actions[999] = replace(action, id=999)


def two_runs_for_one_order(evidence):
    first = next(run for run in evidence.runs.values() if run.workflow == "notices")
    evidence.runs[999] = replace(first, id=999)


def two_runs_for_one_record_of_an_audience(evidence):
    first = next(run for run in evidence.runs.values() if run.workflow == "notices")
    first.parent = the(evidence, "letters").id
    evidence.runs[999] = replace(first, id=999)


def moved_twice(evidence):
    evidence.pots["b"] += 5


def a_tick_started_two_runs(evidence):
    run = next(iter(evidence.runs.values()))
    run.trigger = "by schedule"


def nobody_asked_for_it(evidence):
    the(evidence, "letters", "in_review").open_reviews = 0


def a_worker_took_it_and_never_came_back(evidence):
    action = the(evidence, "letters", "in_review")
    action.status, action.lease_until = "claimed", evidence.now - timedelta(hours=1)


def ready_and_nobody_takes_it(evidence):
    action = the(evidence, "letters", "in_review")
    action.status, action.not_before = "ready", evidence.now - timedelta(hours=1)


def an_open_run_with_nothing_in_it(evidence):
    waiting = the(evidence, "letters", "in_review")
    del evidence.actions[waiting.id]


def a_run_that_is_over_with_work_in_it(evidence):
    evidence.runs[the(evidence, "letters", "in_review").run].status = "stopped"


def a_run_the_client_was_told_of_is_gone(evidence):
    evidence.told.append(Told("start", 201, 0.0, {"run": 999, "order": "lost", "sent": 0.0}))


def an_answer_the_person_was_told_of_is_gone(evidence):
    facts = {"review": 999, "choice": "approve", "person": "ben@tideway.example"}
    evidence.told.append(Told("decide", 200, 0.0, facts))


def another_answer_stands(evidence):
    told = next(told for told in evidence.told if told.op == "decide")
    evidence.told.append(replace(told, facts={**told.facts, "person": "chen@tideway.example"}))


def a_halt_the_leader_was_told_of_is_gone(evidence):
    evidence.told.append(Told("halt", 201, 0.0, {"halt": 999}))


def a_signal_the_client_was_told_of_is_gone(evidence):
    evidence.told.append(Told("signal", 201, 0.0, {"signal": 999, "order": "first"}))


def done_and_never_came(evidence):
    evidence.arrivals.remove(of(evidence, the(evidence, "notices")))


def failed_though_it_came(evidence):
    the(evidence, "notices").status = "failed"


def a_colleague_who_never_heard(evidence):
    evidence.notices["<notification-1@remit>"] = evidence.now - timedelta(hours=1)


def a_colleague_who_was_told_nothing(evidence):
    evidence.notices["<notification-1@remit>"] = None


def nudged_after_the_answer(evidence):
    sent = the(evidence, "letters")
    step = replace(sent.step, workflow="replies")
    seen = sent.settled_at.timestamp()
    for number, key in ((901, "reply"), (902, "nudge")):
        evidence.actions[number] = replace(sent, id=number, step=replace(step, key=key), attempts=[])
    evidence.told += [
        Told("start", 201, seen - 60, {"order": "first", "run": sent.run, "sent": 0.0}),
        Told("signal", 201, seen - 59, {"order": "first", "signal": 1}),
    ]


def called_before_the_pause_was_over(evidence):
    seen = evidence.arrivals[0]
    content = {"method": "POST", "url": "http://here/pauses", "body": {"order": "first"}}
    evidence.arrivals.append(replace(seen, witness="http", key="remit-pause", content=content, at=1.0))


def a_change_without_entry(evidence):
    without(evidence, entries_of(evidence, the(evidence, "notices"), "action.claimed")[0])


def a_change_with_two_entries(evidence):
    entry = entries_of(evidence, the(evidence, "notices"), "action.started")[0]
    evidence.entries.insert(evidence.entries.index(entry), entry)


def a_state_nobody_entered(evidence):
    the(evidence, "moves", key="move").status = "cancelled"


def an_unknown_verb(evidence):
    entry = entries_of(evidence, the(evidence, "notices"), "action.done")[0]
    evidence.entries[evidence.entries.index(entry)] = replace(entry, verb="action.vanished")


def an_attempt_too_many(evidence):
    action = the(evidence, "notices")
    action.attempts.append(replace(action.attempts[0], number=2))


def a_run_without_end(evidence):
    run = evidence.runs[the(evidence, "notices").run]
    (entry,) = [entry for entry in evidence.entries if entry.run == run.id and entry.verb == "run.ended"]
    without(evidence, entry)


def an_answer_without_entry(evidence):
    evidence.decisions[999] = (the(evidence, "letters").id, "approve", "chen@tideway.example")


def entries_about_nothing(evidence):
    evidence.entries.append(replace(evidence.entries[-1], action=999_999))


DOCTORED = [
    (came_from_nowhere, "unpermitted", "which nobody began"),
    (came_more_often_than_begun, "unpermitted", "was begun 1 times and arrived 2 times"),
    (came_before_it_was_begun, "unpermitted", "before its first begin"),
    (other_words_came, "unpermitted", "none of the digests"),
    (nobody_approved, "unpermitted", "without the approval it needs"),
    (approved_something_else, "unpermitted", "not of the digest that was approved"),
    (approved_by_software, "unpermitted", "without the approval it needs"),
    (begun_inside_a_halt, "unpermitted", "inside halt 77"),
    (moved_inside_a_halt_that_stands, "unpermitted", "inside halt 77"),
    (against_a_rule, "unpermitted", "against rulebook 77"),
    (against_newer_terms, "unpermitted", "alone against version 2 of notices"),
    (rejected_and_came_all_the_same, "unpermitted", "is rejected and arrived all the same"),
    (sent_twice, "twice", "was done 2 times under one key"),
    (sent_other_words_the_second_time, "twice", "different content under one key"),
    (two_actions_for_one_step, "twice", "has 2 actions of step send"),
    (two_runs_for_one_order, "twice", "order second was asked for once and has 2 runs"),
    (two_runs_for_one_record_of_an_audience, "twice", "order second was asked for once and has 2 runs"),
    (moved_twice, "twice", "pot b holds 1000010"),
    (a_tick_started_two_runs, "twice", "0 moments of schedules"),
    (nobody_asked_for_it, "lost", "0 reviews of it are open"),
    (a_worker_took_it_and_never_came_back, "lost", "nobody took it up"),
    (ready_and_nobody_takes_it, "lost", "nobody took it up"),
    (an_open_run_with_nothing_in_it, "lost", "nothing in it is under way"),
    (a_run_that_is_over_with_work_in_it, "lost", "1 actions are under way"),
    (a_run_the_client_was_told_of_is_gone, "lost", "it is not there"),
    (an_answer_the_person_was_told_of_is_gone, "lost", "review 999 is answered"),
    (another_answer_stands, "lost", "chen@tideway.example was told"),
    (a_halt_the_leader_was_told_of_is_gone, "lost", "halt 999"),
    (a_signal_the_client_was_told_of_is_gone, "lost", "signal 999"),
    (done_and_never_came, "lost", "is done and never arrived"),
    (failed_though_it_came, "lost", "is failed, though it was done"),
    (a_colleague_who_never_heard, "lost", "and was not sent"),
    (a_colleague_who_was_told_nothing, "lost", "counts as sent and never arrived"),
    (nudged_after_the_answer, "lost", "first was waited for 59.0 s"),
    (called_before_the_pause_was_over, "unpermitted", "was to wait 3.0 s"),
    (a_change_without_entry, "gap", "says action.started of an action that was ready"),
    (a_change_with_two_entries, "gap", "says action.started of an action that was started"),
    (a_state_nobody_entered, "gap", "is cancelled, but its Entries end with done"),
    (an_unknown_verb, "gap", "does not know the verb action.vanished"),
    (an_attempt_too_many, "gap", "counts 1 attempts, has 2"),
    (a_run_without_end, "gap", "but its Entries end with open"),
    (an_answer_without_entry, "gap", "was answered 2 times by people"),
    (entries_about_nothing, "gap", "which is not there"),
]
