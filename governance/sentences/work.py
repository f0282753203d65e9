"""What entries say of runs, their actions, the people who answer, signals and schedules. Pure."""

from __future__ import annotations

from governance.sentences.parts import Data, Fact, Teller, after, by_person, moment, quoted, reasons, said, spelled


def _run_started(fact: Fact, step: str, data: Data) -> str:
    version = f", version {data['version']}" if "version" in data else ""
    who = f"{fact.actor_name} started it " if by_person(fact) else "Started "
    return f"{who}{data.get('trigger') or 'by hand'}{version}"


def _run_closed(fact: Fact, step: str, data: Data) -> str:
    words = {"run.ended": "The run ended", "run.stopped": "The run stopped"}
    by = f" by {fact.actor_name}" if by_person(fact) else ""
    return f"{words.get(fact.verb, 'The run was cancelled')}{by}{quoted(data.get('reason'))}"


def _done(fact: Fact, step: str, data: Data) -> str:
    if by_person(fact):
        return f"{fact.actor_name} did {step} by hand{quoted(data.get('note'))}"
    return f"{step} done{after(data.get('output'))}"


def _started(fact: Fact, step: str, data: Data) -> str:
    key = f", key {data['key']}" if data.get("key") else ""
    return f"{step} began{key}{_attempt(data)}"


def _attempt(data: Data) -> str:
    number = data.get("attempt", 1)
    return f", attempt {number}" if isinstance(number, int) and number > 1 else ""


def _uncertain(fact: Fact, step: str, data: Data) -> str:
    return f"Not known whether {step} happened; it was not repeated{after(data.get('trouble'))}"


def _settled(fact: Fact, step: str, data: Data) -> str:
    what = "it happened" if data.get("happened") else "it did not happen"
    then = ", so it is tried again" if data.get("again") else "" if data.get("happened") else ", and it is left at that"
    return f"{fact.actor_name} on {step}: {what}{then}{quoted(data.get('note'))}"


def _skipped(fact: Fact, step: str, data: Data) -> str:
    if by_person(fact):
        return f"{fact.actor_name} skipped {step}{quoted(data.get('reason'))}"
    return f"{step} skipped: its condition is not met"


def _cancelled(fact: Fact, step: str, data: Data) -> str:
    by = f" by {fact.actor_name}" if by_person(fact) else ""
    return f"{step} cancelled{by}; it did not begin{quoted(data.get('reason'))}"


def _undo_asked(fact: Fact, step: str, data: Data) -> str:
    what = f"{step}, action {data.get('undoes', '')}" if data.get("step") else f"action {data.get('undoes', '')}"
    return f"{fact.actor_name} asked to undo {what}" if by_person(fact) else f"Undoing begins: {what}"


def _run_undo_asked(fact: Fact, step: str, data: Data) -> str:
    who = f"{fact.actor_name} asked to undo what the run did" if by_person(fact) else "What the run did is undone"
    return f"{who}, the last first{quoted(data.get('reason'))}"


def _run_undone(fact: Fact, step: str, data: Data) -> str:
    kept = [f"“{spelled(str(key))}”" for key in data.get("kept", ())]
    stays = f"; {', '.join(kept)} cannot be taken back" if kept else ""
    return f"Nothing is left to undo: {data.get('undone', 0)} taken back{stays}"


def _signal(fact: Fact, step: str, data: Data) -> str:
    name = data.get("signal", "")
    if not by_person(fact):
        return f"What waits for “{name}” was told"
    about = f" about “{data['key']}”" if data.get("key") else " to this run" if data.get("here") else ""
    woken = data.get("woken", 0)
    went = f"{woken:,} waiting step{'s go' if woken > 1 else ' goes'} on" if woken else ""
    return f"{fact.actor_name} sent the signal “{name}”{about}; {went or 'nothing waited for it yet, it is kept'}"


def _approved(fact: Fact, step: str, data: Data) -> str:
    later = f"; it begins {moment(data['until'])} at the earliest, {data.get('why', '')}" if data.get("until") else ""
    return f"{fact.actor_name} approved {step}{quoted(data.get('note'))}{later}"


def _edited(fact: Fact, step: str, data: Data) -> str:
    fields = ", ".join(map(str, data.get("fields", ())))
    return f"{fact.actor_name} edited {step}{after(fields)}; judged again and permitted"


def _agreed(fact: Fact, step: str, data: Data) -> str:
    rest = [spelled(str(key)) for key in data.get("open", ())]
    still = f"; still asked: {', '.join(rest)}" if rest else "; all agreed"
    return f"{fact.actor_name} agreed to {step}{still}{quoted(data.get('note'))}"


def _recalled(fact: Fact, step: str, data: Data) -> str:
    why = after(data.get("reason"))
    return f"{step} taken back from the queue, as {fact.actor_name} changed what it rests on{why}"


def _judged_again(fact: Fact, step: str, data: Data) -> str:
    return f"{step} judged again in its place{after(data.get('reason'))}{reasons(data).replace(': ', '; now: ', 1)}"


def _escalated(fact: Fact, step: str, data: Data) -> str:
    people = ", ".join(map(str, data.get("people", ())))
    return f"Nobody answered in time: went up to {data.get('to', 'the next level')}{f' ({people})' if people else ''}"


WORK: dict[str, Teller] = {
    "run.started": _run_started,
    "run.ended": _run_closed,
    "run.stopped": _run_closed,
    "run.cancelled": _run_closed,
    "run.reopened": lambda fact, step, data: f"{fact.actor_name} opened the run again{quoted(data.get('reason'))}",
    "run.undo_asked": _run_undo_asked,
    "run.undone": _run_undone,
    "children.cancelled": lambda fact, step, data: (
        f"{fact.actor_name} cancelled {data.get('runs', 0):,} runs that {step} started{quoted(data.get('reason'))}"
    ),
    "action.ready": lambda fact, step, data: f"{step} is next",
    "action.skipped": _skipped,
    "action.redone": said("started anew", "reason"),
    "action.claimed": lambda fact, step, data: f"A worker took up {step}",
    "action.unclaimed": lambda fact, step, data: f"A worker let go of {step} before it began",
    "action.waiting": lambda fact, step, data: (
        f"{step} waits for " + (f"the signal “{data['signal']}”" if data.get("signal") else "its time")
    ),
    "action.started": _started,
    "action.done": _done,
    "action.failed": lambda fact, step, data: f"{step} failed{after(data.get('trouble'))}",
    "action.refused": lambda fact, step, data: f"{step} refused{reasons(data)}",
    "action.held": lambda fact, step, data: f"A halt holds {step}; it did not begin",
    "action.waits": lambda fact, step, data: f"{step} waits until {moment(data.get('until'))}: {data.get('why', '')}",
    "action.again": lambda fact, step, data: f"{step} is tried again later{after(data.get('trouble'))}",
    "action.uncertain": _uncertain,
    "action.settled": _settled,
    "action.to_review": lambda fact, step, data: f"{step} put to approval{reasons(data)}",
    "action.to_person": lambda fact, step, data: f"{step} put to a person{reasons(data)}",
    "action.approved": _approved,
    "action.edited": _edited,
    "action.left_out": lambda fact, step, data: (
        f"{fact.actor_name} said no for {', '.join(data.get('parts', ()))}: that part of {step} is left out"
        f"{quoted(data.get('reason'))}"
    ),
    "action.rejected": said("rejected", "reason"),
    "action.sent_back": said("sent back", "reason"),
    "action.recalled": _recalled,
    "action.judged_again": _judged_again,
    "action.taken_over": said("took over"),
    "action.cancelled": _cancelled,
    "action.expired": lambda fact, step, data: f"{step} expired: nobody answered, nothing was done",
    "action.undo_asked": _undo_asked,
    "review.agreed": _agreed,
    "review.escalated": _escalated,
    "review.reminded": lambda fact, step, data: (
        f"{step} still waits; reminded: {', '.join(data.get('people', ())) or 'nobody'}"
    ),
    "signal.received": _signal,
    "schedule.missed": lambda fact, step, data: (
        f"Nobody was there to start it at {data.get('first', '')}; only the time of {data.get('at', '')} is made up for"
    ),
    "schedule.failed": lambda fact, step, data: (
        f"Nothing started by schedule at {data.get('at', '')}{after(data.get('trouble'))}"
    ),
}
