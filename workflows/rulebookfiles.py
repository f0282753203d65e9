"""The rulebook as a YAML file: the envelope's parts, each under its name; see `governance.envelope.whole`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from pydantic import ValidationError

from governance.envelope.whole import Envelope, rows_of
from governance.people import Team
from workflows.capabilities.registry import capabilities
from workflows.files import say
from workflows.yamltext import FileProblems, Place, Problem, Tree, parse


def read(text: str) -> Envelope:
    """Return what the file says. Raises FileProblems with everything found wrong in it."""
    trees = parse(text)
    if len(trees) != 1 or not isinstance(trees[0].value, dict):
        raise FileProblems([Problem(1, "", "a rulebook is one mapping, like stances: {email.send: approved}")])
    return envelope_of(trees[0])


def envelope_of(tree: Tree, at: Place = (), teams: Collection[str] | None = None) -> Envelope:
    """Return the envelope that stands at this place of a file, which may name these teams, else those here.

    Raises FileProblems.
    """
    value: Any = tree.value
    for name in at:
        value = value[name]
    if not isinstance(value, dict) or "stances" not in value:
        sentence = "this key is missing; say at least what software may do, like stances: {email.send: approved}"
        raise FileProblems([tree.problem((*at, "stances"), sentence)])
    try:
        envelope = Envelope.model_validate(value)
    except ValidationError as error:
        items = error.errors()
        raise FileProblems([tree.problem((*at, *_place(item["loc"], value)), say(item)) for item in items]) from None
    if found := [tree.problem((*at, *place), words) for place, words in problems(envelope, teams)]:
        raise FileProblems(found)
    return envelope


def _place(loc: Place, value: dict[str, Any]) -> Place:
    """Return where in the file it stands; stances may be written as a mapping, by capability."""
    said = value.get("stances")
    if loc[:1] != ("stances",) or len(loc) < 2 or not isinstance(said, dict):
        return loc
    return ("stances", rows_of(said)[int(loc[1])]["capability"])


def problems(envelope: Envelope, teams: Collection[str] | None = None) -> Iterator[tuple[Place, str]]:
    """Yield what the envelope names and this installation does not have."""
    known = capabilities()
    if teams is None:
        teams = set(Team.objects.values_list("slug", flat=True))
    for name in ("stances", "guardrails", "allowances", "open_hours", "tripwires"):
        for index, row in enumerate(getattr(envelope, name)):
            if row.capability and row.capability not in known:
                place: Place = (name, row.capability) if name == "stances" else (name, index, "capability")
                yield place, f"there is no capability “{row.capability}”"
    for index, track in enumerate(envelope.tracks):
        if track.team and track.team not in teams:
            yield ("tracks", index, "team"), f"there is no team “{track.team}”"
    for index, rail in enumerate(envelope.guardrails):
        if rail.owner and rail.owner not in teams:
            yield ("guardrails", index, "owner"), f"there is no team “{rail.owner}”"
