"""The moves of persons, and of the world nobody rules: time, messages on their way, records that change."""

from __future__ import annotations

from tests.model.protocol import (
    CANCELLED,
    CLAIMED,
    DONE,
    FAILED,
    FRESH,
    IN_REVIEW,
    OVER,
    OVERDUE,
    READY,
    REJECTED,
    STARTED,
    UNCERTAIN,
    Action,
    Case,
    Measure,
    Move,
    Moves,
    State,
    Worker,
    receive,
)

REVIEWERS = ("Ben", "Chen")
STRICTER = {"act": ("review", "refuse"), "review": ("refuse",), "refuse": ()}


def people(state: State, case: Case) -> Moves:
    """Return all that persons and the world can do next."""
    for number in range(len(REVIEWERS)):
        yield from review(state, number, case)
    yield from resolve(state, case)
    yield from lead(state, case)
    yield from time(state, case)
    yield from world(state)


# --- reviewers -----------------------------------------------------------------------------------------------------------


def review(state: State, number: int, case: Case) -> Moves:
    """Open the item; then approve, edit, amend, reject or send back what is there, if it still is asked."""
    name, page, asked = REVIEWERS[number], state.pages[number], state.action.status == IN_REVIEW
    if not page:
        if asked:
            yield Move(f"{name} reads the {state.action.payload} payload", turn(state, number, state.action.payload))
    elif not case.has(Measure.ONE_ANSWER):
        yield from answer_unlocked(state, number, page, case)
    elif asked:
        yield from answer(state, number, page, case)


def answer_unlocked(state: State, number: int, page: str, case: Case) -> Moves:
    """Without holding the review's row: see that it is asked, and answer later, whatever has happened since."""
    if not page.startswith("asked:"):
        if state.action.status == IN_REVIEW:
            yield Move(f"{REVIEWERS[number]} is told that it is asked", turn(state, number, f"asked:{page}"))
        return
    late = state.action.status != IN_REVIEW
    for words, after, calm in answer(state, number, page.removeprefix("asked:"), case):
        yield Move(words, after._replace(answered_twice=late), calm)


def answer(state: State, number: int, page: str, case: Case) -> Moves:
    """Answer for the payload on the page. Stale, when another one is there by now: nothing is decided."""
    name, action = REVIEWERS[number], state.action
    if page != action.payload and case.has(Measure.DIGEST_AT_APPROVAL):
        yield Move(f"{name} is told that it changed", turn(state, number, ""))
        return
    approved = action._replace(status=READY, age=FRESH, approved=action.payload)
    yield Move(f"{name} approves the {page} payload", closed(state, approved)._replace(seen=page))
    if action.payload != "edited":
        edited = action._replace(payload="edited", approved="")
        amended = turn(state._replace(action=edited), number, "")
        yield Move(f"{name} edits it and leaves it to the others", amended)
        released = edited._replace(status=READY, age=FRESH, approved="edited")
        yield Move(f"{name} edits and approves it", closed(state, released)._replace(seen="edited"))
    yield Move(f"{name} rejects it", closed(state, action._replace(status=REJECTED)))
    yield Move(f"{name} asks for another proposal", closed(state, action._replace(status=READY, age=FRESH)))


def turn(state: State, number: int, page: str) -> State:
    """Return the state with this page before the reviewer."""
    pages = list(state.pages)
    pages[number] = page
    return state._replace(pages=tuple(pages))


def closed(state: State, action: Action) -> State:
    """Return the state after an answer. Pages of a closed review lead nowhere, unless one was told that it is asked."""
    pages = tuple(page if page.startswith("asked:") else "" for page in state.pages)
    return state._replace(action=action, pages=pages)


def resolve(state: State, case: Case) -> Moves:
    """A person looks whether an uncertain action happened, once nothing of it can be under way, and says so."""
    action = state.action
    over = OVER if case.has(Measure.GRACE) else OVERDUE
    if action.status != UNCERTAIN or (action.age < over and case.has(Measure.ASKED_LATE)):
        return
    if state.arrived or case.people_err:
        yield Move("Ben says that it happened", state._replace(action=action._replace(status=DONE, unknown=False)))
    if not state.arrived or case.people_err:
        again = action._replace(status=READY, age=FRESH, unknown=False)
        yield Move("Ben says that it did not: try again", state._replace(action=again, again=True))
        yield Move("Ben says that it did not: give up", state._replace(action=action._replace(status=FAILED)))


# --- the leader ----------------------------------------------------------------------------------------------------------


def lead(state: State, case: Case) -> Moves:
    """Ada halts, lifts, tightens the rule, or cancels what has not begun."""
    begins = any(worker.stage == "judged" for worker in state.workers)
    if not (begins and case.has(Measure.HALT_LOCK)):
        words = "Ada lifts the halt" if state.halted else "Ada halts"
        yield Move(words, state._replace(halted=not state.halted), calm=state.halted)
    if not (begins and case.has(Measure.RULE_LOCK)):
        for rule in STRICTER[state.rule]:
            yield Move(f"Ada makes the rule: {rule}", state._replace(rule=rule), False)
    spared = state.action.unknown and case.has(Measure.NEVER_DROPPED)
    if state.action.status in (READY, CLAIMED, IN_REVIEW) and not spared:
        yield Move("Ada cancels it", closed(state, state.action._replace(status=CANCELLED)), False)


# --- the world -----------------------------------------------------------------------------------------------------------


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
    """Return the worker as time finds it: past its deadline, and cut off from what it waits for by the hard one."""
    if worker.effect is None:
        return worker
    if worker.stage == "waiting" and age == OVER and case.has(Measure.DEADLINE):
        return worker._replace(stage="answered", found="unknown", late=True)
    return worker._replace(late=True)


def world(state: State) -> Moves:
    """What is under way arrives; the record behind the proposal changes; a payload is altered behind its approval."""
    for effect in state.under_way:
        left = tuple(other for other in state.under_way if other != effect)
        yield Move("What was sent before arrives", receive(state._replace(under_way=left), effect))
    if state.world == "first":
        yield Move("The record behind the proposal changes", state._replace(world="second"), False)
    action = state.action
    if action.status == READY and action.approved and action.payload != "forged":
        forged = action._replace(payload="forged")
        yield Move("A bug alters the approved payload", state._replace(action=forged), False)
