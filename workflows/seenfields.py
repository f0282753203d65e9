"""What conditions can speak of: the fields that the last actions really had, and how many a condition would catch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Q

from governance.expressions import EvaluationError, compiled
from governance.people import Person
from workflows.access import workflows_for
from workflows.actions import Action
from workflows.whose import foreign_to

LAST = 500
ROOTS = ("amounts", "proposal", "record", "confidence", "input", "steps", "action")
"""The names of conditions that are offered, in this order; lists are asked of in CEL."""
DEEP = 3
MOST_FIELDS = 200


@dataclass(frozen=True)
class SeenField:
    """A field, in how many of the actions it stood, as what, and a few of its values."""

    path: str
    times: int
    kind: str
    values: Sequence[str]


@dataclass(frozen=True)
class Caught:
    """Of `of` actions those for which a condition holds; `unsure` of them because it could not be checked."""

    when: str
    of: int
    actions: Sequence[Action]
    unsure: int

    @property
    def count(self) -> int:
        return len(self.actions)


@dataclass(frozen=True)
class Seen:
    """The last actions that were judged in a place, the newest first, at most 500.

    Without those about records of other teams: by trying conditions one could read what stands in them.
    """

    actions: Sequence[Action]
    place: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def fields(self) -> list[SeenField]:
        found: dict[str, list[Any]] = defaultdict(list)
        for action in self.actions:
            for path, value in _walk(action.facts):
                found[path].append(value)
        made = [_field(path, values) for path, values in found.items()]
        made.sort(key=lambda one: (ROOTS.index(one.path.split(".")[0]), -one.times, one.path))
        return made[:MOST_FIELDS]

    @cached_property
    def kinds(self) -> dict[str, str]:
        return {one.path: one.kind for one in self.fields}

    def caught(self, when: str) -> Caught:
        """Return what a sound condition would have caught; what cannot be checked counts as caught, as it would be."""
        condition, found, unsure = compiled(when, boolean=True), [], 0
        for action in self.actions:
            try:
                holds = condition.holds(_context(action))
            except EvaluationError:
                holds, unsure = True, unsure + 1
            if holds:
                found.append(action)
        return Caught(when, len(self.actions), found, unsure)


def seen_in(person: Person, workflow: str = "", step: str = "", capability: str = "") -> Seen:
    """Return the last actions this person may see, of a workflow, a step, a capability, or all."""
    rows = Action.objects.filter(~Q(verdict=""), undo_of=None, workflow__in=workflows_for(person).values("pk"))
    place = {"workflow": workflow, "step": step, "capability": capability}
    names = {"workflow": "workflow__slug", "step": "step__key", "capability": "step__capability"}
    rows = rows.filter(**{names[name]: value for name, value in place.items() if value})
    if not step:  # rules of the rulebook are not asked where a person works with nothing of ours
        rows = rows.exclude(step__capability="")
    found = rows.select_related("step", "workflow").order_by("-pk")[:LAST]
    judged = [action for action in found if action.facts]
    foreign = foreign_to(person, judged)
    return Seen(
        [action for action in judged if action.pk not in foreign],
        {name: value for name, value in place.items() if value},
    )


def _context(action: Action) -> dict[str, Any]:
    now = action.facts.get("now")
    moment = datetime.fromisoformat(now) if isinstance(now, str) else action.created_at
    return {"usage": {}, **action.facts, "now": moment}


def _walk(facts: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for root in ROOTS:
        yield from _inside(root, facts.get(root), DEEP)


def _inside(path: str, value: Any, deep: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        if deep:
            for name, inner in value.items():
                if isinstance(name, str) and name.isidentifier() and name.isascii():
                    yield from _inside(f"{path}.{name}", inner, deep - 1)
    elif value is not None:
        yield path, value


def _field(path: str, values: Sequence[Any]) -> SeenField:
    kinds = {_kind(value) for value in values}
    plain = dict.fromkeys(str(value) for value in values if not isinstance(value, list))
    few = [value for value in list(plain)[:4] if len(value) <= 40][:3]
    return SeenField(path, len(values), kinds.pop() if len(kinds) == 1 else "mixed", few)


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "truth"
        case int() | float():
            return "number"
        case list():
            return "list"
        case _:
            return "text"
