"""What follows when steps of a run are settled: which steps begin, which are withdrawn, whether the run is over. Pure.

The engine calls `plan` with the shape of a version and what exists of one run, and writes what it answers. It is
called again whenever something of the run settles; calling it once more without that changes nothing.

- A step is due when all steps it comes after let it: they are done, skipped, cancelled, or rejected where a rejection
  skips. If all of them were skipped it is skipped, too; if all were skipped or cancelled, it is cancelled.
- A join that needs N is due when N of its steps are done, and fires once. What leads only to it is then withdrawn, as
  far as it has not begun, or let go; a failure in there no longer harms the run. When all of its steps are settled
  and fewer than N are done, it is skipped.
- `when: otherwise` applies when none of the steps with the same `after` that have a condition applies. One whose
  condition cannot be checked counts as applying, so that nothing acts on a doubt.
- A loop ends in the step that has `repeat`. When that is done and `until` does not hold, or anybody rejects a step of
  the loop, it goes round: what waits in it is withdrawn, what has begun finishes, and then its first step is born in
  the next round; the others are reached anew from there. It is left when `until` holds, when its last step is skipped
  or cancelled, or, where it may go on, when the rounds are used up; else the run stops then. A rejection in the last
  round does what the step says of rejections. A loop whose `until` cannot be checked begins no round: its first step
  is refused. Loops neither nest nor share steps (`checks`). A step done again by a leader uses up a round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from workflows.shape import OTHERWISE, Loop, Node, Repeat, Shape

__all__ = ["NOT_BEGUN", "UNDER_WAY", "Birth", "Holds", "Known", "Node", "Plan", "Repeat", "Shape", "plan"]

Known = Mapping[str, Mapping[str, Any]]
"""What exists of a run: by step key, of its newest round, {"status": …, "round": n, …its output}."""
Holds = Callable[[str, Known], bool]
"""Whether a CEL text is true of what is known. Raises ValueError."""

UNDER_WAY = frozenset({"ready", "claimed", "started", "in_review", "with_person", "uncertain"})
NOT_BEGUN = frozenset({"ready", "in_review", "with_person"})
_CAME_TO_NOTHING = frozenset({"skipped", "cancelled"})


@dataclass(frozen=True, slots=True)
class Birth:
    """A new action of the step in this round: `ready`, `skipped`, `cancelled` or `refused`, then with its trouble."""

    key: str
    round: int
    status: str
    trouble: str = ""

    def cancelled(self) -> Birth:
        return Birth(self.key, self.round, "cancelled")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written now: first cancel what is `withdrawn`, then write the births.

    `withdrawn` names steps whose newest action has not begun. What still waits in a run that is over is not among
    them; it is the engine's to cancel. `fine` is whether the run ended well, and False while it is not over.
    """

    births: tuple[Birth, ...]
    withdrawn: tuple[str, ...]
    over: bool
    fine: bool


_STOPPED = Plan((), (), True, False)


class _Turn(Enum):
    """What becomes of a loop."""

    OPEN = "its last step is not settled"
    AGAIN = "another round is due"
    LEFT = "what comes after it may begin"
    HELD = "it neither goes round nor is left"
    STOP = "the run stops"
    UNCHECKED = "whether it may be left could not be checked"


def plan(shape: Shape, known: Known, holds: Holds) -> Plan:
    """Return everything that follows from what is known, and what follows from that at once."""
    walk = _Walk(shape, known, holds)
    if walk.is_stopped():
        return _STOPPED
    while walk.moves():
        pass
    over = UNDER_WAY.isdisjoint(walk.now.values())
    return Plan(tuple(walk.births), tuple(walk.withdrawn), over, over and walk.is_fine())


class _Walk:
    """One call of `plan`.

    `seen` is what is known and born. `now` has the states that count: none of a round past. `gone` is what leads
    only to a join that has fired and withdraws the rest.
    """

    def __init__(self, shape: Shape, known: Known, holds: Holds) -> None:
        self.shape = shape
        self.holds = holds
        self.seen: dict[str, Mapping[str, Any]] = dict(known)
        self.now: dict[str, str] = {key: found["status"] for key, found in known.items()}
        self.births: list[Birth] = []
        self.withdrawn: list[str] = []
        self.gone: frozenset[str] = frozenset()
        self.turns: dict[str, _Turn] = {}
        self.trouble = ""
        for loop in shape.loops:
            self._forget(loop, self._round_of(loop.head))
        if shape.feeders:
            self._note_gone()

    def is_stopped(self) -> bool:
        """Whether somebody's answer ends the run, or a loop that has used up its rounds."""
        for loop in self.shape.loops:
            if self._turn(loop) is _Turn.STOP:
                return True
        return "rejected" in self.now.values() and any(
            status == "rejected"
            and self.shape.by_key[key].on_reject == "stop"
            and key not in self.shape.loop_of
            and key not in self.gone
            for key, status in self.now.items()
        )

    def moves(self) -> bool:
        """Go through the graph once; return whether it must be gone through again."""
        if self.shape.feeders:
            self._fire_joins()
        now = self.now
        for node in self.shape.nodes:
            if node.key not in now:
                self._look_at(node)
        again = [self._goes_round(loop) for loop in self.shape.loops]
        return bool(self.shape.feeders and self._settle_joins()) or any(again)

    def is_fine(self) -> bool:
        excused = {key for join, feeders in self.shape.feeders.items() if join in self.now for key in feeders}
        return all(node.key in excused or self._lets_on(node.key) for node in self.shape.nodes)

    def _fire_joins(self) -> None:
        """Before all else, and the last join first: what one of them withdraws must not be born."""
        for node in reversed(self.shape.nodes):
            if node.need is not None and node.key not in self.now:
                self._look_at(node)
                self._note_gone()
        self._withdraw(self.gone)

    def _settle_joins(self) -> bool:
        """Return whether joins that were settled on the way made something go."""
        before = self.gone
        self._note_gone()
        self._withdraw(self.gone)
        return self.gone != before

    def _note_gone(self) -> None:
        fired = [key for key in self.shape.feeders if key in self.now and self.shape.by_key[key].withdraw]
        self.gone = frozenset(key for join in fired for key in self.shape.feeders[join])
        self.turns.clear()

    def _withdraw(self, keys: Iterable[str]) -> None:
        for key in keys:
            if self.now.get(key) in NOT_BEGUN:
                self.now[key] = "cancelled"
                self.seen[key] = {**self.seen[key], "status": "cancelled"}
                if any(birth.key == key for birth in self.births):
                    self.births = [birth if birth.key != key else birth.cancelled() for birth in self.births]
                else:
                    self.withdrawn.append(key)

    def _look_at(self, node: Node) -> None:
        """Let the step be born if it is due."""
        due = all(map(self._lets_on, node.after)) or (node.need is not None and self._is_reached(node))
        loop = self.shape.loop_of.get(node.key)
        if due and (loop is None or self._turn(loop) is not _Turn.AGAIN):
            self._bear(node)

    def _lets_on(self, key: str) -> bool:
        if self.now.get(key) not in self.shape.passing[key]:
            return False
        loop = self.shape.loop_of.get(key)
        return loop is None or loop.tail != key or self._turn(loop) is _Turn.LEFT

    def _is_reached(self, node: Node) -> bool:
        """Whether as many of the steps before it are done as it needs."""
        if node.need is None:
            return True
        return sum(self.now.get(key) == "done" and self._lets_on(key) for key in node.after) >= node.need

    def _bear(self, node: Node) -> None:
        befores = {self.now.get(key, "") for key in node.after}
        if node.key in self.gone:
            self._write(node, "cancelled")
        elif befores and befores <= _CAME_TO_NOTHING:
            self._write(node, "cancelled" if "cancelled" in befores else "skipped")
        elif not self._is_reached(node):
            self._write(node, "skipped")
        elif node.when == OTHERWISE:
            chosen = any(self.now.get(key) != "skipped" for key in self.shape.alternatives[node.key])
            self._write(node, "skipped" if chosen else "ready")
        else:
            self._ask(node)

    def _ask(self, node: Node) -> None:
        """Ask its condition, if it has one."""
        try:
            applies = not node.when or self.holds(node.when, self.seen)
        except ValueError as error:
            trouble = f"Whether this step applies could not be checked: {node.when}: {error}"
            return self._write(node, "refused", trouble)
        self._write(node, "ready" if applies else "skipped")

    def _write(self, node: Node, status: str, trouble: str = "") -> None:
        number, loop = 1, self.shape.loop_of.get(node.key)
        if loop is not None and loop.head in self.seen:
            first = node.key == loop.head
            number = 1 + max(map(self._round_of, loop.body)) if first else self._round_of(loop.head)
        self.births.append(Birth(node.key, number, status, trouble))
        self.seen[node.key] = {"status": status, "round": number}
        self.now[node.key] = status

    def _round_of(self, key: str) -> int:
        return int(self.seen[key]["round"]) if key in self.seen else 0

    def _forget(self, loop: Loop, before: int) -> None:
        """Take what the loop did before this round for not reached."""
        for key in loop.body:
            if self._round_of(key) < before:
                self.now.pop(key, None)

    def _turn(self, loop: Loop) -> _Turn:
        found = self.turns.get(loop.tail, _Turn.OPEN)
        if found is _Turn.OPEN:
            found = self.turns[loop.tail] = self._turn_of(loop)
        return found

    def _turn_of(self, loop: Loop) -> _Turn:
        tail, nodes = self.now.get(loop.tail, ""), self.shape.by_key
        passes = tail in self.shape.passing[loop.tail]
        if loop.tail in self.gone:
            return _Turn.LEFT if passes else _Turn.OPEN
        answers = {nodes[key].on_reject for key in loop.body if self.now.get(key) == "rejected"} - {"skip"}
        left = any(key in self.seen for key in loop.exits)
        if answers and self._has_rounds(loop) and not left:
            return _Turn.AGAIN
        if answers:
            return _Turn.STOP if "stop" in answers else _Turn.HELD
        if not passes:
            return _Turn.OPEN
        if tail in _CAME_TO_NOTHING or left:
            return _Turn.LEFT
        return self._asked(loop)

    def _asked(self, loop: Loop) -> _Turn:
        """Ask the loop's own condition, now that its last step has something to show."""
        try:
            if self.holds(loop.repeat.until, self.seen):
                return _Turn.LEFT
        except ValueError as error:
            self.trouble = f"Whether another round is needed could not be checked: {loop.repeat.until}: {error}"
            return _Turn.UNCHECKED
        if self._has_rounds(loop):
            return _Turn.AGAIN
        return _Turn.LEFT if loop.repeat.go_on else _Turn.STOP

    def _has_rounds(self, loop: Loop) -> bool:
        return self._round_of(loop.head) < loop.repeat.at_most

    def _goes_round(self, loop: Loop) -> bool:
        """Begin another round if one is due and nothing of the last one is under way any more."""
        turn, head = self._turn(loop), self.shape.by_key[loop.head]
        if turn not in (_Turn.AGAIN, _Turn.UNCHECKED):
            return False
        self._withdraw(loop.body)
        if any(self.now.get(key) in UNDER_WAY for key in loop.body):
            return False
        for key in loop.body:
            self.now.pop(key, None)
        if turn is _Turn.AGAIN:
            self._bear(head)
        else:
            self._write(head, "refused", self.trouble)
        self.turns.pop(loop.tail)
        self._forget(loop, self._round_of(loop.head))
        return True
