"""Play every order of moves, breadth first, so that the shortest way to a broken promise is the one found."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.model.people import people
from tests.model.promises import broken
from tests.model.protocol import ENDS, Case, Move, State, engine, first

LOST = "Nothing that anybody does leads to an end any more."


@dataclass
class Found:
    """What the search saw: how many states, which changes of status, and the first broken promise with the way there."""

    case: Case
    states: list[State] = field(default_factory=list)
    changes: set[tuple[str, str]] = field(default_factory=set)
    broken: str = ""
    trace: list[tuple[str, State]] = field(default_factory=list)

    def __str__(self) -> str:
        """Return the way to the broken promise, a move a line."""
        told = [f"{number:3}. {words:62} {_brief(state)}" for number, (words, state) in enumerate(self.trace, 1)]
        return "\n".join([f"{self.case}", *told, f"  => {self.broken or 'No promise is broken.'}"])


def search(case: Case, *, most: int = 5_000_000) -> Found:
    """Play every order. Stops at the first broken promise; looks for what is lost when there is none."""
    start = first(case)
    found = Found(case, [start])
    numbers = {key(start): 0}
    came: list[tuple[int, str]] = [(0, "")]
    calm: dict[int, list[int]] = defaultdict(list)  # by state, those from which it is one calm move away
    queue = deque([0])
    while queue:
        here = queue.popleft()
        before = found.states[here]
        for move in moves(before, case):
            after = move.state
            found.changes.add((before.action.status, after.action.status))
            there = numbers.setdefault(key(after), len(numbers))
            if there == len(found.states):
                found.states.append(after)
                came.append((here, move.words))
                queue.append(there)
                assert there < most, "the model has grown too big to search"
            if move.calm:
                calm[there].append(here)
            if wrong := broken(before, after, case):
                found.broken = wrong
                found.trace = [*_way(found.states, came, here), (move.words, after)]
                return found
    for number in _lost(found.states, calm):
        found.broken, found.trace = LOST, _way(found.states, came, number)
        break
    return found


def moves(state: State, case: Case) -> Iterable[Move]:
    yield from engine(state, case)
    yield from people(state, case)


def key(state: State) -> State:
    """Return one and the same for states that differ only in who is who: there are two workers and two reviewers."""
    return state._replace(workers=tuple(sorted(state.workers, key=repr)), pages=tuple(sorted(state.pages)))


def _lost(states: list[State], calm: dict[int, list[int]]) -> list[int]:
    """Return the states from which no calm moves lead to an end."""
    saved = {number for number, state in enumerate(states) if state.action.status in ENDS}
    queue = deque(saved)
    while queue:
        for number in calm[queue.popleft()]:
            if number not in saved:
                saved.add(number)
                queue.append(number)
    return [number for number in range(len(states)) if number not in saved]


def _way(states: list[State], came: list[tuple[int, str]], number: int) -> list[tuple[str, State]]:
    way = []
    while number:
        number_before, words = came[number]
        way.append((words, states[number]))
        number = number_before
    return way[::-1]


def _brief(state: State) -> str:
    action = state.action
    notes = [action.status, f"{len(state.arrived)} arrived", "halted" if state.halted else "", f"rule: {state.rule}"]
    return ", ".join(note for note in notes if note)
