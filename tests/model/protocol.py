"""One action with an effect, as the engine takes it from ready to its end: the specification of `workflows.engine`.

Read it like a play. On the stage stand one row of the table of actions, two workers, a sweep, two reviewers, a leader,
and a receiver who counts what arrives. Everybody may move at any moment; a move is what happens in one transaction of
the real engine, or between two of them, so the moves in every possible order are all that can ever happen. `search`
plays every order; `promises` says what must hold whatever the order; `people` has the moves of persons and the world.

What is left out, and why nothing is lost by it:

- A doorbell (Celery's message) says that there may be work. Here a worker may look for work at any moment, so lost,
  doubled and late messages are all contained.
- A fence is a number that grows with every claim and every sweep. All that is ever asked of it is whether a worker's
  number still is the row's: `Worker.current`.
- A digest stands for one payload, so payloads are compared as they are.
- Time is what has passed of the row's lease: FRESH, OVERDUE (the attempt's deadline has passed), OVER (so has the
  grace, after which nothing that was sent can arrive any more).
- Counters stop at the number from which on nothing new can follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

READY, CLAIMED, STARTED, IN_REVIEW, UNCERTAIN = "ready", "claimed", "started", "in_review", "uncertain"
DONE, FAILED, REFUSED, REJECTED, CANCELLED = "done", "failed", "refused", "rejected", "cancelled"
ENDS = (DONE, FAILED, REFUSED, REJECTED, CANCELLED)

FRESH, OVERDUE, OVER = 0, 1, 2
MOST_ATTEMPTS = 2
MOST_CLAIMS = 2


class Measure(Enum):
    """What keeps the promises. Each can be left out of a case, to see what it is good for."""

    STATUS_IN_BEGIN = "begin writes only if the action still is claimed"
    FENCE_IN_BEGIN = "begin writes only if nobody claimed the action after this worker"
    HALT_LOCK = "begin holds the halts' lock from reading them to its commit"
    RULE_LOCK = "rules take force under the same lock"
    JUDGED_AT_BEGIN = "begin judges by the rules in force then, not by those at the proposal"
    DIGEST_AT_BEGIN = "begin compares what it would send with what was approved"
    DIGEST_AT_APPROVAL = "an approval counts for what the person saw, or not at all"
    READ_BACK = "a worker acts only after reading back its attempt"
    LEASE_RENEWED = "begin renews the lease, so that it covers the attempt"
    DEADLINE = "a worker sends nothing after its deadline, counted from before the begin"
    GRACE = "a start counts as over only some time after its deadline, when nothing can arrive any more"
    FENCE_IN_RECORD = "record writes only if nobody took the action from this worker"
    ONE_KEY = "all attempts carry one idempotency key"
    ONE_PAYLOAD = "what may have been sent is not proposed anew"
    NEVER_FAILED = "no result makes an action failed that an earlier attempt may have done"
    NEVER_DROPPED = "what may have happened is not refused, reviewed, cancelled or given up: a person is asked"
    ASKED_LATE = "a person answers for an uncertain action only after its attempt is over"
    ASKED_AT_ALL = "only a person settles an uncertain action"
    ONE_ANSWER = "who answers a review holds its row, and the first answer counts"
    STATUS_IN_SWEEP = "the sweep writes only if the action still is what it was when looked at"
    SWEEP = "a sweep takes up what a worker let fall"


@dataclass(frozen=True)
class Case:
    """What kind of action it is, who is about, and which measure is left out."""

    retry_safe: bool = False
    needs_approval: bool = False
    people_err: bool = False
    """Whether a person may say of an uncertain action what is not so."""
    without: Measure | None = None

    def has(self, measure: Measure) -> bool:
        return self.without is not measure


class Action(NamedTuple):
    """The row. `approved` is the payload an approval binds to; `unknown`: some attempt may have been done."""

    status: str = READY
    age: int = FRESH
    payload: str = ""
    approved: str = ""
    claims: int = 0
    attempts: int = 0
    unknown: bool = False


class Effect(NamedTuple):
    """What goes out, and what is wrong with its going out, for the promises: empty if nothing is."""

    payload: str
    key: int = 0
    wrong: str = ""


class Worker(NamedTuple):
    """A process and its memory. `found` is the verdict of a proposal or a begin, or the result of an attempt.

    `late`: its own clock says that the deadline of its attempt has passed.
    """

    stage: str = "idle"
    current: bool = False
    payload: str = ""
    approved: str = ""
    found: str = ""
    effect: Effect | None = None
    late: bool = False


IDLE = Worker()


class State(NamedTuple):
    """All there is at one moment. The last three are what only the promises know."""

    action: Action = Action()
    workers: tuple[Worker, ...] = (IDLE, IDLE)
    sweeping: str = ""
    """The status in which the sweep has seen the action; empty when there is no sweep."""
    swept_since: bool = False
    """Whether the row's fence has moved since the sweep looked."""
    under_way: tuple[Effect, ...] = ()
    """Sent by workers that wait no longer."""
    arrived: tuple[Effect, ...] = ()
    pages: tuple[str, ...] = ("", "")
    """The payload each reviewer has before them."""
    halted: bool = False
    rule: str = "act"
    world: str = "first"
    """What would be proposed now."""
    seen: str = ""
    """The payload a person read before approving it."""
    again: bool = False
    """A person said: it did not happen, try again."""
    answered_twice: bool = False


class Move(NamedTuple):
    """What somebody does and what is then. `calm`: no fault, and nobody gets in the way."""

    words: str
    state: State
    calm: bool = True


Moves = Iterator[Move]
NAMES = ("Worker 1", "Worker 2")


def first(case: Case) -> State:
    return State(rule="review" if case.needs_approval else "act")


def engine(state: State, case: Case) -> Moves:
    """Return all that the engine can do next."""
    for number, worker in enumerate(state.workers):
        for words, after, calm in STAGES[worker.stage](state, number, case):
            yield Move(f"{NAMES[number]} {words}", after, calm)
        if worker != IDLE:
            yield Move(f"{NAMES[number]} is killed", crashed(state, number), False)
    yield from sweep(state, case)


# --- claim, propose ------------------------------------------------------------------------------------------------------


def claim(state: State, number: int, case: Case) -> Moves:
    """Take the action under a lease. From now on nobody who held it before can write."""
    action = state.action
    if action.status == READY and not state.halted:
        claims = min(action.claims + 1, MOST_CLAIMS)
        taken = fenced(state)._replace(action=action._replace(status=CLAIMED, age=FRESH, claims=claims))
        yield Move("claims it", put(taken, number, Worker("claimed", True, action.payload, action.approved)))


def propose(state: State, number: int, case: Case) -> Moves:
    """Say what would be done. What is approved, or may have been sent before, stays as it is."""
    worker = state.workers[number]
    kept = worker.approved or (state.action.unknown and case.has(Measure.ONE_PAYLOAD))
    payload = worker.payload if kept else state.world
    proposed = worker._replace(stage="proposed", payload=payload)
    if not case.has(Measure.JUDGED_AT_BEGIN):
        proposed = proposed._replace(found=verdict(state.rule, proposed, case))
    yield Move(f"proposes the {payload} payload", put(state, number, proposed))


def verdict(rule: str, worker: Worker, case: Case) -> str:
    """Return what the rule says of the proposal: `act`, `review` or `refuse`."""
    covers = worker.approved == worker.payload or not case.has(Measure.DIGEST_AT_BEGIN)
    return "act" if rule == "review" and worker.approved and covers else rule


# --- begin: one transaction in two moves, so that others may come between -------------------------------------------------


def judge(state: State, number: int, case: Case) -> Moves:
    """Open begin's transaction: take the halts' lock shared, look at the halts and at the rules in force."""
    worker = state.workers[number]
    found = worker.found or verdict(state.rule, worker, case)
    if state.halted:
        found = "held"
    yield Move(f"judges: {found}", put(state, number, worker._replace(stage="judged", found=found)))


def begin(state: State, number: int, case: Case) -> Moves:
    """Commit begin's transaction, if the action still is this worker's; or never learn whether it committed."""
    worker = state.workers[number]
    gone = state.action.status != CLAIMED and case.has(Measure.STATUS_IN_BEGIN)
    if gone or (not worker.current and case.has(Measure.FENCE_IN_BEGIN)):
        yield Move("finds at its begin that somebody else was first", put(state, number, IDLE))
    elif worker.found != "act":
        yield send_away(state, number, case)
    else:
        effect = effect_of(state, worker, case)
        begun = worker._replace(stage="begun", current=True, effect=effect, found="", late=False)
        yield Move("commits its begin", put(started(state, worker, case), number, begun))
        blind = begun._replace(stage="blind", current=worker.current, effect=effect._replace(wrong="it never began"))
        yield Move("loses the database: its begin did not commit", put(state, number, blind), False)


def started(state: State, worker: Worker, case: Case) -> State:
    action = state.action
    age = FRESH if case.has(Measure.LEASE_RENEWED) else action.age
    attempts = min(action.attempts + 1, MOST_ATTEMPTS)
    written = action._replace(status=STARTED, age=age, payload=worker.payload, claims=0, attempts=attempts)
    return (state if worker.current else fenced(state))._replace(action=written)


def effect_of(state: State, worker: Worker, case: Case) -> Effect:
    """Return what would go out, and what is wrong with it as things stand at the commit."""
    wrong = ""
    if state.halted:
        wrong = "it began under a halt"
    elif state.rule == "refuse":
        wrong = "the rule in force at its begin refuses it"
    elif state.rule == "review" and state.seen != worker.payload:
        wrong = "nobody approved this payload"
    return Effect(worker.payload, 0 if case.has(Measure.ONE_KEY) else state.action.attempts + 1, wrong)


def send_away(state: State, number: int, case: Case) -> Move:
    """What must not begin is held, asked about, or refused. What may have happened before is asked of a person."""
    worker = state.workers[number]
    action = state.action._replace(payload=worker.payload, approved=worker.approved)
    if worker.found == "held":
        words, action = "is held by the halt", action._replace(status=READY, age=FRESH)
    elif action.unknown and case.has(Measure.NEVER_DROPPED):
        words, action = "asks a person, for it may have happened", action._replace(status=UNCERTAIN)
    elif worker.found == "review":
        words, action = "asks for approval", action._replace(status=IN_REVIEW, age=FRESH, approved="")
    else:
        words, action = "has it refused", action._replace(status=REFUSED)
    seen = state.seen if action.approved else ""
    return Move(words, put(state._replace(action=action, seen=seen), number, IDLE))


def read_back(state: State, number: int, case: Case) -> Moves:
    """Look whether the attempt stands in the database, and act only then."""
    worker = state.workers[number]
    if worker.stage == "begun" or not case.has(Measure.READ_BACK):
        words = "reads its attempt back" if case.has(Measure.READ_BACK) else "takes its begin for committed"
        yield Move(words, put(state, number, worker._replace(stage="sending")))
    else:
        yield Move("finds no attempt of its own", put(state, number, IDLE))


# --- execute: outside every transaction ----------------------------------------------------------------------------------


def send(state: State, number: int, case: Case) -> Moves:
    """Send it, unless it is too late. It may not leave, or be refused, for certain; else it is under way."""
    worker = state.workers[number]
    if worker.late and case.has(Measure.DEADLINE):
        yield Move("is too late to send it", put(state, number, worker._replace(stage="answered", found="not_sent")))
        return
    yield Move("sends it", put(state, number, worker._replace(stage="waiting")))
    for result in ("not_sent", "refused"):
        yield Move(f"gets for certain: {result}", put(state, number, worker._replace(stage="answered", found=result)))


def wait(state: State, number: int, case: Case) -> Moves:
    """What was sent arrives, sooner or later or never; the worker does not wait for ever."""
    worker = state.workers[number]
    received = receive(put(state, number, worker._replace(stage="accepted")), worker.effect)
    yield Move("has sent the receiver what arrives there now", received)
    patient = put(state, number, worker._replace(stage="answered", found="unknown"))
    yield Move("gives up waiting for an answer", adrift(patient, worker.effect))


def hear(state: State, number: int, case: Case) -> Moves:
    """The receiver has it. Its answer comes, or is lost."""
    for result, words in (("ok", "gets the answer: ok"), ("unknown", "gets no answer")):
        yield Move(words, put(state, number, state.workers[number]._replace(stage="answered", found=result)))


def receive(state: State, effect: Effect | None) -> State:
    """Count the arrival. Of one and the same effect, more than two are as good as two."""
    assert effect is not None
    counts = state.arrived.count(effect) < 2
    return state._replace(arrived=(*state.arrived, effect)) if counts else state


def adrift(state: State, effect: Effect | None) -> State:
    assert effect is not None
    return state if effect in state.under_way else state._replace(under_way=tuple(sorted((*state.under_way, effect))))


# --- record --------------------------------------------------------------------------------------------------------------


def record(state: State, number: int, case: Case) -> Moves:
    """Write what became of the attempt, if the action still is this worker's. It may not learn that it did."""
    worker = state.workers[number]
    if state.action.status != STARTED or (not worker.current and case.has(Measure.FENCE_IN_RECORD)):
        yield Move("finds at its record that somebody else was first", put(state, number, IDLE))
        return
    after = state._replace(action=outcome(state.action, worker.found, case))
    yield Move(f"records {worker.found}: {after.action.status}", put(after, number, IDLE))
    yield Move(f"records {worker.found}: {after.action.status}, but is not told so", after, False)


def outcome(action: Action, result: str, case: Case) -> Action:
    """Return the row after an attempt: `workflows.retries.after`."""
    unknown = action.unknown or result == "unknown"
    given_up = UNCERTAIN if action.unknown and case.has(Measure.NEVER_FAILED) else FAILED
    again = action._replace(status=READY, age=FRESH, unknown=unknown)
    if result == "ok":
        return action._replace(status=DONE, unknown=False)
    if result == "refused":
        return action._replace(status=given_up)
    if result == "unknown":
        may_repeat = case.retry_safe and action.attempts < MOST_ATTEMPTS
        return again if may_repeat else action._replace(status=UNCERTAIN, unknown=True)
    return again if action.attempts < MOST_ATTEMPTS else action._replace(status=given_up)


STAGES = {
    "idle": claim,
    "claimed": propose,
    "proposed": judge,
    "judged": begin,
    "begun": read_back,
    "blind": read_back,
    "sending": send,
    "waiting": wait,
    "accepted": hear,
    "answered": record,
}
"""What a worker does next, by what it did last."""


def crashed(state: State, number: int) -> State:
    """Return the state after `kill -9`: the worker's memory is gone, its transaction rolled back; what it sent is not."""
    worker = state.workers[number]
    after = put(state, number, IDLE)
    return adrift(after, worker.effect) if worker.stage == "waiting" else after


# --- sweep ---------------------------------------------------------------------------------------------------------------


def sweep(state: State, case: Case) -> Moves:
    """Take up claims and starts whose lease is over. Looking and writing are two moves, so that others may come between."""
    action = state.action
    over = action.age >= (OVER if case.has(Measure.GRACE) else OVERDUE)
    if state.sweeping:
        same = action.status == state.sweeping and not state.swept_since
        if same or not case.has(Measure.STATUS_IN_SWEEP):
            after = fenced(state._replace(action=mended(action._replace(status=state.sweeping), case)))
            yield Move(f"The sweep writes {after.action.status}", after._replace(sweeping="", swept_since=False))
        else:
            yield Move("The sweep finds it changed", state._replace(sweeping="", swept_since=False))
    elif over and action.status in (CLAIMED, STARTED) and case.has(Measure.SWEEP):
        yield Move(f"The sweep sees it {action.status} and over", state._replace(sweeping=action.status))
    if action.status == UNCERTAIN and over and not case.has(Measure.ASKED_AT_ALL):
        yield Move("The engine tries it again", state._replace(action=action._replace(status=READY, age=FRESH)))


def mended(action: Action, case: Case) -> Action:
    if action.status == STARTED:
        may_repeat = case.retry_safe and action.attempts < MOST_ATTEMPTS
        return action._replace(status=READY if may_repeat else UNCERTAIN, age=FRESH if may_repeat else action.age, unknown=True)
    if action.claims < MOST_CLAIMS:
        return action._replace(status=READY, age=FRESH)
    asks = action.unknown and case.has(Measure.NEVER_DROPPED)
    return action._replace(status=UNCERTAIN if asks else FAILED)


def put(state: State, number: int, worker: Worker) -> State:
    """Return the state with this worker as given."""
    others = list(state.workers)
    others[number] = worker
    return state._replace(workers=tuple(others))


def fenced(state: State) -> State:
    """Return the state with the row's fence one higher: whoever held the action holds it no longer."""
    workers = tuple(worker._replace(current=False) for worker in state.workers)
    return state._replace(workers=workers, swept_since=bool(state.sweeping))
