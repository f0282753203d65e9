"""One action with an effect, as the engine takes it from ready to its end: the specification of `workflows.engine`.

Read it like a play. On the stage stand one row of the table of actions, two workers, a sweep, two reviewers, a leader,
and a receiver who counts what arrives. Everybody may move at any moment; a move is what happens in one transaction of
the real engine, or between two of them, so the moves in every possible order are all that can ever happen. Here are
the engine's moves, in the order of its phases; `people` has those of persons and of time. `state` is what stands on
the stage, `measures` names what keeps the promises, `promises` says what they are, and `search` plays every order.

What is left out, and why nothing is lost by it:

- A doorbell (Celery's message) says that there may be work. Here a worker may look for work at any moment, so lost,
  doubled and late messages are all contained.
- A worker may be killed between any two moves. A database that goes away does the same to it, but for one thing: it
  may not learn whether its commit came through. That is a move of its own in begin and record; after the commit of a
  claim it is the same as being killed.
- Where the engine counts (claims that led nowhere, attempts), here the limit may be reached at any time, or never.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.model.measures import Case, Measure
from tests.model.state import (
    CLAIMED,
    DONE,
    FAILED,
    FRESH,
    IDLE,
    IN_REVIEW,
    READY,
    REFUSED,
    REVIEWED,
    STARTED,
    UNCERTAIN,
    Action,
    Effect,
    Move,
    Moves,
    State,
    Worker,
    fenced,
    is_over,
    put,
)


def engine(state: State, case: Case) -> Moves:
    """Return all that the engine can do next."""
    for number, worker in enumerate(state.workers):
        for move in STAGES[worker.stage](state, number, case):
            yield move._replace(words=f"Worker {number + 1} {move.words}")
        if worker != IDLE:
            yield Move(f"Worker {number + 1} is killed", crashed(state, number), calm=False)
    yield from sweep(state, case)


# --- claim and propose ------------------------------------------------------------------------------------------------


def claim(state: State, number: int, case: Case) -> Moves:
    """Take the action under a lease, and say what would be done. Whoever held it before can write no more.

    Two moves in the engine, one here: between them a worker does nothing that anybody sees.
    """
    action = state.action
    if action.status != READY or state.halted:
        return
    taken = fenced(state)._replace(action=action._replace(status=CLAIMED, age=FRESH))
    for payload in proposals(action, case):
        worker = Worker("claimed", True, payload, action.approved)
        if not case.has(Measure.JUDGED_AT_BEGIN):
            worker = worker._replace(found=verdict(state, worker, case))
        yield Move(f"claims it and proposes {payload}", put(taken, number, worker))


def proposals(action: Action, case: Case) -> tuple[str, ...]:
    """Return what may be proposed now. What is approved, or may have been sent before, stays as it is."""
    if not action.payload:
        return ("A",)
    if action.approved or (action.unknown and case.has(Measure.ONE_PAYLOAD)):
        return (action.payload,)
    return ("A", "B")


def verdict(state: State, worker: Worker, case: Case) -> str:
    """Return what the rule in force says of the proposal: `act`, `review` or `refuse`."""
    if state.rule not in REVIEWED:
        return state.rule
    same = worker.approved == worker.payload or not case.has(Measure.DIGEST_AT_BEGIN)
    known = state.action.reasons == state.rule or not case.has(Measure.REASONS_AT_BEGIN)
    given = state.giver_may or not case.has(Measure.GIVER_AT_BEGIN)
    return "act" if worker.approved and same and known and given else "review"


# --- begin: one transaction in two moves, so that others may come between ---------------------------------------------


def judge(state: State, number: int, case: Case) -> Moves:
    """Open begin's transaction: take the halts' lock shared, look at the halts and at the rules in force."""
    worker = state.workers[number]
    found = "held" if state.halted else worker.found or verdict(state, worker, case)
    yield Move(f"judges: {found}", put(state, number, worker._replace(stage="judged", found=found)))


def begin(state: State, number: int, case: Case) -> Moves:
    """Commit begin's transaction, if the action still is this worker's; or never learn that it did not commit."""
    worker = state.workers[number]
    gone = state.action.status != CLAIMED and case.has(Measure.STATUS_IN_BEGIN)
    if gone or (not worker.current and case.has(Measure.FENCE_IN_BEGIN)):
        yield Move("finds at its begin that somebody else was first", put(state, number, IDLE))
    elif worker.found != "act":
        yield send_away(state, number, case)
    else:
        effect = effect_of(state, worker, case)
        yield Move("commits its begin", put(started(state, worker, case), number, Worker("begun", True, effect=effect)))
        blind = Worker("blind", worker.current, effect=effect._replace(wrong="it never began"))
        yield Move("loses the database: its begin did not commit", put(state, number, blind), calm=False)


def started(state: State, worker: Worker, case: Case) -> State:
    age = FRESH if case.has(Measure.LEASE_RENEWED) else state.action.age
    action = state.action._replace(status=STARTED, age=age, payload=worker.payload)
    return (state if worker.current else fenced(state))._replace(action=action)


def effect_of(state: State, worker: Worker, case: Case) -> Effect:
    """Return what would go out, and what is wrong with it as things stand at the commit."""
    wrong = ""
    if state.halted:
        wrong = "it began under a halt"
    elif state.rule == "refuse":
        wrong = "the rule in force at its begin refuses it"
    elif state.rule in REVIEWED and state.seen != (worker.payload, state.rule):
        wrong = "nobody approved this payload for this reason"
    elif state.rule in REVIEWED and not state.giver_may:
        wrong = "who approved it no longer may"
    second = state.action.unknown and not case.has(Measure.ONE_KEY)
    return Effect(worker.payload, int(second), wrong)


def send_away(state: State, number: int, case: Case) -> Move:
    """What must not begin is held, asked about, or refused. What may have happened before is asked of a person."""
    worker = state.workers[number]
    action = state.action._replace(payload=worker.payload, approved=worker.approved)
    if worker.found == "held":
        words, action = "is held by the halt", action._replace(status=READY, age=FRESH)
    elif action.unknown and case.has(Measure.ASKED_AT_BEGIN):
        words, action = "asks a person, for it may have happened", action._replace(status=UNCERTAIN)
    elif worker.found == "review":
        action = action._replace(status=IN_REVIEW, age=FRESH, approved="", reasons=state.rule)
        words, state = "asks for approval", state._replace(giver_may=True, seen=("", ""))
    else:
        words, action = "has it refused", action._replace(status=REFUSED)
    return Move(words, put(state._replace(action=action), number, IDLE))


# --- execute: outside every transaction -------------------------------------------------------------------------------


def send(state: State, number: int, case: Case) -> Moves:
    """Read the attempt back, then send, unless it is too late. It may not leave, or be refused, for certain."""
    worker = state.workers[number]
    if worker.stage == "blind" and case.has(Measure.READ_BACK):
        yield Move("finds no attempt of its own", put(state, number, IDLE))
    elif worker.late and case.has(Measure.DEADLINE):
        yield Move("is too late to send it", put(state, number, answered(worker, "not_sent")))
    else:
        yield Move("sends it", put(state, number, worker._replace(stage="waiting", late=False)))
        for result in ("not_sent", "refused"):
            yield Move(f"gets for certain: {result}", put(state, number, answered(worker, result)))


def wait(state: State, number: int, case: Case) -> Moves:
    """What was sent arrives, sooner or later or never; its answer may be lost; no worker waits for ever."""
    worker = state.workers[number]
    for result, words in (("ok", "has it accepted"), ("unknown", "has it accepted, but the answer is lost")):
        yield Move(words, receive(put(state, number, answered(worker, result)), worker.effect, case))
    yield Move("gives up waiting", adrift(put(state, number, answered(worker, "unknown")), worker.effect))


def answered(worker: Worker, result: str) -> Worker:
    return Worker("answered", worker.current, found=result)


def receive(state: State, effect: Effect, case: Case) -> State:
    """Count the arrival, as far as it matters: what is wrong always does; the second of its kind where it does harm."""
    if state.again and not effect.wrong:  # a person took it upon themselves
        return state
    if not case.retry_safe:
        effect = effect._replace(payload="")
    counts = state.arrived.count(effect) < (1 if case.retry_safe else 2)
    return state._replace(arrived=(*state.arrived, effect)) if counts else state


def adrift(state: State, effect: Effect) -> State:
    """Return the state with the effect under way, and nobody waiting for it."""
    return state if effect in state.under_way else state._replace(under_way=tuple(sorted((*state.under_way, effect))))


# --- record -----------------------------------------------------------------------------------------------------------


def record(state: State, number: int, case: Case) -> Moves:
    """Write what became of the attempt, if the action still is this worker's. It may not learn that it did."""
    worker = state.workers[number]
    if state.action.status != STARTED or (not worker.current and case.has(Measure.FENCE_IN_RECORD)):
        yield Move("finds at its record that somebody else was first", put(state, number, IDLE))
        return
    for action in outcomes(state.action, worker.found, case):
        after, words = state._replace(action=action), f"records {worker.found}: {action.status}"
        yield Move(words, put(after, number, IDLE))
        yield Move(f"{words}, but is not told so", after, calm=False)


def outcomes(action: Action, result: str, case: Case) -> Iterator[Action]:
    """Return what the row may be after an attempt (`workflows.retries.after`)."""
    unknown = action.unknown or result == "unknown"
    if result == "ok":
        yield action._replace(status=DONE, unknown=False)
    elif result == "unknown" or (unknown and case.has(Measure.NEVER_FAILED)):
        yield action._replace(status=UNCERTAIN, unknown=True)
    else:
        yield action._replace(status=FAILED)
    if result == "not_sent" or (result == "unknown" and case.retry_safe):
        yield action._replace(status=READY, age=FRESH, unknown=unknown)


STAGES = {
    "idle": claim,
    "claimed": judge,
    "judged": begin,
    "begun": send,
    "blind": send,
    "waiting": wait,
    "answered": record,
}
"""What a worker does next, by what it did last."""


def crashed(state: State, number: int) -> State:
    """Return the state after `kill -9`: memory is gone, a transaction rolled back; what was sent is under way."""
    worker = state.workers[number]
    after = put(state, number, IDLE)
    return adrift(after, worker.effect) if worker.stage == "waiting" else after


# --- sweep ------------------------------------------------------------------------------------------------------------


def sweep(state: State, case: Case) -> Moves:
    """Take up claims and starts whose lease is over.

    It writes only if the action still is as it was when looked at, so that both are as good as one move. Without that
    condition they are two, and others come between.
    """
    action = state.action
    over = is_over(action, case)
    if state.sweeping:
        yield from mend(state, action._replace(status=state.sweeping), case)
    elif over and action.status in (CLAIMED, STARTED) and case.has(Measure.SWEEP):
        if case.has(Measure.STATUS_IN_SWEEP):
            yield from mend(state, action, case)
        else:
            yield Move(f"The sweep sees it {action.status} and over", state._replace(sweeping=action.status))
    if action.status == UNCERTAIN and over and not case.has(Measure.ASKED_AT_ALL):
        yield Move("The engine tries it again", state._replace(action=action._replace(status=READY, age=FRESH)))


def mend(state: State, action: Action, case: Case) -> Moves:
    """Write what follows from an action that was let fall."""
    for after in mended(action, case):
        yield Move(f"The sweep makes it {after.status}", fenced(state._replace(action=after, sweeping="")))


def mended(action: Action, case: Case) -> Iterator[Action]:
    """Return what the row may be: ready again, or given up. Of what was begun it is not known whether it happened."""
    begun = action.status == STARTED
    if not begun or case.retry_safe:
        yield action._replace(status=READY, age=FRESH, unknown=action.unknown or begun)
    if begun or (action.unknown and case.has(Measure.ASKED_IN_SWEEP)):
        yield action._replace(status=UNCERTAIN, unknown=True)
    else:
        yield action._replace(status=FAILED)
