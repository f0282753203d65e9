"""The rounds of a run: what a loop did each time, and steps that a leader had done again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from workflows.actions import Action
from workflows.definitions import Step, Version
from workflows.stops import Stop

Tell = Callable[[Step, Action], Stop]
SHOWN = 3


@dataclass(frozen=True)
class Round:
    number: int
    at_most: int
    stops: Sequence[Stop]

    @property
    def words(self) -> str:
        return f"Round {self.number}{f' of {self.at_most}' if self.at_most >= self.number else ''}"


@dataclass(frozen=True)
class Rounds:
    """The rounds of one loop, or of one step done again, the newest first."""

    title: str
    rounds: Sequence[Round]

    @property
    def last(self) -> Sequence[Round]:
        return self.rounds[:SHOWN]

    @property
    def earlier(self) -> Sequence[Round]:
        return self.rounds[SHOWN:]


def newest(version: Version, actions: Sequence[Action]) -> dict[str, Action]:
    """Return by step key the action that counts: in a loop only what belongs to the round under way."""
    found: dict[str, Action] = {}
    for action in sorted(actions, key=lambda action: (action.round, action.pk)):
        if not action.is_undo:
            found[version.steps_by_id[action.step_id].key] = action
    for loop in version.shape.loops:
        under_way = found[loop.head].round if loop.head in found else 0
        for key in loop.body:
            if key in found and found[key].round < under_way:
                del found[key]
    return found


def rounds_of(version: Version, actions: Sequence[Action], tell: Tell) -> list[Rounds]:
    """Return what was gone through more than once, in the order of the steps."""
    proper = [action for action in actions if not action.is_undo]
    again = {version.steps_by_id[action.step_id].key for action in proper if action.round > 1}
    found: dict[str, Rounds] = {}
    for step in version.ordered_steps:
        loop = version.shape.loop_of.get(step.key)
        body = loop.body if loop else (step.key,)
        name = loop.tail if loop else step.key
        if name not in found and again.intersection(body):
            titles = list(dict.fromkeys(version.steps_by_key[key].title for key in (body[0], body[-1])))
            title = " to ".join(f"“{title}”" for title in titles)
            at_most = loop.repeat.at_most if loop else 0
            found[name] = Rounds(title, _rounds(version.steps_by_key, body, proper, at_most, tell))
    return list(found.values())


def _rounds(
    steps: Mapping[str, Step], body: Sequence[str], actions: Sequence[Action], at_most: int, tell: Tell
) -> list[Round]:
    of_step = {key: [action for action in actions if action.step_id == steps[key].pk] for key in body}
    numbers = {action.round for found in of_step.values() for action in found}
    return [
        Round(number, at_most, [tell(steps[key], one) for key in body for one in of_step[key] if one.round == number])
        for number in sorted(numbers, reverse=True)
    ]
