"""The graph of a version's steps: checks, order, and the lanes it is drawn in. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class GraphError(ValueError):
    """`step` is where it is wrong; `str()` is a sentence."""

    def __init__(self, step: str, sentence: str) -> None:
        super().__init__(sentence)
        self.step = step


def order(after: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the step keys so that each stands behind its predecessors, otherwise as given. Raises GraphError."""
    for key, befores in after.items():
        for before in befores:
            if before not in after:
                raise GraphError(key, f"after: there is no step “{before}”; there are {', '.join(after)}")
    done: list[str] = []
    waiting = list(after)
    while waiting:
        step = next((key for key in waiting if all(before in done for before in after[key])), None)
        if step is None:
            raise GraphError(waiting[0], f"after: the steps {_circle(after, waiting)} wait for each other in a circle")
        done.append(step)
        waiting.remove(step)
    return done


def _circle(after: Mapping[str, Sequence[str]], waiting: Sequence[str]) -> str:
    walk = [waiting[0]]
    while True:
        before = next(key for key in after[walk[-1]] if key in waiting)
        if before in walk:
            return " → ".join(reversed([*walk[walk.index(before) :], before]))
        walk.append(before)


def successors(after: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return what directly follows each step, in the given order."""
    return {key: [other for other, befores in after.items() if key in befores] for key in after}


def ranks(after: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return the column of each step: one more than its last predecessor's, from 0."""
    found: dict[str, int] = {}
    for key in order(after):
        found[key] = max((found[before] + 1 for before in after[key]), default=0)
    return found


def ancestors(after: Mapping[str, Sequence[str]], step: str) -> set[str]:
    """Return every step that comes before this one, however far."""
    found: set[str] = set()
    frontier = list(after[step])
    while frontier:
        key = frontier.pop()
        if key not in found:
            found.add(key)
            frontier.extend(after[key])
    return found


def between(after: Mapping[str, Sequence[str]], first: str, last: str) -> list[str]:
    """Return the steps on all ways from one step to another, both included, in the given order."""
    before_last = ancestors(after, last)
    onward = {key for key in before_last if first in ancestors(after, key)}
    return [key for key in after if key in (first, last) or key in onward]


def only_to(after: Mapping[str, Sequence[str]], step: str) -> set[str]:
    """Return the steps from which every way leads to this one."""
    found, following = {step}, successors(after)
    for key in reversed(order(after)):
        if following[key] and found.issuperset(following[key]):
            found.add(key)
    return found - {step}
