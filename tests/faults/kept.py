"""0 lost: what was accepted is over or has an owner and a due time; what clients were told is true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from tests.faults.case import Case
from tests.faults.evidence import ActionRow
from tests.faults.permitted import holds

UNDER_WAY = ("ready", "claimed", "started")
WITH_PEOPLE = ("in_review", "with_person", "uncertain")
EFFECTS = ("http.request", "email.send")
MARGIN = 3.0
"""Seconds an answer may be on its way while the time runs out."""
PAUSE = 3.0
"""Seconds, as the workflow “pauses” says."""
PATIENCE = timedelta(seconds=30)
"""So long after its time something ready may stand, when all is calm again."""


def nobody_has_it(case: Case) -> Iterator[str]:
    """Every run is over, or each of its actions stands in a state with an owner and a due time."""
    halts = [halt for halt in case.evidence.halts.values() if not halt.lifted]
    open_steps: Counter[int] = Counter()
    for action in case.actions.values():
        if action.status in UNDER_WAY + WITH_PEOPLE:
            open_steps[action.run] += 1
            yield from _stands_still(action, case, any(holds(halt, action, case) for halt in halts))
        elif action.settled_at is None:
            yield f"action {action.id} is {action.status} and says nothing of when"
    for run in case.runs.values():
        if run.status == "open" and not open_steps[run.id]:
            yield f"run {run.id} ({run.workflow}) is open and nothing in it is under way"
        if run.status != "open" and open_steps[run.id]:
            yield f"run {run.id} ({run.workflow}) is {run.status} and {open_steps[run.id]} actions are under way"


def _stands_still(action: ActionRow, case: Case, halted: bool) -> Iterator[str]:
    late = case.evidence.now - PATIENCE
    if action.status in WITH_PEOPLE and action.open_reviews != 1:
        yield f"action {action.id} is {action.status} and {action.open_reviews} reviews of it are open"
    if action.status in ("claimed", "started") and (action.lease_until is None or action.lease_until < late):
        yield f"action {action.id} is {action.status} since before {action.lease_until} and nobody took it up"
    if action.status == "ready" and action.not_before < late and not halted:
        yield f"action {action.id} is ready since {action.not_before} and nobody took it up"


def told_and_gone(case: Case) -> Iterator[str]:
    """What a client was told was done stands in the database."""
    for told in case.evidence.told:
        if not 200 <= told.code < 300:
            continue
        facts = told.facts
        run = case.runs.get(int(facts.get("run", 0)))
        if told.op == "start" and (run is None or run.input.get("order") != facts["order"]):
            yield f"a client was told that run {facts['run']} was started for {facts['order']}; it is not there"
        kept = case.evidence.decisions.get(int(facts.get("review", 0)))
        if told.op == "decide" and (kept is None or kept[1:] != (facts["choice"], facts["person"])):
            yield f"{facts['person']} was told that review {facts['review']} is answered; what stands there is {kept}"
        if told.op == "signal" and int(facts["signal"]) not in case.evidence.signals:
            yield f"a client was told that signal {facts['signal']} is kept; it is not there"
        if told.op == "halt" and int(facts["halt"]) not in case.evidence.halts:
            yield f"a leader was told that halt {facts['halt']} is in force; it is not there"


def done_and_never_came(case: Case) -> Iterator[str]:
    """What is done arrived, and what failed did not, unless a person said so."""
    for action in case.actions.values():
        if action.inline or action.step.capability not in EFFECTS or case.person_settled(action):
            continue
        taken = any(arrival.took for arrival in case.came.get(action.id, ()))
        by_hand = any(e.verb == "action.done" and e.kind == "person" for e in case.of_action[action.id])
        if action.status == "done" and not taken and not by_hand:
            yield f"action {action.id} is done and never arrived"
        if action.status == "failed" and taken:
            yield f"action {action.id} is failed, though it was done: nobody was asked"


def notice_unsent(case: Case) -> Iterator[str]:
    """Whoever was to hear of something got a mail, or gets it soon."""
    came = Counter(arrival.content.get("message_id") for arrival in case.evidence.arrivals if arrival.took)
    for key, due_at in case.evidence.notices.items():
        if due_at is not None and due_at < case.evidence.now - PATIENCE:
            yield f"{key} was due at {due_at} and was not sent"
        if due_at is None and not came[key]:
            yield f"{key} counts as sent and never arrived"


def signal_unheard(case: Case) -> Iterator[str]:
    """Whoever waited for an answer did not wait in vain that had been told to Remit well before."""
    heard = {told.facts["order"]: told.at for told in case.evidence.told if told.op == "signal" and told.code == 201}
    started = {
        told.facts["order"]: told.at for told in case.evidence.told if told.op == "start" and 200 <= told.code < 300
    }
    nudged = {a.run for a in case.actions.values() if a.step.key == "nudge" and a.status != "skipped"}
    for action in case.actions.values():
        order = str(case.runs[action.run].input.get("order", ""))
        if action.step.key != "reply" or action.run not in nudged or action.settled_at is None or order not in started:
            continue
        over = action.settled_at.timestamp()
        if started[order] < heard.get(order, 0.0) < over - MARGIN:
            yield f"{order} was waited for {over - heard[order]:.1f} s after somebody had replied"


def too_early(case: Case) -> Iterator[str]:
    """A pause is as long as it says, whatever the clocks say."""
    sent = {told.facts["order"]: told.facts["sent"] for told in case.evidence.told if told.op == "start"}
    for arrival in case.evidence.arrivals:
        if arrival.content.get("url", "").endswith("/pauses"):
            order = str(arrival.content["body"]["order"])
            if order in sent and arrival.at - sent[order] < PAUSE:
                yield f"{order} was to wait {PAUSE} s and was called after {arrival.at - sent[order]:.2f} s"


def ticks_without_run(case: Case) -> Iterator[str]:
    """Each moment of a schedule started one run."""
    runs = sum(run.trigger == "by schedule" for run in case.runs.values())
    if runs != case.evidence.ticks:
        yield f"{case.evidence.ticks} moments of schedules started runs, and there are {runs}"
