"""What must hold at every moment, whatever happened in whatever order."""

from __future__ import annotations

from tests.model.measures import Case
from tests.model.state import CANCELLED, DONE, ENDS, FAILED, REFUSED, REJECTED, State

NOTHING_HAPPENED = (FAILED, REFUSED, REJECTED, CANCELLED)


def broken(before: State, after: State, case: Case) -> str:
    """Return the promise that the move from one state to the next breaks, as a sentence; empty when it breaks none."""
    return arrivals_are_wrong(after, case) or word_is_wrong(after, case) or end_is_left(before, after)


def arrivals_are_wrong(state: State, case: Case) -> str:
    """Nothing arrives that was not permitted; nothing arrives twice, but where that is safe or a person said so."""
    for effect in state.arrived:
        if effect.wrong:
            return f"It arrived, though {effect.wrong}."
    if len(state.arrived) < 2:
        return ""
    if not case.retry_safe:
        return "It arrived twice, though nobody said that it may."
    if case.retry_safe and len({effect.key for effect in state.arrived}) > 1:
        return "It arrived under two keys, so the receiver took it for two."
    if case.retry_safe and len({effect.payload for effect in state.arrived}) > 1:
        return "Two payloads arrived under one key."
    return ""


def word_is_wrong(state: State, case: Case) -> str:
    """What the row says in the end is what happened. Where people err, it may be what they said."""
    status = state.action.status
    if state.answered_twice:
        return "Two people answered one review."
    if case.people_err:
        return ""
    if status in NOTHING_HAPPENED and state.arrived:
        return f"It is {status}, but it arrived."
    if status == DONE and not state.arrived:
        return "It is done, but it never arrived."
    return ""


def end_is_left(before: State, after: State) -> str:
    """An end is an end."""
    was, status = before.action.status, after.action.status
    return f"It was {was} for good, and now is {status}." if was in ENDS and status != was else ""
