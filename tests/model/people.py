"""The moves of persons, and of what nobody rules: time, and messages on their way."""

from __future__ import annotations

from tests.model.measures import Case, Measure
from tests.model.protocol import answered, receive
from tests.model.state import (
    CANCELLED,
    CLAIMED,
    DONE,
    ENDS,
    FAILED,
    FRESH,
    IN_REVIEW,
    OTHER,
    OVER,
    OVERDUE,
    READY,
    REJECTED,
    STARTED,
    UNCERTAIN,
    Action,
    Move,
    Moves,
    Page,
    State,
    Worker,
    is_over,
)

REVIEWERS = ("Ben", "Chen")
STRICTER = {
    "act": ("review", "refuse"),
    "review": ("second review", "refuse"),
    "second review": ("refuse",),
    "refuse": (),
}


def others(state: State, case: Case) -> Moves:
    """Return all that can happen next without the engine."""
    for number in range(case.reviewers):
        yield from review(state, number, case)
    yield from resolve(state, case)
    yield from time(state, case)
    yield from arrive(state, case)
    if state.action.status not in ENDS:  # what changes after the end changes nothing
        yield from lead(state, case)
        yield from tamper(state)


# --- reviewers --------------------------------------------------------------------------------------------------------


def review(state: State, number: int, case: Case) -> Moves:
    """Read what is asked; then approve, edit, reject or send it back, if it still is asked."""
    page, asked = state.pages[number], state.action.status == IN_REVIEW
    if page.told:
        for move in answer(state, number, page, case):
            yield move._replace(state=move.state._replace(answered_twice=not asked))
    elif asked and not page.payload:
        read = Page(state.action.payload)
        yield Move(f"{REVIEWERS[number]} reads {read.payload}", turn(state, number, read))
    elif asked and case.has(Measure.ONE_ANSWER):
        yield from answer(state, number, page, case)
    elif asked:
        told = turn(state, number, page._replace(told=True))
        yield Move(f"{REVIEWERS[number]} is told that it is asked, but holds nothing", told)


def answer(state: State, number: int, page: Page, case: Case) -> Moves:
    """Answer for the payload on the page. Where another one is there by now, nothing is decided."""
    name, action, read = REVIEWERS[number], state.action, page.payload
    if read != action.payload and case.has(Measure.DIGEST_AT_APPROVAL):
        yield Move(f"{name} is told that it changed", turn(state, number, Page()))
        return
    ready = action._replace(status=READY, age=FRESH)
    edited = OTHER[action.payload]
    yield Move(f"{name} approves {read}", closed(state, ready._replace(approved=action.payload), read))
    released = ready._replace(payload=edited, approved=edited)
    yield Move(f"{name} edits it to {edited} and approves that", closed(state, released, edited))
    left = turn(state._replace(action=action._replace(payload=edited)), number, Page())
    yield Move(f"{name} edits it to {edited} and leaves it to others", left)
    yield Move(f"{name} rejects it", closed(state, action._replace(status=REJECTED)))
    yield Move(f"{name} asks for another proposal", closed(state, ready))


def turn(state: State, number: int, page: Page) -> State:
    """Return the state with this page before the reviewer."""
    return state._replace(pages=(*state.pages[:number], page, *state.pages[number + 1 :]))


def closed(state: State, action: Action, approved: str = "") -> State:
    """Return the state after an answer. Pages of a closed review lead nowhere, unless one was told that it is asked."""
    pages = tuple(page if page.told else Page() for page in state.pages)
    seen = (approved, action.reasons) if approved else ("", "")
    return state._replace(action=action, pages=pages, seen=seen, giver_may=True)


def resolve(state: State, case: Case) -> Moves:
    """A person looks whether an uncertain action happened, once nothing of it can be under way, and says so."""
    action = state.action
    if action.status != UNCERTAIN or (not is_over(action, case) and case.has(Measure.ASKED_LATE)):
        return
    if state.arrived or case.people_err:
        yield Move("Ben says that it happened", state._replace(action=action._replace(status=DONE, unknown=False)))
    if not state.arrived or case.people_err:
        again = action._replace(status=READY, age=FRESH, unknown=False)
        yield Move("Ben says that it did not: try again", state._replace(action=again, again=case.people_err))
        yield Move("Ben says that it did not: give up", state._replace(action=action._replace(status=FAILED)))


# --- the leader -------------------------------------------------------------------------------------------------------


def lead(state: State, case: Case) -> Moves:
    """Ada halts, lifts, tightens the rule, takes a role away, or cancels what has not begun.

    Where there are no reviewers she asks for no reviews.
    """
    begins = any(worker.stage == "judged" for worker in state.workers)
    if not (begins and case.has(Measure.HALT_LOCK)):
        words = "Ada lifts the halt" if state.halted else "Ada halts"
        yield Move(words, state._replace(halted=not state.halted), calm=state.halted)
    if not (begins and case.has(Measure.RULE_LOCK)):
        for rule in STRICTER[state.rule] if state.pages else ("refuse",):
            yield Move(f"Ada makes the rule: {rule}", state._replace(rule=rule), calm=False)
        if state.action.approved and state.giver_may:
            yield Move("Ada takes the role from who approved it", state._replace(giver_may=False), calm=False)
    spared = state.action.unknown and case.has(Measure.SPARED_BY_CANCEL)
    if state.action.status in (READY, CLAIMED, IN_REVIEW) and not spared:
        yield Move("Ada cancels it", closed(state, state.action._replace(status=CANCELLED)), calm=False)


def tamper(state: State) -> Moves:
    """A bug, or a hand in the database, alters a payload behind its approval."""
    if state.action.status == READY and state.action.approved:
        altered = state.action._replace(payload=OTHER[state.action.payload])
        yield Move(f"A bug makes the approved payload {altered.payload}", state._replace(action=altered), calm=False)


# --- time and messages ------------------------------------------------------------------------------------------------


def time(state: State, case: Case) -> Moves:
    """Let the lease grow older. When it is over, nothing that was sent can arrive any more."""
    action = state.action
    if action.age == OVER or action.status not in (CLAIMED, STARTED, UNCERTAIN):
        return
    older = state._replace(action=action._replace(age=action.age + 1))
    words = "The deadline passes" if older.action.age == OVERDUE else "The grace passes"
    if older.action.age == OVER:
        older = older._replace(under_way=())
    workers = tuple(aged(worker, older.action.age, case) for worker in state.workers)
    yield Move(words, older._replace(workers=workers))
    if not case.has(Measure.LEASE_RENEWED):
        yield Move(f"{words}, for the lease but not for the attempt", older)


def aged(worker: Worker, age: int, case: Case) -> Worker:
    """Return the worker as time finds it: past its deadline, and in the end cut off from what it waits for."""
    if worker.stage == "waiting" and age == OVER and case.has(Measure.DEADLINE):
        return answered(worker, "unknown")
    return worker._replace(late=True) if worker.stage in ("begun", "blind") else worker


def arrive(state: State, case: Case) -> Moves:
    """What was sent by a worker that waits no longer may still arrive."""
    for effect in state.under_way:
        left = tuple(other for other in state.under_way if other != effect)
        yield Move("What was sent before arrives", receive(state._replace(under_way=left), effect, case))
