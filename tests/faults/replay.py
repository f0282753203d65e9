"""The ledger replayed: each action's and run's Entries must lead, step by step, to where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tests.faults.case import Case
from tests.faults.evidence import ActionRow, EntryRow, RunRow
from workflows.actions import TRANSITIONS, Status

S = Status
BIRTHS: dict[str, Status] = {
    "action.ready": S.READY,
    "action.skipped": S.SKIPPED,
    "action.cancelled": S.CANCELLED,
    "action.refused": S.REFUSED,
    "action.undo_asked": S.READY,
    "action.redone": S.READY,
}
"""What the first Entry of an action may be."""
CHANGES: dict[str, Status] = {
    "action.claimed": S.CLAIMED,
    "action.unclaimed": S.READY,
    "action.held": S.READY,
    "action.started": S.STARTED,
    "action.done": S.DONE,
    "action.failed": S.FAILED,
    "action.refused": S.REFUSED,
    "action.again": S.READY,
    "action.uncertain": S.UNCERTAIN,
    "action.to_review": S.IN_REVIEW,
    "action.to_person": S.WITH_PERSON,
    "action.approved": S.READY,
    "action.rejected": S.REJECTED,
    "action.sent_back": S.READY,
    "action.recalled": S.READY,
    "action.waits": S.READY,
    "action.taken_over": S.WITH_PERSON,
    "action.cancelled": S.CANCELLED,
    "action.skipped": S.SKIPPED,
    "action.expired": S.EXPIRED,
}
REMARKS = frozenset(
    {
        *("action.edited", "action.waiting", "action.judged_again", "review.agreed", "review.escalated"),
        *("children.cancelled", "signal.received"),
    }
)
"""Verbs about an action that change no state."""
RUNS: dict[str, str] = {
    "run.started": "open",
    "run.ended": "ended",
    "run.stopped": "stopped",
    "run.cancelled": "cancelled",
    "run.reopened": "open",
}
RUN_REMARKS = frozenset({"run.undo_asked", "run.undone"})


def _settled(entry: EntryRow) -> Status:
    """Return where a person's word led an uncertain action."""
    if entry.data.get("happened"):
        return S.DONE
    return S.READY if entry.data.get("again") else S.FAILED


def _leads_to(entry: EntryRow) -> Status | None:
    return _settled(entry) if entry.verb == "action.settled" else CHANGES.get(entry.verb)


def ledger_gaps(case: Case) -> Iterator[str]:
    """Exactly one Entry a change, and the Entries lead to where everything stands."""
    for action in case.actions.values():
        yield from action_gaps(action, case.of_action[action.id])
    for run in case.runs.values():
        yield from run_gaps(run, case.of_run[run.id])
    yield from decision_gaps(case.evidence.decisions, case.of_action)
    for key in set(case.of_action) - set(case.actions):
        yield f"the ledger speaks of action {key}, which is not there"


def action_gaps(action: ActionRow, entries: Sequence[EntryRow]) -> Iterator[str]:
    """Yield what is wrong with the history of one action."""
    telling = [entry for entry in entries if entry.verb not in REMARKS]
    if not telling or telling[0].verb not in BIRTHS:
        yield f"action {action.id} has no Entry of its beginning (first: {telling[0].verb if telling else 'none'})"
        return
    stands = BIRTHS[telling[0].verb]
    for entry in telling[1:]:
        to = _leads_to(entry)
        if entry.verb == "action.waits" and stands is S.READY:  # inline, it is put off where it stands
            continue
        if to is None:
            yield f"action {action.id}: the checker does not know the verb {entry.verb} (entry {entry.id})"
            return
        if to not in TRANSITIONS[stands]:
            yield f"action {action.id}: entry {entry.id} says {entry.verb} of an action that was {stands.value}"
        stands = to
    if stands != action.status:
        yield f"action {action.id} is {action.status}, but its Entries end with {stands.value}"
    begun = sum(entry.verb == "action.started" for entry in telling)
    if not begun == len(action.attempts) == action.attempts_made:
        yield (
            f"action {action.id} counts {action.attempts_made} attempts, "
            f"has {len(action.attempts)} and {begun} Entries of a begin"
        )


def run_gaps(run: RunRow, entries: Sequence[EntryRow]) -> Iterator[str]:
    """Yield what is wrong with the history of one run."""
    telling = [entry for entry in entries if entry.verb.startswith("run.") and entry.verb not in RUN_REMARKS]
    if not telling or telling[0].verb != "run.started":
        yield f"run {run.id} has no Entry of its start"
        return
    stands = "new"
    for entry in telling:
        to = RUNS.get(entry.verb)
        if to is None:
            yield f"run {run.id}: the checker does not know the verb {entry.verb} (entry {entry.id})"
            return
        if (stands == "open") == (to == "open"):
            yield f"run {run.id}: entry {entry.id} says {entry.verb} of a run that was {stands}"
        stands = to
    if stands != run.status:
        yield f"run {run.id} is {run.status}, but its Entries end with {stands}"


def decision_gaps(
    decisions: Mapping[int, tuple[int, str, str]], entries: Mapping[int, Sequence[EntryRow]]
) -> Iterator[str]:
    """Yield each answer of a person without exactly one Entry of its own."""
    answers: dict[int, int] = {}
    for action, _, _ in decisions.values():
        answers[action] = answers.get(action, 0) + 1
    for action, count in answers.items():
        told = sum(entry.verb in ANSWERS and entry.kind == "person" for entry in entries.get(action, ()))
        if told != count:
            yield f"action {action} was answered {count} times by people, and has {told} Entries of that"


ANSWERS = frozenset(
    {
        *("action.approved", "action.rejected", "action.sent_back", "action.taken_over", "action.done"),
        "action.settled",
    }
)
