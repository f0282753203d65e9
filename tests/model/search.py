"""Play every order of moves, breadth first, so that the way found to a broken promise is a shortest one."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.model.measures import Case, Measure
from tests.model.people import others
from tests.model.promises import broken
from tests.model.protocol import engine
from tests.model.state import ENDS, Move, State, Worker, first

LOST = "It is lost: without a further fault, nothing that anybody does leads to an end any more."


@dataclass
class Found:
    """What the search saw: all states, all changes of status, and the first broken promise with the way there."""

    case: Case
    states: list[State] = field(default_factory=list)
    came: list[tuple[int, str]] = field(default_factory=list)
    """For each state, from which one and by which move it was first reached."""
    calm: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """For each state, those from which it is one calm move away."""
    changes: set[tuple[str, str]] = field(default_factory=set)
    broken: str = ""
    trace: list[tuple[str, State]] = field(default_factory=list)

    def __str__(self) -> str:
        """Return the way to the broken promise, a move a line."""
        told = [f"{number:4}. {words:64} {_brief(state)}" for number, (words, state) in enumerate(self.trace, 1)]
        return "\n".join([str(self.case), *told, f"   => {self.broken or 'No promise is broken.'}"])


def search(case: Case) -> Found:
    """Play every order. Stop at the first broken promise; when there is none, look whether anything is ever lost."""
    start = first(case)
    found = Found(case, [start], [(0, "")])
    numbers = {key(start, case): 0}
    queue = deque([0])
    while queue:
        here = queue.popleft()
        before = found.states[here]
        for move in moves(before, case):
            found.changes.add((before.action.status, move.state.action.status))
            there = numbers.setdefault(key(move.state, case), len(numbers))
            if there == len(found.states):
                found.states.append(move.state)
                found.came.append((here, move.words))
                queue.append(there)
            if move.calm:
                found.calm[there].append(here)
            if wrong := broken(before, move.state, case):
                found.broken, found.trace = wrong, [*_way(found, here), (move.words, move.state)]
                return found
    if lost := _lost(found):
        found.broken, found.trace = LOST, _way(found, lost[0])
    return found


def moves(state: State, case: Case) -> Iterator[Move]:
    yield from engine(state, case)
    yield from others(state, case)


def key(state: State, case: Case) -> State:
    """Return one and the same for states that nothing that follows can tell apart.

    It does not matter which worker and which reviewer is which, nor what a worker remembers and can no longer use.
    """
    workers = sorted(_forgetful(worker, case) for worker in state.workers)
    return state._replace(workers=tuple(workers), pages=tuple(sorted(state.pages)))


def _forgetful(worker: Worker, case: Case) -> Worker:
    """Return the worker without what a measure keeps it from writing or sending."""
    match worker.stage:
        case "claimed" | "judged":
            useless = not worker.current and case.has(Measure.FENCE_IN_BEGIN)
        case "answered":
            useless = not worker.current and case.has(Measure.FENCE_IN_RECORD)
        case "blind":
            useless = case.has(Measure.READ_BACK)
        case "begun":
            useless = worker.late and case.has(Measure.DEADLINE)
        case _:
            useless = False
    return Worker(worker.stage, worker.current, late=worker.late) if useless else worker


def _lost(found: Found) -> list[int]:
    """Return the states from which no calm moves lead to an end."""
    saved = {number for number, state in enumerate(found.states) if state.action.status in ENDS}
    queue = deque(saved)
    while queue:
        fresh = [number for number in found.calm[queue.popleft()] if number not in saved]
        saved.update(fresh)
        queue.extend(fresh)
    return [number for number in range(len(found.states)) if number not in saved]


def _way(found: Found, number: int) -> list[tuple[str, State]]:
    """Return the moves from the first state to this one."""
    way: list[tuple[str, State]] = []
    while number:
        before, words = found.came[number]
        way.append((words, found.states[number]))
        number = before
    return way[::-1]


def _brief(state: State) -> str:
    facts = [state.action.status, f"rule: {state.rule}"]
    facts += ["halted"] if state.halted else []
    facts += [f"arrived: {len(state.arrived)}"] if state.arrived else []
    return "; ".join(facts)
