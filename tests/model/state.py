"""What stands on the stage: the row of one action, workers, pages of reviewers, and what is under way.

Words that need explaining:

- A fence is a number that grows with every claim and every sweep. All that is ever asked of it is whether a worker's
  number still is the row's: `Worker.current`.
- A digest stands for one payload, so payloads are compared as they are. There are two, A and B; whatever changes a
  payload makes the other one of it.
- Time is what has passed of the row's lease: FRESH, OVERDUE (the attempt's deadline has passed), OVER (so has the
  grace, after which nothing that was sent can arrive any more).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tests.model.measures import Case, Measure

READY, CLAIMED, STARTED, IN_REVIEW, UNCERTAIN = "ready", "claimed", "started", "in_review", "uncertain"
DONE, FAILED, REFUSED, REJECTED, CANCELLED = "done", "failed", "refused", "rejected", "cancelled"
ENDS = (DONE, FAILED, REFUSED, REJECTED, CANCELLED)

FRESH, OVERDUE, OVER = 0, 1, 2
OTHER = {"A": "B", "B": "A"}
REVIEWED = ("review", "second review")
"""Rules that let an approved action pass. The second has a reason more than the first."""


class Action(NamedTuple):
    """The row.

    `approved` is the payload an approval binds to, `reasons` the rule that its giver knew of. `unknown`: some attempt
    may have been done, and nobody has said whether it was.
    """

    status: str = READY
    age: int = FRESH
    payload: str = ""
    approved: str = ""
    reasons: str = ""
    unknown: bool = False


class Effect(NamedTuple):
    """What goes out; `wrong` is what makes it wrong that it does, as a sentence's end, for the promises."""

    payload: str = ""
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
    effect: Effect = Effect()
    late: bool = False


IDLE = Worker()


class Page(NamedTuple):
    """What a reviewer has before them. `told`: that it is asked; only where nothing else makes sure of that."""

    payload: str = ""
    told: bool = False


class State(NamedTuple):
    """All there is at one moment."""

    action: Action = Action()
    workers: tuple[Worker, ...] = ()
    under_way: tuple[Effect, ...] = ()
    """Sent by workers that wait no longer."""
    arrived: tuple[Effect, ...] = ()
    pages: tuple[Page, ...] = ()
    halted: bool = False
    rule: str = "act"
    giver_may: bool = True
    """Whether who approved it still may approve such a thing."""
    sweeping: str = ""
    """The status in which a careless sweep saw the action."""
    seen: tuple[str, str] = ("", "")
    """The payload a person read before approving it, and the rule they knew of; known to the promises only."""
    again: bool = False
    """A person said, rightly or not: it did not happen, try again. Also known to the promises only."""
    answered_twice: bool = False
    """Also known to the promises only."""


class Move(NamedTuple):
    """What somebody does and what is then. `calm`: no fault, and nobody gets in the way."""

    words: str
    state: State
    calm: bool = True


Moves = Iterator[Move]


def first(case: Case) -> State:
    rule = "review" if case.needs_approval else "act"
    return State(workers=(IDLE,) * case.workers, pages=(Page(),) * case.reviewers, rule=rule)


def is_over(action: Action, case: Case) -> bool:
    return action.age >= (OVER if case.has(Measure.GRACE) else OVERDUE)


def put(state: State, number: int, worker: Worker) -> State:
    """Return the state with this worker as given."""
    return state._replace(workers=(*state.workers[:number], worker, *state.workers[number + 1 :]))


def fenced(state: State) -> State:
    """Return the state with the row's fence one higher: whoever held the action holds it no longer."""
    return state._replace(workers=tuple(worker._replace(current=False) for worker in state.workers))
